"""Where candles begin and end, by the calendar."""

from datetime import UTC, datetime

import pytest

from sunwise.exchange.market_data.intervals import (
    NAMES,
    following,
    open_of,
    preceding,
)

HOUR_NS = 3600 * 10**9


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("interval", "moment", "opens", "next_opens"),
    [
        ("1s", "2024-02-29T23:59:59", "2024-02-29T23:59:59", "2024-03-01T00:00:00"),
        ("1m", "2024-02-29T23:59:59", "2024-02-29T23:59:00", "2024-03-01T00:00:00"),
        ("3m", "2024-03-01T00:05:59", "2024-03-01T00:03:00", "2024-03-01T00:06:00"),
        ("30m", "2024-03-01T00:59:59", "2024-03-01T00:30:00", "2024-03-01T01:00:00"),
        ("8h", "2024-03-01T15:59:59", "2024-03-01T08:00:00", "2024-03-01T16:00:00"),
        ("1d", "2024-02-29T12:00:00", "2024-02-29T00:00:00", "2024-03-01T00:00:00"),
        ("3d", "1970-01-03T12:00:00", "1970-01-01T00:00:00", "1970-01-04T00:00:00"),
        ("1w", "2024-03-03T23:59:59", "2024-02-26T00:00:00", "2024-03-04T00:00:00"),
        ("1w", "2024-03-04T00:00:00", "2024-03-04T00:00:00", "2024-03-11T00:00:00"),
        ("1M", "2024-02-29T23:59:59", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
        ("1M", "2023-02-28T23:59:59", "2023-02-01T00:00:00", "2023-03-01T00:00:00"),
        ("1M", "2024-12-31T23:59:59", "2024-12-01T00:00:00", "2025-01-01T00:00:00"),
        ("1M", "2024-01-31T00:00:00", "2024-01-01T00:00:00", "2024-02-01T00:00:00"),
    ],
)
def test_a_candle_opens_and_ends_where_its_calendar_says(interval, moment, opens, next_opens):
    assert open_of(interval, ns(moment)) == ns(opens)
    assert following(interval, ns(opens)) == ns(next_opens)
    assert preceding(interval, ns(next_opens)) == ns(opens)


@pytest.mark.parametrize("interval", NAMES)
def test_a_candle_opens_at_its_own_opening(interval):
    for moment in ("1970-01-01T00:00:00", "2024-02-29T11:22:33", "2199-12-31T23:59:59"):
        open_ns = open_of(interval, ns(moment))
        assert open_of(interval, open_ns) == open_ns
        assert open_of(interval, following(interval, open_ns) - 1) == open_ns


def test_a_day_in_tokyo_opens_at_15_utc():
    offset_ns = 9 * HOUR_NS
    opened = open_of("1d", ns("2024-03-01T14:59:59"), offset_ns=offset_ns)
    assert opened == ns("2024-02-29T15:00:00")
    month = open_of("1M", ns("2024-02-29T15:00:00"), offset_ns=offset_ns)
    assert month == ns("2024-02-29T15:00:00")
    assert following("1M", month, offset_ns=offset_ns) == ns("2024-03-31T15:00:00")
