import time

import pytest

from sunwise.chassis.clock import AcceleratedClock


def test_an_accelerated_clock_runs_at_its_rate_from_its_origin():
    clock = AcceleratedClock(rate=1_000.0, origin_ns=5_000_000_000_000)
    time.sleep(0.02)
    assert 5_020_000_000_000 <= clock.now_ns() < 5_400_000_000_000


def test_clocks_with_the_same_start_agree():
    first = AcceleratedClock(rate=50.0, origin_ns=7)
    second = AcceleratedClock(rate=50.0, origin_ns=7, started_ns=first.started_ns)
    before, between, after = first.now_ns(), second.now_ns(), first.now_ns()
    assert before <= between <= after


@pytest.mark.parametrize("rate", [0, -1, 2e6, float("nan")])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(ValueError, match="rate must be above 0"):
        AcceleratedClock(rate=rate, origin_ns=0)
