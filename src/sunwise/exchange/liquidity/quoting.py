"""Which orders one market maker wants in the book of one symbol, and how it gets there.

Prices lie on a grid of about one basis point, fixed for the run: rungs below the fair price hold
bids, rungs above it asks. When the fair price moves past a rung only the rungs near it and the
farthest ones change, so a moving market costs a few orders a second, not a whole ladder. A rung's
exact price and its quantity come from a hash of seed, symbol and rung: the same rung looks the same
whenever it comes back, until its turn to be refreshed.

Plain data in, plain data out; the caller sends the orders. Decisions depend on the seed, the fair
prices and the fills told here, so the same inputs give the same orders.
"""

import hashlib
import math
import random
from typing import Annotated

from msgspec import Meta, Struct

from sunwise.exchange.liquidity.market import Market

BUY, SELL = "BUY", "SELL"
Rung = tuple[str, int]
"""Side and place on the price grid."""


class LadderShape(Struct, frozen=True, kw_only=True):
    """How a maker's book looks."""

    rungs: Annotated[int, Meta(ge=1, le=100)] = 8
    """Orders on each side."""
    grid_bps: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    """Distance between rungs, basis points of the anchor price; also the spread."""
    median_notional: Annotated[float, Meta(gt=0)] = 4_000.0
    """Median value of an order, in the unit of account."""
    refresh_s: Annotated[float, Meta(gt=0)] = 15.0
    """Mean time between changes of a rung's quantity, s, over the whole ladder."""


class Quote(Struct, frozen=True, gc=False):
    """An order to rest: LIMIT_MAKER, so that it can never take."""

    rung: Rung
    side: str
    price_ticks: int
    qty_lots: int
    client_id: str


class _Open(Struct, gc=False):
    client_id: str
    left_lots: int


_SPARE_RUNGS = 4  # kept beyond the ladder's end, so that a price that comes back costs nothing
_MAX_QUOTES_A_STEP = 6  # Binance allows 100 orders in 10 s for an account
_HYSTERESIS = 0.25  # of a cell: how far past a rung the fair price must be to count
_SHY_STEPS = 40  # after a refusal for lack of funds, that side waits this many steps


class Maker:
    """One symbol's market maker."""

    def __init__(
        self, market: Market, anchor_price: float, *, seed: int, run: str, shape: LadderShape
    ) -> None:
        """`run` begins every client order id: it must differ from every earlier run's."""
        self.market = market
        self.shape = shape
        self._seed = f"{seed}/{market.name}"
        self._run = run
        self._dice = random.Random(f"{self._seed}/maker")
        self._grid = max(1, round(market.price_ticks(anchor_price) * shape.grid_bps / 10_000))
        self._open: dict[Rung, _Open] = {}
        self._rung_of: dict[str, Rung] = {}
        self._version: dict[Rung, int] = {}
        self._shy_until: dict[str, int] = {BUY: 0, SELL: 0}
        self._middle: int | None = None
        self._step = 0
        self._count = 0

    def cancels(self, fair_price: float, seconds: float) -> list[str]:
        """Client order ids to cancel now that the fair price is this. Call once a step, first.

        `seconds` have passed since the step before.
        """
        self._step += 1
        self._move_middle(self.market.price_ticks(fair_price) / self._grid)
        reach = range(self.shape.rungs + _SPARE_RUNGS)
        unwanted = {rung for rung in self._open if self._distance(rung) not in reach}
        if self._open and self._dice.random() < seconds / self.shape.refresh_s:
            rung = self._dice.choice(sorted(self._open))
            self._version[rung] = self._version.get(rung, 0) + 1
            unwanted.add(rung)
        return [self._open[rung].client_id for rung in sorted(unwanted)]

    def quotes(self, unit_value: float) -> list[Quote]:
        """Orders to place, nearest rungs first; `unit_value`: value of one unit of base."""
        quotes: list[Quote] = []
        for distance in range(self.shape.rungs):
            for side in (BUY, SELL):
                rung = self._rung(side, distance)
                if rung in self._open or self._shy_until[side] > self._step:
                    continue
                if len(quotes) < _MAX_QUOTES_A_STEP or not self._open:
                    quotes.append(self._quote(rung, unit_value))
        for quote in quotes:
            self._open[quote.rung] = _Open(quote.client_id, quote.qty_lots)
            self._rung_of[quote.client_id] = quote.rung
        return quotes

    def closed(self, client_id: str) -> None:
        """The order is gone: cancelled, refused or filled."""
        rung = self._rung_of.pop(client_id, None)
        if rung is not None:
            del self._open[rung]

    def short_of_funds(self, side: str) -> None:
        """An order was refused for lack of funds: that side stays out for a while."""
        self._shy_until[side] = self._step + _SHY_STEPS

    def filled(self, client_id: str, left_lots: int) -> None:
        """The order has `left_lots` left; may be told several times and late."""
        rung = self._rung_of.get(client_id)
        if rung is None:
            return
        self._open[rung].left_lots = min(self._open[rung].left_lots, left_lots)
        if left_lots <= 0:
            self.closed(client_id)

    def taken(self, side: str, price_ticks: int, lots: int) -> None:
        """A known taker took `lots` from the order of `side` at this price."""
        rung = (side, price_ticks // self._grid if side == SELL else -(-price_ticks // self._grid))
        order = self._open.get(rung)
        if order is not None:
            self.filled(order.client_id, order.left_lots - lots)

    def forget(self) -> None:
        """None of its orders stands any more: the connection was lost and all were cancelled."""
        self._open.clear()
        self._rung_of.clear()

    @property
    def n_open(self) -> int:
        """Orders believed to stand."""
        return len(self._open)

    def _move_middle(self, place: float) -> None:
        below = math.floor(place)
        now = self._middle
        if now is None or not now - _HYSTERESIS <= place <= now + 1 + _HYSTERESIS:
            self._middle = below

    def _rung(self, side: str, distance: int) -> Rung:
        assert self._middle is not None, "cancels() is called first"
        place = self._middle - distance if side == BUY else self._middle + 1 + distance
        return side, place

    def _distance(self, rung: Rung) -> int:
        side, place = rung
        assert self._middle is not None, "cancels() is called first"
        return self._middle - place if side == BUY else place - self._middle - 1

    def _quote(self, rung: Rung, unit_value: float) -> Quote:
        side, place = rung
        shift, size = self._looks(rung)
        away = int(shift * 0.4 * self._grid)
        price = place * self._grid + (away if side == SELL else -away)
        wish = self.shape.median_notional * math.exp(0.8 * size) / unit_value
        self._count += 1
        return Quote(
            rung,
            side,
            max(1, price),
            fitting_lots(self.market, wish, price),
            f"{self._run}-{self.market.name}-{self._count}",
        )

    def _looks(self, rung: Rung) -> tuple[float, float]:
        """How far from its place, 0 to 1, and how large, about -2.4 to 2.4 deviations: by hash."""
        text = f"{self._seed}/{rung[0]}/{rung[1]}/{self._version.get(rung, 0)}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return digest[0] / 256, sum(digest[1:]) / 7 / 128 * 2.4 - 2.4


def fitting_lots(market: Market, quantity: float, price_ticks: int) -> int:
    """`quantity` in lots, within the symbol's bounds and above its smallest notional."""
    price = price_ticks * market.tick / 1e18
    needed = market.lots(market.min_notional * 1.1 / price) + 1 if market.min_notional else 1
    return min(market.max_lots, max(market.min_lots, needed, market.lots(quantity)))
