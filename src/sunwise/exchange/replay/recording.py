"""What a recording holds, found by reading it once: symbols, precision, counts and time span.

Precision comes from the data, not from today's filters: books hold old orders that are finer than
the lot in force (BTCUSDT of 2024-08 has six decimals of quantity, its LOT_SIZE five).
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from msgspec import Struct

from sunwise.exchange.replay.frame_order import in_exchange_order, merged
from sunwise.exchange.replay.frames import (
    DepthSnapshot,
    DepthUpdate,
    Frame,
    NotARecording,
    OtherFrame,
    RecordedTrade,
    read_frames,
)
from sunwise.money.decimal_text import Malformed, TooLarge, parse_scaled

_MAX_DECIMALS = 18
_PROGRESS_EVERY = 4_096


class RecordedSymbol(Struct, kw_only=True):
    """What a recording says about one symbol."""

    name: str
    price_decimals: int = 0
    """The finest price has this many decimals."""
    quantity_decimals: int = 0
    """The finest quantity has this many decimals."""
    max_price: int = 0
    """Highest price, in units of 10**-price_decimals once the scan is complete."""
    max_quantity: int = 0
    """Largest level or trade, in units of 10**-quantity_decimals once the scan is complete."""
    last_price: str = ""
    """Of the last trade, as recorded; empty without any."""
    depth_updates: int = 0
    trades: int = 0
    snapshots: int = 0


class Recording(Struct, kw_only=True):
    """Files that are replayed together."""

    paths: list[Path]
    symbols: dict[str, RecordedSymbol]
    frames: int = 0
    other_frames: int = 0
    damaged_lines: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def in_order(self) -> Iterator[Frame]:
        """Every frame of every file in exchange order."""
        return merged(in_exchange_order(read_frames(path)) for path in self.paths)


def scan(paths: list[Path], *, progress: Callable[[int], None] | None = None) -> Recording:
    """The recording in `paths`; calls `progress` with the number of frames read so far.

    Raises NotARecording when a file holds neither depth updates nor trades, or a number that no
    exchange could print.
    """
    recording = Recording(paths=paths, symbols={})
    extremes: dict[str, _Extremes] = {}
    for path in paths:
        before = recording.frames - recording.other_frames
        for frame in read_frames(path):
            _count(recording, frame, extremes)
            if progress and recording.frames % _PROGRESS_EVERY == 0:
                progress(recording.frames)
        if recording.frames - recording.other_frames == before:
            raise NotARecording(
                f"{path} holds no Binance depth updates or trades. Expected lines such as "
                '`<local ns> {"stream":"btcusdt@trade","data":{...}}`, plain or gzipped.'
            )
    for name, found in extremes.items():
        found.settle(recording.symbols[name])
    return recording


def _count(recording: Recording, frame: Frame, extremes: dict[str, "_Extremes"]) -> None:
    recording.frames += 1
    if isinstance(frame, OtherFrame):
        recording.other_frames += 1
        recording.damaged_lines += frame.is_damaged
        return
    recording.first_ms = min(recording.first_ms or frame.time_ms, frame.time_ms)
    recording.last_ms = max(recording.last_ms, frame.time_ms)
    symbol = recording.symbols.setdefault(frame.symbol, RecordedSymbol(name=frame.symbol))
    found = extremes.setdefault(frame.symbol, _Extremes())
    if isinstance(frame, RecordedTrade):
        symbol.trades += 1
        symbol.last_price = frame.price
        found.note(frame.price, frame.quantity)
        return
    if isinstance(frame, DepthUpdate):
        symbol.depth_updates += 1
    elif isinstance(frame, DepthSnapshot):
        symbol.snapshots += 1
    for price, quantity in chain(frame.bids, frame.asks):
        found.note(price, quantity)


class _Extremes:
    """Texts seen, and what is needed of them: a text is judged once, however often it comes."""

    def __init__(self) -> None:
        self._prices: set[str] = set()
        self._quantities: set[str] = set()

    def note(self, price: str, quantity: str) -> None:
        self._prices.add(price)
        self._quantities.add(quantity)

    def settle(self, symbol: RecordedSymbol) -> None:
        """Writes precision and maxima into `symbol`."""
        symbol.price_decimals = max(map(_decimals, self._prices), default=0)
        symbol.quantity_decimals = max(map(_decimals, self._quantities), default=0)
        symbol.max_price = _largest(symbol.name, self._prices, symbol.price_decimals)
        symbol.max_quantity = _largest(symbol.name, self._quantities, symbol.quantity_decimals)


def _decimals(text: str) -> int:
    return len(text.partition(".")[2].rstrip("0"))


def _largest(symbol: str, texts: set[str], decimals: int) -> int:
    if decimals > _MAX_DECIMALS:
        raise NotARecording(f"A number of {symbol} has {decimals} decimals: no asset has so many.")
    try:
        return max((parse_scaled(text, decimals) for text in texts), default=0)
    except (Malformed, TooLarge) as error:
        raise NotARecording(f"{symbol} holds a price or quantity that is none: {error}") from error
