"""A small naive exchange that speaks in event messages: flows for read models, and their truth.

Orders live in one list, the book is recomputed from it for each match, balances are added up by
hand. It is not the engine's oracle (it knows few rules and no filters); it only has to say, in the
log's own records, what a venue could have done, and to know what that means.
"""

import random
from dataclasses import dataclass, field

from sunwise.contracts.exchange.accounts import OrderStatus
from sunwise.contracts.exchange.codec import EVENT_CODECS
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    FIRST_GATEWAY_WRITER,
    GENESIS_CHAIN,
    BatchFlag,
    EventMessage,
    chained,
)
from sunwise.contracts.exchange.records import (
    EVENT_STRIDE,
    FEE_ACCOUNT,
    FIRST_CLIENT_ACCOUNT,
    HOUSE_ACCOUNT,
    CommandKind,
    EventFlag,
    EventKind,
    ExpiryReason,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

SECOND_NS = 1_000_000_000
START_NS = 1_709_251_199 * SECOND_NS  # a second before March of a leap year, in UTC
SCALE = 3  # atoms of quote for a tick times a lot
FEE_PPM = 1_000
DEPOSIT = 10**15


@dataclass
class ToyOrder:
    account: int
    symbol: int
    order_id: int
    client_id: str
    side: int
    order_type: int
    time_in_force: int
    stp: int
    price: int
    qty: int
    quote: int
    stop: int
    accepted_ns: int
    working_ns: int
    status: int = OrderStatus.NEW
    executed: int = 0
    executed_quote: int = 0
    updated_ns: int = 0
    reason: int = 0
    on_book: bool = False
    prevented: tuple[int, int] = (0, 0)
    locked: int = 0  # what it still locks of its asset

    @property
    def left(self) -> int:
        return self.qty - self.executed

    @property
    def by_quote(self) -> bool:
        return self.quote > 0

    @property
    def is_open(self) -> bool:
        return self.status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


@dataclass
class ToyTrade:
    symbol: int
    trade_id: int
    price: int
    qty: int
    quote: int
    time_ns: int
    taker: ToyOrder
    maker: ToyOrder
    taker_fee: int
    maker_fee: int


@dataclass
class ToyExchange:
    rng: random.Random
    n_symbols: int = 2
    n_accounts: int = 4
    mid: int = 1_000
    now_ns: int = START_NS
    orders: list[ToyOrder] = field(default_factory=list)
    trades: list[ToyTrade] = field(default_factory=list)
    balances: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def __post_init__(self):
        self._records = []
        self._index = 0
        self._trigger = 0
        self._seq = 0
        self._chain = GENESIS_CHAIN
        self._update_ids = [0] * self.n_symbols
        self._order_ids = [0] * self.n_symbols
        self._match_ids = [0] * self.n_symbols
        self.resting = [[] for _ in range(self.n_symbols)]
        self.stops = []

    # --- messages ---

    def open_market(self) -> list[EventMessage]:
        """Assets (symbol i trades asset i+1 for asset 0), symbols, funded accounts."""
        for asset in range(self.n_symbols + 1):
            self._add("asset", EventKind.ASSET_LISTED, asset=asset, decimals=8, name=f"A{asset}")
        for symbol in range(self.n_symbols):
            self._add(
                "symbol", EventKind.SYMBOL_LISTED, symbol=symbol, symbol_version=1,
                name=f"A{symbol + 1}A0", base_asset=symbol + 1, quote_asset=0,
                quote_atoms_per_tick_lot=SCALE, avg_price_mins=5,
            )  # fmt: skip
        for account in range(FIRST_CLIENT_ACCOUNT, FIRST_CLIENT_ACCOUNT + self.n_accounts):
            self._add("funds", EventKind.ACCOUNT_OPENED, account=account)
            for asset in range(self.n_symbols + 1):
                self._move(CommandKind.DEPOSIT, HOUSE_ACCOUNT, asset, DEPOSIT)
                self._move(CommandKind.CREDIT, account, asset, DEPOSIT)
        return self._messages(ADMIN_WRITER)

    def clock(self, step_ns: int = SECOND_NS // 10) -> list[EventMessage]:
        """An empty event message that moves the time."""
        self.now_ns += step_ns
        return self._messages(CLOCK_WRITER)

    def batch(self, n_commands: int) -> list[EventMessage]:
        """Random commands of a gateway."""
        self.now_ns += self.rng.randrange(SECOND_NS // 50)
        for index in range(n_commands):
            self._index = index
            self._drain_stops()
            self._command()
        return self._messages(FIRST_GATEWAY_WRITER)

    def _messages(self, writer: int) -> list[EventMessage]:
        records, self._records = self._records, []
        self._index = 0
        self._seq += 1
        cuts = []
        if len(records) > 1 and self.rng.random() < 0.2:
            cuts = sorted(self.rng.sample(range(1, len(records)), min(2, len(records) - 1)))
        parts = [b"".join(records[a:b]) for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
        messages = []
        for part, body in enumerate(parts):
            flags = BatchFlag.LAST if part == len(parts) - 1 else 0
            place = (self._seq, part, flags, writer, 1, self._seq, self.now_ns)
            message = chained(EventMessage(*place, self._chain, GENESIS_CHAIN, body))
            self._chain = message.chain
            messages.append(message)
        return messages

    # --- truth ---

    def levels(self, symbol: int, side: int) -> dict[int, int]:
        """The public book, added up order by order."""
        found = {}
        for order in self.resting[symbol]:
            if order.side == side:
                found[order.price] = found.get(order.price, 0) + order.left
        return found

    def update_id(self, symbol: int) -> int:
        return self._update_ids[symbol]

    # --- commands ---

    def _command(self):
        roll = self.rng.random()
        if roll < 0.25:
            self._cancel_one()
        elif roll < 0.28:
            self._cancel_all()
        elif roll < 0.31:
            account = self._any_account()
            self._move(CommandKind.DEBIT, account, self.rng.randrange(self.n_symbols + 1), 1_000)
        elif roll < 0.33:
            self._add("order", EventKind.REJECTED, reject=63, account=self._any_account())
        else:
            self._place()

    def _any_account(self) -> int:
        return FIRST_CLIENT_ACCOUNT + self.rng.randrange(self.n_accounts)

    def _place(self):
        rng = self.rng
        symbol = rng.randrange(self.n_symbols)
        kind = rng.choices(
            [OrderType.LIMIT, OrderType.MARKET, OrderType.STOP_LOSS_LIMIT], [8, 2, 1]
        )[0]
        side = rng.choice([Side.BUY, Side.SELL])
        by_quote = kind == OrderType.MARKET and rng.random() < 0.5
        is_stop = kind == OrderType.STOP_LOSS_LIMIT
        self._order_ids[symbol] += 1
        order = ToyOrder(
            account=self._any_account(),
            symbol=symbol,
            order_id=self._order_ids[symbol],
            client_id=f"c{rng.randrange(40)}",
            side=side,
            order_type=kind,
            time_in_force=rng.choice([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC])
            if kind == OrderType.LIMIT
            else TimeInForce.GTC,
            stp=rng.choice(list(SelfTradePrevention)),
            price=0 if kind == OrderType.MARKET else self.mid + rng.randrange(-6, 7),
            qty=0 if by_quote else rng.randrange(1, 20),
            quote=rng.randrange(SCALE * self.mid * 20) if by_quote else 0,
            stop=self.mid + rng.randrange(-4, 5) if is_stop else 0,
            accepted_ns=self.now_ns,
            working_ns=0 if is_stop else self.now_ns,
            updated_ns=self.now_ns,
        )
        if by_quote:
            order.quote += 1
        self._accept(order)

    def _accept(self, order: ToyOrder):
        self.orders.append(order)
        if order.order_type != OrderType.MARKET:
            self._lock(order)
        if order.stop:
            self.stops.append(order)
            self._order_event(EventKind.ACCEPTED, order)
            return
        rests = order.order_type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC
        if rests and self._best_against(order) is None:
            self._rest(order, EventKind.ACCEPTED)
            return
        self._order_event(EventKind.ACCEPTED, order)
        self._take(order)

    def _take(self, order: ToyOrder):
        while order.is_open:
            maker = self._best_against(order)
            if maker is None:
                break
            lots = self._lots_for(order, maker)
            if lots == 0:
                self._end(order, EventKind.EXPIRED, reason=ExpiryReason.QUOTE_SPENT)
                return
            if maker.account == order.account and order.stp != SelfTradePrevention.NONE:
                self._prevent(order, maker, lots)
            else:
                self._trade(order, maker, lots)
        if not order.is_open:
            self._release_rest(order)
        elif order.order_type == OrderType.MARKET:
            self._end(order, EventKind.EXPIRED, reason=ExpiryReason.NO_LIQUIDITY)
        elif order.time_in_force == TimeInForce.IOC:
            self._end(order, EventKind.EXPIRED, reason=ExpiryReason.IMMEDIATE_OR_CANCEL)
        else:
            self._rest(order, EventKind.RESTED)

    def _lots_for(self, order: ToyOrder, maker: ToyOrder) -> int:
        if not order.by_quote:
            return min(order.left, maker.left)
        return min(maker.left, (order.quote - order.executed_quote) // (maker.price * SCALE))

    def _best_against(self, order: ToyOrder):
        sign = 1 if order.side == Side.BUY else -1
        facing = [
            (sign * maker.price, place, maker)
            for place, maker in enumerate(self.resting[order.symbol])
            if maker.side != order.side
            and (order.price == 0 or sign * maker.price <= sign * order.price)
        ]
        return min(facing)[2] if facing else None

    def _rest(self, order: ToyOrder, kind: EventKind):
        order.on_book = True
        self.resting[order.symbol].append(order)
        self._order_event(kind, order, changes_book=True)

    def _drain_stops(self):
        for order in [o for o in self.stops if self.rng.random() < 0.1]:
            self.stops.remove(order)
            order.working_ns = order.updated_ns = self.now_ns
            self._trigger = EventFlag.FROM_TRIGGER
            self._order_event(EventKind.TRIGGERED, order)
            self._take(order)
            self._trigger = 0

    def _cancel_one(self):
        open_orders = [order for order in self.orders if order.is_open]
        if open_orders:
            self._end(self.rng.choice(open_orders), EventKind.CANCELED, request=f"x{self._seq}")

    def _cancel_all(self):
        account = self._any_account()
        for order in [o for o in self.orders if o.is_open and o.account == account][:5]:
            self._end(order, EventKind.CANCELED, request=f"x{self._seq}")

    # --- what they cause ---

    def _trade(self, taker: ToyOrder, maker: ToyOrder, lots: int):
        quote = lots * maker.price * SCALE
        fees = []
        for order in (taker, maker):
            order.executed += lots
            order.executed_quote += quote
            order.updated_ns = self.now_ns
            is_full = order.executed_quote == order.quote if order.by_quote else order.left == 0
            order.status = OrderStatus.FILLED if is_full else OrderStatus.PARTIALLY_FILLED
            fees.append(self._settle(order, lots, quote))
        if maker.left == 0:
            self._leave_book(maker)
        self._update_ids[maker.symbol] += 1
        count = sum(trade.symbol == maker.symbol for trade in self.trades)
        trade = ToyTrade(
            maker.symbol, count + 1, maker.price, lots, quote, self.now_ns, taker, maker, *fees
        )
        self.trades.append(trade)
        self._trade_event(trade)

    def _settle(self, order: ToyOrder, lots: int, quote: int) -> int:
        base_asset = order.symbol + 1
        received, paid = (lots, quote) if order.side == Side.BUY else (quote, lots)
        gets, pays = (base_asset, 0) if order.side == Side.BUY else (0, base_asset)
        fee = -(-received * FEE_PPM // 1_000_000)
        self._balance(order.account, gets)[0] += received - fee
        self._balance(FEE_ACCOUNT, gets)[0] += fee
        balance = self._balance(order.account, pays)
        if order.order_type == OrderType.MARKET:
            balance[0] -= paid
            return fee
        held = order.price * lots * SCALE if order.side == Side.BUY else lots
        order.locked -= held
        balance[1] -= held
        balance[0] += held - paid
        return fee

    def _prevent(self, taker: ToyOrder, maker: ToyOrder, lots: int):
        self._match_ids[taker.symbol] += 1
        match_id = self._match_ids[taker.symbol]
        self._prevented_event(taker, maker, lots, match_id)
        maker_ends = taker.stp in (
            SelfTradePrevention.EXPIRE_MAKER,
            SelfTradePrevention.EXPIRE_BOTH,
        )
        taker_ends = taker.stp in (
            SelfTradePrevention.EXPIRE_TAKER,
            SelfTradePrevention.EXPIRE_BOTH,
        )
        for order, ends in ((maker, maker_ends), (taker, taker_ends)):
            if ends:
                order.prevented = (match_id, lots)
                self._end(order, EventKind.EXPIRED, reason=ExpiryReason.SELF_TRADE_PREVENTION)

    def _end(self, order: ToyOrder, kind: EventKind, *, reason: int = 0, request: str = ""):
        was_on_book = order.on_book
        if order in self.stops:
            self.stops.remove(order)
        self._leave_book(order)
        self._release_rest(order)
        order.updated_ns = self.now_ns
        order.reason = int(reason)
        if kind == EventKind.CANCELED:
            order.status = OrderStatus.CANCELED
        elif reason == ExpiryReason.SELF_TRADE_PREVENTION:
            order.status = OrderStatus.EXPIRED_IN_MATCH
        elif reason == ExpiryReason.QUOTE_SPENT and order.executed:
            order.status, order.reason = OrderStatus.FILLED, 0
        else:
            order.status = OrderStatus.EXPIRED
        order.on_book = was_on_book
        self._order_event(
            kind, order, reject=int(reason), request_client_id=request, changes_book=was_on_book
        )
        order.on_book = False

    def _leave_book(self, order: ToyOrder):
        if order.on_book:
            self.resting[order.symbol].remove(order)
            order.on_book = False

    # --- balances ---

    def _balance(self, account: int, asset: int) -> list[int]:
        return self.balances.setdefault((account, asset), [0, 0])

    def _locked_asset(self, order: ToyOrder) -> int:
        return 0 if order.side == Side.BUY else order.symbol + 1

    def _lock(self, order: ToyOrder):
        order.locked = order.price * order.qty * SCALE if order.side == Side.BUY else order.qty
        balance = self._balance(order.account, self._locked_asset(order))
        balance[0] -= order.locked
        balance[1] += order.locked

    def _release_rest(self, order: ToyOrder):
        balance = self._balance(order.account, self._locked_asset(order))
        balance[0] += order.locked
        balance[1] -= order.locked
        order.locked = 0

    def _move(self, kind: CommandKind, account: int, asset: int, amount: int):
        sign = -1 if kind == CommandKind.DEBIT else 1
        self._balance(account, asset)[0] += sign * amount
        if account != HOUSE_ACCOUNT:
            self._balance(HOUSE_ACCOUNT, asset)[0] -= sign * amount
        free, locked = self._balance(account, asset)
        self._add(
            "funds", EventKind.FUNDS_MOVED, command_kind=kind, asset=asset, account=account,
            amount_atoms=amount, free_atoms=free, locked_atoms=locked,
            house_free_atoms=self._balance(HOUSE_ACCOUNT, asset)[0],
        )  # fmt: skip

    # --- records ---

    def _add(self, table: str, kind: EventKind, *, flags: int = 0, **values):
        self._records.append(
            EVENT_CODECS[table].pack(
                kind=kind, flags=flags | self._trigger, command_index=self._index, **values
            )
        )
        assert len(self._records[-1]) == EVENT_STRIDE

    def _order_event(self, kind, order: ToyOrder, *, changes_book=False, **values):
        if changes_book:
            self._update_ids[order.symbol] += 1
        flags = EventFlag.ON_BOOK if order.on_book else 0
        flags |= EventFlag.WORKING if order.working_ns else 0
        flags |= EventFlag.BY_QUOTE if order.by_quote else 0
        free, locked = self._balance(order.account, self._locked_asset(order))
        self._add(
            "order", kind, flags=flags, symbol=order.symbol, side=order.side,
            order_type=order.order_type, time_in_force=order.time_in_force, stp=order.stp,
            account=order.account, order_id=order.order_id, price_ticks=order.price,
            qty_lots=order.qty, quote_atoms=order.quote, stop_ticks=order.stop,
            executed_lots=order.executed, executed_quote_atoms=order.executed_quote,
            update_id=self._update_ids[order.symbol] if changes_book else 0,
            free_atoms=free, locked_atoms=locked, accepted_ns=order.accepted_ns,
            working_ns=order.working_ns, client_id=order.client_id, **values,
        )  # fmt: skip

    def _pair(self, taker: ToyOrder, maker: ToyOrder) -> dict:
        return {
            "symbol": taker.symbol,
            "flags": EventFlag.BUYER_IS_MAKER if maker.side == Side.BUY else 0,
            "taker_account": taker.account,
            "taker_order_id": taker.order_id,
            "maker_account": maker.account,
            "maker_order_id": maker.order_id,
            "price_ticks": maker.price,
        }

    def _prevented_event(self, taker: ToyOrder, maker: ToyOrder, lots: int, match_id: int):
        self._add(
            "trade", EventKind.PREVENTED, **self._pair(taker, maker),
            qty_lots=lots, quote_atoms=lots * maker.price * SCALE, trade_id=match_id,
        )  # fmt: skip

    def _trade_event(self, trade: ToyTrade):
        taker, maker = trade.taker, trade.maker
        after = {}
        for name, order in (("taker", taker), ("maker", maker)):
            for asset_name, asset in (("base", order.symbol + 1), ("quote", 0)):
                free, locked = self._balance(order.account, asset)
                after[f"{name}_{asset_name}_free_atoms"] = free
                after[f"{name}_{asset_name}_locked_atoms"] = locked
        self._add(
            "trade", EventKind.TRADE, **self._pair(taker, maker),
            qty_lots=trade.qty, quote_atoms=trade.quote, trade_id=trade.trade_id,
            update_id=self._update_ids[trade.symbol],
            taker_fee_atoms=trade.taker_fee, maker_fee_atoms=trade.maker_fee,
            taker_executed_lots=taker.executed, taker_executed_quote_atoms=taker.executed_quote,
            maker_executed_lots=maker.executed, maker_executed_quote_atoms=maker.executed_quote,
            **after,
        )  # fmt: skip
