"""Frames in, command records out, outcomes in, a report out. Does no I/O: `session` moves the bytes.

Outcomes are taken in the order of the commands, whatever order they arrive in, so that each depth
update is judged exactly when the last command that follows it has its stored events.
"""

from collections import deque
from functools import lru_cache
from typing import Final

from msgspec import Struct

from sunwise.contracts.exchange.codec import subset
from sunwise.contracts.exchange.records import (
    COMMAND_STRIDE,
    ORDER_COMMAND,
    CommandFlag,
    CommandKind,
    OrderType,
    TimeInForce,
)
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.replay.frames import (
    DepthSnapshot,
    DepthUpdate,
    Frame,
    LevelText,
    OtherFrame,
    RecordedTrade,
)
from sunwise.exchange.replay.mirror import Action, Intent, Mirror, TradeOrigin, TradePlan
from sunwise.exchange.replay.recorded_book import (
    LevelChange,
    LevelLots,
    RecordedBook,
    ScaledSnapshot,
    ScaledUpdate,
)
from sunwise.exchange.replay.report import SymbolReport
from sunwise.exchange.replay.verification import (
    Applied,
    BookComparison,
    Print,
    client_order_id,
)
from sunwise.money.decimal_text import parse_scaled

_MAX_DIFFERENCES: Final = 20
_KNOWN_NUMBERS: Final = 65_536

# Half a million orders go through here in a minute: only the fields in use are packed.
_PLACE: Final = subset(
    ORDER_COMMAND,
    *("kind", "side", "order_type", "time_in_force", "account", "symbol", "symbol_version"),
    *("price_ticks", "qty_lots", "client_id"),
)
_CANCEL: Final = subset(
    ORDER_COMMAND, "kind", "flags", "account", "symbol", "symbol_version", "target_client_id"
)
_KIND_PLACE: Final = int(CommandKind.PLACE)
_KIND_CANCEL: Final = int(CommandKind.CANCEL)
_BY_CLIENT_ID: Final = int(CommandFlag.BY_CLIENT_ID)
_LIMIT: Final = int(OrderType.LIMIT)
_GTC: Final = int(TimeInForce.GTC)
_IOC: Final = int(TimeInForce.IOC)


class Instrument(Struct, frozen=True, kw_only=True):
    """A listed symbol as the replay needs it."""

    name: str
    index: int
    version: int
    price_decimals: int
    """One tick is 10**-price_decimals."""
    lot_decimals: int
    """One lot is 10**-lot_decimals."""


class ReplayAccounts(Struct, frozen=True, kw_only=True):
    """Who rests and who takes."""

    resting: int
    taking: int


class ForeignFill(Struct, frozen=True, gc=False):
    """A trade of somebody else's taker with a resting order, whoever's that is."""

    command_seq: int
    symbol: int
    maker_order_id: int
    lots: int


class Command:
    """One command of the replay, from its planning to its outcome."""

    __slots__ = ("command_seq", "intent", "of", "record", "records", "trade")

    def __init__(self, of: "SymbolReplay", intent: Intent, record: bytes) -> None:
        self.of = of
        self.intent = intent
        self.record = record
        self.records: bytes | None = None
        """Its own stored events, once they are known."""
        self.command_seq = 0
        """Position in the log of the batch it went with, once it is known."""
        self.trade: tuple[Print, TradePlan] | None = None
        """Of a taker: what it must print."""


class _UpdateDone:
    """A depth update whose commands all stand before it in the line."""

    __slots__ = ("changes", "of")

    def __init__(self, of: "SymbolReplay", changes: list[LevelChange]) -> None:
        self.of = of
        self.changes = changes


class SymbolReplay:
    """One symbol: its recorded book, its mirror and the comparison of both with what is stored."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.book = RecordedBook()
        self.mirror = Mirror()
        self.comparison = BookComparison()
        self.report = SymbolReport(symbol=instrument.name)


class Replayer:
    """A whole replay, over all symbols."""

    def __init__(
        self, instruments: list[Instrument], accounts: ReplayAccounts, *, token: str
    ) -> None:
        """`token` begins every client order id: it must differ from every earlier replay's."""
        self.symbols = {instrument.name: SymbolReplay(instrument) for instrument in instruments}
        self.frames = 0
        self._by_index = {each.instrument.index: each for each in self.symbols.values()}
        self._accounts = accounts
        self._token = token.encode()
        self._line: deque[Command | _UpdateDone] = deque()
        self._foreign: deque[ForeignFill] = deque()

    @property
    def reports(self) -> list[SymbolReport]:
        """What has been found so far, a report a symbol."""
        for each in self.symbols.values():
            each.report.gaps = each.book.gaps
            each.report.unbridged_snapshots = each.book.unbridged_snapshots
            each.report.crossed_levels_skipped = each.mirror.crossing_skipped
        return [each.report for each in self.symbols.values()]

    def on_frame(self, frame: Frame) -> list[Command]:
        """The commands to submit now, in order. Hand each outcome to `settled`."""
        self.frames += 1
        if isinstance(frame, OtherFrame):
            return []
        of = self.symbols[frame.symbol]
        if isinstance(frame, RecordedTrade):
            return self._on_trade(of, frame)
        return self._on_depth(of, frame)

    def settled(self, command: Command, records: bytes, command_seq: int) -> None:
        """The stored events of `command`; judges what can be judged now."""
        command.records = records
        command.command_seq = command_seq
        self._advance()

    def foreign_fill(self, fill: ForeignFill) -> None:
        """Somebody else took from an order that may be the replay's. In the order of the log.

        It counts only after every own command that stands before it in the log: until then the
        order may not be known here.
        """
        self._foreign.append(fill)
        self._advance()

    def _on_depth(self, of: SymbolReplay, frame: DepthUpdate | DepthSnapshot) -> list[Command]:
        bids, asks = (_scaled(levels, of.instrument) for levels in (frame.bids, frame.asks))
        if isinstance(frame, DepthUpdate):
            changes = of.book.update(
                ScaledUpdate(frame.first_update_id, frame.last_update_id, bids, asks)
            )
            of.report.depth_updates += 1
        else:
            changes = of.book.snapshot(ScaledSnapshot(frame.last_update_id, bids, asks))
            of.report.snapshots += 1
        commands = [self._command(of, intent) for intent in of.mirror.follow(changes)]
        self._line.extend(commands)
        if isinstance(frame, DepthUpdate) or changes:
            self._line.append(_UpdateDone(of, changes))
        self._advance()
        return commands

    def _on_trade(self, of: SymbolReplay, frame: RecordedTrade) -> list[Command]:
        price = _number(frame.price, of.instrument.price_decimals)
        lots = _number(frame.quantity, of.instrument.lot_decimals)
        plan = of.mirror.trade(price, lots, buyer_is_maker=frame.buyer_is_maker)
        of.report.trades += 1
        of.report.organic += plan.origin is TradeOrigin.ORGANIC
        of.report.organic_past_stale += plan.origin is TradeOrigin.ORGANIC and plan.withdrawn > 0
        of.report.injected += plan.origin is TradeOrigin.INJECTED
        commands = [self._command(of, intent) for intent in plan.intents]
        commands[-1].trade = (Print(price, lots, frame.buyer_is_maker), plan)
        self._line.extend(commands)
        return commands

    def _command(self, of: SymbolReplay, intent: Intent) -> Command:
        of.report.commands += 1
        action, side, price_ticks, qty_lots, order_no = intent
        own_id = client_order_id(self._token, order_no)
        index, version = of.instrument.index, of.instrument.version
        if action is Action.CANCEL:
            account = self._accounts.resting
            record = _CANCEL.pack(_KIND_CANCEL, _BY_CLIENT_ID, account, index, version, own_id)
        else:
            takes = action is Action.TAKE
            account = self._accounts.taking if takes else self._accounts.resting
            in_force = _IOC if takes else _GTC
            record = _PLACE.pack(
                _KIND_PLACE, side, _LIMIT, in_force, account, index, version, price_ticks,
                qty_lots, own_id,
            )  # fmt: skip
        return Command(of, intent, record.ljust(COMMAND_STRIDE, b"\0"))

    def _advance(self) -> None:
        line = self._line
        while line:
            head = line[0]
            if isinstance(head, Command):
                if head.records is None:
                    return
                self._take_foreign(before_seq=head.command_seq)
                self._judge(head, head.of.comparison.stored.apply(head.records))
            else:
                self._compare(head)
            line.popleft()
        self._take_foreign(before_seq=None)

    def _take_foreign(self, *, before_seq: int | None) -> None:
        while self._foreign and (before_seq is None or self._foreign[0].command_seq < before_seq):
            fill = self._foreign.popleft()
            of = self._by_index.get(fill.symbol)
            stored = of.comparison.stored if of else None
            resting = stored.reduce(fill.maker_order_id, fill.lots) if stored else None
            if of and resting:
                of.report.foreign_trades += 1
                of.mirror.distrust(*resting.key, resting.order_no)

    def _judge(self, command: Command, applied: Applied) -> None:
        of, intent = command.of, command.intent
        of.report.foreign_trades += applied.foreign_trades
        if applied.reject:
            self._refused(command, Reject(applied.reject))
        if command.trade is None:
            if applied.prints:
                of.mirror.distrust(intent.side, intent.price_ticks, intent.order_no)
            return
        wanted, plan = command.trade
        if applied.prints == [wanted]:
            of.report.printed += 1
        else:
            _note(of.report, f"trade {wanted} printed as {applied.prints}")
        if applied.foreign_trades:
            maker_side = 1 - intent.side
            of.mirror.distrust(maker_side, intent.price_ticks, plan.maker_order_no)

    def _refused(self, command: Command, reject: Reject) -> None:
        of, intent = command.of, command.intent
        if intent.action is Action.CANCEL and reject is Reject.UNKNOWN_ORDER:
            return  # somebody else's order took it first
        refusals = of.report.refusals
        refusals[reject.name] = refusals.get(reject.name, 0) + 1
        if intent.action is Action.REST:
            of.mirror.distrust(intent.side, intent.price_ticks, intent.order_no)

    def _compare(self, done: _UpdateDone) -> None:
        report = done.of.report
        is_equal = done.of.comparison.after_update(done.changes)
        report.compared += 1
        report.equal += is_equal
        if not is_equal:
            different = sorted(done.of.comparison.different)[:3]
            _note(report, f"after update {report.compared}: levels {different} differ")


def _note(report: SymbolReport, text: str) -> None:
    if len(report.differences) < _MAX_DIFFERENCES:
        report.differences.append(text)


def _scaled(levels: list[LevelText], instrument: Instrument) -> list[LevelLots]:
    price_decimals, lot_decimals = instrument.price_decimals, instrument.lot_decimals
    return [
        (_number(price, price_decimals), _number(quantity, lot_decimals))
        for price, quantity in levels
    ]


@lru_cache(_KNOWN_NUMBERS)
def _number(text: str, decimals: int) -> int:
    """As `parse_scaled`: the same prices and quantities come again and again."""
    return parse_scaled(text, decimals)
