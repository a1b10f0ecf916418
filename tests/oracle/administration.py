"""Accounts, money from outside, listings, time, rules and capacities of the naive exchange."""

from sunwise.contracts.exchange.records import (
    FEE_ACCOUNT,
    FIRST_CLIENT_ACCOUNT,
    HOUSE_ACCOUNT,
    Capacity,
    CommandKind,
    EventKind,
    RuleFlag,
    SymbolStatus,
)
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.core.layout import MAX_CAPACITIES
from tests.oracle.state import PPM, Symbol
from tests.oracle.wire import TERM_NAMES

MAX_ATOMS = 2**62
MAX_STEP_NS = 60_000_000_000
FORGET_AT_CLOCK = 64


def open_account(exchange, command):
    code = check_time(exchange, command)
    if not code and exchange.n_accounts >= exchange.capacities.accounts:
        code = Reject.ACCOUNTS_FULL
    if code:
        exchange.refuse(command, code)
        return
    exchange.n_accounts += 1
    exchange.tell(
        "funds", EventKind.ACCOUNT_OPENED, command_kind=command.kind,
        account=exchange.n_accounts - 1, reference=command.reference,
    )  # fmt: skip


def move_funds(exchange, command):
    code = check_time(exchange, command) or check_funds(exchange, command)
    if code:
        exchange.refuse(command, code)
        return
    kind, asset, atoms = command.kind, command.asset, command.amount_atoms
    house = exchange.balance(HOUSE_ACCOUNT, asset)
    account = command.account if is_client(command) else HOUSE_ACCOUNT
    moved = exchange.balance(account, asset)
    if kind == CommandKind.DEPOSIT:
        house.free += atoms
        exchange.deposited[asset] += atoms
    elif kind == CommandKind.WITHDRAW:
        house.free -= atoms
        exchange.deposited[asset] -= atoms
    elif kind == CommandKind.CREDIT:
        house.free -= atoms
        moved.free += atoms
    else:
        moved.free -= atoms
        house.free += atoms
    exchange.tell(
        "funds", EventKind.FUNDS_MOVED, command_kind=kind, asset=asset, account=account,
        amount_atoms=atoms, free_atoms=moved.free, locked_atoms=moved.locked,
        house_free_atoms=house.free, deposited_atoms=exchange.deposited[asset],
        reference=command.reference,
    )  # fmt: skip


def is_client(command):
    return command.kind in (CommandKind.CREDIT, CommandKind.DEBIT)


def check_time(exchange, command):
    if command.flags or command.expires_ns < 0 or not command.reference.isascii():
        return Reject.BAD_FIELD
    return Reject.EXPIRED_COMMAND if 0 < command.expires_ns < exchange.now_ns else 0


def check_funds(exchange, command):
    """The first rule that the movement breaks, in the order of the codes."""
    kind, asset, atoms = command.kind, command.asset, command.amount_atoms
    first = FEE_ACCOUNT if kind == CommandKind.DEBIT else FIRST_CLIENT_ACCOUNT
    if is_client(command) and not first <= command.account < exchange.n_accounts:
        return Reject.UNKNOWN_ACCOUNT
    if not 0 <= asset < len(exchange.assets):
        return Reject.UNKNOWN_ASSET
    house = exchange.balance(HOUSE_ACCOUNT, asset)
    if kind == CommandKind.CREDIT and house.free < atoms:
        return Reject.HOUSE_UNFUNDED
    is_too_much = kind == CommandKind.DEPOSIT and exchange.deposited[asset] + atoms > MAX_ATOMS
    if atoms <= 0 or is_too_much:
        return Reject.AMOUNT_OUT_OF_RANGE
    if kind == CommandKind.WITHDRAW and house.free < atoms:
        return Reject.FUNDS_LOCKED_OR_MISSING
    own = exchange.balances.get((command.account, asset))
    if kind == CommandKind.DEBIT and (own is None or own.free < atoms):
        return Reject.FUNDS_LOCKED_OR_MISSING
    is_full = len(exchange.balances) >= exchange.capacities.balances
    return Reject.BALANCES_FULL if is_client(command) and own is None and is_full else 0


def list_asset(exchange, command):
    code = check_asset(exchange, command)
    if code:
        exchange.refuse(command, code)
        return
    index = len(exchange.assets)
    exchange.assets.append(command)
    exchange.deposited.append(0)
    exchange.balance(HOUSE_ACCOUNT, index)
    exchange.balance(FEE_ACCOUNT, index)
    exchange.tell(
        "asset", EventKind.ASSET_LISTED, asset=index, decimals=command.decimals, name=command.name
    )


def check_asset(exchange, command):
    if command.flags or not any(command.name[:8]) or not 0 <= command.decimals <= 18:
        return Reject.BAD_FIELD
    if any(asset.name == command.name for asset in exchange.assets):
        return Reject.DUPLICATE_NAME
    if len(exchange.balances) + 2 > exchange.capacities.balances:
        return Reject.BALANCES_FULL
    is_full = len(exchange.assets) >= exchange.capacities.assets
    return Reject.ASSETS_FULL if is_full else 0


def list_symbol(exchange, command):
    code = check_symbol(exchange, command)
    if code:
        exchange.refuse(command, code)
        return
    symbol = Symbol(len(exchange.symbols), command, command.status)
    exchange.symbols.append(symbol)
    tell_symbol(exchange, EventKind.SYMBOL_LISTED, symbol)


def tell_symbol(exchange, kind, symbol):
    terms = {name: getattr(symbol.terms, name) for name in TERM_NAMES}
    terms["status"] = symbol.status
    exchange.tell("symbol", kind, symbol=symbol.index, symbol_version=symbol.version, **terms)


def check_symbol(exchange, command):
    if command.flags or not any(command.name[:8]) or command.status not in tuple(SymbolStatus):
        return Reject.BAD_FIELD
    assets = range(len(exchange.assets))
    if command.base_asset not in assets or command.quote_asset not in assets:
        return Reject.UNKNOWN_ASSET
    if any(symbol.terms.name == command.name for symbol in exchange.symbols):
        return Reject.DUPLICATE_NAME
    if not is_sound(exchange, command):
        return Reject.BAD_TERMS
    if exchange.n_nodes() + 4 > exchange.capacities.trie_nodes:
        return Reject.TRIE_NODES_FULL
    is_full = len(exchange.symbols) >= exchange.capacities.symbols
    return Reject.SYMBOLS_FULL if is_full else 0


def is_sound(exchange, terms):
    """Whether the terms contradict nothing and no order can be worth more than 2**62 atoms."""
    multipliers = [
        (terms.bid_multiplier_down_ppm, terms.bid_multiplier_up_ppm),
        (terms.ask_multiplier_down_ppm, terms.ask_multiplier_up_ppm),
    ]
    ranges = [(terms.min_notional_atoms, terms.max_notional_atoms), *multipliers]
    if terms.base_asset == terms.quote_asset:
        return False
    if not 1 <= terms.min_price_ticks <= terms.max_price_ticks < 2**42:
        return False
    if not 1 <= terms.min_qty_lots <= terms.max_qty_lots:
        return False
    if not 0 <= terms.market_min_qty_lots <= terms.market_max_qty_lots <= terms.max_qty_lots:
        return False
    if any(low < 0 or (high != 0 and high < low) for low, high in ranges):
        return False
    if any(ppm > 1000 * PPM for pair in multipliers for ppm in pair):
        return False
    if not 0 <= terms.avg_price_mins <= 5 or terms.max_num_orders < 1 or terms.notional_flags > 3:
        return False
    if not (0 <= terms.maker_fee_ppm < PPM and 0 <= terms.taker_fee_ppm < PPM):
        return False
    return is_scaled(exchange, terms)


def is_scaled(exchange, terms):
    lot, tick = terms.base_atoms_per_lot, terms.price_atoms_per_tick
    tick_lot = terms.quote_atoms_per_tick_lot
    unit = 10 ** exchange.assets[terms.base_asset].decimals
    if min(lot, tick, tick_lot) < 1:
        return False
    if terms.max_qty_lots * lot > MAX_ATOMS:
        return False
    if terms.max_price_ticks * terms.max_qty_lots * tick_lot > MAX_ATOMS:
        return False
    return (unit % lot == 0 or lot % unit == 0) and tick * lot == tick_lot * unit


def set_status(exchange, command):
    if command.flags or command.status not in tuple(SymbolStatus):
        exchange.refuse(command, Reject.BAD_FIELD)
        return
    if not 0 <= command.symbol < len(exchange.symbols):
        exchange.refuse(command, Reject.UNKNOWN_SYMBOL)
        return
    symbol = exchange.symbols[command.symbol]
    symbol.status = command.status
    symbol.version += 1
    if symbol in exchange.waiting_for_trading:
        exchange.waiting_for_trading.remove(symbol)
        exchange.trigger_queue.append(symbol)
    tell_symbol(exchange, EventKind.SYMBOL_STATUS_SET, symbol)


def set_clock(exchange, command):
    if command.flags or not 0 < command.wall_ns <= 2**62:
        exchange.refuse(command, Reject.BAD_FIELD)
        return
    wall_ns = command.wall_ns
    if exchange.clock_ns:
        wall_ns = min(wall_ns, exchange.clock_ns + MAX_STEP_NS)
    exchange.clock_ns = max(exchange.clock_ns, wall_ns)
    exchange.forget(FORGET_AT_CLOCK)


def raise_capacity(exchange, command):
    if command.flags or command.capacity not in tuple(Capacity):
        exchange.refuse(command, Reject.BAD_FIELD)
        return
    present = exchange.capacities[command.capacity]
    if not present < command.limit <= MAX_CAPACITIES[command.capacity]:
        exchange.refuse(command, Reject.CAPACITY_NOT_RAISED)
        return
    limits = list(exchange.capacities)
    limits[command.capacity] = command.limit
    exchange.capacities = type(exchange.capacities)(*limits)
    exchange.tell(
        "control", EventKind.CAPACITY_RAISED, capacity=command.capacity, limit=command.limit
    )


def activate_rules(exchange, command):
    if command.flags or command.rules & ~int(RuleFlag.REFUSE_RECENT_CLIENT_IDS):
        exchange.refuse(command, Reject.BAD_FIELD)
        return
    exchange.rules = command.rules
    exchange.tell("control", EventKind.RULES_ACTIVATED, rules=command.rules)
