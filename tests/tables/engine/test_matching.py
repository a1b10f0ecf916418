"""Who trades with whom, at which price, in which order."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "the_best_price_trades_first": """
        alice sell 5 @ 102
          accepted 1 rests
        alice sell 5 @ 101
          accepted 2 rests
        bob buy 7 @ 102
          accepted 3 works
          trade 5 @ 101 taker 3 maker 2
          trade 2 @ 102 taker 3 maker 1
        book | 102:3
    """,
    "at_one_price_the_order_that_came_first_trades_first": """
        alice sell 5 @ 100
          accepted 1 rests
        carol sell 5 @ 100
          accepted 2 rests
        bob buy 8 @ 100
          accepted 3 works
          trade 5 @ 100 taker 3 maker 1
          trade 3 @ 100 taker 3 maker 2
        book | 100:2
    """,
    "a_trade_is_at_the_makers_price": """
        bob buy 5 @ 105
          accepted 1 rests
        alice sell 5 @ 100
          accepted 2 works
          trade 5 @ 105 taker 2 maker 1
        alice base 995+0 quote 100525+0
        bob base 1005+0 quote 99475+0
    """,
    "what_is_left_of_a_limit_order_rests_at_its_price": """
        alice sell 5 @ 100
          accepted 1 rests
        bob buy 8 @ 101
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
          rested 2 with 3
        book 101:3 |
    """,
    "a_limit_order_does_not_trade_beyond_its_price": """
        alice sell 5 @ 100
          accepted 1 rests
        alice sell 5 @ 101
          accepted 2 rests
        bob buy 10 @ 100
          accepted 3 works
          trade 5 @ 100 taker 3 maker 1
          rested 3 with 5
        book 100:5 | 101:5
    """,
    "a_maker_that_was_filled_in_part_keeps_its_place": """
        alice sell 5 @ 100
          accepted 1 rests
        carol sell 5 @ 100
          accepted 2 rests
        bob buy 2 @ 100
          accepted 3 works
          trade 2 @ 100 taker 3 maker 1
        bob buy 4 @ 100
          accepted 4 works
          trade 3 @ 100 taker 4 maker 1
          trade 1 @ 100 taker 4 maker 2
        book | 100:4
    """,
    "prices_far_apart_are_found_all_the_same": """
        alice sell 1 @ 1000000
          accepted 1 rests
        alice sell 1 @ 1
          accepted 2 rests
        alice sell 1 @ 4096
          accepted 3 rests
        bob buy 2 @ 5000
          accepted 4 works
          trade 1 @ 1 taker 4 maker 2
          trade 1 @ 4096 taker 4 maker 3
        book | 1000000:1
    """,
    "without_self_trade_prevention_an_account_trades_with_itself": """
        alice sell 5 @ 100
          accepted 1 rests
        alice buy 5 @ 100
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
        alice base 1000+0 quote 100000+0
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_matching(text):
    play(text)
