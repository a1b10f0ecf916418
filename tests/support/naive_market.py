"""Market data the slow way: everything recomputed from the list of all trades and all orders."""

from datetime import datetime, timedelta, timezone

from tests.support.toy_exchange import ToyTrade

MINUTE_NS = 60 * 10**9
DAY_NS = 24 * 60 * MINUTE_NS
_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360,
    "8h": 480, "12h": 720,
}  # fmt: skip


def open_ns(interval: str, time_ns: int, offset_minutes: int = 0) -> int:
    """Where a candle begins, by the calendar of the standard library."""
    zone = timezone(timedelta(minutes=offset_minutes))
    moment = datetime.fromtimestamp(time_ns // 10**9, zone)
    midnight = moment.replace(hour=0, minute=0, second=0)
    if interval == "1s":
        begin = moment
    elif interval in _MINUTES:
        minutes = (moment.hour * 60 + moment.minute) // _MINUTES[interval] * _MINUTES[interval]
        begin = midnight + timedelta(minutes=minutes)
    elif interval == "1d":
        begin = midnight
    elif interval == "3d":
        begin = midnight - timedelta(days=(midnight.date().toordinal() - 719_163) % 3)
    elif interval == "1w":
        begin = midnight - timedelta(days=midnight.weekday())
    else:
        begin = midnight.replace(day=1)
    return int(begin.timestamp()) * 10**9


def naive_candle(trades: list[ToyTrade], before: int) -> tuple:
    """(open, high, low, close, lots, quote, count, buy lots, buy quote, first id, last id)."""
    if not trades:
        return (before, before, before, before, 0, 0, 0, 0, 0, -1, -1)
    prices = [trade.price for trade in trades]
    bought = [trade for trade in trades if trade.taker.side == 0]
    return (
        prices[0], max(prices), min(prices), prices[-1],
        sum(trade.qty for trade in trades), sum(trade.quote for trade in trades), len(trades),
        sum(trade.qty for trade in bought), sum(trade.quote for trade in bought),
        trades[0].trade_id, trades[-1].trade_id,
    )  # fmt: skip


def naive_candles(
    trades: list[ToyTrade], interval: str, now_ns: int, offset_minutes: int = 0
) -> list[tuple]:
    """(open_ns, candle) from the first trade's to the one at work, empty ones too."""
    if not trades:
        return []
    found, at_ns, before = [], open_ns(interval, trades[0].time_ns, offset_minutes), 0
    while at_ns <= now_ns:
        within = [t for t in trades if open_ns(interval, t.time_ns, offset_minutes) == at_ns]
        candle = naive_candle(within, before)
        found.append((at_ns, *candle))
        before = candle[3]
        at_ns = _following(interval, at_ns, offset_minutes)
    return found


def _following(interval: str, at_ns: int, offset_minutes: int) -> int:
    """The next beginning, found by walking."""
    step = 10**9 if interval == "1s" else MINUTE_NS
    if interval not in ("1s", "1m", "3m", "5m", "15m", "30m"):
        step = 60 * MINUTE_NS
    next_ns = at_ns + step
    while open_ns(interval, next_ns, offset_minutes) == at_ns:
        next_ns += step
    return open_ns(interval, next_ns, offset_minutes)


def naive_day(trades: list[ToyTrade], now_ns: int) -> tuple:
    """(candle of the window, previous close): from the minute that holds `now - 24 h`."""
    begin_ns = (now_ns - DAY_NS) // MINUTE_NS * MINUTE_NS
    within = [trade for trade in trades if trade.time_ns >= begin_ns]
    before = [trade for trade in trades if trade.time_ns < begin_ns]
    previous = before[-1].price if before else 0
    return naive_candle(within, previous), previous


def naive_average(trades: list[ToyTrade], minutes: int, now_ns: int) -> tuple[int, int]:
    """(ticks x lots, lots) of the buckets of ten seconds that the engine's filters average."""
    bucket = 10 * 10**9
    first = now_ns // bucket - minutes * 6 + 1
    within = [trade for trade in trades if trade.time_ns // bucket >= first]
    return sum(t.price * t.qty for t in within), sum(t.qty for t in within)
