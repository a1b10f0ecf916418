"""The naive exchange: commands in, the engine's event records out.

The specification that runs. It shares nothing with the engine but the contract's
tables, uses dictionaries and lists and no cleverness, and is held against the
engine byte for byte.
"""

from collections import deque

from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    FIRST_GATEWAY_WRITER,
    MAX_WRITER,
    BatchFlag,
)
from sunwise.contracts.exchange.records import (
    FEE_ACCOUNT,
    FIRST_CLIENT_ACCOUNT,
    CommandKind,
    EventFlag,
    EventKind,
    RuleFlag,
    Side,
)
from sunwise.contracts.exchange.rejects import Reject
from tests.oracle import administration, trading
from tests.oracle.state import Balance
from tests.oracle.wire import read_commands, write_event

SECOND_NS = 1_000_000_000
DAY_NS = 24 * 3600 * SECOND_NS
ORDER_KINDS = (CommandKind.PLACE, CommandKind.CANCEL, CommandKind.CANCEL_ALL)


class Exchange:
    """The whole state, and the records that it has told so far in this batch."""

    fee_account = FEE_ACCOUNT

    def __init__(self, capacities):
        self.capacities = capacities
        self.now_ns = 0
        self.clock_ns = 0
        self.rules = 0
        self.writers = {}  # writer -> (epoch, batch_no)
        self.writer = 0
        self.n_accounts = FIRST_CLIENT_ACCOUNT
        self.assets = []
        self.symbols = []
        self.deposited = []
        self.balances = {}  # (account, asset) -> Balance
        self.open_orders = {}  # (account, symbol) -> [Order], oldest first
        self.open_by_id = {}  # (symbol, order id) -> Order
        self.open_names = {}  # (account, symbol, client id) -> Order
        self.remembered = deque()  # (name, closed_ns), the one closed first first
        self.last_closed = {}  # name -> closed_ns
        self.trigger_queue = []
        self.waiting_for_trading = set()
        self.events = []
        self.command_index = 0
        self.cause_flag = 0

    # --- the door ------------------------------------------------------------------------------

    def begin_batch(self, writer, epoch, batch_no, batch_ns):
        """0 when the batch is to be applied, else the BatchFlag that says why not."""
        is_known_number = writer in (CLOCK_WRITER, ADMIN_WRITER)
        if not is_known_number and not FIRST_GATEWAY_WRITER <= writer <= MAX_WRITER:
            return BatchFlag.MALFORMED
        if writer not in self.writers and len(self.writers) == self.capacities.writers:
            return BatchFlag.WRITERS_FULL
        known_epoch, last = self.writers.get(writer, (epoch, 0))
        if epoch < known_epoch:
            return BatchFlag.STALE_EPOCH
        if epoch > known_epoch:
            last = 0
        if batch_no <= last:
            return BatchFlag.REPEAT
        if batch_no > last + 1:
            return BatchFlag.OUT_OF_ORDER
        self.writers[writer] = (epoch, batch_no)
        self.writer = writer
        if self.clock_ns:
            self.now_ns = max(self.now_ns, min(batch_ns, self.clock_ns + SECOND_NS))
        return 0

    def apply(self, records):
        """The event records of a whole batch of command records, as a list of bytes."""
        self.events = []
        for index, command in enumerate(read_commands(records)):
            self.command_index = index
            for _ in range(trading.MAX_TRIGGERS):
                if self.trigger_queue:
                    trading.trigger_next(self)
            self.apply_one(command)
        return self.events

    def apply_one(self, command):
        if command.kind not in _DOES:
            self.refuse(command, Reject.UNKNOWN_KIND)
        elif not self.is_authorised(command.kind):
            self.refuse(command, Reject.NOT_AUTHORISED)
        else:
            _DOES[command.kind](self, command)

    def is_authorised(self, kind):
        if kind == CommandKind.CLOCK:
            return self.writer == CLOCK_WRITER
        if self.writer == ADMIN_WRITER:
            return True
        return kind in ORDER_KINDS and self.writer >= FIRST_GATEWAY_WRITER

    # --- money ---------------------------------------------------------------------------------

    def balance(self, account, asset):
        """The account's balance of the asset; an empty one is made when there is none."""
        return self.balances.setdefault((account, asset), Balance())

    # --- open orders and their names -----------------------------------------------------------

    def open(self, order):
        """The order can be found and canceled from now on; nothing when it could already."""
        if order.is_open:
            return
        order.is_open = True
        command = order.command
        self.open_orders.setdefault((command.account, command.symbol), []).append(order)
        self.open_by_id[command.symbol, order.order_id] = order
        if any(command.client_id[:8]):
            self.open_names[self.name(order)] = order

    def close(self, order):
        """The order has ended. Its name stays taken for a day where that rule is on."""
        command = order.command
        if order.is_open:
            own = self.open_orders[command.account, command.symbol]
            own.remove(order)
            if not own:
                del self.open_orders[command.account, command.symbol]
            del self.open_by_id[command.symbol, order.order_id]
            self.open_names.pop(self.name(order), None)
        if any(command.client_id[:8]) and self.rules & RuleFlag.REFUSE_RECENT_CLIENT_IDS:
            self.remembered.append((self.name(order), self.now_ns))
            self.last_closed[self.name(order)] = self.now_ns

    def name(self, order):
        return order.command.account, order.command.symbol, order.command.client_id

    def is_taken(self, account, symbol, client_id):
        name = (account, symbol, client_id)
        if name in self.open_names:
            return True
        is_rule = self.rules & RuleFlag.REFUSE_RECENT_CLIENT_IDS
        closed_ns = self.last_closed.get(name)
        return bool(is_rule and closed_ns is not None and self.now_ns - closed_ns <= DAY_NS)

    def forget(self, most):
        """Forgets up to `most` names whose day is over."""
        for _ in range(most):
            if not self.remembered or self.now_ns - self.remembered[0][1] <= DAY_NS:
                return
            name, closed_ns = self.remembered.popleft()
            if self.last_closed[name] == closed_ns:
                del self.last_closed[name]

    # --- what capacities count -----------------------------------------------------------------

    def n_open(self):
        return len(self.open_by_id)

    def n_levels(self):
        """Price levels, and one kept for each stop that waits."""
        levels = sum(len(book.prices) for symbol in self.symbols for book in symbol.books)
        return levels + sum(self.n_stops(symbol) for symbol in self.symbols)

    def n_nodes(self):
        nodes = sum(book.n_nodes() for symbol in self.symbols for book in symbol.books)
        return nodes + sum((s.digits - 1) * self.n_stops(s) for s in self.symbols)

    def n_stops(self, symbol):
        return sum(book.n_orders for book in symbol.books[2:])

    def n_client_ids(self):
        return len(self.open_names) + len(self.remembered)

    # --- telling -------------------------------------------------------------------------------

    def tell(self, table, kind, flags=0, **fields):
        flags |= self.cause_flag
        at = self.command_index
        self.events.append(write_event(table, kind=kind, flags=flags, command_index=at, **fields))

    def tell_order(self, kind, order, flags=0, **fields):
        command = order.command
        balance = trading.given(self, command)
        if order.is_by_quote:
            flags |= EventFlag.BY_QUOTE
        self.tell(
            "order", kind, flags, symbol=command.symbol, side=command.side,
            order_type=command.order_type, time_in_force=command.time_in_force, stp=command.stp,
            account=command.account, order_id=order.order_id, price_ticks=command.price_ticks,
            qty_lots=command.qty_lots, quote_atoms=command.quote_atoms,
            stop_ticks=command.stop_ticks, executed_lots=order.executed_lots,
            executed_quote_atoms=order.executed_quote, free_atoms=balance.free,
            locked_atoms=balance.locked, accepted_ns=order.accepted_ns,
            working_ns=order.working_ns, client_id=self.told_name(command),
            strategy_id=command.strategy_id, strategy_type=command.strategy_type, **fields,
        )  # fmt: skip

    def told_name(self, command):
        """A client order id that begins with eight zero bytes is none."""
        return command.client_id if any(command.client_id[:8]) else b""

    def tell_match(self, kind, taker, maker, **fields):
        terms = self.symbols[taker.command.symbol].terms
        for role, order in (("taker", taker), ("maker", maker)):
            fields[f"{role}_account"] = order.command.account
            fields[f"{role}_order_id"] = order.order_id
            fields[f"{role}_executed_lots"] = order.executed_lots
            fields[f"{role}_executed_quote_atoms"] = order.executed_quote
            for name, asset in (("base", terms.base_asset), ("quote", terms.quote_asset)):
                balance = self.balance(order.command.account, asset)
                fields[f"{role}_{name}_free_atoms"] = balance.free
                fields[f"{role}_{name}_locked_atoms"] = balance.locked
        flags = EventFlag.BUYER_IS_MAKER if taker.command.side == Side.SELL else 0
        self.tell(
            "trade", kind, flags, symbol=taker.command.symbol,
            price_ticks=maker.command.price_ticks, **fields,
        )  # fmt: skip

    def refuse(self, command, code):
        """REJECTED, with what was asked for as far as it was an order."""
        fields = {}
        if command.kind in ORDER_KINDS:
            fields = {"symbol": command.symbol, "account": command.account}
        if command.kind == CommandKind.PLACE:
            asked = (
                "side", "order_type", "time_in_force", "stp", "price_ticks", "qty_lots",
                "quote_atoms", "stop_ticks", "client_id", "strategy_id", "strategy_type",
            )  # fmt: skip
            fields |= {name: getattr(command, name) for name in asked}
            fields["client_id"] = readable(command.client_id)
        elif fields:
            fields |= {
                "client_id": readable(command.target_client_id),
                "request_client_id": readable(command.client_id),
            }
        self.tell("order", EventKind.REJECTED, reject=code, **fields)


def readable(text):
    """Text that is no ASCII is not repeated: no reader of the log could read it."""
    return text if text.isascii() else b""


_DOES = {
    CommandKind.PLACE: trading.place,
    CommandKind.CANCEL: trading.cancel,
    CommandKind.CANCEL_ALL: trading.cancel_all,
    CommandKind.OPEN_ACCOUNT: administration.open_account,
    CommandKind.DEPOSIT: administration.move_funds,
    CommandKind.WITHDRAW: administration.move_funds,
    CommandKind.CREDIT: administration.move_funds,
    CommandKind.DEBIT: administration.move_funds,
    CommandKind.LIST_ASSET: administration.list_asset,
    CommandKind.LIST_SYMBOL: administration.list_symbol,
    CommandKind.SET_SYMBOL_STATUS: administration.set_status,
    CommandKind.CLOCK: administration.set_clock,
    CommandKind.RAISE_CAPACITY: administration.raise_capacity,
    CommandKind.ACTIVATE_RULES: administration.activate_rules,
}
