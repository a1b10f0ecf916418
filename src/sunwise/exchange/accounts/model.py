"""The projection: event messages in, user events and answers out. No clock, no I/O.

Every event carries what it changed, as it is afterwards: balances are copied, never computed. The
one exception is the fee account, which receives what the trades say they charged.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from sunwise.contracts.exchange.accounts import (
    Execution,
    ExecutionType,
    FundsMoved,
    OrderStatus,
    Position,
    UserEvents,
)
from sunwise.contracts.exchange.codec import subset
from sunwise.contracts.exchange.log import EventMessage
from sunwise.contracts.exchange.records import (
    EVENT_STRIDE,
    FEE_ACCOUNT,
    HOUSE_ACCOUNT,
    ORDER_EVENT,
    CommandKind,
    EventFlag,
    EventKind,
    ExpiryReason,
    Side,
)
from sunwise.exchange.accounts.account import Account
from sunwise.exchange.accounts.decoding import (
    OrderFields,
    Records,
    TradeFields,
    funds_fields,
    order_fields,
    prevented_fields,
    request_client_id,
    symbol_fields,
    trade_fields,
)
from sunwise.exchange.accounts.orders import TERMS_BYTES, Order, order_key
from sunwise.exchange.accounts.user_events import UserFeed

_CAUSE: Final = subset(ORDER_EVENT, "kind", "flags", "command_index")
_FROM_TRIGGER: Final = int(EventFlag.FROM_TRIGGER)
_BUYER_IS_MAKER: Final = int(EventFlag.BUYER_IS_MAKER)
_WORKING: Final = int(EventFlag.WORKING)
_BUY: Final = int(Side.BUY)
_TRIGGERED: Final = int(EventKind.TRIGGERED)
_NO_CAUSE: Final = -1


class _Prevented(NamedTuple):
    """What self-trade prevention has kept an order from."""

    match_id: int
    lots: int
    price_ticks: int
    quote_atoms: int
    counter_order_id: int


class _Half(NamedTuple):
    """One order's half of a trade."""

    account: int
    key: int
    fee_atoms: int
    fee_asset: int
    is_maker: bool


class Accounts:
    """Every account of a shard after everything up to `position`."""

    def __init__(self, *, closed_limit: int = 10_000) -> None:
        self.position = Position(command_seq=0)
        self.time_ns = 0  # log time
        self.accounts: dict[int, Account] = {}
        self.assets_of: list[tuple[int, int]] = []  # symbol -> its base and quote asset
        self.closed: deque[tuple[int, int]] = deque()  # (account, order key), oldest first
        self.closed_limit = closed_limit
        self._feed = UserFeed()
        self._tells = False
        self._cause = _NO_CAUSE
        self._prevented: dict[int, _Prevented] = {}  # by order key, of the command at work
        self._handlers: dict[int, Callable[[Records, int], None]] = {
            EventKind.ACCEPTED: self._accept,
            EventKind.CANCELED: self._cancel,
            EventKind.EXPIRED: self._expire,
            EventKind.TRIGGERED: self._trigger,
            EventKind.RESTED: self._rest,
            EventKind.TRADE: self._trade,
            EventKind.PREVENTED: self._prevent,
            EventKind.ACCOUNT_OPENED: self._open,
            EventKind.FUNDS_MOVED: self._move,
            EventKind.SYMBOL_LISTED: self._list,
        }

    @property
    def is_between_batches(self) -> bool:
        """No command is half applied: the state may be stored."""
        return self._cause == _NO_CAUSE and self._feed.is_empty

    def apply(self, message: EventMessage, *, tells: bool = True) -> list[UserEvents]:
        """Takes the next event message; what to tell whom, nothing unless `tells`."""
        if self._cause == _NO_CAUSE:  # a batch is told whole or not at all
            self._tells = self._feed.tells = tells
        self.time_ns = message.time_ns
        records, handlers = message.records, self._handlers
        for at in range(0, len(records), EVENT_STRIDE):
            kind, flags, index = _CAUSE.unpack_from(records, at)
            cause = index << 8 | flags & _FROM_TRIGGER
            if cause != self._cause or kind == _TRIGGERED:
                self._end_command()
                self._cause = cause
            handler = handlers.get(kind)
            if handler is not None:
                handler(records, at)
        self.position = Position(command_seq=message.command_seq, part=message.part)
        if message.is_last:
            self._end_command()
            self._cause = _NO_CAUSE
        return self._feed.take(self.accounts, self.position, message.time_ns)

    def _end_command(self) -> None:
        self._feed.end_command(self.accounts)
        if self._prevented:
            self._prevented.clear()

    # --- orders ---

    def _accept(self, records: Records, at: int) -> None:
        event = order_fields(records, at)
        order = Order(
            bytes(records[at : at + TERMS_BYTES]),
            is_working=bool(event.flags & _WORKING),
            working_ns=event.working_ns,
            updated_ns=self.time_ns,
        )
        self._set_order_balance(event)
        self.accounts[event.account].add(order_key(event.symbol, event.order_id), order)
        self._tell(event.account, order, ExecutionType.NEW)

    def _rest(self, records: Records, at: int) -> None:
        self._set_order_balance(order_fields(records, at))

    def _trigger(self, records: Records, at: int) -> None:
        event = order_fields(records, at)
        order = self.accounts[event.account].find(order_key(event.symbol, event.order_id))
        order.is_working, order.working_ns = True, event.working_ns
        order.updated_ns = self.time_ns
        self._set_order_balance(event)
        self._tell(event.account, order, ExecutionType.TRIGGERED)

    def _cancel(self, records: Records, at: int) -> None:
        event = order_fields(records, at)
        order = self._end_order(event)
        order.status = OrderStatus.CANCELED
        self._tell(
            event.account,
            order,
            ExecutionType.CANCELED,
            request_client_id=request_client_id(records, at),
        )

    def _expire(self, records: Records, at: int) -> None:
        event = order_fields(records, at)
        order = self._end_order(event)
        order.expire(event.reject)
        if order.status == OrderStatus.FILLED:
            if self._tells:
                self._feed.complete_last_trade(event.account, order.state())
        elif event.reject == ExpiryReason.SELF_TRADE_PREVENTION:
            self._expire_prevented(event, order)
        else:
            self._tell(event.account, order, ExecutionType.EXPIRED)

    def _expire_prevented(self, event: OrderFields, order: Order) -> None:
        found = self._prevented[order_key(event.symbol, event.order_id)]
        order.prevented_match_id, order.prevented_lots = found.match_id, found.lots
        self._tell(
            event.account,
            order,
            ExecutionType.PREVENTED,
            last_lots=found.lots,
            last_price_ticks=found.price_ticks,
            last_quote_atoms=found.quote_atoms,
            counter_order_id=found.counter_order_id,
        )

    def _end_order(self, event: OrderFields) -> Order:
        holder = self.accounts[event.account]
        key = order_key(event.symbol, event.order_id)
        order = holder.find(key)
        order.executed_lots = event.executed_lots
        order.executed_quote_atoms = event.executed_quote_atoms
        order.updated_ns = self.time_ns
        self._close(event.account, key)
        self._set_order_balance(event)
        return order

    def _close(self, account: int, key: int) -> None:
        if self.accounts[account].close(key):
            self.remember_closed(account, key)

    def remember_closed(self, account: int, key: int) -> None:
        """Keeps a closed order as the newest one, and forgets the oldest beyond the limit."""
        self.closed.append((account, key))
        if len(self.closed) > self.closed_limit:
            oldest, oldest_key = self.closed.popleft()
            self.accounts[oldest].forget(oldest_key)

    # --- trades ---

    def _trade(self, records: Records, at: int) -> None:
        event = trade_fields(records, at)
        base, quote = self.assets_of[event.symbol]
        self._set_trade_balances(event, base, quote)
        buyer_is_maker = bool(event.flags & _BUYER_IS_MAKER)
        taker_gets, maker_gets = (quote, base) if buyer_is_maker else (base, quote)
        taker = _Half(
            event.taker_account,
            order_key(event.symbol, event.taker_order_id),
            event.taker_fee_atoms,
            taker_gets,
            is_maker=False,
        )
        maker = _Half(
            event.maker_account,
            order_key(event.symbol, event.maker_order_id),
            event.maker_fee_atoms,
            maker_gets,
            is_maker=True,
        )
        taker_done = (event.taker_executed_lots, event.taker_executed_quote_atoms)
        maker_done = (event.maker_executed_lots, event.maker_executed_quote_atoms)
        self._fill(event, taker, taker_done)
        self._fill(event, maker, maker_done)
        self._collect_fee(taker)
        self._collect_fee(maker)

    def _fill(self, event: TradeFields, half: _Half, executed: tuple[int, int]) -> None:
        order = self.accounts[half.account].find(half.key)
        if order.fill(*executed, self.time_ns):
            self._close(half.account, half.key)
        self._tell(
            half.account,
            order,
            ExecutionType.TRADE,
            trade_id=event.trade_id,
            last_price_ticks=event.price_ticks,
            last_lots=event.qty_lots,
            last_quote_atoms=event.quote_atoms,
            fee_atoms=half.fee_atoms,
            fee_asset=half.fee_asset,
            is_maker=half.is_maker,
        )

    def _collect_fee(self, half: _Half) -> None:
        if half.fee_atoms:
            house = self._account(FEE_ACCOUNT)
            free, locked = house.balances.get(half.fee_asset, (0, 0))
            house.balances[half.fee_asset] = (free + half.fee_atoms, locked)
            house.updated_ns = self.time_ns

    def _prevent(self, records: Records, at: int) -> None:
        event = prevented_fields(records, at)
        taker, maker = event.taker_order_id, event.maker_order_id
        for order_id, counter in ((taker, maker), (maker, taker)):
            self._prevented[order_key(event.symbol, order_id)] = _Prevented(
                event.trade_id, event.qty_lots, event.price_ticks, event.quote_atoms, counter
            )

    # --- funds and listings ---

    def _open(self, records: Records, at: int) -> None:
        self._account(funds_fields(records, at).account)

    def _move(self, records: Records, at: int) -> None:
        event = funds_fields(records, at)
        house = (HOUSE_ACCOUNT, event.asset, event.house_free_atoms, 0)
        self._set_balance(*house)
        if event.account == HOUSE_ACCOUNT:
            return
        self._set_balance(event.account, event.asset, event.free_atoms, event.locked_atoms)
        if self._tells:
            is_debit = event.command_kind == CommandKind.DEBIT
            amount = -event.amount_atoms if is_debit else event.amount_atoms
            self._feed.tell(event.account, FundsMoved(asset=event.asset, amount_atoms=amount))

    def _list(self, records: Records, at: int) -> None:
        event = symbol_fields(records, at)
        assert event.symbol == len(self.assets_of), "symbols are listed in order of their indexes"
        self.assets_of.append((event.base_asset, event.quote_asset))

    # --- balances ---

    def _set_order_balance(self, event: OrderFields) -> None:
        """An order's event carries the balance of the asset that the order locks."""
        base, quote = self.assets_of[event.symbol]
        asset = quote if event.side == _BUY else base
        self._set_balance(event.account, asset, event.free_atoms, event.locked_atoms)

    def _set_trade_balances(self, event: TradeFields, base: int, quote: int) -> None:
        taker, maker = event.taker_account, event.maker_account
        self._set_balance(taker, base, event.taker_base_free_atoms, event.taker_base_locked_atoms)
        self._set_balance(
            taker, quote, event.taker_quote_free_atoms, event.taker_quote_locked_atoms
        )
        self._set_balance(maker, base, event.maker_base_free_atoms, event.maker_base_locked_atoms)
        self._set_balance(
            maker, quote, event.maker_quote_free_atoms, event.maker_quote_locked_atoms
        )

    def _set_balance(self, account: int, asset: int, free: int, locked: int) -> None:
        holder = self._account(account)
        holder.balances[asset] = (free, locked)
        holder.updated_ns = self.time_ns
        self._feed.touch(account, asset)

    def _account(self, account: int) -> Account:
        holder = self.accounts.get(account)
        if holder is None:
            holder = self.accounts[account] = Account()
        return holder

    def _tell(self, account: int, order: Order, what: int, **details: int | str) -> None:
        """Counts one execution of the account, and tells of it."""
        holder = self.accounts[account]
        holder.executions += 1
        if self._tells:
            event = Execution(
                order=order.state(),
                what=what,
                execution_id=holder.executions,
                **details,  # type: ignore[arg-type]
            )
            self._feed.tell(account, event)
