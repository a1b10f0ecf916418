"""Orders as this service keeps them: the bytes of ACCEPTED, and what has changed since.

An order is kept by its record because most of an order never changes and is seldom read: taking it
in costs one slice, and 100,000 of them stay under 100 MB.
"""

import struct
from typing import Final

from sunwise.contracts.exchange.accounts import OrderState, OrderStatus
from sunwise.contracts.exchange.codec import subset, text_of
from sunwise.contracts.exchange.records import (
    CLIENT_ID_BYTES,
    ORDER_EVENT,
    EventFlag,
    ExpiryReason,
    offsets,
    size,
)

_TERMS: Final = subset(
    ORDER_EVENT,
    "flags", "symbol", "side", "order_type", "time_in_force", "stp", "account", "order_id",
    "price_ticks", "qty_lots", "quote_atoms", "stop_ticks", "accepted_ns", "client_id",
    "strategy_id", "strategy_type",
)  # fmt: skip
TERMS_BYTES: Final = _TERMS.size
"""The part of an ACCEPTED record that is kept."""
_PLACES: Final = offsets(ORDER_EVENT)
_SYMBOL: Final = slice(_PLACES["symbol"], _PLACES["symbol"] + 4)
_CLIENT_ID: Final = slice(_PLACES["client_id"], _PLACES["client_id"] + CLIENT_ID_BYTES)
_QTY_AND_QUOTE: Final = struct.Struct(f"<{_PLACES['qty_lots']}xqq")
_BY_QUOTE: Final = int(EventFlag.BY_QUOTE)
_MAX_SYMBOLS: Final = 1 << 20

assert _PLACES["quote_atoms"] == _PLACES["qty_lots"] + size("i8"), "read together"


def order_key(symbol: int, order_id: int) -> int:
    """One integer for an order: ids count for each symbol."""
    return order_id * _MAX_SYMBOLS + symbol


def client_key(symbol: int, client_id: bytes) -> bytes:
    """Finds an order of an account by its client order id."""
    return symbol.to_bytes(4, "little") + client_id.ljust(CLIENT_ID_BYTES, b"\0")


class Order:
    """One order, open or closed not long ago."""

    __slots__ = (
        "executed_lots",
        "executed_quote_atoms",
        "expiry_reason",
        "is_working",
        "prevented_lots",
        "prevented_match_id",
        "status",
        "terms",
        "updated_ns",
        "working_ns",
    )

    def __init__(self, terms: bytes, *, is_working: bool, working_ns: int, updated_ns: int) -> None:
        self.terms = terms
        self.status = OrderStatus.NEW
        self.executed_lots = 0
        self.executed_quote_atoms = 0
        self.is_working = is_working
        self.working_ns = working_ns
        self.updated_ns = updated_ns
        self.expiry_reason = 0
        self.prevented_match_id = 0
        self.prevented_lots = 0

    @property
    def symbol(self) -> int:
        """Index of its symbol."""
        return int.from_bytes(self.terms[_SYMBOL], "little")

    @property
    def client_key(self) -> bytes:
        """As `client_key` of its symbol and client order id."""
        return self.terms[_SYMBOL] + self.terms[_CLIENT_ID]

    def fill(self, executed_lots: int, executed_quote_atoms: int, time_ns: int) -> bool:
        """Takes the state after a trade; whether nothing is left to trade."""
        self.executed_lots = executed_lots
        self.executed_quote_atoms = executed_quote_atoms
        self.updated_ns = time_ns
        qty_lots, quote_atoms = _QTY_AND_QUOTE.unpack_from(self.terms)
        if self.terms[1] & _BY_QUOTE:
            is_filled = bool(executed_quote_atoms == quote_atoms)
        else:
            is_filled = bool(executed_lots == qty_lots)
        self.status = OrderStatus.FILLED if is_filled else OrderStatus.PARTIALLY_FILLED
        return is_filled

    def expire(self, reason: int) -> None:
        """Takes its end by the engine.

        An order by quoteOrderQty that bought or sold all it could is filled, as Binance has it.
        """
        self.expiry_reason = reason
        if reason == ExpiryReason.SELF_TRADE_PREVENTION:
            self.status = OrderStatus.EXPIRED_IN_MATCH
        elif reason == ExpiryReason.QUOTE_SPENT and self.executed_lots:
            self.status = OrderStatus.FILLED
            self.expiry_reason = 0
        else:
            self.status = OrderStatus.EXPIRED

    def state(self) -> OrderState:
        """The order as the contract shows it."""
        (
            flags, symbol, side, order_type, time_in_force, stp, account, order_id,
            price_ticks, qty_lots, quote_atoms, stop_ticks, accepted_ns, client_id,
            strategy_id, strategy_type,
        ) = _TERMS.unpack_from(self.terms)  # fmt: skip
        return OrderState(
            account=account,
            symbol=symbol,
            order_id=order_id,
            client_id=text_of(client_id),
            side=side,
            order_type=order_type,
            time_in_force=time_in_force,
            stp=stp,
            status=self.status,
            price_ticks=price_ticks,
            qty_lots=qty_lots,
            quote_atoms=quote_atoms,
            stop_ticks=stop_ticks,
            executed_lots=self.executed_lots,
            executed_quote_atoms=self.executed_quote_atoms,
            is_working=self.is_working,
            by_quote=bool(flags & _BY_QUOTE),
            accepted_ns=accepted_ns,
            updated_ns=self.updated_ns,
            working_ns=self.working_ns,
            expiry_reason=self.expiry_reason,
            strategy_id=strategy_id,
            strategy_type=strategy_type,
            prevented_match_id=self.prevented_match_id,
            prevented_lots=self.prevented_lots,
        )
