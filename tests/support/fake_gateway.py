"""A gateway's surroundings without a log: a writer that answers at once, read models by script.

The writer keeps the promise of `LogWriter`: every command ends once, later, with its own events in
the log's own records, or with a fault. It does not match; a test says what the engine does.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Callable

import msgspec

from sunwise.chassis.bus import NoResponder
from sunwise.chassis.log.catalog import Catalog
from sunwise.chassis.log.outcome import Outcome
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.codec import COMMAND_CODECS, EVENT_CODECS
from sunwise.contracts.exchange.records import (
    ORDER_COMMAND,
    ORDER_EVENT,
    CommandKind,
    EventFlag,
    EventKind,
    offsets,
    struct_format,
)

BTC, USDT, ETH = (
    Asset(index=0, name="BTC", decimals=8),
    Asset(index=1, name="USDT", decimals=8),
    Asset(index=2, name="ETH", decimals=8),
)

Answer = Outcome | Exception


def symbol(index: int, name: str, base: int, **changes: int) -> Symbol:
    """A symbol with Binance-like terms: ticks of 0.01, lots of 0.00001."""
    terms = {
        "index": index, "version": 1, "name": name, "base_asset": base, "quote_asset": 1,
        "base_atoms_per_lot": 1_000, "quote_atoms_per_tick_lot": 10,
        "price_atoms_per_tick": 1_000_000, "min_price_ticks": 1, "max_price_ticks": 100_000_000,
        "min_qty_lots": 1, "max_qty_lots": 900_000_000, "market_min_qty_lots": 1,
        "market_max_qty_lots": 10_000_000, "min_notional_atoms": 500_000_000,
        "max_notional_atoms": 900_000_000_000_000, "bid_multiplier_up_ppm": 5_000_000,
        "bid_multiplier_down_ppm": 200_000, "ask_multiplier_up_ppm": 5_000_000,
        "ask_multiplier_down_ppm": 200_000, "avg_price_mins": 5, "max_num_orders": 200,
        "maker_fee_ppm": 1_000, "taker_fee_ppm": 1_000, "notional_flags": 1, "status": 0,
    }  # fmt: skip
    return Symbol(**(terms | changes))


def catalog(*symbols: Symbol) -> Catalog:
    """A catalog of BTC, USDT and ETH with these symbols, or BTCUSDT and ETHUSDT."""
    listed = Catalog()
    listed.assets = [BTC, USDT, ETH]
    listed.symbols = list(symbols) or [symbol(0, "BTCUSDT", 0), symbol(1, "ETHUSDT", 2)]
    listed._asset_of = {asset.name: asset for asset in listed.assets}
    listed._symbol_of = {each.name: each.index for each in listed.symbols}
    listed.version = 1
    return listed


class FakeWriter:
    """Rests every order and cancels every cancel, unless `script` says otherwise."""

    def __init__(self, now_ns: Callable[[], int]):
        self.now_ns = now_ns
        self.commands: list = []
        self.script: deque[Callable[[object], Answer] | Exception] = deque()
        self._order_id = 0
        self._loop = asyncio.get_running_loop()

    def submit_to(self, record, done):
        command = COMMAND_CODECS["order"].unpack(record)
        self.commands.append(command)
        step = self.script.popleft() if self.script else self.obey
        if isinstance(step, Exception):
            raise step  # Overloaded, Fenced: refused at once
        self._loop.call_soon(done, step(command))

    def obey(self, command) -> Outcome:
        """What an engine with an empty book and rich accounts does."""
        if command.kind == CommandKind.PLACE:
            return self.outcome(self.accepted(command))
        return self.outcome(self.canceled(command))

    def accepted(self, command, **changes) -> bytes:
        """ACCEPTED of this order, resting."""
        self._order_id += 1
        same = [
            "symbol",
            "side",
            "order_type",
            "time_in_force",
            "stp",
            "account",
            "price_ticks",
            "qty_lots",
            "quote_atoms",
            "stop_ticks",
            "client_id",
            "strategy_id",
            "strategy_type",
        ]
        values = {name: getattr(command, name) for name in same} | {
            "kind": EventKind.ACCEPTED, "flags": EventFlag.ON_BOOK | EventFlag.WORKING,
            "order_id": self._order_id, "accepted_ns": self.now_ns(), "working_ns": self.now_ns(),
        }  # fmt: skip
        return EVENT_CODECS["order"].pack(**(values | changes))

    def canceled(self, command, **changes) -> bytes:
        """CANCELED of some order."""
        values = {
            "kind": EventKind.CANCELED, "symbol": command.symbol, "account": command.account,
            "order_id": command.order_id or 7, "price_ticks": 6_100_000, "qty_lots": 100,
            "client_id": command.target_client_id or "mine", "order_type": 0, "side": 0,
            "request_client_id": command.client_id,
        }  # fmt: skip
        return EVENT_CODECS["order"].pack(**(values | changes))

    def rejected(self, reject: int) -> Callable[[object], Outcome]:
        """A step of the script: the engine refuses."""
        return lambda _: self.outcome(
            EVENT_CODECS["order"].pack(kind=EventKind.REJECTED, reject=reject)
        )

    def trade(self, **values: int) -> bytes:
        """TRADE with the order as taker."""
        return EVENT_CODECS["trade"].pack(kind=EventKind.TRADE, **values)

    def outcome(self, *records: bytes) -> Outcome:
        """These events, stored."""
        return Outcome(b"".join(records), Position(command_seq=len(self.commands)), self.now_ns())


class RestingWriter:
    """As little as an engine could do, for measuring what a gateway costs: every order rests."""

    _read = struct.Struct(struct_format(ORDER_COMMAND)).unpack_from
    _id_at = offsets(ORDER_EVENT)["order_id"]

    def __init__(self, now_ns: Callable[[], int]):
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self._event = bytearray(
            EVENT_CODECS["order"].pack(kind=EventKind.ACCEPTED, working_ns=now_ns())
        )
        self._order_id = 0

    def submit_to(self, record, done):
        self._order_id += 1
        struct.pack_into("<q", self._event, self._id_at, self._order_id)
        outcome = Outcome(bytes(self._event), Position(command_seq=1), self._now_ns())
        self._loop.call_soon(done, outcome)


class FakeBus:
    """Answers requests by a function of the decoded query, for each kind of read model."""

    def __init__(self):
        self.queries: list = []
        self.answers: dict[str, Callable[[dict], object]] = {}
        self.fault: Exception | None = None

    async def request(self, subject, payload, *, timeout_s=2.0):
        if self.fault is not None:
            raise self.fault
        query = msgspec.msgpack.decode(payload)
        self.queries.append((subject, query))
        answer = self.answers.get(query["type"])
        if answer is None:
            raise NoResponder(f"no script for {query['type']}")
        return msgspec.msgpack.encode(answer(query))
