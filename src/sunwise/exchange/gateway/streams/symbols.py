"""What is listed, as streams write it: derived from the catalog and kept until that changes."""

from sunwise.chassis.log.catalog import Catalog
from sunwise.contracts.exchange.catalog import Asset
from sunwise.exchange.gateway.streams.codecs import SymbolText


class StreamNames:
    """Symbols and assets by index, and symbols by their lower-case name in streams."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._texts: list[SymbolText] = []
        self._by_name: dict[str, SymbolText] = {}

    @property
    def version(self) -> int:
        """Rises with every change of the listings."""
        return self._catalog.version

    def asset(self, index: int) -> Asset:
        """The asset of this index, which has to be known here."""
        return self._catalog.assets[index]

    def symbol(self, index: int) -> SymbolText:
        """The symbol of this index, which has to be known here."""
        if index >= len(self._texts):
            self._catch_up()
        return self._texts[index]

    def has_asset(self, index: int) -> bool:
        """Whether it is known here; events may be ahead of the catalog."""
        return index < len(self._catalog.assets)

    def has_symbol(self, index: int) -> bool:
        """Whether it is known here; events may be ahead of the catalog."""
        return index < len(self._catalog.symbols)

    def of_stream(self, name: str) -> SymbolText | None:
        """The symbol that streams call by this name, or None."""
        self._catch_up()
        return self._by_name.get(name)

    def _catch_up(self) -> None:
        assets = self._catalog.assets
        for symbol in self._catalog.symbols[len(self._texts) :]:
            text = SymbolText(symbol, assets[symbol.base_asset], assets[symbol.quote_asset])
            self._texts.append(text)
            self._by_name[symbol.name.lower()] = text
