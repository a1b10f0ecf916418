"""What a replay found: equality of the books, trades printed, organic and injected shares."""

from msgspec import Struct


class SymbolReport(Struct, kw_only=True):
    """One symbol's part of a replay."""

    symbol: str
    depth_updates: int = 0
    snapshots: int = 0
    compared: int = 0
    """Comparisons made: one after each depth update, and one after each snapshot used."""
    equal: int = 0
    """Comparisons in which every recorded level stood here with the recorded quantity."""
    trades: int = 0
    printed: int = 0
    """Recorded trades that printed here once, at their price and quantity and on their side."""
    organic: int = 0
    """Trades that met a recorded level of enough quantity."""
    organic_past_stale: int = 0
    """Of those: trades for which better levels, which the next update removed, were withdrawn."""
    injected: int = 0
    """Trades whose maker had to be invented: the depth feed is 100 ms late."""
    foreign_trades: int = 0
    """Trades between an order of the replay and somebody else's."""
    commands: int = 0
    gaps: int = 0
    unbridged_snapshots: int = 0
    crossed_levels_skipped: int = 0
    refusals: dict[str, int] = {}
    differences: list[str] = []
    """The first things that were not as recorded, in words."""

    @property
    def is_exact(self) -> bool:
        """Whether every book was equal and every trade printed as recorded."""
        return self.equal == self.compared and self.printed == self.trades


class ReplayReport(Struct, kw_only=True):
    """A whole replay."""

    symbols: list[SymbolReport]
    frames: int
    elapsed_s: float

    @property
    def is_exact(self) -> bool:
        """Whether every symbol is exact."""
        return all(symbol.is_exact for symbol in self.symbols)

    @property
    def foreign_trades(self) -> int:
        """Trades with somebody else's orders, over all symbols."""
        return sum(symbol.foreign_trades for symbol in self.symbols)

    @property
    def frames_per_s(self) -> float:
        """Frames of every kind, a second."""
        return self.frames / self.elapsed_s if self.elapsed_s else 0.0
