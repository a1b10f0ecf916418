"""Event records by hand, for tests that need one certain row."""

from sunwise.contracts.exchange.codec import EVENT_CODECS
from sunwise.contracts.exchange.records import CommandKind, EventKind

ALICE = 2
BOB = 3


def listed_symbol(symbol: int) -> bytes:
    """Symbol i trades asset i+1 for asset 0."""
    return EVENT_CODECS["symbol"].pack(
        kind=EventKind.SYMBOL_LISTED, symbol=symbol, symbol_version=1, name=f"S{symbol}",
        base_asset=symbol + 1, quote_asset=0, quote_atoms_per_tick_lot=1, avg_price_mins=5,
    )  # fmt: skip


def order_event(kind: EventKind, **fields) -> bytes:
    return EVENT_CODECS["order"].pack(kind=kind, **fields)


def _pair(taker: int, taker_order: int, maker: int, maker_order: int) -> dict:
    return {
        "taker_account": taker,
        "taker_order_id": taker_order,
        "maker_account": maker,
        "maker_order_id": maker_order,
    }


def trade(
    taker: int,
    taker_order: int,
    maker: int,
    maker_order: int,
    *,
    lots: int,
    trade_id: int,
    taker_executed: int = 0,
    maker_executed: int = 0,
    price: int = 100,
    taker_fee: int = 0,
    **fields,
) -> bytes:
    return EVENT_CODECS["trade"].pack(
        kind=EventKind.TRADE, **_pair(taker, taker_order, maker, maker_order), price_ticks=price,
        qty_lots=lots, quote_atoms=price * lots, trade_id=trade_id, taker_fee_atoms=taker_fee,
        taker_executed_lots=taker_executed, taker_executed_quote_atoms=price * taker_executed,
        maker_executed_lots=maker_executed, maker_executed_quote_atoms=price * maker_executed,
        **fields,
    )  # fmt: skip


def prevented(
    taker: int, taker_order: int, maker: int, maker_order: int, *, lots: int, match_id: int
) -> bytes:
    return EVENT_CODECS["trade"].pack(
        kind=EventKind.PREVENTED, **_pair(taker, taker_order, maker, maker_order),
        price_ticks=100, qty_lots=lots, trade_id=match_id,
    )  # fmt: skip


def funds(kind: str, account: int, asset: int, *, amount: int, free: int) -> bytes:
    return EVENT_CODECS["funds"].pack(
        kind=EventKind.FUNDS_MOVED, command_kind=CommandKind[kind], account=account, asset=asset,
        amount_atoms=amount, free_atoms=free,
    )  # fmt: skip
