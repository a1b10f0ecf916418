"""What an order locks, what a trade moves, what a fee takes: to the last atom."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "a_limit_buy_locks_price_times_quantity_of_quote": """
        bob buy 10 @ 100
          accepted 1 rests
        bob base 1000+0 quote 99000+1000
    """,
    "a_sell_locks_its_quantity_of_base": """
        bob sell 10 @ 100
          accepted 1 rests
        bob base 990+10 quote 100000+0
    """,
    "a_better_fill_releases_the_difference_at_once": """
        alice sell 4 @ 90
          accepted 1 rests
        bob buy 10 @ 100
          accepted 2 works
          trade 4 @ 90 taker 2 maker 1
          rested 2 with 6
        bob base 1004+0 quote 99040+600
    """,
    "a_cancel_frees_what_is_left": """
        bob buy 10 @ 100
          accepted 1 rests
        alice sell 3 @ 100
          accepted 2 works
          trade 3 @ 100 taker 2 maker 1
        bob cancel 1
          canceled 1 with 7
        bob base 1003+0 quote 99700+0
    """,
    "an_order_beyond_the_free_money_is_refused": """
        bob buy 10 @ 9000
          accepted 1 rests
        bob buy 10 @ 1001
          rejected INSUFFICIENT_FUNDS
        bob buy 10 @ 1000
          accepted 2 rests
        bob sell 1001 @ 20000
          rejected INSUFFICIENT_FUNDS
        bob sell 1000 @ 20000
          accepted 3 rests
    """,
    "each_side_pays_its_fee_in_what_it_receives_rounded_up": """
        terms maker_fee_ppm=1000 taker_fee_ppm=2000
        alice sell 10 @ 101
          accepted 1 rests
        bob buy 10 @ 101
          accepted 2 works
          trade 10 @ 101 taker 2 maker 1 fees 1 2
        bob base 1009+0 quote 98990+0      # 10 less 0.02, rounded up to 1
        alice base 990+0 quote 101008+0    # 1010 less 1.01, rounded up to 2
    """,
    "a_fee_never_exceeds_what_is_received": """
        terms taker_fee_ppm=999999
        alice sell 1 @ 100
          accepted 1 rests
        bob buy 1 @ 100
          accepted 2 works
          trade 1 @ 100 taker 2 maker 1 fees 1 0
        bob base 1000+0 quote 99900+0
    """,
    "without_a_fee_nothing_is_taken": """
        alice sell 1 @ 100
          accepted 1 rests
        bob buy 1 @ 100
          accepted 2 works
          trade 1 @ 100 taker 2 maker 1
        bob base 1001+0 quote 99900+0
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_money(text):
    play(text)
