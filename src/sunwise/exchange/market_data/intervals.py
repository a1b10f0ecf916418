"""The sixteen intervals of candles: where each begins, in UTC.

Days and shorter ones count from 1970, as do three days; weeks begin on Monday, months on the first.
Source: binance-spot-api-docs, "Kline/Candlestick chart intervals"; weeks and months as observed.
"""

from datetime import date
from typing import Final

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS
DAY_NS: Final = 24 * HOUR_NS
_FIRST_MONDAY_NS: Final = 4 * DAY_NS  # 1970-01-05
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

LENGTHS_NS: Final = {
    "1s": SECOND_NS,
    "1m": MINUTE_NS,
    "3m": 3 * MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": HOUR_NS,
    "2h": 2 * HOUR_NS,
    "4h": 4 * HOUR_NS,
    "6h": 6 * HOUR_NS,
    "8h": 8 * HOUR_NS,
    "12h": 12 * HOUR_NS,
    "1d": DAY_NS,
    "3d": 3 * DAY_NS,
    "1w": 7 * DAY_NS,
    "1M": 0,
}
"""By name, shortest first; a month has no fixed length."""
NAMES: Final = tuple(LENGTHS_NS)
SECOND: Final = NAMES.index("1s")
MINUTE: Final = NAMES.index("1m")
MONTH: Final = "1M"


def open_of(interval: str, time_ns: int, *, offset_ns: int = 0) -> int:
    """When the candle that holds `time_ns` opens. `offset_ns` is a time zone's distance east of UTC."""
    local_ns = time_ns + offset_ns
    if interval == MONTH:
        return _month_open(local_ns) - offset_ns
    phase_ns = _FIRST_MONDAY_NS if interval == "1w" else 0
    return local_ns - (local_ns - phase_ns) % LENGTHS_NS[interval] - offset_ns


def following(interval: str, open_ns: int, *, offset_ns: int = 0) -> int:
    """When the candle after the one that opens at `open_ns` opens."""
    if interval == MONTH:
        return _month_open(open_ns + offset_ns + 32 * DAY_NS) - offset_ns
    return open_ns + LENGTHS_NS[interval]


def preceding(interval: str, open_ns: int, *, offset_ns: int = 0) -> int:
    """When the candle before the one that opens at `open_ns` opens."""
    return open_of(interval, open_ns - 1, offset_ns=offset_ns)


def _month_open(local_ns: int) -> int:
    day = date.fromordinal(_EPOCH_DAY + local_ns // DAY_NS)
    return (day.replace(day=1).toordinal() - _EPOCH_DAY) * DAY_NS
