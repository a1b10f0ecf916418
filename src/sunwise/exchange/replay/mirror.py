"""From recorded frames to orders: what must be cancelled and placed so that the book here follows.

One resting order stands for each recorded level, so that a taker meets exactly one maker at a price
and a trade prints whole. A depth update is followed by cancelling every order whose level changed
and placing it anew with the recorded quantity: cancels first, so the book is never crossed on the
way. A trade becomes an immediate-or-cancel order at its price. Depth updates are 100 ms apart, so a
trade may not fit the levels known: orders in its way are withdrawn until the next update says
whether they still stand, and a maker is invented where the known quantity does not suffice.
"""

from enum import Enum
from typing import NamedTuple

from sunwise.contracts.exchange.records import Side
from sunwise.exchange.replay.recorded_book import BookSide, LevelChange

LevelKey = tuple[int, int]
"""Side and price in ticks."""


class Action(Enum):
    """What an intent asks the exchange for."""

    REST = "rest"  # LIMIT GTC of the account that rests
    TAKE = "take"  # LIMIT IOC of the account that takes
    CANCEL = "cancel"  # by client order id, of the account that rests


class Intent(NamedTuple):
    """One command to come; ticks and lots of the symbol."""

    action: Action
    side: int
    price_ticks: int
    qty_lots: int
    order_no: int
    """REST, TAKE: the new order's own number; CANCEL: the order to cancel."""


class TradeOrigin(Enum):
    """Where the maker of a replayed trade came from."""

    ORGANIC = "organic"  # a recorded level stood there with enough quantity
    INJECTED = "injected"  # the maker had to be invented


class TradePlan(NamedTuple):
    """How one recorded trade is replayed."""

    intents: list[Intent]
    origin: TradeOrigin
    withdrawn: int
    """Orders withdrawn because the recorded trade went past them."""
    maker_order_no: int
    """The resting order that is meant to trade."""


class _Standing(NamedTuple):
    order_no: int
    lots: int


class Mirror:
    """The orders of one symbol that stand for recorded levels.

    They are known as they will be once every intent handed out has been carried out, if nobody
    else trades; `distrust` says where somebody did.
    """

    def __init__(self) -> None:
        self.crossing_skipped = 0
        """Levels not placed because the recording's own book is crossed there (it is damaged)."""
        self._sides = (BookSide(Side.BUY), BookSide(Side.SELL))
        self._orders: dict[LevelKey, _Standing] = {}
        self._recorded: dict[LevelKey, int] = {}
        self._unsettled: set[LevelKey] = set()
        self._suspects: dict[LevelKey, set[int]] = {}
        self._last_order_no = 0

    def follow(self, changes: list[LevelChange]) -> list[Intent]:
        """What makes the book here equal the recorded one after `changes`.

        Settles also what trades, and others' orders, have changed since the last update.
        """
        for side, price, lots in changes:
            if lots:
                self._recorded[side, price] = lots
            else:
                self._recorded.pop((side, price), None)
            self._unsettled.add((side, price))
        cancels: list[Intent] = []
        wanted: list[LevelKey] = []
        for key in sorted(self._unsettled):
            standing = self._orders.get(key)
            want = self._recorded.get(key, 0)
            suspects = self._suspects.pop(key, None)
            if not suspects and (standing.lots if standing else 0) == want:
                continue
            cancels += self._withdraw(key, suspects or set())
            if want:
                wanted.append(key)
        self._unsettled.clear()
        places = [intent for key in wanted for intent in self._rest(key, self._recorded[key])]
        return cancels + places

    def trade(self, price_ticks: int, qty_lots: int, *, buyer_is_maker: bool) -> TradePlan:
        """What prints one trade of `qty_lots` at `price_ticks`, the maker on the recorded side."""
        side = Side.BUY if buyer_is_maker else Side.SELL
        taker_side = Side.SELL if buyer_is_maker else Side.BUY
        key = (side, price_ticks)
        passed = [(side, price) for price in self._sides[side].better_than(price_ticks)]
        passed += [(taker_side, price) for price in self._sides[taker_side].at_least(price_ticks)]
        intents = [intent for level in passed for intent in self._withdraw(level, set())]
        standing = self._orders.get(key)
        origin = TradeOrigin.ORGANIC
        if standing is None or standing.lots < qty_lots:
            origin = TradeOrigin.INJECTED
            intents += self._withdraw(key, set())
            intents += self._rest(key, qty_lots)
        self._unsettled.update((*passed, key))
        intents.append(Intent(Action.TAKE, taker_side, price_ticks, qty_lots, self._next_no()))
        maker_no = self._reduce(key, qty_lots)
        return TradePlan(intents, origin, len(passed), maker_no)

    def distrust(self, side: int, price_ticks: int, order_no: int) -> None:
        """Somebody else's order met `order_no` of this level: the next update settles it anew."""
        self._suspects.setdefault((side, price_ticks), set()).add(order_no)
        self._unsettled.add((side, price_ticks))

    def _withdraw(self, key: LevelKey, suspects: set[int]) -> list[Intent]:
        standing = self._orders.pop(key, None)
        if standing:
            suspects = suspects | {standing.order_no}
            self._sides[key[0]].set(key[1], 0)
        return [Intent(Action.CANCEL, *key, 0, number) for number in sorted(suspects)]

    def _rest(self, key: LevelKey, lots: int) -> list[Intent]:
        side, price = key
        other = self._sides[Side.SELL if side == Side.BUY else Side.BUY]
        if other.at_least(price):
            self.crossing_skipped += 1
            self._unsettled.add(key)
            return []
        number = self._next_no()
        self._orders[key] = _Standing(number, lots)
        self._sides[side].set(price, lots)
        return [Intent(Action.REST, side, price, lots, number)]

    def _reduce(self, key: LevelKey, lots: int) -> int:
        standing = self._orders[key]
        left = standing.lots - lots
        if left:
            self._orders[key] = _Standing(standing.order_no, left)
        else:
            del self._orders[key]
        self._sides[key[0]].set(key[1], left)
        return standing.order_no

    def _next_no(self) -> int:
        self._last_order_no += 1
        return self._last_order_no
