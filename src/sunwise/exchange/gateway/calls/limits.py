"""How much one address may ask and one account may order.

Windows are aligned to the clock, as Binance's are: a minute of weight begins at second 0. All of
it lives in memory; what a window has counted is dropped with the window.
"""

from collections.abc import Iterator
from typing import Annotated, Final, NoReturn

from msgspec import Meta, Struct

from sunwise.chassis.clock import Clock
from sunwise.exchange.gateway import errors

_SECOND_NS: Final = 1_000_000_000
_MINUTE_NS: Final = 60 * _SECOND_NS
_DAY_NS: Final = 86_400 * _SECOND_NS
_FIRST_BAN_NS: Final = 2 * _MINUTE_NS
_LONGEST_BAN_NS: Final = 3 * _DAY_NS
_FORGET_BANS_NS: Final = 7 * _DAY_NS

Positive = Annotated[int, Meta(ge=1)]


class LimitSettings(Struct, frozen=True, kw_only=True):
    """What the limits are. The numbers are Binance's."""

    enabled: bool = True
    weight_per_minute: Positive = 6_000  # of one address
    raw_per_5_minutes: Positive = 300_000  # requests of one address
    orders_per_10_seconds: Positive = 100  # unfilled orders of one account
    orders_per_day: Positive = 200_000
    refusals_before_ban: Positive = 60  # 429s within a minute, then 418


class Address:
    """What one address has used in the windows of now."""

    __slots__ = ("banned_until_ns", "bans", "minute", "raw", "raw_window", "refused", "used")

    def __init__(self) -> None:
        self.minute = self.raw_window = -1
        self.used = self.raw = self.refused = self.bans = 0
        self.banned_until_ns = 0


class RequestLimits:
    """Request weight and raw requests of each address; bans for those that do not back off."""

    def __init__(self, settings: LimitSettings, clock: Clock) -> None:
        self._settings = settings
        self._is_enabled = settings.enabled
        self._weight_limit = settings.weight_per_minute
        self._raw_limit = settings.raw_per_5_minutes
        self._now_ns = clock.now_ns
        self._addresses: dict[str, Address] = {}
        self._nobody = Address()  # of everybody while limits are switched off
        self._swept_minute = -1

    def enter(self, ip: str, now_ns: int) -> Address:
        """Counts one request. Raises ApiError 418 or 429 when the address must wait."""
        if not self._is_enabled:
            return self._nobody
        address = self._addresses.get(ip)
        minute = now_ns // _MINUTE_NS
        if address is None or address.minute != minute:
            address = self._turn(ip, minute)
        if address.banned_until_ns > now_ns:
            left_s = -(-(address.banned_until_ns - now_ns) // _SECOND_NS)
            raise errors.banned(address.banned_until_ns // 1_000_000, left_s)
        address.raw += 1
        if address.raw > self._raw_limit:
            self._refused(address, now_ns)
            left_s = _left_s(now_ns, 5 * _MINUTE_NS)
            raise errors.too_many_requests(self._raw_limit, "5 MINUTES", left_s)
        if address.used >= self._weight_limit:
            self._refuse_weight(address, now_ns)
        return address

    def check(self, address: Address, weight: int, now_ns: int) -> None:
        """Raises ApiError 429 when the address has not so much weight left."""
        if address.used + weight > self._weight_limit and self._is_enabled:
            self._refuse_weight(address, now_ns)

    def take(self, address: Address, weight: int) -> None:
        """Takes weight from the address."""
        if self._is_enabled:
            address.used += weight

    def admit(self, ip: str) -> None:
        """As `enter`, now."""
        self.enter(ip, self._now_ns())

    def charge(self, ip: str, weight: int) -> None:
        """As `check` and `take`, now."""
        if self._is_enabled:
            now_ns = self._now_ns()
            address = self._addresses.get(ip)
            if address is None or address.minute != now_ns // _MINUTE_NS:
                address = self._turn(ip, now_ns // _MINUTE_NS)
            self.check(address, weight, now_ns)
            address.used += weight

    def used(self, ip: str) -> int:
        """Weight that the address has used in this minute."""
        address = self._addresses.get(ip)
        if address is None or address.minute != self._now_ns() // _MINUTE_NS:
            return 0
        return address.used

    def describe(self) -> Iterator[dict[str, str | int]]:
        """The limits as exchangeInfo lists them."""
        settings = self._settings
        yield _described("REQUEST_WEIGHT", "MINUTE", 1, settings.weight_per_minute)
        yield _described("ORDERS", "SECOND", 10, settings.orders_per_10_seconds)
        yield _described("ORDERS", "DAY", 1, settings.orders_per_day)
        yield _described("RAW_REQUESTS", "MINUTE", 5, settings.raw_per_5_minutes)

    def _refuse_weight(self, address: Address, now_ns: int) -> NoReturn:
        self._refused(address, now_ns)
        raise errors.too_much_weight(self._weight_limit, "1 MINUTE", _left_s(now_ns, _MINUTE_NS))

    def _refused(self, address: Address, now_ns: int) -> None:
        address.refused += 1
        if address.refused >= self._settings.refusals_before_ban:
            address.refused = 0
            length_ns = min(_LONGEST_BAN_NS, _FIRST_BAN_NS << min(address.bans, 12))
            address.bans += 1
            address.banned_until_ns = now_ns + length_ns

    def _turn(self, ip: str, minute: int) -> Address:
        """The address in a new minute."""
        address = self._addresses.get(ip)
        if address is None:
            self._sweep(minute)
            address = self._addresses[ip] = Address()
        address.minute, address.used, address.refused = minute, 0, 0
        if address.raw_window != minute // 5:
            address.raw_window, address.raw = minute // 5, 0
        return address

    def _sweep(self, minute: int) -> None:
        """Forgets addresses of the past, once a minute, when a new one comes."""
        if self._swept_minute == minute:
            return
        self._swept_minute = minute
        for ip, address in list(self._addresses.items()):
            forgotten_ns = address.banned_until_ns + _FORGET_BANS_NS
            if address.minute + 5 < minute and forgotten_ns < minute * _MINUTE_NS:
                del self._addresses[ip]


class Unfilled:
    """Unfilled orders of one account in the windows of now."""

    __slots__ = ("day", "day_count", "ten_count", "tens")

    def __init__(self) -> None:
        self.tens = self.day = -1
        self.ten_count = self.day_count = 0

    def give_back(self, orders: int) -> None:
        """Orders that were refused, or that traded."""
        self.ten_count = max(0, self.ten_count - orders)
        self.day_count = max(0, self.day_count - orders)


class OrderLimits:
    """Orders of each account that have not traded, in 10 seconds and in a UTC day.

    An order is given back when it is refused and when it trades in the command that placed it. A
    first fill as maker is not seen here and gives nothing back (order_count_decrement.md leaves
    room for that: its examples "only give a general idea").
    """

    def __init__(self, settings: LimitSettings, clock: Clock) -> None:
        self._settings = settings
        self._now_ns = clock.now_ns
        self._accounts: dict[int, Unfilled] = {}
        self._limits = (settings.orders_per_10_seconds, settings.orders_per_day)

    def count(self, account: int, orders: int, now_ns: int, *, exempt: bool) -> Unfilled:
        """Counts new orders. Raises ApiError -1015 (429) when the account has too many.

        Beyond the day's limit the ten seconds are not counted any further, as Binance has it.
        """
        state = self._at(account, now_ns)
        if exempt or not self._settings.enabled:
            return state
        per_tens, per_day = self._limits
        if state.day_count + orders > per_day:
            raise errors.too_many_orders(per_day, "1 DAY", _left_s(now_ns, _DAY_NS))
        if state.ten_count + orders > per_tens:
            left_s = _left_s(now_ns, 10 * _SECOND_NS)
            raise errors.too_many_orders(per_tens, "10 SECOND", left_s)
        state.ten_count += orders
        state.day_count += orders
        return state

    def counts(self, account: int) -> tuple[int, int]:
        """Unfilled orders in these ten seconds and on this day."""
        if account not in self._accounts:
            return 0, 0
        state = self._at(account, self._now_ns())
        return state.ten_count, state.day_count

    def describe(self, account: int) -> Iterator[dict[str, str | int]]:
        """Limits and counts as GET rateLimit/order lists them."""
        ten, day = self.counts(account)
        settings = self._settings
        yield _described("ORDERS", "SECOND", 10, settings.orders_per_10_seconds) | {"count": ten}
        yield _described("ORDERS", "DAY", 1, settings.orders_per_day) | {"count": day}

    def _at(self, account: int, now_ns: int) -> Unfilled:
        state = self._accounts.get(account)
        if state is None:
            state = self._accounts[account] = Unfilled()
        tens = now_ns // (10 * _SECOND_NS)
        if state.tens != tens:
            state.tens, state.ten_count = tens, 0
            if state.day != now_ns // _DAY_NS:
                state.day, state.day_count = now_ns // _DAY_NS, 0
        return state


def _left_s(now_ns: int, window_ns: int) -> int:
    """Whole seconds until the window ends, at least 1."""
    return -(-(window_ns - now_ns % window_ns) // _SECOND_NS)


def _described(kind: str, interval: str, number: int, limit: int) -> dict[str, str | int]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
