"""Statements 1 to 11, 38 and 39 of the notes on Binance's API: what everybody can see."""

import itertools
import re
import time

import pytest

from tests.compat.statements.trader import atoms

DECIMALS = re.compile(r"\d+\.\d{8}")
S = "BTCUSDT"


def trade(alice, bob, price="60000.00", quantity="0.01000"):
    """One trade at this price: alice made it, bob took it."""
    alice.sell(S, quantity, price)
    return bob.buy(S, quantity, price)


def test_01_numbers_are_text_with_all_their_decimals(alice, bob):
    trade(alice, bob)
    order = alice.buy(S, "0.5", "50000")
    shown = [order[name] for name in ("price", "origQty", "executedQty", "cummulativeQuoteQty")]
    ticker = alice.get("ticker/24hr", symbol=S)
    shown += [ticker[name] for name in ("lastPrice", "volume", "quoteVolume", "bidQty")]
    depth = alice.get("depth", symbol=S)
    shown += [text for side in ("bids", "asks") for level in depth[side] for text in level]
    shown += [text for pair in alice.balances().values() for text in pair]
    assert all(DECIMALS.fullmatch(text) for text in shown), shown


def test_01_a_level_that_is_gone_has_quantity_0_00000000(alice):
    with alice.stream(f"{S.lower()}@depth@100ms") as events:
        alice.buy(S, "0.5", "41000")
        alice.cancel_all(S)
        changes = events.until(lambda event: ["41000.00000000", "0.00000000"] in event["b"])
        assert changes[-1]["e"] == "depthUpdate"


def test_02_price_filter_is_first_and_its_values_are_text(alice):
    for symbol in alice.get("exchangeInfo")["symbols"]:
        filters = symbol["filters"]
        assert filters[0]["filterType"] == "PRICE_FILTER"
        counts = {"maxNumOrders", "avgPriceMins", "applyMinToMarket", "applyMaxToMarket"}
        for row in filters:
            assert all(isinstance(row[name], str) for name in row.keys() - counts)


def test_03_symbols_say_what_they_permit(alice):
    (symbol,) = alice.get("exchangeInfo", symbol=S)["symbols"]
    assert (symbol["permissionSets"], symbol["permissions"]) == ([["SPOT"]], [])
    for name in (
        "icebergAllowed",
        "ocoAllowed",
        "quoteOrderQtyMarketAllowed",
        "cancelReplaceAllowed",
    ):
        assert isinstance(symbol[name], bool)
    assert {"LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS_LIMIT"} <= set(symbol["orderTypes"])
    assert "NONE" in symbol["allowedSelfTradePreventionModes"]
    answer = alice.ask("GET", "/api/v3/exchangeInfo?symbol=NOPE")
    assert answer.refusal == (400, -1121, "Invalid symbol.")


def test_04_a_depth_snapshot_is_sorted_and_cut(alice):
    for n in range(7):
        alice.buy(S, "0.01", f"{40_000 + n}")
        alice.sell(S, "0.01", f"{90_000 - n}")
    depth = alice.get("depth", symbol=S, limit=5)
    assert set(depth) == {"lastUpdateId", "bids", "asks"}
    bids = [atoms(price) for price, _ in depth["bids"]]
    asks = [atoms(price) for price, _ in depth["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert len(bids) == len(asks) == 5
    assert len(alice.get("depth", symbol=S)["bids"]) == 7
    assert len(alice.get("depth", symbol=S, limit=99_999)["asks"]) == 7


@pytest.mark.parametrize("pace", ["@100ms", ""])
def test_05_depth_updates_follow_each_other_without_a_gap(alice, pace):
    with alice.stream(f"{S.lower()}@depth{pace}") as events:
        # A slow stream's first event may still tell of the test before: each has its own prices.
        lowest = 41_000 if pace else 41_500
        for n in range(4):
            alice.buy(S, "0.01", f"{lowest + n}")
            time.sleep(0.35 if pace else 1.1)
        alice.cancel_all(S)
        seen = events.until(lambda event: [f"{lowest}.00000000", "0.00000000"] in event["b"])
    assert len(seen) >= 3
    for before, after in itertools.pairwise(seen):
        assert after["U"] == before["u"] + 1
    assert all(event["U"] <= event["u"] for event in seen)


def test_06_a_book_built_by_the_documented_steps_is_the_book(alice, bob):
    alice.buy(S, "0.3", "42000")
    with alice.stream(f"{S.lower()}@depth@100ms") as events:
        alice.buy(S, "0.1", "42001")
        buffered = [events.next()]
        snapshot = alice.get("depth", symbol=S, limit=5_000)
        for n in range(10):
            alice.buy(S, "0.02", f"{42_000 + n % 4}")
            bob.sell(S, "0.01", f"{88_000 + n % 3}")
        alice.cancel_all(S)
        wanted = alice.get("depth", symbol=S, limit=5_000)
        buffered += events.until(lambda event: event["u"] >= wanted["lastUpdateId"])
    assert snapshot["lastUpdateId"] >= buffered[0]["U"]
    book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
    for event in buffered:
        if event["u"] <= snapshot["lastUpdateId"]:
            continue
        for side, name in (("bids", "b"), ("asks", "a")):
            for price, quantity in event[name]:
                book[side].pop(price, None)
                if quantity != "0.00000000":
                    book[side][price] = quantity
    assert book == {side: dict(wanted[side]) for side in ("bids", "asks")}


def test_07_quantities_are_absolute_and_silence_means_no_change(alice):
    with alice.stream(f"{S.lower()}@depth@100ms") as events:
        alice.buy(S, "0.2", "43000")
        alice.buy(S, "0.3", "43000")
        events.until(lambda event: ["43000.00000000", "0.50000000"] in event["b"])
        assert events.silent()


def test_08_book_ticker_counts_as_depth_does(alice):
    with alice.stream(f"{S.lower()}@bookTicker") as events:
        alice.buy(S, "0.2", "59000")
        event = events.until(lambda event: event["b"] == "59000.00000000")[-1]
        assert set(event) == {"u", "s", "b", "B", "a", "A"}
        assert event["u"] == alice.get("depth", symbol=S)["lastUpdateId"]


def test_09_partial_depth_has_three_fields(alice):
    alice.buy(S, "0.2", "44000")
    with alice.stream(f"{S.lower()}@depth5@100ms") as events:
        event = events.next()
        assert set(event) == {"lastUpdateId", "bids", "asks"}
        assert ["44000.00000000", "0.20000000"] in event["bids"]


def test_10_trade_ids_have_no_gap_and_aggregates_tile_them(alice, bob):
    for n in range(3):
        alice.sell(S, "0.01", "60000")
        alice.sell(S, "0.01", "60001")
        bob.buy(S, "0.02" if n else "0.01", "60001")
    trades = alice.get("trades", symbol=S, limit=1_000)
    ids = [row["id"] for row in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    aggregates = alice.get("aggTrades", symbol=S, limit=1_000)
    for before, after in itertools.pairwise(aggregates):
        assert after["f"] == before["l"] + 1
        assert after["a"] == before["a"] + 1
    price_of = {row["id"]: row["price"] for row in trades}
    for row in aggregates:
        assert {price_of[n] for n in range(row["f"], row["l"] + 1)} == {row["p"]}


def test_10_one_taker_order_at_one_price_is_one_aggregate(alice, bob):
    for _ in range(3):
        alice.sell(S, "0.01", "60000")
    bob.buy(S, "0.03", "60000")
    newest = alice.get("aggTrades", symbol=S, limit=1)[0]
    assert newest["l"] - newest["f"] == 2
    assert newest["q"] == "0.03000000"


def test_11_m_says_whether_the_buyer_was_the_maker(alice, bob):
    with alice.stream(f"{S.lower()}@trade") as events:
        alice.sell(S, "0.01", "60000")
        bob.buy(S, "0.01", "60000")
        alice.buy(S, "0.01", "59999")
        bob.sell(S, "0.01", "59999")
        seen = events.until(lambda event: event["p"] == "59999.00000000")
    assert [event["m"] for event in seen[-2:]] == [False, True]
    newest = alice.get("trades", symbol=S, limit=2)
    assert [row["isBuyerMaker"] for row in newest] == [False, True]
    assert [row["m"] for row in alice.get("aggTrades", symbol=S, limit=2)] == [False, True]


INTERVALS = [
    "1s",
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "4h",
    "6h",
    "8h",
    "12h",
    "1d",
    "3d",
    "1w",
    "1M",
]


@pytest.mark.parametrize("interval", INTERVALS)
def test_38_klines_are_arrays_of_twelve_that_close_a_millisecond_before_the_next(
    alice, bob, interval
):
    trade(alice, bob)
    rows = alice.get("klines", symbol=S, interval=interval, limit=5)
    for row in rows:
        assert len(row) == 12
        assert row[11] == "0"
        low, high = atoms(row[3]), atoms(row[2])
        assert low <= min(atoms(row[1]), atoms(row[4])) <= max(atoms(row[1]), atoms(row[4])) <= high
    for before, after in itertools.pairwise(rows):
        assert after[0] == before[6] + 1
    opened = time.gmtime(rows[-1][0] / 1_000)
    if interval == "1w":
        assert opened.tm_wday == 0
    if interval == "1M":
        assert opened.tm_mday == 1
    if interval in ("1d", "3d", "1w", "1M"):
        assert (opened.tm_hour, opened.tm_min, opened.tm_sec) == (0, 0, 0)


def test_38_an_interval_without_a_trade_is_there_all_the_same(alice, bob):
    trade(alice, bob, price="60010.00")
    time.sleep(3.2)
    rows = alice.get("klines", symbol=S, interval="1s", limit=4)
    empty = [row for row in rows if row[8] == 0]
    assert empty
    for row in empty:
        assert row[1] == row[2] == row[3] == row[4] == "60010.00000000"
        assert row[5] == "0.00000000"
    later = alice.get("klines", symbol=S, interval="1s", startTime=rows[1][0], endTime=rows[2][0])
    assert [row[0] for row in later] == [rows[1][0], rows[2][0]]


def test_38_a_candle_is_closed_once_and_then_as_rest_has_it(alice, bob):
    with alice.stream(f"{S.lower()}@kline_1s") as events:
        trade(alice, bob, price="60020.00")
        seen = events.until(lambda event: event["k"]["x"] and event["k"]["n"])
        seen += events.until(lambda event: event["k"]["t"] > seen[-1]["k"]["t"])
    closed = [event["k"] for event in seen if event["k"]["x"]]
    assert len({candle["t"] for candle in closed}) == len(closed)
    (candle,) = [each for each in closed if each["n"]]
    (row,) = alice.get("klines", symbol=S, interval="1s", startTime=candle["t"], limit=1)
    shown = [candle[name] for name in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")]
    assert row[:11] == shown


def test_39_the_24_hour_ticker_is_a_rolling_window(alice, bob):
    trade(alice, bob)
    ticker = alice.get("ticker/24hr", symbol=S)
    assert ticker["closeTime"] - ticker["openTime"] == pytest.approx(86_400_000, abs=1_000)
    assert ticker["lastId"] - ticker["firstId"] + 1 == ticker["count"]
    change = atoms(ticker["lastPrice"]) - atoms(ticker["openPrice"])
    assert int(ticker["priceChange"].replace(".", "")) == change


def test_39_another_window_opens_on_a_whole_minute(alice, bob):
    trade(alice, bob)
    ticker = alice.get("ticker", symbol=S, windowSize="5m")
    assert ticker["openTime"] % 60_000 == 0
    assert 300_000 <= ticker["closeTime"] - ticker["openTime"] < 360_000
    assert ticker["lastPrice"] == "60000.00000000"
    assert ticker["lastId"] - ticker["firstId"] + 1 == ticker["count"]
