"""Trades on the public API as seeded makers and takers, step by step.

Every step cancels first, then quotes, then takes, each awaited: so with the same seed and nobody
else about, the same orders go out in the same order, however fast the clock runs. Everything that
was left over by an earlier run is cancelled before the first quote.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any, Final

from msgspec import Struct

from sunwise.chassis.clock import Clock
from sunwise.exchange.liquidity.api_client import ApiClient, Key, Refused, Unreachable
from sunwise.exchange.liquidity.fair_price import FairPrices, Wander
from sunwise.exchange.liquidity.market import Market, read_market
from sunwise.exchange.liquidity.quoting import BUY, SELL, LadderShape, Maker, Quote
from sunwise.exchange.liquidity.taking import Take, Taker, TakerHabits

_NS: Final = 1_000_000_000
_MAX_BEHIND_NS: Final = 2 * _NS
_MAX_WAIT_S: Final = 5.0
_UNKNOWN_ORDER: Final = -2011
_REJECTED: Final = -2010
_SLOW_DOWN: Final = {-1003, -1008, -1015}
_SUBSCRIBE: Final = "userDataStream.subscribe.signature"
_CLOSED: Final = {"CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED", "FILLED"}

_log = logging.getLogger(__name__)


class LiquiditySettings(Struct, frozen=True, kw_only=True):
    """How liquidity is made."""

    ws_api_url: str
    """Where the WebSocket API listens, ws://host:port/ws-api/v3."""
    makers: dict[str, Key]
    """The key of each symbol's maker: an account each, because order limits are per account."""
    taker: Key
    anchors: dict[str, float]
    """Value of each asset in the unit of account, which is the one of value 1."""
    seed: int = 1
    step_s: float = 0.25
    """Time between decisions, s of the exchange's clock."""
    wander: Wander = Wander()
    habits: TakerHabits = TakerHabits()
    shape: LadderShape = LadderShape(grid_bps=2.0)
    shapes: dict[str, LadderShape] = {}
    """Of symbols that look different."""


class _Symbol(Struct):
    maker: Maker
    taker: Taker
    key: Key


class Liquidity:
    """The whole house's making and taking."""

    def __init__(self, settings: LiquiditySettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._symbols: list[_Symbol] = []
        self._by_subscription: dict[int, Maker] = {}
        self.steps = 0
        """Steps made since the start."""

    async def run(self) -> None:
        """Trades until cancelled; connects again, cancels and quotes anew when it must."""
        wait_s = 0.1
        while True:
            steps_before = self.steps
            try:
                await self._trade()
            except Unreachable as fault:
                if self.steps > steps_before:
                    wait_s = 0.1
                _log.info("liquidity waits %.1f s: %s", wait_s, fault)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _MAX_WAIT_S)

    async def _trade(self) -> None:
        settings = self._settings
        client = await ApiClient.connect(
            settings.ws_api_url, clock=self._clock, on_user_event=self._on_user_event
        )
        try:
            prices = FairPrices(settings.anchors, seed=settings.seed, wander=settings.wander)
            await self._begin(client, prices)
            due_ns = self._clock.monotonic_ns()
            while True:
                await self._step(client, prices)
                self.steps += 1
                due_ns = max(
                    due_ns + round(settings.step_s * _NS),
                    self._clock.monotonic_ns() - _MAX_BEHIND_NS,
                )
                await self._clock.sleep(max(0, due_ns - self._clock.monotonic_ns()) / _NS)
        finally:
            client.close()

    # --- the start ---

    async def _begin(self, client: ApiClient, prices: FairPrices) -> None:
        info = await client.request("exchangeInfo")
        markets = [
            read_market(entry)
            for entry in info["symbols"]
            if entry["symbol"] in self._settings.makers and entry["status"] == "TRADING"
        ]
        markets.sort(key=lambda market: market.name)
        await asyncio.gather(*[self._continue_price(client, prices, each) for each in markets])
        await asyncio.gather(*[self._cancel_leftovers(client, each) for each in markets])
        run = f"{self._clock.now_ns() // 1_000_000:x}"
        self._symbols = [self._symbol(market, run=run) for market in markets]
        self._by_subscription = {}
        for symbol in self._symbols:
            reply = await client.request(_SUBSCRIBE, {}, key=symbol.key)
            self._by_subscription[reply["subscriptionId"]] = symbol.maker

    async def _continue_price(self, client: ApiClient, prices: FairPrices, market: Market) -> None:
        if self._settings.anchors.get(market.quote) != 1.0:
            return
        book = await client.request("depth", {"symbol": market.name, "limit": "1"})
        best = [float(side[0][0]) for side in (book["bids"], book["asks"]) if side]
        if best:
            prices.continue_from(market.base, sum(best) / len(best))

    async def _cancel_leftovers(self, client: ApiClient, market: Market) -> None:
        key = self._settings.makers[market.name]
        while True:
            try:
                await client.request("openOrders.cancelAll", {"symbol": market.name}, key=key)
            except Refused as refusal:
                if refusal.code == _UNKNOWN_ORDER:
                    return  # none is left
                if refusal.code not in _SLOW_DOWN:
                    raise
                await asyncio.sleep(1.0)

    def _symbol(self, market: Market, *, run: str) -> _Symbol:
        settings = self._settings
        anchor = settings.anchors[market.base] / settings.anchors[market.quote]
        shape = settings.shapes.get(market.name, settings.shape)
        maker = Maker(market, anchor, seed=settings.seed, run=run, shape=shape)
        taker = Taker(market, seed=settings.seed, run=run, habits=settings.habits)
        return _Symbol(maker, taker, settings.makers[market.name])

    # --- a step ---

    async def _step(self, client: ApiClient, prices: FairPrices) -> None:
        seconds = self._settings.step_s
        prices.step(seconds)
        cancels, quotes, takes = [], [], []
        for symbol in self._symbols:
            market = symbol.maker.market
            fair = prices.price(market.base, market.quote)
            cancels += [(symbol, each) for each in symbol.maker.cancels(fair, seconds)]
        await _all([self._cancel(client, *each) for each in cancels])
        for symbol in self._symbols:
            value = prices.value(symbol.maker.market.base)
            quotes += [(symbol, each) for each in symbol.maker.quotes(value)]
        await _all([self._quote(client, *each) for each in quotes])
        for symbol in self._symbols:
            market = symbol.maker.market
            take = symbol.taker.order(
                seconds,
                price=prices.price(market.base, market.quote),
                unit_value=prices.value(market.base),
            )
            if take is not None:
                takes.append((symbol, take))
        await _all([self._take(client, *each) for each in takes])

    async def _cancel(self, client: ApiClient, symbol: _Symbol, client_id: str) -> None:
        parameters = {"symbol": symbol.maker.market.name, "origClientOrderId": client_id}
        try:
            await client.send("order.cancel", parameters, key=symbol.key)
        except Refused as refusal:
            if refusal.code != _UNKNOWN_ORDER:
                self._wonder(refusal)
                return  # it still stands: the next step cancels it again
        symbol.maker.closed(client_id)

    async def _quote(self, client: ApiClient, symbol: _Symbol, quote: Quote) -> None:
        maker, market = symbol.maker, symbol.maker.market
        parameters = {
            "symbol": market.name,
            "side": quote.side,
            "type": "LIMIT_MAKER",
            "price": market.price_text(quote.price_ticks),
            "quantity": market.quantity_text(quote.qty_lots),
            "newClientOrderId": quote.client_id,
            "newOrderRespType": "ACK",
        }
        try:
            await client.send("order.place", parameters, key=symbol.key)
        except Refused as refusal:
            maker.closed(quote.client_id)
            if refusal.code == _REJECTED and "balance" in refusal.message:
                maker.short_of_funds(quote.side)
            elif refusal.code in _SLOW_DOWN:
                maker.short_of_funds(BUY)
                maker.short_of_funds(SELL)
            elif refusal.code != _REJECTED:
                self._wonder(refusal)

    async def _take(self, client: ApiClient, symbol: _Symbol, take: Take) -> None:
        market = symbol.maker.market
        parameters = {
            "symbol": market.name,
            "side": take.side,
            "type": "MARKET",
            "quantity": market.quantity_text(take.qty_lots),
            "newClientOrderId": take.client_id,
            "newOrderRespType": "FULL",
        }
        try:
            reply = await client.send("order.place", parameters, key=self._settings.taker)
        except Refused as refusal:
            if refusal.code != _REJECTED:
                self._wonder(refusal)
            return
        for fill in reply.get("fills", ()):
            lots = market.lots_of_text(fill["qty"])
            symbol.taker.traded(take.side, lots)
            symbol.maker.taken(
                SELL if take.side == BUY else BUY, market.ticks_of_text(fill["price"]), lots
            )

    def _wonder(self, refusal: Refused) -> None:
        if refusal.code not in _SLOW_DOWN:
            _log.warning("liquidity was refused an order: %s", refusal)

    # --- what others did ---

    def _on_user_event(self, subscription: int, event: dict[str, Any]) -> None:
        maker = self._by_subscription.get(subscription)
        if maker is None or event.get("e") != "executionReport":
            return
        client_id = event["C"] or event["c"]  # C: the order's own id when a cancel has another
        if event["X"] in _CLOSED:
            maker.closed(client_id)
        elif event["x"] == "TRADE":
            lots = maker.market.lots_of_text
            maker.filled(client_id, lots(event["q"]) - lots(event["z"]))


async def _all(requests: Sequence[Awaitable[None]]) -> None:
    """Waits for every request, also when one fails, so that none is left behind."""
    results = await asyncio.gather(*requests, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
