"""The rules of trading, written to be read: what a new order, a cancel or a triggered stop does.

Every function takes the exchange first. Nothing here is fast.
"""

from sunwise.contracts.exchange.records import (
    FIRST_CLIENT_ACCOUNT,
    CommandFlag,
    CommandKind,
    EventFlag,
    EventKind,
    ExpiryReason,
    OrderType,
    SelfTradePrevention,
    Side,
    SymbolStatus,
    TimeInForce,
)
from sunwise.contracts.exchange.rejects import Reject
from tests.oracle.state import ASK, BID, PPM, STOP_DOWN, STOP_UP, Balance, Order

MAX_FILLS = 512
MAX_CANCELS = 512
MAX_TRIGGERS = 8
FLAGS = (0, CommandFlag.BY_QUOTE)
CANCEL_FLAGS = (
    0,
    CommandFlag.BY_CLIENT_ID,
    CommandFlag.ONLY_NEW,
    CommandFlag.ONLY_PARTIALLY_FILLED,
    CommandFlag.ONLY_NEW | CommandFlag.BY_CLIENT_ID,
    CommandFlag.ONLY_PARTIALLY_FILLED | CommandFlag.BY_CLIENT_ID,
)
CANCEL_ALL_FLAGS = (0, CommandFlag.ALL_SYMBOLS)
SIDES = range(len(Side))
ORDER_TYPES = range(len(OrderType))
TIMES_IN_FORCE = range(len(TimeInForce))
PREVENTIONS = range(len(SelfTradePrevention))
STOPS = (OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


# --- PLACE -------------------------------------------------------------------------------------


def place(exchange, command):
    code = refusal(exchange, command)
    if code:
        exchange.refuse(command, code)
        return
    symbol = exchange.symbols[command.symbol]
    symbol.last_order_id += 1
    order = Order(command, symbol.last_order_id, exchange.now_ns, exchange.now_ns)
    exchange.balance(command.account, symbol.terms.base_asset)
    exchange.balance(command.account, symbol.terms.quote_asset)
    lock(exchange, order)
    if command.order_type in STOPS:
        order.working_ns, order.is_waiting = 0, True
        exchange.open(order)
        symbol.books[stop_book(command)].add(command.stop_ticks, order)
        exchange.tell_order(EventKind.ACCEPTED, order)
    elif may_rest(command) and not would_take(symbol, command):
        exchange.open(order)
        update_id = rest(symbol, order)
        flags = EventFlag.ON_BOOK | EventFlag.WORKING
        exchange.tell_order(EventKind.ACCEPTED, order, flags=flags, update_id=update_id)
    else:
        exchange.tell_order(EventKind.ACCEPTED, order, flags=EventFlag.WORKING)
        work(exchange, order)


def refusal(exchange, command):
    """The first rule that the order breaks, in the order of the codes; 0 when there is none."""
    return (
        check_fields(exchange, command)
        or check_subject(exchange, command)
        or check_filters(exchange, command)
        or check_owner(exchange, command)
        or check_room(exchange, command)
    )


def check_fields(exchange, command):
    is_market = command.order_type == OrderType.MARKET
    is_by_quote = command.flags == CommandFlag.BY_QUOTE
    sound = (
        command.flags in FLAGS
        and command.side in SIDES
        and command.order_type in ORDER_TYPES
        and command.time_in_force in TIMES_IN_FORCE
        and command.stp in PREVENTIONS
        and min(command.price_ticks, command.qty_lots, command.stop_ticks, command.expires_ns) >= 0
        and not (command.iceberg_lots or command.trailing_bips or command.peg_offset)
        and not (command.list_leg or command.list_kind)
        and command.client_id.isascii()
        and not (is_market and command.price_ticks)
        and (command.order_type in STOPS or command.stop_ticks == 0)
        and (is_by_quote or command.quote_atoms == 0)
        and (not is_by_quote or (is_market and command.qty_lots == 0 and command.quote_atoms > 0))
    )
    if not sound:
        return Reject.BAD_FIELD
    never_timed = (OrderType.MARKET, OrderType.LIMIT_MAKER)
    if command.order_type in never_timed and command.time_in_force != TimeInForce.GTC:
        return Reject.BAD_FIELD
    return Reject.EXPIRED_COMMAND if 0 < command.expires_ns < exchange.now_ns else 0


def check_subject(exchange, command):
    if not FIRST_CLIENT_ACCOUNT <= command.account < exchange.n_accounts:
        return Reject.UNKNOWN_ACCOUNT
    if not 0 <= command.symbol < len(exchange.symbols):
        return Reject.UNKNOWN_SYMBOL
    symbol = exchange.symbols[command.symbol]
    if command.symbol_version != symbol.version:
        return Reject.STALE_SYMBOL_VERSION
    if symbol.status == SymbolStatus.HALT:
        return Reject.SYMBOL_HALTED
    return Reject.SYMBOL_CANCEL_ONLY if symbol.status == SymbolStatus.CANCEL_ONLY else 0


def check_filters(exchange, command):
    symbol = exchange.symbols[command.symbol]
    terms = symbol.terms
    is_market = command.order_type == OrderType.MARKET
    prices = [] if is_market else [command.price_ticks]
    prices += [command.stop_ticks] if command.order_type in STOPS else []
    if any(not terms.min_price_ticks <= price <= terms.max_price_ticks for price in prices):
        return Reject.PRICE_FILTER
    if not command.quote_atoms:
        lots = command.qty_lots
        if not terms.min_qty_lots <= lots <= terms.max_qty_lots:
            return Reject.LOT_SIZE
        if is_market and not terms.market_min_qty_lots <= lots <= terms.market_max_qty_lots:
            return Reject.MARKET_LOT_SIZE
    average = symbol.average_price(exchange.now_ns)
    if is_market:
        atoms = command.quote_atoms or (
            average * command.qty_lots * terms.quote_atoms_per_tick_lot if average else None
        )
        is_min, is_max = terms.notional_flags & 1, terms.notional_flags & 2
    else:
        atoms = command.price_ticks * command.qty_lots * terms.quote_atoms_per_tick_lot
        is_min = is_max = True
    if atoms is not None and is_min and atoms < terms.min_notional_atoms:
        return Reject.MIN_NOTIONAL
    if atoms is not None and is_max and 0 < terms.max_notional_atoms < atoms:
        return Reject.MAX_NOTIONAL
    return 0 if is_market else check_distance(terms, command, average)


def check_distance(terms, command, average):
    if command.side == Side.BUY:
        up, down = terms.bid_multiplier_up_ppm, terms.bid_multiplier_down_ppm
    else:
        up, down = terms.ask_multiplier_up_ppm, terms.ask_multiplier_down_ppm
    if not average:
        return 0
    if (up and command.price_ticks * PPM > average * up) or (
        command.price_ticks * PPM < average * down
    ):
        return Reject.PERCENT_PRICE_BY_SIDE
    return 0


def check_owner(exchange, command):
    symbol = exchange.symbols[command.symbol]
    own = exchange.open_orders.get((command.account, command.symbol), [])
    if may_rest(command) and len(own) >= symbol.terms.max_num_orders:
        return Reject.MAX_NUM_ORDERS
    if any(command.client_id[:8]):
        exchange.forget(2)
        if exchange.is_taken(command.account, command.symbol, command.client_id):
            return Reject.DUPLICATE_CLIENT_ID
    if command.order_type in STOPS and would_trigger(symbol, command):
        return Reject.WOULD_TRIGGER_IMMEDIATELY
    if command.order_type == OrderType.LIMIT_MAKER and would_take(symbol, command):
        return Reject.WOULD_TAKE
    if given(exchange, command).free < least_atoms(symbol, command):
        return Reject.INSUFFICIENT_FUNDS
    if command.order_type == OrderType.MARKET and symbol.opposite(command.side).best() is None:
        return Reject.NO_LIQUIDITY
    return 0


def least_atoms(symbol, command):
    """What must be free: the cost, or that of the first lot when the cost is not known."""
    terms = symbol.terms
    is_by_quote = command.quote_atoms > 0
    if command.side == Side.SELL:
        return (1 if is_by_quote else command.qty_lots) * terms.base_atoms_per_lot
    if is_by_quote:
        return command.quote_atoms
    if command.order_type == OrderType.MARKET:
        return (symbol.opposite(command.side).best() or 0) * terms.quote_atoms_per_tick_lot
    return command.price_ticks * command.qty_lots * terms.quote_atoms_per_tick_lot


def check_room(exchange, command):
    """Capacities, as the engine counts them: for the worst that the order may need."""
    limits = exchange.capacities
    symbol = exchange.symbols[command.symbol]
    assets = (symbol.terms.base_asset, symbol.terms.quote_asset)
    new = sum((command.account, asset) not in exchange.balances for asset in assets)
    places = 2 if command.order_type in STOPS else int(may_rest(command))
    is_named = any(command.client_id[:8])
    is_first = (command.account, command.symbol) not in exchange.open_orders
    nodes_each = symbol.digits - 1
    needs = [
        (True, len(exchange.balances) + new <= limits.balances, Reject.BALANCES_FULL),
        (True, exchange.n_open() + 1 <= limits.orders, Reject.ORDERS_FULL),
        (places, exchange.n_levels() + places <= limits.levels, Reject.LEVELS_FULL),
        (
            places,
            exchange.n_nodes() + places * nodes_each <= limits.trie_nodes,
            Reject.TRIE_NODES_FULL,
        ),
        (is_named, exchange.n_client_ids() + 1 <= limits.client_ids, Reject.CLIENT_IDS_FULL),
        (
            places and is_first,
            len(exchange.open_orders) + 1 <= limits.account_symbols,
            Reject.ACCOUNT_SYMBOLS_FULL,
        ),
    ]
    return next((code for is_needed, fits, code in needs if is_needed and not fits), 0)


def may_rest(command):
    """Whether the order can be open after this command: the others do not count as orders."""
    if command.order_type == OrderType.MARKET:
        return False
    return command.order_type in STOPS or command.time_in_force == TimeInForce.GTC


def would_take(symbol, command):
    best = symbol.opposite(command.side).best()
    return best is not None and reaches(command, best)


def reaches(command, price):
    """Whether a limit order may trade at this price of the other side."""
    if command.order_type == OrderType.MARKET:
        return True
    if command.side == Side.BUY:
        return price <= command.price_ticks
    return price >= command.price_ticks


def given(exchange, command):
    """The balance that the order gives from: quote to buy, base to sell. Makes none."""
    terms = exchange.symbols[command.symbol].terms
    asset = terms.quote_asset if command.side == Side.BUY else terms.base_asset
    return exchange.balances.get((command.account, asset)) or Balance()


def lock(exchange, order):
    atoms = order.locked_atoms(exchange.symbols[order.command.symbol].terms)
    balance = given(exchange, order.command)
    balance.free -= atoms
    balance.locked += atoms


def release(exchange, order):
    atoms = order.locked_atoms(exchange.symbols[order.command.symbol].terms)
    balance = given(exchange, order.command)
    balance.locked -= atoms
    balance.free += atoms


# --- working -----------------------------------------------------------------------------------


def work(exchange, order):
    """An order that is in no queue trades, and then rests, expires or is done."""
    symbol = exchange.symbols[order.command.symbol]
    tif = order.command.time_in_force
    if tif == TimeInForce.FOK and not can_fill(symbol, order):
        reason = ExpiryReason.FILL_OR_KILL
    else:
        reason = match(exchange, symbol, order)
    if order.is_done:
        exchange.close(order)
    elif reason or tif != TimeInForce.GTC:
        release(exchange, order)
        reason = reason or ExpiryReason.IMMEDIATE_OR_CANCEL
        exchange.tell_order(EventKind.EXPIRED, order, flags=EventFlag.WORKING, reject=reason)
        exchange.close(order)
    else:
        exchange.open(order)
        update_id = rest(symbol, order)
        flags = EventFlag.ON_BOOK | EventFlag.WORKING
        exchange.tell_order(EventKind.RESTED, order, flags=flags, update_id=update_id)


def rest(symbol, order):
    symbol.books[BID if order.is_buy else ASK].add(order.command.price_ticks, order)
    return symbol.next_update()


def can_fill(symbol, order):
    """Whether the orders that it would meet fill it whole, within the fill cap."""
    book = symbol.opposite(order.command.side)
    wanted = order.remaining_lots
    met = 0
    for price in book.from_best():
        if not reaches(order.command, price):
            return False
        for maker in book.queues[price]:
            met += 1
            if met > MAX_FILLS:
                return False
            if is_own(order, maker):
                if order.command.stp != SelfTradePrevention.EXPIRE_MAKER:
                    return False
            else:
                wanted -= maker.remaining_lots
            if wanted <= 0:
                return True
    return False


def is_own(taker, maker):
    """Whether self-trade prevention keeps the two apart."""
    is_on = taker.command.stp != SelfTradePrevention.NONE
    return is_on and taker.command.account == maker.command.account


def match(exchange, symbol, taker):
    """Trades; the expiry reason of what is left, 0 when it may rest or nothing is left."""
    book = symbol.opposite(taker.command.side)
    for met in range(MAX_FILLS + 1):
        price = book.best()
        if price is None:
            return ExpiryReason.NO_LIQUIDITY if taker.is_market else 0
        if not reaches(taker.command, price):
            return 0
        if met == MAX_FILLS:
            return ExpiryReason.FILL_CAP
        maker = book.queues[price][0]
        lots = takeable(exchange, symbol, taker, maker)
        if lots == 0:
            return what_is_spent(symbol, taker, maker)
        if is_own(taker, maker):
            prevent(exchange, symbol, taker, maker, lots)
            if taker.command.stp != SelfTradePrevention.EXPIRE_MAKER:
                return ExpiryReason.SELF_TRADE_PREVENTION
        else:
            trade(exchange, symbol, taker, maker, lots)
            if taker.is_done:
                return 0
    return 0


def takeable(exchange, symbol, taker, maker):
    """Lots of the maker that the taker can take: by quantity, by its budget, by its free money."""
    terms = symbol.terms
    lot_price = maker.command.price_ticks * terms.quote_atoms_per_tick_lot
    bounds = [maker.remaining_lots]
    if taker.is_by_quote:
        bounds.append((taker.command.quote_atoms - taker.executed_quote) // lot_price)
    else:
        bounds.append(taker.remaining_lots)
    if taker.is_market and taker.is_buy and not taker.is_by_quote:
        bounds.append(given(exchange, taker.command).free // lot_price)
    if taker.is_by_quote and not taker.is_buy:
        bounds.append(given(exchange, taker.command).free // terms.base_atoms_per_lot)
    return min(bounds)


def what_is_spent(symbol, taker, maker):
    """Why not one lot more can be taken: the order's own quote is used up, or the free money."""
    lot_price = maker.command.price_ticks * symbol.terms.quote_atoms_per_tick_lot
    left = taker.command.quote_atoms - taker.executed_quote
    is_quote = taker.is_by_quote and left < lot_price
    return ExpiryReason.QUOTE_SPENT if is_quote else ExpiryReason.FUNDS_SPENT


def trade(exchange, symbol, taker, maker, lots):
    """One trade at the maker's price: both give, both receive less their fee."""
    terms = symbol.terms
    price = maker.command.price_ticks
    quote = lots * price * terms.quote_atoms_per_tick_lot
    for order in (taker, maker):
        give(exchange, symbol, order, lots, quote)
    fees = [
        receive(exchange, order, lots, quote, ppm)
        for order, ppm in ((taker, terms.taker_fee_ppm), (maker, terms.maker_fee_ppm))
    ]
    for order in (taker, maker):
        order.executed_lots += lots
        order.executed_quote += quote
    symbol.last_trade_id += 1
    exchange.tell_match(
        EventKind.TRADE, taker, maker, qty_lots=lots, quote_atoms=quote,
        trade_id=symbol.last_trade_id, update_id=symbol.next_update(),
        taker_fee_atoms=fees[0], maker_fee_atoms=fees[1],
    )  # fmt: skip
    if maker.is_done:
        symbol.opposite(taker.command.side).remove(price, maker)
        exchange.close(maker)
    if terms.avg_price_mins:
        symbol.add_volume(exchange.now_ns, price, lots)
    note_price(exchange, symbol, price)


def give(exchange, symbol, order, lots, quote):
    terms = symbol.terms
    balance = given(exchange, order.command)
    spent = quote if order.is_buy else lots * terms.base_atoms_per_lot
    if not order.is_market:
        reserved = spent
        if order.is_buy:
            reserved = lots * order.command.price_ticks * terms.quote_atoms_per_tick_lot
        balance.locked -= reserved
        balance.free += reserved - spent
    elif order.is_buy == order.is_by_quote:  # its cost was known and locked
        balance.locked -= spent
    else:
        balance.free -= spent


def receive(exchange, order, lots, quote, ppm):
    terms = exchange.symbols[order.command.symbol].terms
    asset = terms.base_asset if order.is_buy else terms.quote_asset
    atoms = lots * terms.base_atoms_per_lot if order.is_buy else quote
    fee = -(-atoms * ppm // PPM)  # rounded up
    exchange.balance(order.command.account, asset).free += atoms - fee
    exchange.balance(exchange.fee_account, asset).free += fee
    return fee


def prevent(exchange, symbol, taker, maker, lots):
    symbol.last_prevented_id += 1
    quote = lots * maker.command.price_ticks * symbol.terms.quote_atoms_per_tick_lot
    exchange.tell_match(
        EventKind.PREVENTED, taker, maker, qty_lots=lots, quote_atoms=quote,
        trade_id=symbol.last_prevented_id,
    )  # fmt: skip
    if taker.command.stp == SelfTradePrevention.EXPIRE_TAKER:
        return
    release(exchange, maker)
    symbol.opposite(taker.command.side).remove(maker.command.price_ticks, maker)
    exchange.tell_order(
        EventKind.EXPIRED, maker, flags=EventFlag.ON_BOOK | EventFlag.WORKING,
        reject=ExpiryReason.SELF_TRADE_PREVENTION, update_id=symbol.next_update(),
    )  # fmt: skip
    exchange.close(maker)


# --- stops -------------------------------------------------------------------------------------


def stop_book(command):
    is_loss = command.order_type == OrderType.STOP_LOSS_LIMIT
    return STOP_UP if is_loss == (command.side == Side.BUY) else STOP_DOWN


def price_range(symbol):
    """Lowest and highest price that stops are held against: the last one, or all since some wait."""
    if symbol.trigger_low is None:
        return symbol.last_price, symbol.last_price
    return symbol.trigger_low, symbol.trigger_high


def would_trigger(symbol, command):
    if not symbol.last_price:
        return False
    low, high = price_range(symbol)
    if stop_book(command) == STOP_UP:
        return high >= command.stop_ticks
    return low <= command.stop_ticks


def crossed(symbol):
    """The stop whose turn it is: rising ones first, the most crossed price, the oldest; or None."""
    low, high = price_range(symbol)
    up, down = symbol.books[STOP_UP], symbol.books[STOP_DOWN]
    if up.prices and up.best() <= high:
        return up.queues[up.best()][0]
    if down.prices and down.best() >= low:
        return down.queues[down.best()][0]
    return None


def note_price(exchange, symbol, price):
    symbol.last_price = price
    if symbol.trigger_low is not None:
        symbol.trigger_low = min(symbol.trigger_low, price)
        symbol.trigger_high = max(symbol.trigger_high, price)
    elif crossed(symbol):
        symbol.trigger_low = symbol.trigger_high = price
        exchange.trigger_queue.append(symbol)


def trigger_next(exchange):
    """Serves the symbol at the head of the queue: one stop, and to the end of the queue."""
    symbol = exchange.trigger_queue.pop(0)
    if symbol.status != SymbolStatus.TRADING:
        exchange.waiting_for_trading.add(symbol)
        return
    order = crossed(symbol)
    if order is None:
        symbol.trigger_low = symbol.trigger_high = None
        return
    exchange.trigger_queue.append(symbol)
    symbol.books[stop_book(order.command)].remove(order.command.stop_ticks, order)
    order.working_ns, order.is_waiting = exchange.now_ns, False
    exchange.cause_flag = EventFlag.FROM_TRIGGER
    exchange.tell_order(EventKind.TRIGGERED, order, flags=EventFlag.WORKING)
    work(exchange, order)
    exchange.cause_flag = 0


# --- CANCEL ------------------------------------------------------------------------------------


def cancel(exchange, command):
    code = check_cancel(exchange, command, CANCEL_FLAGS)
    order = None if code else find_target(exchange, command)
    if order is None:
        exchange.refuse(command, code or Reject.UNKNOWN_ORDER)
    elif not is_in_state(order, command.flags):
        exchange.refuse(command, Reject.CANCEL_RESTRICTED)
    else:
        end_order(exchange, order, command)


def cancel_all(exchange, command):
    code = check_cancel(exchange, command, CANCEL_ALL_FLAGS)
    if code:
        exchange.refuse(command, code)
        return
    orders = []
    for (account, symbol), own in exchange.open_orders.items():
        is_asked = command.flags == CommandFlag.ALL_SYMBOLS or symbol == command.symbol
        is_halted = exchange.symbols[symbol].status == SymbolStatus.HALT
        if account == command.account and is_asked and not is_halted:
            orders += own
    if not orders:
        exchange.refuse(command, Reject.UNKNOWN_ORDER)
    for done, order in enumerate(orders[:MAX_CANCELS], start=1):
        is_cut = done == MAX_CANCELS and len(orders) > MAX_CANCELS
        end_order(exchange, order, command, EventFlag.MORE if is_cut else 0)


def check_cancel(exchange, command, known_flags):
    if command.flags not in known_flags or command.expires_ns < 0:
        return Reject.BAD_FIELD
    if not (command.client_id.isascii() and command.target_client_id.isascii()):
        return Reject.BAD_FIELD
    if 0 < command.expires_ns < exchange.now_ns:
        return Reject.EXPIRED_COMMAND
    if not FIRST_CLIENT_ACCOUNT <= command.account < exchange.n_accounts:
        return Reject.UNKNOWN_ACCOUNT
    if command.kind == CommandKind.CANCEL_ALL and command.flags == CommandFlag.ALL_SYMBOLS:
        return 0
    if not 0 <= command.symbol < len(exchange.symbols):
        return Reject.UNKNOWN_SYMBOL
    is_halted = exchange.symbols[command.symbol].status == SymbolStatus.HALT
    return Reject.SYMBOL_HALTED if is_halted else 0


def find_target(exchange, command):
    """The account's open order that is named; None when there is none."""
    if command.flags & CommandFlag.BY_CLIENT_ID:
        name = (command.account, command.symbol, command.target_client_id)
        return exchange.open_names.get(name)
    order = exchange.open_by_id.get((command.symbol, command.order_id))
    return order if order and order.command.account == command.account else None


def is_in_state(order, flags):
    """Whether the order is in the state that the cancel is for; without a restriction it always is."""
    if flags & CommandFlag.ONLY_NEW:
        return order.executed_lots == 0
    if flags & CommandFlag.ONLY_PARTIALLY_FILLED:
        return order.executed_lots > 0
    return True


def end_order(exchange, order, request, more=0):
    symbol = exchange.symbols[order.command.symbol]
    release(exchange, order)
    update_id, flags = 0, more
    if order.is_waiting:
        symbol.books[stop_book(order.command)].remove(order.command.stop_ticks, order)
    else:
        symbol.books[BID if order.is_buy else ASK].remove(order.command.price_ticks, order)
        update_id = symbol.next_update()
        flags |= EventFlag.ON_BOOK | EventFlag.WORKING
    exchange.tell_order(
        EventKind.CANCELED, order, flags=flags, update_id=update_id,
        request_client_id=request.client_id,
    )  # fmt: skip
    exchange.close(order)
