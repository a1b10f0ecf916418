"""Payloads, byte for byte: recorded frames of the real market, and the documented examples."""

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sunwise.contracts.exchange.accounts import (
    Execution,
    ExecutionType,
    OrderState,
    OrderStatus,
    Position,
)
from sunwise.contracts.exchange.market_data import (
    AggregateTrade,
    AveragePrice,
    Candle,
    DepthChanged,
    Ticker,
    TopOfBook,
    TradePrint,
)
from sunwise.contracts.exchange.records import ExpiryReason
from sunwise.exchange.gateway.streams import codecs
from sunwise.exchange.gateway.streams.codecs import MICROSECOND_NS, MILLISECOND_NS, SymbolText
from sunwise.exchange.gateway.streams.names import parse_stream
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.streams.topics import Form, Topic
from sunwise.exchange.gateway.users.codecs import UserCodec
from tests.contract.streams.venue import ASSETS, SYMBOLS, T_NS, listed, symbol

FILES = [
    f"binance_spot_{symbol}_2024080{day}.ws.gz"
    for symbol in ("btcusdt", "ethusdt")
    for day in (8, 9)
]
N_FRAMES = 4_000
# Old orders have quantities that today's lots no longer allow: here a lot is an atom.
RECORDED = {
    name: SymbolText(symbol(0, name, base, 1), ASSETS[base], ASSETS[1])
    for name, base in (("BTCUSDT", 0), ("ETHUSDT", 2))
}
BTC = SymbolText(SYMBOLS[0], ASSETS[0], ASSETS[1])


def frames(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") as lines:
        for line in itertools.islice(lines, N_FRAMES):
            yield line.split(" ", 1)[1].rstrip("\n")


def atoms(text: str) -> int:
    return int(text.replace(".", ""))


def level(row: list[str]) -> tuple[int, int]:
    return atoms(row[0]) // 1_000_000, atoms(row[1])


def again(data: dict) -> bytes:
    """The payload of a recorded event, written by us from our own integers."""
    name = data["s"]
    text = RECORDED[name]
    if data.get("e") == "depthUpdate":
        event = DepthChanged(
            symbol=0, first_update_id=data["U"], last_update_id=data["u"],
            time_ns=data["E"] * 1_000_000, bids=[level(row) for row in data["b"]],
            asks=[level(row) for row in data["a"]],
        )  # fmt: skip
        return codecs.depth_update(text, event, MILLISECOND_NS)
    if data.get("e") == "trade":
        event = TradePrint(
            symbol=0, trade_id=data["t"], price_ticks=level([data["p"], "0"])[0],
            qty_lots=level(["0", data["q"]])[1], quote_atoms=0,
            time_ns=data["T"] * 1_000_000, buyer_is_maker=data["m"],
        )  # fmt: skip
        ours = codecs.trade(text, event, MILLISECOND_NS)
        return ours.replace(
            b'"E":%d' % data["T"], b'"E":%d' % data["E"]
        )  # theirs is 0 to 2 ms later
    event = TopOfBook(
        symbol=0, update_id=data["u"], bid=level([data["b"], data["B"]]),
        ask=level([data["a"], data["A"]]), time_ns=0,
    )  # fmt: skip
    return codecs.book_ticker(text, event, MILLISECOND_NS)


@pytest.mark.parametrize("file", FILES)
def test_recorded_frames_are_written_again_byte_for_byte(file, shared_data):
    kinds = set()
    for recorded in frames(shared_data / "market" / file):
        content = json.loads(recorded)
        if "stream" not in content:
            continue  # the REST snapshot
        stream = parse_stream(content["stream"])
        topic = Topic(stream, None)
        ours = topic._frame(Form(combined=True, unit_ns=MILLISECOND_NS), again(content["data"]))
        payload = ours[2 if ours[1] < 126 else 4 if ours[1] == 126 else 10 :]
        assert payload.decode() == recorded
        kinds.add(stream.kind)
    assert len(kinds) == 3


CANDLE = Candle(
    symbol=0, interval="1m", open_ns=1_672_515_780_000 * 10**6, close_ns=1_672_515_839_999 * 10**6,
    open_ticks=10, high_ticks=25, low_ticks=9, close_ticks=20, qty_lots=1_000, quote_atoms=10**8,
    trades=100, taker_buy_lots=500, taker_buy_quote_atoms=5 * 10**7, first_trade_id=100,
    last_trade_id=200, is_closed=False,
)  # fmt: skip
TICKER = Ticker(
    symbol=0, open_ns=0, close_ns=86_400_000 * 10**6, open_ticks=100, high_ticks=250, low_ticks=90,
    last_ticks=250, last_lots=10, previous_close_ticks=90, qty_lots=10_000_000,
    quote_atoms=18 * 10**8, trades=18_151, first_trade_id=0, last_trade_id=18_150,
    bid=(249, 10), ask=(251, 100),
)  # fmt: skip
SHAPES = {
    "kline": (
        codecs.kline(BTC, CANDLE, MILLISECOND_NS, now_ns=1_672_515_782_136 * 10**6),
        ('{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{"t":1672515780000,"T":1672515839999,'
        '"s":"BTCUSDT","i":"1m","f":100,"L":200,"o":"0.10000000","c":"0.20000000","h":"0.25000000",'
        '"l":"0.09000000","v":"0.01000000","n":100,"x":false,"q":"1.00000000","V":"0.00500000",'
        '"Q":"0.50000000","B":"0"}}'),
    ),
    "kline in microseconds ends at its last": (
        codecs.kline(BTC, CANDLE, MICROSECOND_NS, now_ns=1_672_515_782_136 * 10**6)[:95],
        '{"e":"kline","E":1672515782136000,"s":"BTCUSDT","k":{"t":1672515780000000,"T":1672515839999999,',
    ),
    "ticker": (
        codecs.ticker(BTC, TICKER, MILLISECOND_NS),
        ('{"e":"24hrTicker","E":86400000,"s":"BTCUSDT","p":"1.50000000","P":"150.000",'
        '"w":"0.18000000","x":"0.90000000","c":"2.50000000","Q":"0.00010000","b":"2.49000000",'
        '"B":"0.00010000","a":"2.51000000","A":"0.00100000","o":"1.00000000","h":"2.50000000",'
        '"l":"0.90000000","v":"100.00000000","q":"18.00000000","O":0,"C":86400000,"F":0,"L":18150,'
        '"n":18151}'),
    ),
    "miniTicker": (
        codecs.mini_ticker(BTC, TICKER, MILLISECOND_NS),
        ('{"e":"24hrMiniTicker","E":86400000,"s":"BTCUSDT","c":"2.50000000","o":"1.00000000",'
        '"h":"2.50000000","l":"0.90000000","v":"100.00000000","q":"18.00000000"}'),
    ),
    "aggTrade": (
        codecs.aggregate_trade(
            BTC,
            AggregateTrade(
                symbol=0, aggregate_id=12_345, price_ticks=10, qty_lots=100, first_trade_id=100,
                last_trade_id=105, time_ns=1_672_515_782_136 * 10**6, buyer_is_maker=True,
            ),
            MILLISECOND_NS,
        ),
        ('{"e":"aggTrade","E":1672515782136,"s":"BTCUSDT","a":12345,"p":"0.10000000",'
        '"q":"0.00100000","f":100,"l":105,"T":1672515782136,"m":true,"M":true}'),
    ),
    "avgPrice": (
        codecs.average_price(
            BTC,
            AveragePrice(
                position=Position(command_seq=1), symbol=0, minutes=5, tick_lots=7, lots=3,
                last_ticks=2, close_ns=1_693_907_032_213 * 10**6,
            ),
            MILLISECOND_NS,
            now_ns=1_693_907_033_000 * 10**6,
        ),
        '{"e":"avgPrice","E":1693907033000,"s":"BTCUSDT","i":"5m","w":"0.02333333","T":1693907032213}',
    ),
    "partial depth": (
        codecs.partial_depth(BTC, 160, [(2, 10)], [(3, 100)]),
        '{"lastUpdateId":160,"bids":[["0.02000000","0.00010000"]],"asks":[["0.03000000","0.00100000"]]}',
    ),
    "serverShutdown": (
        codecs.server_shutdown(MILLISECOND_NS, now_ns=1_770_123_456_789 * 10**6),
        '{"e":"serverShutdown","E":1770123456789}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_documented_payloads_are_written_field_for_field(name):
    ours, documented = SHAPES[name]
    assert ours.decode() == documented


def test_a_falling_price_has_a_sign_in_change_and_percent():
    falling = TICKER.__class__(
        **{**{f: getattr(TICKER, f) for f in TICKER.__struct_fields__}, "last_ticks": 67}
    )
    written = json.loads(codecs.ticker(BTC, falling, MILLISECOND_NS))
    assert (written["p"], written["P"]) == ("-0.33000000", "-33.000")


def test_a_ticker_before_the_first_trade_is_all_zeros():
    empty = Ticker(
        symbol=0, open_ns=0, close_ns=0, open_ticks=0, high_ticks=0, low_ticks=0, last_ticks=0,
        last_lots=0, previous_close_ticks=0, qty_lots=0, quote_atoms=0, trades=0,
        first_trade_id=-1, last_trade_id=-1, bid=(0, 0), ask=(0, 0),
    )  # fmt: skip
    written = json.loads(codecs.ticker(BTC, empty, MILLISECOND_NS))
    assert (written["P"], written["w"], written["F"]) == ("0.000", "0.00000000", -1)


# --- user events ---

NAMES = StreamNames(listed())
ALWAYS = [
    "e",
    "E",
    "s",
    "c",
    "S",
    "o",
    "f",
    "q",
    "p",
    "P",
    "F",
    "g",
    "C",
    "x",
    "X",
    "r",
    "i",
    "l",
    "z",
    "L",
    "n",
    "N",
    "T",
    "t",
    "I",
    "w",
    "m",
    "M",
    "O",
    "Z",
    "Y",
    "Q",
    "V",
]


def report(what: int, unit_ns: int = MILLISECOND_NS, order: dict | None = None, **fields) -> dict:
    state = {
        "account": 9, "symbol": 0, "order_id": 17, "client_id": "mine", "side": 0, "order_type": 0,
        "time_in_force": 0, "stp": 0, "status": OrderStatus.NEW, "price_ticks": 6_183_763,
        "qty_lots": 2_000, "quote_atoms": 0, "stop_ticks": 0, "executed_lots": 0,
        "executed_quote_atoms": 0, "is_working": True, "by_quote": False, "accepted_ns": T_NS,
        "updated_ns": T_NS, "working_ns": T_NS,
    } | (order or {})  # fmt: skip
    event = Execution(order=OrderState(**state), what=what, **fields)
    return json.loads(UserCodec(NAMES).execution_report(event, T_NS, unit_ns))


def test_a_new_order_is_reported_field_for_field():
    event = Execution(
        order=OrderState(
            account=9, symbol=0, order_id=17, client_id='a"b', side=1, order_type=0,
            time_in_force=0, stp=1, status=OrderStatus.NEW, price_ticks=6_183_763, qty_lots=2_000,
            quote_atoms=0, stop_ticks=0, executed_lots=0, executed_quote_atoms=0, is_working=True,
            by_quote=False, accepted_ns=T_NS, updated_ns=T_NS, working_ns=T_NS,
        ),
        what=ExecutionType.NEW, execution_id=4,
    )  # fmt: skip
    assert UserCodec(NAMES).execution_report(event, T_NS, MILLISECOND_NS).decode() == (
        '{"e":"executionReport","E":1723161255343,"s":"BTCUSDT","c":"a\\"b","S":"SELL","o":"LIMIT",'
        '"f":"GTC","q":"0.02000000","p":"61837.63000000","P":"0.00000000","F":"0.00000000","g":-1,'
        '"C":"","x":"NEW","X":"NEW","r":"NONE","i":17,"l":"0.00000000","z":"0.00000000",'
        '"L":"0.00000000","n":"0","N":null,"T":1723161255343,"t":-1,"I":4,"w":true,"m":false,'
        '"M":false,"O":1723161255343,"Z":"0.00000000","Y":"0.00000000","Q":"0.00000000",'
        '"W":1723161255343,"V":"EXPIRE_TAKER"}'
    )


@pytest.mark.parametrize(
    "what", [value for name, value in vars(ExecutionType).items() if name.isupper()]
)
def test_what_is_always_there_is_always_there(what):
    assert set(ALWAYS) <= report(what, trade_id=1, fee_asset=0).keys()


def test_conditional_fields_come_only_under_their_condition():
    plain = report(ExecutionType.NEW, order={"working_ns": 0})
    assert set(plain) == set(ALWAYS)
    assert (
        report(ExecutionType.NEW, order={"strategy_id": 3, "strategy_type": 1_000_000})["J"]
        == 1_000_000
    )


def test_a_trade_carries_its_fee_and_its_last_fill():
    told = report(
        ExecutionType.TRADE, order={"executed_lots": 2_000, "status": OrderStatus.FILLED},
        trade_id=5, last_lots=2_000, last_price_ticks=6_183_763, last_quote_atoms=123, fee_atoms=2_000,
        fee_asset=0, is_maker=True,
    )  # fmt: skip
    assert (told["n"], told["N"], told["t"], told["l"], told["L"], told["Y"], told["m"], told["w"]) == (
        "0.00002000", "BTC", 5, "0.02000000", "61837.63000000", "0.00000123", True, False,
    )  # fmt: skip


def test_a_canceled_order_names_the_cancel_and_the_order():
    told = report(
        ExecutionType.CANCELED, order={"status": OrderStatus.CANCELED}, request_client_id="cancel"
    )
    assert (told["c"], told["C"], told["x"], told["X"], told["w"]) == (
        "cancel", "mine", "CANCELED", "CANCELED", False,
    )  # fmt: skip


def test_an_expired_order_says_why():
    order = {"status": OrderStatus.EXPIRED, "expiry_reason": ExpiryReason.NO_LIQUIDITY}
    assert report(ExecutionType.EXPIRED, order=order)["eR"] == "INSUFFICIENT_LIQUIDITY"


def test_a_stop_is_not_working_until_it_triggers():
    waiting = {"order_type": 3, "stop_ticks": 5, "is_working": False, "working_ns": 0}
    told = report(ExecutionType.NEW, order=waiting)
    assert (told["x"], told["w"], "W" in told, told["P"]) == ("NEW", False, False, "0.05000000")
    told = report(ExecutionType.TRIGGERED, order=waiting | {"is_working": True, "working_ns": T_NS})
    assert (told["x"], told["X"], told["w"], told["W"]) == ("NEW", "NEW", True, T_NS // 10**6)


def test_self_trade_prevention_says_what_it_prevented():
    order = {"status": OrderStatus.EXPIRED_IN_MATCH, "prevented_match_id": 3, "prevented_lots": 300}
    told = report(
        ExecutionType.PREVENTED, order=order, last_lots=300, last_price_ticks=10, last_quote_atoms=7,
        counter_order_id=37,
    )  # fmt: skip
    assert (told["x"], told["X"], told["v"], told["A"], told["B"], told["U"], told["pL"]) == (
        "TRADE_PREVENTION", "EXPIRED_IN_MATCH", 3, "0.00300000", "0.00300000", 37, "0.10000000",
    )  # fmt: skip
    assert (told["l"], told["t"]) == ("0.00000000", -1)


def test_times_may_be_microseconds():
    told = report(ExecutionType.NEW, MICROSECOND_NS)
    assert {told[field] for field in ("E", "T", "O", "W")} == {T_NS // 1_000}
