"""Endpoints that tell an account what it has: balances, orders, trades, limits, rates."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Struct

from sunwise.contracts.exchange.accounts import (
    Balances,
    GetBalances,
    GetOpenOrders,
    GetOrder,
    Orders,
    OrderState,
)
from sunwise.contracts.exchange.history import Fill, Fills, GetFills, GetOrders, PastOrders
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.limits import OrderLimits
from sunwise.exchange.gateway.calls.parameters import (
    ClientId,
    Flag,
    Id,
    IntegerRule,
    SymbolName,
    Time,
)
from sunwise.exchange.gateway.calls.registry import Call, Endpoint, NoParameters, Security
from sunwise.exchange.gateway.endpoints.market import check_order
from sunwise.exchange.gateway.endpoints.read_models import ReadModels
from sunwise.exchange.gateway.endpoints.trading import unit_ns
from sunwise.exchange.gateway.keys.api_keys import Permission
from sunwise.exchange.gateway.wire import order_codecs
from sunwise.exchange.gateway.wire.commissions import commission_of_account, rate
from sunwise.exchange.gateway.wire.listings import Listing, Listings, json_text
from sunwise.money.decimal_text import format_scaled

_DAY_NS: Final = 86_400_000_000_000
_PPM_PER_BIP: Final = 100
Limit = Annotated[int, IntegerRule(least=1, cap=1_000)]


class AccountParams(Struct, rename="camel", frozen=True):
    """Parameters of GET account."""

    omit_zero_balances: Flag = False


class OrderParams(Struct, rename="camel", frozen=True):
    """Parameters of GET order."""

    symbol: SymbolName
    order_id: Id | None = None
    orig_client_order_id: ClientId | None = None


class OpenOrdersParams(Struct, rename="camel", frozen=True):
    """Parameters of GET openOrders."""

    symbol: SymbolName | None = None


class AllOrdersParams(Struct, rename="camel", frozen=True):
    """Parameters of GET allOrders."""

    symbol: SymbolName
    order_id: Id | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    limit: Limit = 500


class MyTradesParams(Struct, rename="camel", frozen=True):
    """Parameters of GET myTrades."""

    symbol: SymbolName
    order_id: Id | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    from_id: Id | None = None
    limit: Limit = 500


class CommissionParams(Struct, rename="camel", frozen=True):
    """Parameters of GET account/commission."""

    symbol: SymbolName


# What may be sent together to myTrades besides the symbol (rest-api.md, "Account trade list").
_TRADE_COMBINATIONS: Final = {
    frozenset(words.split())
    for words in ("", "orderId", "startTime", "endTime", "fromId", "startTime endTime",
                  "orderId fromId")
}  # fmt: skip


class Account:
    """Answers from memory (accounts) and from SQL (history)."""

    def __init__(self, listings: Listings, read_models: ReadModels, limits: OrderLimits) -> None:
        self._listings = listings
        self._read_models = read_models
        self._limits = limits

    def endpoints(self) -> Iterable[Endpoint]:
        """Everything with security USER_DATA."""
        rows = (
            # path, WebSocket method, parameters, weight, handler, summary
            ("account", "account.status", AccountParams, 20, self.account, "Balances and rates"),
            ("order", "order.status", OrderParams, 4, self.order, "Query an order"),
            ("openOrders", "openOrders.status", OpenOrdersParams, open_orders_weight,
             self.open_orders, "Open orders"),
            ("allOrders", "allOrders", AllOrdersParams, 20, self.all_orders, "All orders"),
            ("myTrades", "myTrades", MyTradesParams, my_trades_weight, self.my_trades,
             "Trades of the account"),
            ("rateLimit/order", "account.rateLimits.orders", NoParameters, 40,
             self.rate_limits, "Unfilled orders in each interval"),
            ("account/commission", "account.commission", CommissionParams, 20,
             self.commission, "Commission rates"),
        )  # fmt: skip
        for path, ws_method, params, weight, handler, summary in rows:
            yield Endpoint(
                name=ws_method.replace(".", "_"),
                summary=summary,
                method="GET",
                path=f"/api/v3/{path}",
                ws_method=ws_method,
                params=params,
                security=Security.USER_DATA,
                weight=weight,
                handler=handler,
            )

    # ---- balances and rates ----

    async def account(self, call: Call, params: AccountParams) -> bytes:
        """Balances of every listed asset, or of those that are not zero."""
        answer = await self._read_models.accounts(GetBalances(account=call.account), Balances)
        held = {row.asset: row for row in answer.balances}
        rows = []
        for asset in self._listings.assets:
            row = held.get(asset.index)
            free, locked = (row.free_atoms, row.locked_atoms) if row else (0, 0)
            if free or locked or not params.omit_zero_balances:
                rows.append(
                    f'{{"asset":{json_text(asset.name)},'
                    f'"free":"{format_scaled(free, asset.decimals)}",'
                    f'"locked":"{format_scaled(locked, asset.decimals)}"}}'
                )
        return (
            f'{{{self._rates()},"canTrade":{_can_trade(call)},"canWithdraw":true,'
            '"canDeposit":true,"brokered":false,"requireSelfTradePrevention":false,'
            f'"preventSor":false,"updateTime":{answer.updated_ns // unit_ns(call)},'
            f'"accountType":"SPOT","balances":[{",".join(rows)}],"permissions":["SPOT"],'
            f'"uid":{call.account}}}'
        ).encode()

    def _rates(self) -> str:
        """The highest rates of any symbol: here rates belong to symbols, not to accounts."""
        maker = max((listing.symbol.maker_fee_ppm for listing in self._listings), default=0)
        taker = max((listing.symbol.taker_fee_ppm for listing in self._listings), default=0)
        zero = rate(0)
        return (
            f'"makerCommission":{maker // _PPM_PER_BIP},"takerCommission":{taker // _PPM_PER_BIP},'
            '"buyerCommission":0,"sellerCommission":0,'
            f'"commissionRates":{{"maker":"{rate(maker)}","taker":"{rate(taker)}",'
            f'"buyer":"{zero}","seller":"{zero}"}}'
        )

    def rate_limits(self, call: Call, _params: NoParameters) -> bytes:
        """How many unfilled orders count against the account."""
        return msgspec.json.encode(list(self._limits.describe(call.account)))

    def commission(self, _call: Call, params: CommissionParams) -> bytes:
        """What a symbol's trades cost."""
        return commission_of_account(self._listings.named(params.symbol))

    # ---- orders ----

    async def order(self, call: Call, params: OrderParams) -> bytes:
        """One order, from memory or, when it closed long ago, from the history."""
        listing = self._listings.named(params.symbol)
        order_id, client_id = params.order_id, params.orig_client_order_id
        if order_id is None and client_id is None:
            raise errors.missing_either("origClientOrderId", "orderId")
        state = await self._find(call, listing, order_id, client_id)
        if state is None:
            raise errors.no_such_order()
        if order_id is not None and client_id is not None and state.client_id != client_id:
            raise errors.ids_disagree()
        return order_codecs.order(listing, state, unit_ns(call)).encode()

    async def _find(
        self, call: Call, listing: Listing, order_id: int | None, client_id: str | None
    ) -> OrderState | None:
        by_client_id = client_id if order_id is None else None
        query = GetOrder(
            account=call.account,
            symbol=listing.symbol.index,
            order_id=order_id,
            client_id=by_client_id,
        )
        found = (await self._read_models.accounts(query, Orders)).orders
        if found:
            return found[0]
        past = GetOrders(
            account=call.account,
            symbol=listing.symbol.index,
            from_order_id=order_id,
            client_id=by_client_id,
            limit=1,
        )
        found = (await self._read_models.history(past, PastOrders)).orders
        if found and order_id in (None, found[0].order_id):
            return found[0]
        return None

    async def open_orders(self, call: Call, params: OpenOrdersParams) -> bytes:
        """Open orders of one symbol or all."""
        listing = None if params.symbol is None else self._listings.named(params.symbol)
        query = GetOpenOrders(
            account=call.account, symbol=None if listing is None else listing.symbol.index
        )
        found = await self._read_models.accounts(query, Orders)
        return self._orders(call, found.orders)

    async def all_orders(self, call: Call, params: AllOrdersParams) -> bytes:
        """Orders from an id on, of a time, or the newest."""
        listing = self._listings.named(params.symbol)
        check_day(params.start_time, params.end_time)
        query = GetOrders(
            account=call.account,
            symbol=listing.symbol.index,
            from_order_id=params.order_id,
            start_ns=params.start_time,
            end_ns=params.end_time,
            limit=params.limit,
        )
        found = await self._read_models.history(query, PastOrders)
        return self._orders(call, found.orders)

    def _orders(self, call: Call, orders: Iterable[OrderState]) -> bytes:
        unit = unit_ns(call)
        at = self._listings.at
        rows = [order_codecs.order(at(state.symbol), state, unit) for state in orders]
        return f"[{','.join(rows)}]".encode()

    # ---- trades ----

    async def my_trades(self, call: Call, params: MyTradesParams) -> bytes:
        """The account's halves of trades."""
        listing = self._listings.named(params.symbol)
        sent = frozenset(name for name in call.arguments if name in _TRADE_FILTERS)
        if sent not in _TRADE_COMBINATIONS:
            raise errors.bad_combination()
        check_day(params.start_time, params.end_time)
        query = GetFills(
            account=call.account,
            symbol=listing.symbol.index,
            order_id=params.order_id,
            from_trade_id=params.from_id,
            start_ns=params.start_time,
            end_ns=params.end_time,
            limit=params.limit,
        )
        found = await self._read_models.history(query, Fills)
        rows = [self._fill(listing, fill, unit_ns(call)) for fill in found.fills]
        return f"[{','.join(rows)}]".encode()

    def _fill(self, listing: Listing, fill: Fill, unit: int) -> str:
        text, asset = listing.text, self._listings.asset(fill.fee_asset)
        return (
            f'{{"symbol":"{text.name}","id":{fill.trade_id},"orderId":{fill.order_id},'
            f'"orderListId":-1,"price":"{text.price(fill.price_ticks)}",'
            f'"qty":"{text.qty(fill.qty_lots)}","quoteQty":"{text.quote(fill.quote_atoms)}",'
            f'"commission":"{format_scaled(fill.fee_atoms, asset.decimals)}",'
            f'"commissionAsset":{json_text(asset.name)},"time":{fill.time_ns // unit},'
            f'"isBuyer":{_bool(fill.is_buyer)},"isMaker":{_bool(fill.is_maker)},'
            '"isBestMatch":true}'
        )


_TRADE_FILTERS: Final = frozenset({"orderId", "startTime", "endTime", "fromId"})


def open_orders_weight(params: OpenOrdersParams) -> int:
    """All symbols weigh more than one."""
    return 6 if params.symbol is not None else 80


def my_trades_weight(params: MyTradesParams) -> int:
    """One order weighs less than a search."""
    return 5 if params.order_id is not None else 20


def check_day(start_ns: int | None, end_ns: int | None) -> None:
    """Raises ApiError when the times are in the wrong order or more than a day apart."""
    check_order(start_ns, end_ns)
    if start_ns is not None and end_ns is not None and end_ns - start_ns > _DAY_NS:
        raise errors.interval_too_big(24)


def _can_trade(call: Call) -> str:
    assert call.key is not None, "only signed endpoints act for an account"
    return _bool(bool(call.key.permissions & Permission.TRADE))


def _bool(value: bool) -> str:  # noqa: FBT001 - JSON's word for its only argument
    return "true" if value else "false"
