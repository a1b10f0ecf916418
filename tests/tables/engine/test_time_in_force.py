"""How long an order works: GTC, IOC, FOK, LIMIT_MAKER."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "ioc_remainder_expires": """
        alice sell 5 @ 100
          accepted 1 rests
        bob buy 8 @ 100 ioc
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
          expired 2 IMMEDIATE_OR_CANCEL with 3
        book |
        bob base 1005+0 quote 99500+0
    """,
    "ioc_that_meets_nobody_expires_whole": """
        bob buy 8 @ 100 ioc
          accepted 1 works
          expired 1 IMMEDIATE_OR_CANCEL with 8
        bob base 1000+0 quote 100000+0
    """,
    "ioc_that_fills_just_ends": """
        alice sell 5 @ 100
          accepted 1 rests
        bob buy 5 @ 100 ioc
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
    """,
    "fok_that_cannot_fill_whole_expires_without_a_trade": """
        alice sell 5 @ 100
          accepted 1 rests
        bob buy 6 @ 100 fok
          accepted 2 works
          expired 2 FILL_OR_KILL with 6
        book | 100:5
        bob base 1000+0 quote 100000+0
    """,
    "fok_does_not_count_prices_beyond_its_own": """
        alice sell 5 @ 100
          accepted 1 rests
        alice sell 5 @ 101
          accepted 2 rests
        bob buy 6 @ 100 fok
          accepted 3 works
          expired 3 FILL_OR_KILL with 6
        book | 100:5 101:5
    """,
    "fok_fills_over_several_prices_and_orders": """
        alice sell 2 @ 100
          accepted 1 rests
        carol sell 2 @ 100
          accepted 2 rests
        carol sell 2 @ 130
          accepted 3 rests
        bob buy 5 @ 130 fok
          accepted 4 works
          trade 2 @ 100 taker 4 maker 1
          trade 2 @ 100 taker 4 maker 2
          trade 1 @ 130 taker 4 maker 3
        book | 130:1
    """,
    "fok_sells_too": """
        bob buy 5 @ 100
          accepted 1 rests
        alice sell 6 @ 90 fok
          accepted 2 works
          expired 2 FILL_OR_KILL with 6
        alice sell 5 @ 90 fok
          accepted 3 works
          trade 5 @ 100 taker 3 maker 1
        book |
    """,
    "fok_stops_at_the_own_order_that_would_expire_it": """
        bob sell 5 @ 100
          accepted 1 rests
        alice sell 5 @ 100
          accepted 2 rests
        bob buy 5 @ 100 fok stp taker
          accepted 3 works
          expired 3 FILL_OR_KILL with 5
        book | 100:10
    """,
    "fok_looks_past_own_orders_that_will_expire": """
        bob sell 5 @ 100
          accepted 1 rests
        alice sell 5 @ 100
          accepted 2 rests
        bob buy 5 @ 100 fok stp maker
          accepted 3 works
          prevented 5 @ 100 taker 3 maker 1
          expired 1 SELF_TRADE_PREVENTION with 5
          trade 5 @ 100 taker 3 maker 2
        book |
    """,
    "limit_maker_that_would_take_is_refused": """
        alice sell 5 @ 100
          accepted 1 rests
        bob buy 5 @ 100 maker
          rejected WOULD_TAKE
        bob buy 5 @ 99 maker
          accepted 2 rests
        book 99:5 | 100:5
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_time_in_force(text):
    play(text)
