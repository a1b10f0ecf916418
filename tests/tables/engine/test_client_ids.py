"""Client order ids: taken while open, and with the rule for a day of log time after."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "an_open_orders_id_is_taken": """
        bob buy 5 @ 100 id x
          accepted 1 rests
        bob buy 5 @ 100 id x
          rejected DUPLICATE_CLIENT_ID
        alice buy 5 @ 100 id x
          accepted 2 rests
        bob buy 5 @ 100
          accepted 3 rests
        bob buy 5 @ 100
          accepted 4 rests
    """,
    "without_the_rule_an_id_is_free_once_its_order_has_closed": """
        bob buy 5 @ 100 id x
          accepted 1 rests
        bob cancel id x
          canceled 1 with 5
        bob buy 5 @ 100 ioc id x
          accepted 2 works
          expired 2 IMMEDIATE_OR_CANCEL with 5
        bob buy 5 @ 100 id x
          accepted 3 rests
    """,
    "with_the_rule_it_stays_taken_for_a_day": """
        rules REFUSE_RECENT_CLIENT_IDS
        bob buy 5 @ 100 id x
          accepted 1 rests
        bob cancel id x
          canceled 1 with 5
        bob buy 5 @ 100 id x
          rejected DUPLICATE_CLIENT_ID
        bob buy 5 @ 100 id y
          accepted 2 rests
        rules none
        bob buy 5 @ 100 id x
          accepted 3 rests
    """,
    "with_the_rule_a_fill_and_an_expiry_keep_it_too": """
        rules REFUSE_RECENT_CLIENT_IDS
        alice sell 5 @ 100
          accepted 1 rests
        bob buy 5 @ 100 id x
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
        bob buy 5 @ 100 ioc id y
          accepted 3 works
          expired 3 IMMEDIATE_OR_CANCEL with 5
        bob buy 5 @ 100 id x
          rejected DUPLICATE_CLIENT_ID
        bob buy 5 @ 100 id y
          rejected DUPLICATE_CLIENT_ID
    """,
    "a_refused_order_takes_no_id": """
        rules REFUSE_RECENT_CLIENT_IDS
        bob buy 5 @ 100000 id x
          rejected INSUFFICIENT_FUNDS
        bob buy 5 @ 100 id x
          accepted 1 rests
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_client_ids(text):
    play(text)
