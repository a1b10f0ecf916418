"""Recorded Binance spot frames, one a line: `<local ns> <json>` or plain JSON, plain or gzipped.

Combined-stream frames (`{"stream": ..., "data": {...}}`), raw frames and REST depth snapshots
(`{"lastUpdateId": ...}`) are read; anything else on a line of its own counts as `OtherFrame`.
Source: Binance spot docs, "WebSocket Streams" and "Order book" (2026-07).
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from msgspec import DecodeError, Struct, json

from sunwise.chassis.errors import Permanent

LevelText = tuple[str, str]
"""A level's price and its absolute quantity, as recorded."""


class NotARecording(Permanent):
    """A file holds no frames that can be replayed; the message says what to do."""


class DepthUpdate(Struct, frozen=True, gc=False):
    """Levels that changed, with their absolute quantities (stream `<symbol>@depth`)."""

    symbol: str
    time_ms: int
    first_update_id: int
    last_update_id: int
    bids: list[LevelText]
    asks: list[LevelText]


class DepthSnapshot(Struct, frozen=True, gc=False):
    """The best levels of both sides at one update id (REST `depth`)."""

    symbol: str
    time_ms: int
    last_update_id: int
    bids: list[LevelText]
    asks: list[LevelText]


class RecordedTrade(Struct, frozen=True, gc=False):
    """One trade (stream `<symbol>@trade`)."""

    symbol: str
    time_ms: int
    trade_id: int
    price: str
    quantity: str
    buyer_is_maker: bool


class OtherFrame(Struct, frozen=True, gc=False):
    """A frame that a replay has no use for, such as bookTicker, or a line that is no frame."""

    symbol: str
    time_ms: int
    is_damaged: bool = False


Frame = DepthUpdate | DepthSnapshot | RecordedTrade | OtherFrame


class _Wire(Struct, gc=False):
    """Every field of every frame, by Binance's names; absent ones keep their defaults.

    `b` and `a` are levels in depth updates, prices in bookTicker, order ids in old trades.
    """

    e: str = ""
    E: int = 0
    T: int = 0
    s: str = ""
    U: int = 0
    u: int = 0
    t: int = 0
    b: list[LevelText] | str | int = ""
    a: list[LevelText] | str | int = ""
    p: str = ""
    q: str = ""
    m: bool = False
    lastUpdateId: int = 0  # noqa: N815 - the wire's name
    bids: list[LevelText] = []
    asks: list[LevelText] = []


class _Line(_Wire):
    """A combined-stream frame holds the frame in `data`, any other is the frame itself."""

    stream: str = ""
    data: _Wire | None = None


_decoder = json.Decoder(_Line)


def read_frames(path: Path) -> Iterator[Frame]:
    """The frames of one file in the order of its lines; never more than one line in memory.

    A line that is no frame comes as a damaged OtherFrame; a gzip file that was cut off ends where
    it was cut, with a damaged OtherFrame. A snapshot gets the symbol whose update ids are nearest.
    Raises NotARecording when the file cannot be read.
    """
    naming = _SnapshotNaming()
    time_ms = 0
    for line in _lines(path):
        frame = _decode(line, time_ms)
        time_ms = frame.time_ms
        yield from naming.named(frame)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with _opened(path) as file:
            yield from file
    except (EOFError, zlib.error):
        yield b"the file ends in the middle of its compressed data"
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotARecording(f"Cannot read {path}: {reason}. Name a file of frames.") from error


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip else path.open("rb")


def _decode(line: bytes, previous_ms: int) -> Frame:
    start = line.find(b"{")
    try:
        local_ns = int(line[:start]) if start > 0 else 0
        wire = _decoder.decode(line[start:])
    except (DecodeError, ValueError):
        return OtherFrame("", previous_ms, is_damaged=bool(line.strip()))
    frame = wire.data or wire
    time_ms = frame.E or frame.T or previous_ms or local_ns // 1_000_000
    if frame.e == "trade":
        return RecordedTrade(frame.s, frame.T or time_ms, frame.t, frame.p, frame.q, frame.m)
    if frame.e == "depthUpdate" and isinstance(frame.b, list) and isinstance(frame.a, list):
        return DepthUpdate(frame.s, time_ms, frame.U, frame.u, frame.b, frame.a)
    if frame.lastUpdateId and not wire.stream:
        return DepthSnapshot(frame.s, time_ms, frame.lastUpdateId, frame.bids, frame.asks)
    return OtherFrame(frame.s, time_ms)


class _SnapshotNaming:
    """Gives each snapshot the symbol it belongs to: the REST reply does not say."""

    def __init__(self) -> None:
        self._last_update_ids: dict[str, int] = {}
        self._unnamed: list[DepthSnapshot] = []

    def named(self, frame: Frame) -> Iterator[Frame]:
        """The frame, and before it snapshots that can be named now."""
        if isinstance(frame, DepthUpdate):
            self._last_update_ids[frame.symbol] = frame.last_update_id
            waiting, self._unnamed = self._unnamed, []
            for snapshot in waiting:
                yield self._with_symbol(snapshot)
        if isinstance(frame, DepthSnapshot) and not frame.symbol:
            if not self._last_update_ids:
                self._unnamed.append(frame)
                return
            frame = self._with_symbol(frame)
        yield frame

    def _with_symbol(self, frame: DepthSnapshot) -> DepthSnapshot:
        distance = {
            symbol: abs(last - frame.last_update_id)
            for symbol, last in self._last_update_ids.items()
        }
        symbol = min(distance, key=lambda name: distance[name])
        return DepthSnapshot(symbol, frame.time_ms, frame.last_update_id, frame.bids, frame.asks)
