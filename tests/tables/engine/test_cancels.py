"""CANCEL and CANCEL_ALL, and what a symbol's status lets through."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "an_order_is_canceled_by_its_id": """
        bob buy 5 @ 100
          accepted 1 rests
        bob cancel 1
          canceled 1 with 5
        book |
        bob cancel 1
          rejected UNKNOWN_ORDER
    """,
    "an_order_is_canceled_by_its_client_order_id": """
        bob buy 5 @ 100 id mine
          accepted 1 rests
        bob cancel id other
          rejected UNKNOWN_ORDER
        bob cancel id mine
          canceled 1 with 5
        bob cancel id mine
          rejected UNKNOWN_ORDER
    """,
    "nobody_cancels_anothers_order": """
        bob buy 5 @ 100 id mine
          accepted 1 rests
        alice cancel 1
          rejected UNKNOWN_ORDER
        alice cancel id mine
          rejected UNKNOWN_ORDER
        book 100:5 |
    """,
    "a_filled_order_cannot_be_canceled": """
        bob buy 5 @ 100
          accepted 1 rests
        alice sell 5 @ 100
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
        bob cancel 1
          rejected UNKNOWN_ORDER
        alice cancel 2
          rejected UNKNOWN_ORDER
    """,
    "only_new_ends_what_nothing_is_executed_of": """
        bob buy 5 @ 100 id mine
          accepted 1 rests
        bob buy 5 @ 100
          accepted 2 rests
        alice sell 2 @ 100
          accepted 3 works
          trade 2 @ 100 taker 3 maker 1
        bob cancel 1 only new
          rejected CANCEL_RESTRICTED
        bob cancel id mine only new
          rejected CANCEL_RESTRICTED
        bob base 1002+0 quote 99000+800
        book 100:8 |
        bob cancel 2 only new
          canceled 2 with 5
        book 100:3 |
    """,
    "only_partial_ends_what_something_is_executed_of": """
        bob buy 5 @ 100 id mine
          accepted 1 rests
        bob cancel 1 only partial
          rejected CANCEL_RESTRICTED
        bob cancel id mine only partial
          rejected CANCEL_RESTRICTED
        alice sell 2 @ 100
          accepted 2 works
          trade 2 @ 100 taker 2 maker 1
        bob cancel id mine only partial
          canceled 1 with 3
        bob cancel 1 only partial
          rejected UNKNOWN_ORDER
        book |
    """,
    "what_traded_before_it_rested_is_partially_filled": """
        alice sell 2 @ 100
          accepted 1 rests
        bob buy 5 @ 100
          accepted 2 works
          trade 2 @ 100 taker 2 maker 1
          rested 2 with 3
        bob cancel 2 only new
          rejected CANCEL_RESTRICTED
        bob cancel 2 only partial
          canceled 2 with 3
    """,
    "a_stop_that_waits_is_new": """
        bob buy 5 @ 130 stop 125
          accepted 1 waits
        bob cancel 1 only partial
          rejected CANCEL_RESTRICTED
        bob cancel 1 only new
          canceled 1 with 5
    """,
    "a_restriction_tells_nothing_of_anothers_order": """
        bob buy 5 @ 100
          accepted 1 rests
        alice cancel 1 only partial
          rejected UNKNOWN_ORDER
        status HALT
        bob cancel 1 only partial
          rejected SYMBOL_HALTED
    """,
    "the_middle_of_a_queue_can_leave": """
        alice sell 1 @ 100
          accepted 1 rests
        alice sell 2 @ 100
          accepted 2 rests
        alice sell 3 @ 100
          accepted 3 rests
        alice cancel 2
          canceled 2 with 2
        bob buy 4 @ 100
          accepted 4 works
          trade 1 @ 100 taker 4 maker 1
          trade 3 @ 100 taker 4 maker 3
    """,
    "cancel_all_ends_an_accounts_orders_and_stops_oldest_first": """
        bob buy 5 @ 100
          accepted 1 rests
        alice buy 5 @ 100
          accepted 2 rests
        bob sell 5 @ 120
          accepted 3 rests
        bob buy 5 @ 130 stop 125
          accepted 4 waits
        bob cancel all
          canceled 1 with 5
          canceled 3 with 5
          canceled 4 with 5
        book 100:5 |
        bob base 1000+0 quote 100000+0
        bob cancel all
          rejected UNKNOWN_ORDER
        bob cancel all symbols
          rejected UNKNOWN_ORDER
    """,
    "cancel_all_symbols_needs_none_named": """
        bob buy 5 @ 100
          accepted 1 rests
        bob cancel all symbols
          canceled 1 with 5
    """,
    "halt_lets_nothing_through": """
        bob buy 5 @ 100
          accepted 1 rests
        status HALT
        bob buy 5 @ 100
          rejected SYMBOL_HALTED
        bob cancel 1
          rejected SYMBOL_HALTED
        bob cancel all
          rejected SYMBOL_HALTED
        bob cancel all symbols
          rejected UNKNOWN_ORDER
        status TRADING
        bob cancel 1
          canceled 1 with 5
    """,
    "cancel_only_lets_cancels_through": """
        bob buy 5 @ 100
          accepted 1 rests
        status CANCEL_ONLY
        bob buy 5 @ 100
          rejected SYMBOL_CANCEL_ONLY
        bob cancel 1
          canceled 1 with 5
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_cancels(text):
    play(text)
