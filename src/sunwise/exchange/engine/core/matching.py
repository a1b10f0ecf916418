"""Matching: a taker meets the best resting orders, first come first served at each price.

Price-time priority: the best price first, at one price the order that rested
first; every trade is at the maker's price. Self-trade prevention is checked
order by order, and the taker's mode rules.
"""

from typing import Any

from sunwise.exchange.engine.core.averages import add_to_average
from sunwise.exchange.engine.core.balances import release, spend_free, spend_locked
from sunwise.exchange.engine.core.book import is_crossing, next_update, opposite_book, remove_order
from sunwise.exchange.engine.core.codes import (
    BOOK_EMPTY,
    BUY,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    EXPIRED,
    FILL_CAP,
    FUNDS_SPENT,
    MARKET,
    MAX_FILLS,
    ON_BOOK,
    PREVENTED,
    QUOTE_SPENT,
    SELF_TRADE_PREVENTION,
    STP_NONE,
    TRADE,
    WORKING,
)
from sunwise.exchange.engine.core.events import tell_match, tell_order
from sunwise.exchange.engine.core.fees import receive
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.levels import dequeue, next_level
from sunwise.exchange.engine.core.open_orders import (
    close_order,
    given_balance,
    locked_atoms,
)
from sunwise.exchange.engine.core.stops import note_trade_price


@kernel
def match(state: Any, taker_no: int, out: Any) -> int:
    """Trades the taker as far as its price, the book, its money and the fill cap allow.

    Returns the expiry reason of what is left; 0 when nothing is, or when what is
    left of a limit order has nothing more to take at its price.
    """
    taker = state.orders[taker_no]
    book = opposite_book(state, taker)
    is_market = taker.order_type == MARKET
    for done in range(MAX_FILLS + 1):
        if book.best_level == 0:
            return BOOK_EMPTY if is_market else 0
        if not is_market and not is_crossing(book, taker.side, taker.price_ticks):
            return 0
        if done == MAX_FILLS:
            return FILL_CAP
        maker_no = int(state.levels[book.best_level].first)
        maker = state.orders[maker_no]
        lots = takeable_lots(state, taker, maker)
        if lots == 0:
            return _what_is_spent(state, taker, maker)
        if maker.account == taker.account and taker.stp != STP_NONE:
            _prevent(state, taker, maker_no, lots, out)
            if taker.stp != EXPIRE_MAKER:
                return SELF_TRADE_PREVENTION
        else:
            _trade(state, taker, maker_no, lots, out)
            if is_done(taker):
                return 0
    return 0


@kernel
def is_done(order: Any) -> bool:
    """Whether nothing of the order is left to trade."""
    if order.by_quote:
        return order.executed_quote_atoms == order.quote_atoms
    return order.executed_lots == order.qty_lots


@kernel
def takeable_lots(state: Any, taker: Any, maker: Any) -> int:
    """How much the taker can take of the maker: what both have left, and what its money reaches."""
    symbol = state.symbols[taker.symbol]
    lots = maker.qty_lots - maker.executed_lots
    if not taker.by_quote:
        lots = min(lots, taker.qty_lots - taker.executed_lots)
    if taker.order_type != MARKET:
        return lots
    price_atoms = maker.price_ticks * symbol.quote_atoms_per_tick_lot
    if taker.by_quote:
        lots = _payable(lots, price_atoms, taker.quote_atoms - taker.executed_quote_atoms)
        if taker.side != BUY:
            free = state.balances[taker.base_balance].free_atoms
            lots = _payable(lots, symbol.base_atoms_per_lot, free)
    elif taker.side == BUY:
        lots = _payable(lots, price_atoms, state.balances[taker.quote_balance].free_atoms)
    return lots


@kernel
def _what_is_spent(state: Any, taker: Any, maker: Any) -> int:
    """Why a MARKET order cannot take one lot more: its quoteOrderQty is used up, or its money."""
    price_atoms = maker.price_ticks * state.symbols[taker.symbol].quote_atoms_per_tick_lot
    is_quote = taker.by_quote and taker.quote_atoms - taker.executed_quote_atoms < price_atoms
    return QUOTE_SPENT if is_quote else FUNDS_SPENT


@kernel
def _payable(lots: int, atoms_per_lot: int, budget_atoms: int) -> int:
    """At most `lots`, as many as the budget pays. Divides only when it does not pay all."""
    return lots if lots * atoms_per_lot <= budget_atoms else budget_atoms // atoms_per_lot


@kernel
def can_fill(state: Any, taker_no: int) -> bool:
    """Whether a FILL_OR_KILL order would be filled whole: looks ahead, at most MAX_FILLS orders."""
    taker = state.orders[taker_no]
    book = opposite_book(state, taker)
    if not is_crossing(book, taker.side, taker.price_ticks):
        return False
    wanted = taker.qty_lots - taker.executed_lots
    level_no = int(book.best_level)
    maker_no = int(state.levels[level_no].first)
    for _ in range(MAX_FILLS):
        maker = state.orders[maker_no]
        if maker.account != taker.account or taker.stp == STP_NONE:
            wanted -= maker.qty_lots - maker.executed_lots
        elif taker.stp != EXPIRE_MAKER:
            return False  # the taker would expire here
        if wanted <= 0:
            return True
        maker_no = int(maker.next)
        if maker_no == 0:
            level_no = next_level(state, level_no)
            if level_no == 0 or not _reaches(taker, state.levels[level_no].price_ticks):
                return False
            maker_no = int(state.levels[level_no].first)
    return False


@kernel
def _reaches(taker: Any, ticks: int) -> bool:
    return ticks <= taker.price_ticks if taker.side == BUY else ticks >= taker.price_ticks


@kernel
def _trade(state: Any, taker: Any, maker_no: int, lots: int, out: Any) -> None:
    """One trade at the maker's price: money, book, ids and the event."""
    maker = state.orders[maker_no]
    symbol = state.symbols[taker.symbol]
    ticks = maker.price_ticks
    quote = lots * ticks * symbol.quote_atoms_per_tick_lot
    base = lots * symbol.base_atoms_per_lot
    _give(state, symbol, taker, lots, quote)
    _give(state, symbol, maker, lots, quote)
    taker_fee = _take(state, taker, base, quote, symbol.taker_fee_ppm)
    maker_fee = _take(state, maker, base, quote, symbol.maker_fee_ppm)
    taker.executed_lots += lots
    taker.executed_quote_atoms += quote
    maker.executed_lots += lots
    maker.executed_quote_atoms += quote
    symbol.last_trade_id += 1
    event = tell_match(state, out, taker, maker)
    event.kind = TRADE
    event.trade_qty_lots = lots
    event.trade_quote_atoms = quote
    event.trade_trade_id = symbol.last_trade_id
    event.trade_update_id = next_update(symbol)
    event.trade_taker_fee_atoms = taker_fee
    event.trade_maker_fee_atoms = maker_fee
    state.levels[maker.level].qty_lots -= lots
    if maker.executed_lots == maker.qty_lots:
        dequeue(state, maker_no)
        close_order(state, maker_no)
    add_to_average(state, taker.symbol, ticks, lots)
    note_trade_price(state, taker.symbol, ticks)


@kernel
def _give(state: Any, symbol: Any, order: Any, lots: int, quote: int) -> None:
    """The order's side of the trade leaves its owner: from its lock, or from what is free."""
    balance = given_balance(state, order)
    atoms = quote if order.side == BUY else lots * symbol.base_atoms_per_lot
    is_locked = order.side == BUY if order.by_quote else order.side != BUY
    if order.order_type != MARKET:
        price = order.price_ticks * symbol.quote_atoms_per_tick_lot
        spend_locked(balance, lots * price if order.side == BUY else atoms, atoms)
    elif is_locked:
        spend_locked(balance, atoms, atoms)
    else:
        spend_free(balance, atoms)


@kernel
def _take(state: Any, order: Any, base: int, quote: int, fee_ppm: int) -> int:
    """The other side of the trade arrives, less the fee; returns the fee."""
    symbol = state.symbols[order.symbol]
    if order.side == BUY:
        balance = state.balances[order.base_balance]
        return receive(balance, state.balances[symbol.fee_base_balance], base, fee_ppm)
    balance = state.balances[order.quote_balance]
    return receive(balance, state.balances[symbol.fee_quote_balance], quote, fee_ppm)


@kernel
def _prevent(state: Any, taker: Any, maker_no: int, lots: int, out: Any) -> None:
    """A match with the owner's other order does not happen; the maker expires unless the mode spares it."""
    maker = state.orders[maker_no]
    symbol = state.symbols[taker.symbol]
    symbol.last_prevented_id += 1
    event = tell_match(state, out, taker, maker)
    event.kind = PREVENTED
    event.trade_qty_lots = lots
    event.trade_quote_atoms = lots * maker.price_ticks * symbol.quote_atoms_per_tick_lot
    event.trade_trade_id = symbol.last_prevented_id
    if taker.stp != EXPIRE_TAKER:
        expire_resting(state, maker_no, out)


@kernel
def expire_resting(state: Any, order_no: int, out: Any) -> None:
    """Expires an order of the public book because its owner's other order met it."""
    order = state.orders[order_no]
    release(given_balance(state, order), locked_atoms(state.symbols[order.symbol], order))
    update_id = remove_order(state, order_no)
    event = tell_order(state, out, order)
    event.kind = EXPIRED
    event.flag_bits |= ON_BOOK | WORKING
    event.reject = SELF_TRADE_PREVENTION
    event.update_id = update_id
    close_order(state, order_no)
