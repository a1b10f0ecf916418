"""Command records by hand: one function for each kind, with what a test rarely says as defaults."""

from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.records import (
    Capacity,
    CommandFlag,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    SymbolStatus,
    TimeInForce,
)

ALICE, BOB, CAROL, DAVE = 2, 3, 4, 5
BASE, QUOTE = 0, 1
START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000

# A tick is one atom of quote, a lot one of base: sums can be checked in the head.
TERMS = {
    "name": "BASEQUOTE", "base_asset": BASE, "quote_asset": QUOTE,
    "base_atoms_per_lot": 1, "quote_atoms_per_tick_lot": 1, "price_atoms_per_tick": 1,
    "min_price_ticks": 1, "max_price_ticks": 1_000_000, "min_qty_lots": 1, "max_qty_lots": 1_000_000,
    "market_max_qty_lots": 1_000_000, "max_num_orders": 200,
}  # fmt: skip


def place(account, side, price, qty, **fields):
    fields = {"symbol_version": 1, "client_id": ""} | fields
    return COMMAND_CODECS["order"].pack(
        kind=CommandKind.PLACE,
        account=account,
        side=side,
        price_ticks=price,
        qty_lots=qty,
        **fields,
    )


def buy(account, price, qty, **fields):
    return place(account, Side.BUY, price, qty, **fields)


def sell(account, price, qty, **fields):
    return place(account, Side.SELL, price, qty, **fields)


def market(account, side, qty=0, quote=0, **fields):
    flags = CommandFlag.BY_QUOTE if quote else 0
    fields = {"flags": flags, "order_type": OrderType.MARKET, "quote_atoms": quote} | fields
    return place(account, side, 0, qty, **fields)


def cancel(account, order_id=0, client_id="", *, only=0, **fields):
    by_name = CommandFlag.BY_CLIENT_ID if client_id else 0
    fields = {"flags": by_name | only, "target_client_id": client_id} | fields
    return COMMAND_CODECS["order"].pack(
        kind=CommandKind.CANCEL, account=account, order_id=order_id, **fields
    )


def cancel_all(account, symbol=0, **fields):
    return COMMAND_CODECS["order"].pack(
        kind=CommandKind.CANCEL_ALL, account=account, symbol=symbol, **fields
    )


def open_account(**fields):
    return COMMAND_CODECS["funds"].pack(kind=CommandKind.OPEN_ACCOUNT, **fields)


def funds(kind, asset, amount, account=0, **fields):
    return COMMAND_CODECS["funds"].pack(
        kind=kind, account=account, asset=asset, amount_atoms=amount, **fields
    )


def list_asset(name, decimals=0, **fields):
    return COMMAND_CODECS["asset"].pack(
        kind=CommandKind.LIST_ASSET, name=name, decimals=decimals, **fields
    )


def list_symbol(**terms):
    return COMMAND_CODECS["symbol"].pack(kind=CommandKind.LIST_SYMBOL, **(TERMS | terms))


def set_status(status, symbol=0, **fields):
    return COMMAND_CODECS["symbol"].pack(
        kind=CommandKind.SET_SYMBOL_STATUS, symbol=symbol, status=status, **fields
    )


def clock(wall_ns, **fields):
    return COMMAND_CODECS["control"].pack(kind=CommandKind.CLOCK, wall_ns=wall_ns, **fields)


def raise_capacity(capacity, limit, **fields):
    return COMMAND_CODECS["control"].pack(
        kind=CommandKind.RAISE_CAPACITY, capacity=capacity, limit=limit, **fields
    )


def activate_rules(rules, **fields):
    return COMMAND_CODECS["control"].pack(kind=CommandKind.ACTIVATE_RULES, rules=rules, **fields)


__all__ = [
    "ALICE", "BASE", "BOB", "CAROL", "DAVE", "QUOTE", "SECOND_NS", "START_NS", "TERMS", "Capacity",
    "CommandKind", "OrderType", "SelfTradePrevention", "Side", "SymbolStatus", "TimeInForce",
    "activate_rules", "buy", "cancel", "cancel_all", "clock", "funds", "list_asset", "list_symbol",
    "market", "open_account", "place", "raise_capacity", "sell", "set_status",
]  # fmt: skip
