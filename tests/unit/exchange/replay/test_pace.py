"""Recorded time against the exchange's, on a clock that moves when it is slept on."""

import pytest

from sunwise.exchange.replay.session import Pace

MS = 1_000_000


class SleptClock:
    def __init__(self):
        self.ns = 5_000 * MS

    def monotonic_ns(self):
        return self.ns

    async def sleep(self, seconds):
        self.ns += round(seconds * 1e9)


async def passed_ms(times_ms, speed=1.0):
    clock = SleptClock()
    pace = Pace(clock, speed)
    start, passed = clock.ns, []
    for time_ms in times_ms:
        await pace.until(time_ms)
        passed.append((clock.ns - start) / MS)
    return passed


@pytest.mark.parametrize(("speed", "due"), [(1.0, [0, 100, 300]), (4.0, [0, 25, 75])])
async def test_frames_come_at_the_recorded_distances(speed, due):
    assert await passed_ms([7_000_000, 7_000_100, 7_000_300], speed) == due


async def test_a_frame_that_is_late_comes_at_once():
    assert await passed_ms([7_000_000, 7_000_100, 7_000_050, 7_000_200]) == [0, 100, 100, 200]


async def test_a_long_pause_is_left_out():
    assert await passed_ms([7_000_000, 7_000_100, 90_000_000, 90_000_100]) == [0, 100, 100, 200]


async def test_a_recording_may_begin_with_frames_without_a_time():
    assert await passed_ms([0, 7_000_000, 7_000_100]) == [0, 0, 100]
