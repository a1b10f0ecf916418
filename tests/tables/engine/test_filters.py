"""The venue's filters, each on both sides of its bound, and the order in which they are tried."""

import pytest

from tests.support.engine_tables import play

CASES = {
    "price_filter_bounds_limit_prices": """
        terms min_price_ticks=10 max_price_ticks=500
        bob buy 1 @ 9
          rejected PRICE_FILTER
        bob buy 1 @ 10
          accepted 1 rests
        bob sell 1 @ 501
          rejected PRICE_FILTER
        bob sell 1 @ 500
          accepted 2 rests
    """,
    "price_filter_bounds_stop_prices": """
        terms min_price_ticks=10 max_price_ticks=500
        bob buy 1 @ 100 stop 9
          rejected PRICE_FILTER
        bob buy 1 @ 100 stop 0
          rejected PRICE_FILTER
        bob buy 1 @ 100 stop 500
          accepted 1 waits
    """,
    "lot_size_bounds_quantities": """
        terms min_qty_lots=5 max_qty_lots=50 market_max_qty_lots=50
        bob buy 4 @ 10
          rejected LOT_SIZE
        bob buy 51 @ 10
          rejected LOT_SIZE
        bob buy 5 @ 10
          accepted 1 rests
        bob buy 50 @ 10
          accepted 2 rests
        bob market sell 4
          rejected LOT_SIZE
    """,
    "market_lot_size_bounds_market_orders_only": """
        terms market_min_qty_lots=5 market_max_qty_lots=50
        bob buy 60 @ 10
          accepted 1 rests
        alice market sell 4
          rejected MARKET_LOT_SIZE
        alice market sell 51
          rejected MARKET_LOT_SIZE
        alice market sell 50
          accepted 2 works
          trade 50 @ 10 taker 2 maker 1
    """,
    "notional_bounds_the_value": """
        terms min_notional_atoms=100 max_notional_atoms=1000
        bob buy 9 @ 11
          rejected MIN_NOTIONAL
        bob buy 10 @ 10
          accepted 1 rests
        bob buy 91 @ 11
          rejected MAX_NOTIONAL
        bob buy 100 @ 10
          accepted 2 rests
    """,
    "notional_holds_for_market_orders_where_the_symbol_says_so": """
        terms min_notional_atoms=100 max_notional_atoms=1000 notional_flags=3
        bob buy 10 @ 10
          accepted 1 rests
        bob buy 90 @ 10
          accepted 2 rests
        alice market sell 1           # no trade yet, no average price: not tested
          accepted 3 works
          trade 1 @ 10 taker 3 maker 1
        alice market sell 9
          rejected MIN_NOTIONAL
        alice market sell 101
          rejected MAX_NOTIONAL
        alice market sell quote 99
          rejected MIN_NOTIONAL
        alice market sell quote 1001
          rejected MAX_NOTIONAL
        alice market sell 10
          accepted 4 works
          trade 9 @ 10 taker 4 maker 1
          trade 1 @ 10 taker 4 maker 2
    """,
    "notional_does_not_hold_for_market_orders_elsewhere": """
        terms min_notional_atoms=100 max_notional_atoms=1000
        bob buy 100 @ 10
          accepted 1 rests
        alice market sell 1
          accepted 2 works
          trade 1 @ 10 taker 2 maker 1
        alice market sell 1
          accepted 3 works
          trade 1 @ 10 taker 3 maker 1
    """,
    "percent_price_holds_bids_and_asks_to_their_own_multipliers": """
        terms bid_multiplier_up_ppm=1100000 bid_multiplier_down_ppm=500000 ask_multiplier_up_ppm=2000000 ask_multiplier_down_ppm=900000
        alice sell 5 @ 100            # no trade yet: not tested
          accepted 1 rests
        bob buy 1 @ 100
          accepted 2 works
          trade 1 @ 100 taker 2 maker 1
        bob buy 1 @ 111
          rejected PERCENT_PRICE_BY_SIDE
        bob buy 1 @ 49
          rejected PERCENT_PRICE_BY_SIDE
        bob buy 1 @ 50
          accepted 3 rests
        alice sell 1 @ 201
          rejected PERCENT_PRICE_BY_SIDE
        alice sell 1 @ 200
          accepted 4 rests
        alice sell 1 @ 89
          rejected PERCENT_PRICE_BY_SIDE
        bob buy 1 @ 110
          accepted 5 works
          trade 1 @ 100 taker 5 maker 1
    """,
    "the_average_price_is_weighted_by_volume": """
        terms avg_price_mins=1 bid_multiplier_up_ppm=1000000
        alice sell 1 @ 100
          accepted 1 rests
        alice sell 9 @ 200
          accepted 2 rests
        bob buy 10 @ 200
          accepted 3 works
          trade 1 @ 100 taker 3 maker 1
          trade 9 @ 200 taker 3 maker 2
        bob buy 1 @ 191               # (100 + 9 x 200) / 10 is 190
          rejected PERCENT_PRICE_BY_SIDE
        bob buy 1 @ 190
          accepted 4 rests
    """,
    "trades_leave_the_average_after_its_minutes": """
        terms avg_price_mins=1 bid_multiplier_up_ppm=1000000
        alice sell 9 @ 200
          accepted 1 rests
        bob buy 9 @ 200
          accepted 2 works
          trade 9 @ 200 taker 2 maker 1
        clock +59s
        clock +59s
        clock +0s
        alice sell 1 @ 100
          accepted 3 rests
        bob buy 1 @ 100
          accepted 4 works
          trade 1 @ 100 taker 4 maker 3
        bob buy 1 @ 101
          rejected PERCENT_PRICE_BY_SIDE
        bob buy 1 @ 100
          accepted 5 rests
    """,
    "without_a_trade_in_its_minutes_the_average_is_the_last_price": """
        terms avg_price_mins=1 bid_multiplier_up_ppm=1000000
        alice sell 9 @ 100
          accepted 1 rests
        alice sell 9 @ 200
          accepted 2 rests
        bob buy 18 @ 200
          accepted 3 works
          trade 9 @ 100 taker 3 maker 1
          trade 9 @ 200 taker 3 maker 2
        bob buy 1 @ 151
          rejected PERCENT_PRICE_BY_SIDE
        clock +59s
        clock +59s
        clock +0s
        bob buy 1 @ 200
          accepted 4 rests
        bob buy 1 @ 201
          rejected PERCENT_PRICE_BY_SIDE
    """,
    "max_num_orders_counts_open_orders_and_stops_of_one_account": """
        terms max_num_orders=2
        bob buy 1 @ 10
          accepted 1 rests
        bob buy 1 @ 500 stop 400
          accepted 2 waits
        bob buy 1 @ 11
          rejected MAX_NUM_ORDERS
        bob buy 1 @ 11 ioc            # cannot stay open
          accepted 3 works
          expired 3 IMMEDIATE_OR_CANCEL with 1
        alice sell 1 @ 300
          accepted 4 rests
        bob market buy 1
          accepted 5 works
          trade 1 @ 300 taker 5 maker 4
        bob cancel 1
          canceled 1 with 1
        bob buy 1 @ 12
          accepted 6 rests
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_filters(text):
    play(text)
