"""Fair prices that wander like markets do, come back, and agree with each other.

Each asset's value in the unit of account is its anchor times exp(x), where x is an
Ornstein-Uhlenbeck process: a random walk that a spring pulls back to 0. A symbol's fair price is
base value over quote value, so ETHBTC is always ETHUSDT over BTCUSDT. The path depends on the seed
and on the number of steps alone, never on what traded.
Source: Uhlenbeck and Ornstein (1930); exact discretisation as in Gillespie (1996), eq. 1.9.
"""

import math
import random
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

SECONDS_A_DAY = 86_400.0


class Wander(Struct, frozen=True, kw_only=True):
    """How far and how fast values wander."""

    daily_volatility: Annotated[float, Meta(ge=0, le=10)] = 0.03
    """Standard deviation of the logarithm over a day, were there no spring."""
    reversion_s: Annotated[float, Meta(gt=0)] = 6 * 3600.0
    """After this time a distance from the anchor has shrunk to 1/e, s."""


class FairPrices:
    """The values of all assets, moved step by step."""

    def __init__(self, anchors: Mapping[str, float], *, seed: int, wander: Wander) -> None:
        """`anchors`: value of each asset in the unit of account, which stays at its own anchor."""
        self._anchors = dict(sorted(anchors.items()))
        self._wander = wander
        self._distance = dict.fromkeys(self._anchors, 0.0)
        self._dice = {name: random.Random(f"{seed}/value/{name}") for name in self._anchors}

    def continue_from(self, asset: str, value: float) -> None:
        """The asset stands at `value` now, in the unit of account."""
        self._distance[asset] = math.log(value / self._anchors[asset])

    def step(self, seconds: float) -> None:
        """Lets `seconds` pass."""
        kept = math.exp(-seconds / self._wander.reversion_s)
        rate = self._wander.daily_volatility**2 / SECONDS_A_DAY
        spread = math.sqrt(rate * self._wander.reversion_s / 2 * (1 - kept * kept))
        for name, distance in self._distance.items():
            if self._anchors[name] != 1.0:  # the unit of account has a value of 1, always
                self._distance[name] = distance * kept + spread * self._dice[name].gauss(0, 1)

    def value(self, asset: str) -> float:
        """Units of account for one unit of the asset."""
        return self._anchors[asset] * math.exp(self._distance[asset])

    def price(self, base: str, quote: str) -> float:
        """Units of `quote` for one unit of `base`."""
        return self.value(base) / self.value(quote)
