"""An account's order meets another of its own: the taker's mode rules."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "expire_taker_ends_the_taker_and_leaves_the_maker": """
        alice sell 5 @ 100
          accepted 1 rests
        alice buy 3 @ 100 stp taker
          accepted 2 works
          prevented 3 @ 100 taker 2 maker 1
          expired 2 SELF_TRADE_PREVENTION with 3
        book | 100:5
        alice base 995+5 quote 100000+0
    """,
    "expire_maker_ends_the_maker_and_goes_on": """
        alice sell 5 @ 100
          accepted 1 rests
        carol sell 5 @ 101
          accepted 2 rests
        alice buy 3 @ 101 stp maker
          accepted 3 works
          prevented 3 @ 100 taker 3 maker 1
          expired 1 SELF_TRADE_PREVENTION with 5
          trade 3 @ 101 taker 3 maker 2
        book | 101:2
        alice base 1003+0 quote 99697+0
    """,
    "expire_both_ends_the_maker_first": """
        alice sell 5 @ 100
          accepted 1 rests
        alice buy 3 @ 100 stp both
          accepted 2 works
          prevented 3 @ 100 taker 2 maker 1
          expired 1 SELF_TRADE_PREVENTION with 5
          expired 2 SELF_TRADE_PREVENTION with 3
        book |
        alice base 1000+0 quote 100000+0
    """,
    "what_was_traded_before_stays": """
        carol sell 2 @ 99
          accepted 1 rests
        alice sell 5 @ 100
          accepted 2 rests
        alice buy 4 @ 100 stp taker
          accepted 3 works
          trade 2 @ 99 taker 3 maker 1
          prevented 2 @ 100 taker 3 maker 2
          expired 3 SELF_TRADE_PREVENTION with 2
        alice base 997+5 quote 99802+0
    """,
    "only_the_takers_mode_counts": """
        alice sell 5 @ 100 stp both
          accepted 1 rests
        alice buy 5 @ 100
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
        book |
    """,
    "others_are_not_kept_apart": """
        alice sell 5 @ 100
          accepted 1 rests
        bob buy 5 @ 100 stp both
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
        book |
    """,
    "a_taker_whose_makers_all_expired_rests": """
        alice sell 5 @ 100
          accepted 1 rests
        alice buy 3 @ 100 stp maker
          accepted 2 works
          prevented 3 @ 100 taker 2 maker 1
          expired 1 SELF_TRADE_PREVENTION with 5
          rested 2 with 3
        book 100:3 |
    """,
    "a_market_order_is_prevented_too": """
        alice sell 5 @ 100
          accepted 1 rests
        alice market buy 3 stp both
          accepted 2 works
          prevented 3 @ 100 taker 2 maker 1
          expired 1 SELF_TRADE_PREVENTION with 5
          expired 2 SELF_TRADE_PREVENTION with 3
        book |
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_self_trade_prevention(text):
    play(text)
