"""A symbol as its own exchangeInfo describes it, in whole ticks and lots."""

from typing import Any, Final

from msgspec import Struct

from sunwise.money.decimal_text import format_scaled

_DECIMALS: Final = 18
"""Enough for every tick and lot that a symbol can have."""
_ONE: Final[int] = 1_000_000_000_000_000_000  # 10**_DECIMALS


class Market(Struct, frozen=True, kw_only=True):
    """What a maker must know of a symbol. Prices are ticks, quantities lots."""

    name: str
    base: str
    quote: str
    tick: int
    """One tick, 10**-18 of the quote asset."""
    lot: int
    """One lot, 10**-18 of the base asset."""
    min_lots: int
    max_lots: int
    min_notional: float
    """Smallest price times quantity, in the quote asset."""

    def price_ticks(self, price: float) -> float:
        """The price in ticks, not rounded."""
        return price * _ONE / self.tick

    def lots(self, quantity: float) -> int:
        """The quantity in lots, rounded down."""
        return int(quantity * _ONE / self.lot)

    def quantity(self, lots: int) -> float:
        """The quantity as a number of whole units."""
        return lots * self.lot / _ONE

    def price_text(self, ticks: int) -> str:
        """The price as the API wants it."""
        return _text(ticks * self.tick)

    def quantity_text(self, lots: int) -> str:
        """The quantity as the API wants it."""
        return _text(lots * self.lot)

    def ticks_of_text(self, price: str) -> int:
        """The price of an API reply in ticks."""
        return _scaled(price) // self.tick

    def lots_of_text(self, quantity: str) -> int:
        """The quantity of an API reply in lots."""
        return _scaled(quantity) // self.lot


def read_market(symbol: dict[str, Any]) -> Market:
    """The market in one entry of exchangeInfo's `symbols`."""
    filters = {each["filterType"]: each for each in symbol["filters"]}
    size, price = filters["LOT_SIZE"], filters["PRICE_FILTER"]
    lot = _scaled(size["stepSize"])
    notional = filters.get("NOTIONAL", filters.get("MIN_NOTIONAL", {}))
    return Market(
        name=symbol["symbol"],
        base=symbol["baseAsset"],
        quote=symbol["quoteAsset"],
        tick=_scaled(price["tickSize"]),
        lot=lot,
        min_lots=max(1, -(-_scaled(size["minQty"]) // lot)),
        max_lots=int(float(size["maxQty"]) * _ONE / lot),
        min_notional=float(notional.get("minNotional", "0")),
    )


def _scaled(text: str) -> int:
    """The number in units of 10**-18, of any size."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(_DECIMALS, "0"))


def _text(scaled: int) -> str:
    return format_scaled(scaled, _DECIMALS).rstrip("0").rstrip(".")
