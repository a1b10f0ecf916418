"""What is listed, as requests name it: decimal text in, ticks, lots and atoms out."""

from collections.abc import Iterator
from typing import Final

import msgspec

from sunwise.chassis.log.catalog import Catalog
from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.parameters import DECIMAL_RANGE
from sunwise.exchange.gateway.streams.codecs import SymbolText
from sunwise.money.decimal_text import Malformed, TooLarge, TooPrecise, parse_scaled

_encode: Final = msgspec.json.Encoder().encode


class Listing:
    """One symbol under one version of its terms."""

    __slots__ = (
        "base", "base_text", "no_qty", "no_quote", "quote", "quote_text", "symbol", "text",
    )  # fmt: skip

    def __init__(self, symbol: Symbol, base: Asset, quote: Asset) -> None:
        self.symbol = symbol
        self.base = base
        self.quote = quote
        self.text = SymbolText(symbol, base, quote)
        self.base_text = json_text(base.name)
        self.quote_text = json_text(quote.name)
        self.no_qty = self.text.qty(0)
        self.no_quote = self.text.quote(0)

    def ticks(self, name: str, text: str) -> int:
        """A price in ticks. Raises ApiError -1111, -1108, or the filter that it fails."""
        atoms = scaled(name, text, self.quote.decimals)
        ticks, rest = divmod(atoms, self.symbol.price_atoms_per_tick)
        if rest:
            raise errors.filter_failure("PRICE_FILTER")
        return ticks

    def lots(self, name: str, text: str) -> int:
        """A quantity in lots. Raises as `ticks`."""
        atoms = scaled(name, text, self.base.decimals)
        lots, rest = divmod(atoms, self.symbol.base_atoms_per_lot)
        if rest:
            raise errors.filter_failure("LOT_SIZE")
        return lots

    def quote_atoms(self, name: str, text: str) -> int:
        """An amount of the quote asset in atoms. Raises ApiError -1111 or -1108."""
        return scaled(name, text, self.quote.decimals)


def json_text(text: str) -> str:
    """The text as a JSON string, quotes and all."""
    return _encode(text).decode()


def scaled(name: str, text: str, decimals: int) -> int:
    """A parameter in units of 10**-decimals. Raises ApiError."""
    try:
        return parse_scaled(text, decimals)
    except TooPrecise:
        raise errors.too_precise(name) from None
    except TooLarge:
        raise errors.overflow(name) from None
    except Malformed:
        raise errors.illegal(name, DECIMAL_RANGE) from None


class Listings:
    """All symbols and assets, derived from the catalog and kept until that changes."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._version = -1
        self._by_name: dict[str, Listing] = {}
        self._by_index: list[Listing] = []

    @property
    def version(self) -> int:
        """Rises with every change."""
        return self._catalog.version

    @property
    def assets(self) -> list[Asset]:
        """All assets by index."""
        return self._catalog.assets

    def named(self, name: str) -> Listing:
        """The symbol of this name. Raises ApiError -1121."""
        listing = self.find(name)
        if listing is None:
            raise errors.invalid_symbol()
        return listing

    def find(self, name: str) -> Listing | None:
        """The symbol of this name, or None."""
        if self._version != self._catalog.version:
            self._derive()
        return self._by_name.get(name)

    def at(self, index: int) -> Listing:
        """The symbol of this index. Raises ApiError -1001 while it is not known here.

        Read models may be ahead of the catalog by a moment.
        """
        if self._version != self._catalog.version:
            self._derive()
        if index >= len(self._by_index):
            raise errors.internal()
        return self._by_index[index]

    def asset(self, index: int) -> Asset:
        """The asset of this index. Raises as `at`."""
        if index >= len(self._catalog.assets):
            raise errors.internal()
        return self._catalog.assets[index]

    def __iter__(self) -> Iterator[Listing]:
        """All symbols in the order of their indexes."""
        if self._version != self._catalog.version:
            self._derive()
        return iter(self._by_index)

    def _derive(self) -> None:
        assets = self._catalog.assets
        self._by_index = [
            Listing(symbol, assets[symbol.base_asset], assets[symbol.quote_asset])
            for symbol in self._catalog.symbols
        ]
        self._by_name = {listing.symbol.name: listing for listing in self._by_index}
        self._version = self._catalog.version
