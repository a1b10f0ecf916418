"""MARKET orders by quantity and by quoteOrderQty: how far they go, and what they never spend."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "market_takes_whatever_the_price": """
        alice sell 5 @ 100
          accepted 1 rests
        alice sell 5 @ 900
          accepted 2 rests
        bob market buy 7
          accepted 3 works
          trade 5 @ 100 taker 3 maker 1
          trade 2 @ 900 taker 3 maker 2
        bob base 1007+0 quote 97700+0
        book | 900:3
    """,
    "market_with_an_empty_book_is_refused": """
        bob market buy 7
          rejected NO_LIQUIDITY
        bob market sell 7
          rejected NO_LIQUIDITY
    """,
    "market_that_empties_the_book_expires_with_the_rest": """
        alice sell 5 @ 100
          accepted 1 rests
        bob market buy 7
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
          expired 2 NO_LIQUIDITY with 2
        bob base 1005+0 quote 99500+0
    """,
    "market_sell_by_quantity_locks_its_base": """
        bob buy 5 @ 100
          accepted 1 rests
        alice market sell 7
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
          expired 2 NO_LIQUIDITY with 2
        alice base 995+0 quote 100500+0
        alice market sell 1001
          rejected INSUFFICIENT_FUNDS
    """,
    "market_buy_by_quantity_pays_as_it_goes_and_stops_when_money_ends": """
        alice sell 4 @ 20000
          accepted 1 rests
        alice sell 4 @ 30000
          accepted 2 rests
        bob market buy 8
          accepted 3 works
          trade 4 @ 20000 taker 3 maker 1
          expired 3 FUNDS_SPENT with 4
        bob base 1004+0 quote 20000+0
        book | 30000:4
        bob market buy 1
          rejected INSUFFICIENT_FUNDS      # not one lot at the best price
    """,
    "market_buy_by_quote_spends_at_most_that_and_floors_to_lots": """
        alice sell 5 @ 100
          accepted 1 rests
        alice sell 5 @ 101
          accepted 2 rests
        bob market buy quote 750
          accepted 3 works
          trade 5 @ 100 taker 3 maker 1
          trade 2 @ 101 taker 3 maker 2
          expired 3 QUOTE_SPENT
        bob base 1007+0 quote 99298+0
    """,
    "market_buy_by_quote_that_spends_all_just_ends": """
        alice sell 5 @ 100
          accepted 1 rests
        bob market buy quote 300
          accepted 2 works
          trade 3 @ 100 taker 2 maker 1
        bob base 1003+0 quote 99700+0
    """,
    "market_buy_by_quote_that_pays_no_lot_expires": """
        alice sell 5 @ 100
          accepted 1 rests
        bob market buy quote 99
          accepted 2 works
          expired 2 QUOTE_SPENT
        bob base 1000+0 quote 100000+0
    """,
    "market_buy_by_quote_needs_all_of_it_free": """
        alice sell 5 @ 100
          accepted 1 rests
        bob market buy quote 100001
          rejected INSUFFICIENT_FUNDS
    """,
    "market_buy_by_quote_expires_when_the_book_ends": """
        alice sell 5 @ 100
          accepted 1 rests
        bob market buy quote 1000
          accepted 2 works
          trade 5 @ 100 taker 2 maker 1
          expired 2 NO_LIQUIDITY
        bob base 1005+0 quote 99500+0
    """,
    "market_sell_by_quote_never_receives_more_than_that": """
        bob buy 5 @ 100
          accepted 1 rests
        bob buy 5 @ 99
          accepted 2 rests
        alice market sell quote 750
          accepted 3 works
          trade 5 @ 100 taker 3 maker 1
          trade 2 @ 99 taker 3 maker 2
          expired 3 QUOTE_SPENT
        alice base 993+0 quote 100698+0
    """,
    "market_sell_by_quote_stops_when_the_base_ends": """
        bob buy 1500 @ 1
          accepted 1 rests
        alice market sell quote 1500
          accepted 2 works
          trade 1000 @ 1 taker 2 maker 1
          expired 2 FUNDS_SPENT
        alice base 0+0 quote 101000+0
        alice market sell quote 10
          rejected INSUFFICIENT_FUNDS
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_market_orders(text):
    play(text)
