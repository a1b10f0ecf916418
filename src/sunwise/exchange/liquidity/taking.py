"""Who trades against the makers: small market orders at random times, seeded.

Orders arrive as a Poisson process, their sizes are log-normal. A taker that has bought more than it
sold sells a little more often, so that neither side runs dry in a long run.
"""

import math
import random
from typing import Annotated

from msgspec import Meta, Struct

from sunwise.exchange.liquidity.market import Market
from sunwise.exchange.liquidity.quoting import BUY, SELL, fitting_lots


class TakerHabits(Struct, frozen=True, kw_only=True):
    """How takers behave."""

    mean_interval_s: Annotated[float, Meta(gt=0)] = 4.0
    """Mean time between orders of one symbol, s."""
    median_notional: Annotated[float, Meta(gt=0)] = 150.0
    """Median value of an order, in the unit of account."""
    calm_notional: Annotated[float, Meta(gt=0)] = 20_000.0
    """A position of this value makes the way back three times as likely as the way on."""


class Take(Struct, frozen=True, gc=False):
    """A market order to send."""

    side: str
    qty_lots: int
    client_id: str


class Taker:
    """The takers of one symbol."""

    def __init__(self, market: Market, *, seed: int, run: str, habits: TakerHabits) -> None:
        """`run` begins every client order id, as a maker's does."""
        self.market = market
        self._habits = habits
        self._run = run
        self._dice = random.Random(f"{seed}/{market.name}/taker")
        self._position = 0  # lots bought less lots sold since the start
        self._count = 0

    def order(self, seconds: float, *, price: float, unit_value: float) -> Take | None:
        """The order to send in a step of `seconds`, or None; the first step always has one.

        `price` is quote for one unit of base, `unit_value` the unit of account for it.
        """
        chance, size, way = self._dice.random(), self._dice.gauss(0, 0.9), self._dice.random()
        if self._count and chance >= -math.expm1(-seconds / self._habits.mean_interval_s):
            return None
        leaning = self.market.quantity(self._position) * unit_value / self._habits.calm_notional
        side = BUY if way < 0.5 - 0.5 * math.tanh(0.55 * leaning) else SELL
        wish = self._habits.median_notional * math.exp(min(size, 2.5)) / unit_value
        lots = fitting_lots(self.market, wish, int(self.market.price_ticks(price)))
        self._count += 1
        return Take(side, lots, f"{self._run}-{self.market.name}-t{self._count}")

    def traded(self, side: str, lots: int) -> None:
        """An order of its own traded `lots`."""
        self._position += lots if side == BUY else -lots
