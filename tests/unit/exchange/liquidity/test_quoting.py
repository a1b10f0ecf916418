"""The makers' promises: two-sided, tight, never crossed, reproducible, few orders for a move."""

import random

import pytest

from sunwise.exchange.liquidity.market import Market
from sunwise.exchange.liquidity.quoting import BUY, SELL, LadderShape, Maker

MARKET = Market(
    name="BTCUSDT", base="BTC", quote="USDT", tick=10**16, lot=10**13,
    min_lots=1, max_lots=900_000_000, min_notional=5.0,
)  # fmt: skip
PRICE = 60_000.0


def maker(*, seed=1, run="r", market=MARKET, price=PRICE, **shape):
    return Maker(market, price, seed=seed, run=run, shape=LadderShape(**shape))


def step(maker, book, price=PRICE, unit_value=PRICE, seconds=0.25):
    """One step against a book that does as it is told; the orders cancelled and placed."""
    cancelled = maker.cancels(price, seconds)
    for client_id in cancelled:
        del book[client_id]
        maker.closed(client_id)
    quotes = maker.quotes(unit_value)
    book.update((quote.client_id, quote) for quote in quotes)
    return cancelled, quotes


def best(book):
    bids = [q.price_ticks for q in book.values() if q.side == BUY]
    asks = [q.price_ticks for q in book.values() if q.side == SELL]
    return max(bids), min(asks)


def test_the_first_step_fills_both_sides():
    book = {}
    step(maker(), book)
    assert [sum(q.side == side for q in book.values()) for side in (BUY, SELL)] == [8, 8]
    bid, ask = best(book)
    assert bid <= 6_000_000 < ask
    assert (ask - bid) / 6_000_000 < 2e-4


def test_the_book_is_never_crossed_and_never_one_sided(seed):
    dice, quoter, book, price = random.Random(seed), maker(seed=seed), {}, PRICE
    for _ in range(2_000):
        price *= 1 + dice.gauss(0, 2e-4)
        step(quoter, book, price)
        for client_id in list(book):
            if dice.random() < 0.02:  # somebody took it whole
                del book[client_id]
                quoter.filled(client_id, 0)
        if book and all(any(q.side == side for q in book.values()) for side in (BUY, SELL)):
            bid, ask = best(book)
            assert bid < ask
        assert quoter.n_open == len(book)
    step(quoter, book, price)
    step(quoter, book, price)
    bid, ask = best(book)
    assert (ask - bid) / bid < 3e-4


def test_the_same_inputs_give_the_same_orders():
    def orders(run):
        dice, quoter, book, found = random.Random(5), maker(run=run), {}, []
        price = PRICE
        for _ in range(300):
            price *= 1 + dice.gauss(0, 1e-4)
            cancelled, quotes = step(quoter, book, price)
            found.append((len(cancelled), [(q.side, q.price_ticks, q.qty_lots) for q in quotes]))
        return found

    assert orders("a") == orders("b")


def test_a_still_market_costs_no_orders_but_refreshes():
    quoter, book = maker(refresh_s=1e9), {}
    step(quoter, book)
    for _ in range(100):
        assert step(quoter, book) == ([], [])


def test_a_move_of_one_rung_changes_few_orders():
    quoter, book = maker(refresh_s=1e9), {}
    step(quoter, book, PRICE)
    cancelled, quotes = step(quoter, book, PRICE * 1.0002)
    assert 1 <= len(cancelled) <= 4
    assert len(quotes) <= 4


def test_orders_stay_within_binances_order_rate(seed):
    dice, quoter, book, price, placed = random.Random(seed), maker(), {}, PRICE, []
    for _ in range(400):
        price *= 1 + dice.gauss(0, 0.0001)
        placed.append(len(step(quoter, book, price)[1]))
    assert max(sum(placed[at : at + 40]) for at in range(360)) <= 100


def test_a_partly_filled_order_stays_and_a_filled_one_is_placed_anew():
    quoter, book = maker(refresh_s=1e9), {}
    step(quoter, book)
    order = next(iter(book.values()))
    quoter.filled(order.client_id, order.qty_lots - 1)
    assert step(quoter, book) == ([], [])
    quoter.filled(order.client_id, 0)
    quoter.filled(order.client_id, 0)
    del book[order.client_id]
    _, quotes = step(quoter, book)
    assert [(q.side, q.price_ticks) for q in quotes] == [(order.side, order.price_ticks)]


def test_a_known_takers_fill_is_recognised_by_its_price():
    quoter, book = maker(refresh_s=1e9), {}
    step(quoter, book)
    order = next(iter(book.values()))
    quoter.taken(order.side, order.price_ticks, order.qty_lots)
    assert quoter.n_open == len(book) - 1


def test_a_side_without_funds_waits_and_the_other_goes_on():
    quoter, book = maker(refresh_s=1e9), {}
    step(quoter, book)
    order = next(q for q in book.values() if q.side == SELL)
    quoter.closed(order.client_id)
    quoter.short_of_funds(SELL)
    assert step(quoter, dict(book)) == ([], [])
    quotes = [quote for _ in range(50) for quote in quoter.quotes(PRICE) or step(quoter, {})[1]]
    assert [q.side for q in quotes] == [SELL]


@pytest.mark.parametrize("price", [0.00001234, 0.5, 3.0])
def test_a_coarse_tick_still_gives_two_sides(price):
    coarse = Market(
        name="X", base="X", quote="Y", tick=10**10 if price < 1e-4 else 10**16, lot=10**18,
        min_lots=1, max_lots=10**12, min_notional=0.0,
    )  # fmt: skip
    quoter, book = maker(market=coarse, price=price), {}
    step(quoter, book, price, price)
    bid, ask = best(book)
    assert bid < ask
