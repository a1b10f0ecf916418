"""Assets, symbols and their status; rules and time of the whole shard."""

from typing import Any

from sunwise.exchange.engine.core import rejects
from sunwise.exchange.engine.core.balances import find_or_add_balance, has_room_for_balances
from sunwise.exchange.engine.core.client_ids import forget_client_ids
from sunwise.exchange.engine.core.codes import (
    ALL_RULES,
    ASK,
    ASSET_LISTED,
    CANCEL_ONLY,
    FEE_ACCOUNT,
    HOUSE_ACCOUNT,
    MAX_ATOMS,
    MAX_AVERAGE_MINS,
    MAX_CLOCK_STEP_NS,
    MAX_DECIMALS,
    MAX_MULTIPLIER_PPM,
    MAX_PRICE_TICKS,
    NO_ASK,
    NO_BID,
    PPM,
    RULES_ACTIVATED,
    SYMBOL_LISTED,
    SYMBOL_STATUS_SET,
)
from sunwise.exchange.engine.core.events import new_event, tell_refusal
from sunwise.exchange.engine.core.jit import highest_bit, kernel
from sunwise.exchange.engine.core.layout import (
    BOOKS_PER_SYMBOL,
    POOL_NODES,
    WHOLE_TERM_WORDS,
)
from sunwise.exchange.engine.core.pools import has_room, take
from sunwise.exchange.engine.core.stops import resume_triggers

_FORGET_AT_CLOCK = 64
_MAX_WALL_NS = 2**62  # the year 2116
_DIGIT_BITS = 6


@kernel
def list_asset(state: Any, command: Any, out: Any) -> None:
    """Gives the asset the next index, and the house and the fee account a balance of it."""
    code = _check_asset(state, command)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    control = state.control[0]
    asset_no = int(control.n_assets)
    control.n_assets += 1
    asset = state.assets[asset_no]
    asset.name_0 = command.asset_name_0
    asset.name_1 = command.asset_name_1
    asset.name_2 = command.asset_name_2
    asset.decimals = command.asset_decimals
    asset.house_balance = find_or_add_balance(state, HOUSE_ACCOUNT, asset_no)
    asset.fee_balance = find_or_add_balance(state, FEE_ACCOUNT, asset_no)
    event = new_event(state, out)
    event.kind = ASSET_LISTED
    event.asset_asset = asset_no
    event.asset_decimals = asset.decimals
    event.asset_name_0 = asset.name_0
    event.asset_name_1 = asset.name_1
    event.asset_name_2 = asset.name_2


@kernel
def _check_asset(state: Any, command: Any) -> int:
    control = state.control[0]
    if command.flag_bits != 0 or command.asset_name_0 == 0:
        return rejects.BAD_FIELD
    if command.asset_decimals < 0 or command.asset_decimals > MAX_DECIMALS:
        return rejects.BAD_FIELD
    for asset_no in range(control.n_assets):
        asset = state.assets[asset_no]
        if (
            asset.name_0 == command.asset_name_0
            and asset.name_1 == command.asset_name_1
            and asset.name_2 == command.asset_name_2
        ):
            return rejects.DUPLICATE_NAME
    if not has_room_for_balances(state, 2):
        return rejects.BALANCES_FULL
    return rejects.ASSETS_FULL if control.n_assets >= len(state.assets) else rejects.NONE


@kernel
def list_symbol(state: Any, command: Any, out: Any) -> None:
    """Gives the symbol the next index and four empty books."""
    code = _check_symbol(state, command)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    control = state.control[0]
    symbol_no = int(control.n_symbols)
    control.n_symbols += 1
    symbol = state.symbols[symbol_no]
    for word in range(WHOLE_TERM_WORDS):
        symbol.words[word] = command.words[1 + word]
    symbol.notional_flags = command.symbol_notional_flags
    symbol.status = command.symbol_status
    symbol.symbol_version = 1
    digits = highest_bit(symbol.max_price_ticks) // _DIGIT_BITS
    symbol.top_shift = digits * _DIGIT_BITS
    symbol.fee_base_balance = state.assets[symbol.base_asset].fee_balance
    symbol.fee_quote_balance = state.assets[symbol.quote_asset].fee_balance
    symbol.average_bucket = control.average_bucket
    for side in range(BOOKS_PER_SYMBOL):
        book = state.books[symbol_no * BOOKS_PER_SYMBOL + side]
        book.best_ticks = NO_ASK if side & ASK else NO_BID
        book.top_shift = symbol.top_shift
        book.root = take(state.pools[POOL_NODES], state.nodes)
        state.nodes[book.root].bits = 0
        state.nodes[book.root].parent = 0
    event = _tell_symbol(state, out, symbol_no)
    event.kind = SYMBOL_LISTED


@kernel
def set_status(state: Any, command: Any, out: Any) -> None:
    """Changes what a symbol lets through; its version rises."""
    code = rejects.NONE
    symbol_no = int(command.symbol_symbol)
    if command.flag_bits != 0 or command.symbol_status > CANCEL_ONLY:
        code = rejects.BAD_FIELD
    elif symbol_no < 0 or symbol_no >= state.control[0].n_symbols:
        code = rejects.UNKNOWN_SYMBOL
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    symbol = state.symbols[symbol_no]
    symbol.status = command.symbol_status
    symbol.symbol_version += 1
    resume_triggers(state, symbol_no)
    event = _tell_symbol(state, out, symbol_no)
    event.kind = SYMBOL_STATUS_SET


@kernel
def activate_rules(state: Any, command: Any, out: Any) -> None:
    """The rules of the shard from here on."""
    if command.flag_bits != 0 or command.control_rules & ~ALL_RULES:
        tell_refusal(state, out, command, rejects.BAD_FIELD)
        return
    state.control[0].rules = command.control_rules
    event = new_event(state, out)
    event.kind = RULES_ACTIVATED
    event.control_rules = command.control_rules


@kernel
def set_clock(state: Any, command: Any, out: Any) -> None:
    """Moves the clock forward by a bounded step; the first CLOCK is taken as it is.

    Log time follows with the next batch. No event: every event message carries it.
    """
    wall_ns = command.control_wall_ns
    if command.flag_bits != 0 or wall_ns <= 0 or wall_ns > _MAX_WALL_NS:
        tell_refusal(state, out, command, rejects.BAD_FIELD)
        return
    control = state.control[0]
    if control.clock_ns:
        wall_ns = min(wall_ns, control.clock_ns + MAX_CLOCK_STEP_NS)
    control.clock_ns = max(control.clock_ns, wall_ns)
    forget_client_ids(state, _FORGET_AT_CLOCK)


@kernel
def _check_symbol(state: Any, command: Any) -> int:
    control = state.control[0]
    base = command.symbol_base_asset
    quote = command.symbol_quote_asset
    if command.flag_bits != 0 or command.symbol_name_0 == 0 or command.symbol_status > CANCEL_ONLY:
        return rejects.BAD_FIELD
    if base < 0 or base >= control.n_assets or quote < 0 or quote >= control.n_assets:
        return rejects.UNKNOWN_ASSET
    for symbol_no in range(control.n_symbols):
        symbol = state.symbols[symbol_no]
        if (
            symbol.name_0 == command.symbol_name_0
            and symbol.name_1 == command.symbol_name_1
            and symbol.name_2 == command.symbol_name_2
        ):
            return rejects.DUPLICATE_NAME
    if base == quote or not _has_sound_filters(command) or not _is_bounded(state, command):
        return rejects.BAD_TERMS
    nodes = BOOKS_PER_SYMBOL + control.reserved_nodes
    if not has_room(state.pools[POOL_NODES], state.nodes, nodes):
        return rejects.TRIE_NODES_FULL
    return rejects.SYMBOLS_FULL if control.n_symbols >= len(state.symbols) else rejects.NONE


@kernel
def _has_sound_filters(command: Any) -> bool:
    """Every minimum is at most its maximum, and rates and counts are in range."""
    return (
        1 <= command.symbol_min_price_ticks <= command.symbol_max_price_ticks <= MAX_PRICE_TICKS
        and 1 <= command.symbol_min_qty_lots <= command.symbol_max_qty_lots
        and 0 <= command.symbol_market_min_qty_lots <= command.symbol_market_max_qty_lots
        and command.symbol_market_max_qty_lots <= command.symbol_max_qty_lots
        and _is_range(command.symbol_min_notional_atoms, command.symbol_max_notional_atoms)
        and _is_range(command.symbol_bid_multiplier_down_ppm, command.symbol_bid_multiplier_up_ppm)
        and _is_range(command.symbol_ask_multiplier_down_ppm, command.symbol_ask_multiplier_up_ppm)
        and command.symbol_bid_multiplier_up_ppm <= MAX_MULTIPLIER_PPM
        and command.symbol_bid_multiplier_down_ppm <= MAX_MULTIPLIER_PPM
        and command.symbol_ask_multiplier_up_ppm <= MAX_MULTIPLIER_PPM
        and command.symbol_ask_multiplier_down_ppm <= MAX_MULTIPLIER_PPM
        and 0 <= command.symbol_avg_price_mins <= MAX_AVERAGE_MINS
        and command.symbol_max_num_orders >= 1
        and 0 <= command.symbol_maker_fee_ppm < PPM
        and 0 <= command.symbol_taker_fee_ppm < PPM
        and command.symbol_notional_flags <= 3
    )


@kernel
def _is_range(low: int, high: int) -> bool:
    """Whether both are zero or more and in order; a `high` of 0 is no bound."""
    return low >= 0 and (high == 0 or high >= low)


@kernel
def _is_bounded(state: Any, command: Any) -> bool:
    """Whether no order of the symbol can be worth more than 2**62 atoms, of either asset.

    And whether tick and lot agree: a tick times a lot is a whole number of quote
    atoms, and a lot divides the whole unit of its asset or is a multiple of it.
    """
    lot = command.symbol_base_atoms_per_lot
    tick = command.symbol_price_atoms_per_tick
    tick_lot = command.symbol_quote_atoms_per_tick_lot
    if lot < 1 or tick < 1 or tick_lot < 1:
        return False
    if command.symbol_max_qty_lots > MAX_ATOMS // lot:
        return False
    if command.symbol_max_price_ticks > MAX_ATOMS // tick_lot:
        return False
    lot_at_most = command.symbol_max_price_ticks * tick_lot
    if command.symbol_max_qty_lots > MAX_ATOMS // lot_at_most:
        return False
    unit = 1
    for _ in range(state.assets[command.symbol_base_asset].decimals):
        unit *= 10
    if lot <= unit:
        lots = unit // lot
        return lots * lot == unit and tick % lots == 0 and tick // lots == tick_lot
    units = lot // unit
    return units * unit == lot and tick_lot % units == 0 and tick_lot // units == tick


@kernel
def _tell_symbol(state: Any, out: Any, symbol_no: int) -> Any:
    """The event with the symbol's terms as they are now; the caller sets its kind."""
    symbol = state.symbols[symbol_no]
    event = new_event(state, out)
    event.symbol_symbol = symbol_no
    event.symbol_symbol_version = symbol.symbol_version
    for word in range(WHOLE_TERM_WORDS):
        event.words[2 + word] = symbol.words[word]
    event.symbol_notional_flags = symbol.notional_flags
    event.symbol_status = symbol.status
    return event
