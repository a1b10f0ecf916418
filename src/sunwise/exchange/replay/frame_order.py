"""Frames in the order of the recorded exchange, not of their arrival at the recorder.

A trade carries the time of the match (T), a depth update the time at which it was sent (E) after
collecting 100 ms of changes. The streams overtake each other by up to some hundred milliseconds on
the way: in the sample of 2024-08-08 every fifth BTCUSDT trade arrives after the depth update that
already holds its effect. Sorted by those times, a trade meets the book it was made in.
"""

import heapq
from collections.abc import Iterable, Iterator

from sunwise.exchange.replay.frames import Frame, RecordedTrade

WINDOW_MS = 2_000
"""How far apart frames may have overtaken each other; older ones keep their place in the file."""


def in_exchange_order(frames: Iterable[Frame], *, window_ms: int = WINDOW_MS) -> Iterator[Frame]:
    """The frames by exchange time, trades before the depth update of the same millisecond.

    Keeps at most `window_ms` of frames in memory. Frames of equal time keep their order.
    """
    held: list[tuple[int, bool, int, Frame]] = []
    newest_ms = 0
    for number, frame in enumerate(frames):
        newest_ms = max(newest_ms, frame.time_ms)
        heapq.heappush(held, (*_place(frame), number, frame))
        while held[0][0] < newest_ms - window_ms:
            yield heapq.heappop(held)[3]
    while held:
        yield heapq.heappop(held)[3]


def merged(recordings: Iterable[Iterable[Frame]]) -> Iterator[Frame]:
    """Frames of several recordings, each in exchange order, as one."""
    return heapq.merge(*recordings, key=_place)


def _place(frame: Frame) -> tuple[int, bool]:
    return frame.time_ms, not isinstance(frame, RecordedTrade)
