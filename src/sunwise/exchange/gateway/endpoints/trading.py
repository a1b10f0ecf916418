"""Endpoints that place and cancel orders: each is one command, answered when its event is stored."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final, Protocol

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.log.errors import NotAccepted, OutcomeUnknown, Overloaded
from sunwise.chassis.log.outcome import Outcome
from sunwise.contracts.exchange.accounts import GetOrder, Orders
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.dispatch import Dispatcher
from sunwise.exchange.gateway.calls.parameters import Reader
from sunwise.exchange.gateway.calls.registry import Call, Endpoint, Security
from sunwise.exchange.gateway.endpoints.read_models import ReadModels
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.wire import order_codecs
from sunwise.exchange.gateway.wire.commissions import commission_of_order
from sunwise.exchange.gateway.wire.listings import Listing, Listings
from sunwise.exchange.gateway.wire.orders import (
    CancelOpenOrders,
    CancelOrder,
    NewOrder,
    Placing,
    TestOrder,
    cancel_all_record,
    cancel_record,
    check_filters,
    decode_new,
    new_id,
)
from sunwise.exchange.gateway.wire.orders_quickly import decode_quickly

MILLISECOND_NS: Final = 1_000_000
MICROSECOND_NS: Final = 1_000
_CATALOG_STEP_S: Final = 0.01
_CATALOG_STEPS: Final = 100

Fault = NotAccepted | OutcomeUnknown
Done = Callable[[Outcome | Fault], None]


class CommandWriter(Protocol):
    """The way into the log: `sunwise.chassis.log.writer.LogWriter`."""

    def submit_to(self, record: bytes, done: Done) -> None:
        """Calls `done` once. Raises Overloaded, or Permanent once the writer has ended."""
        ...


def unit_ns(call: Call) -> int:
    """Length of the unit of time in this call's answer."""
    return MICROSECOND_NS if call.micros else MILLISECOND_NS


class Trading:
    """Places and cancels."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        writer: CommandWriter,
        *,
        listings: Listings,
        read_models: ReadModels,
        clock: Clock,
    ) -> None:
        self._dispatcher = dispatcher
        self._writer = writer
        self._listings = listings
        self._read_models = read_models
        self._clock = clock
        self._reader = Reader(NewOrder, signed=True)

    def endpoints(self) -> Iterable[Endpoint]:
        """POST and DELETE order, order/test, DELETE openOrders."""
        yield Endpoint(
            name="new_order",
            summary="New order",
            method="POST",
            path="/api/v3/order",
            ws_method="order.place",
            params=NewOrder,
            security=Security.TRADE,
            order_count=1,
            weight_on_success=False,
            reads_itself=True,
            handler=self.place,
        )
        yield Endpoint(
            name="test_order",
            summary="Test a new order: everything but the matching engine",
            method="POST",
            path="/api/v3/order/test",
            ws_method="order.test",
            params=TestOrder,
            security=Security.TRADE,
            weight=lambda order: 20 if order.compute_commission_rates else 1,
            handler=self.test,
        )
        yield Endpoint(
            name="cancel_order",
            summary="Cancel an order",
            method="DELETE",
            path="/api/v3/order",
            ws_method="order.cancel",
            params=CancelOrder,
            security=Security.TRADE,
            weight_on_success=False,
            handler=self.cancel,
        )
        yield Endpoint(
            name="cancel_open_orders",
            summary="Cancel all open orders of a symbol",
            method="DELETE",
            path="/api/v3/openOrders",
            ws_method="openOrders.cancelAll",
            params=CancelOpenOrders,
            security=Security.TRADE,
            weight_on_success=False,
            handler=self.cancel_all,
        )

    # ---- new orders ----

    def place(self, call: Call, arguments: dict[str, str]) -> None:
        """Sends the order; the answer comes with its event."""
        account = call.account
        placing = decode_quickly(arguments, self._listings, account, call.expires_ns)
        if placing is None:
            placing = self._decoded(call, self._reader.read(arguments))
        self._submit(call, placing.record, partial(self._placed, call, placing))

    def _decoded(self, call: Call, order: NewOrder) -> Placing:
        listing = self._listings.named(order.symbol)
        return decode_new(order, listing, account=call.account, expires_ns=call.expires_ns)

    def _placed(self, call: Call, placing: Placing, outcome: Outcome | Fault) -> None:
        if not isinstance(outcome, Outcome):
            self._dispatcher.fail(call, refusal_of(outcome))
            return
        reject = order_codecs.reject_of(outcome)
        if not reject:
            self._answer(call, partial(self._accepted, call, placing, outcome))
        elif reject == Reject.STALE_SYMBOL_VERSION:
            self._dispatcher.resume(call, self._place_again(call, placing.listing))
        else:
            self._dispatcher.fail(call, errors.of_reject(reject))

    def _accepted(self, call: Call, placing: Placing, outcome: Outcome) -> bytes:
        result = order_codecs.Placed(placing, outcome)
        if result.fills:
            self._dispatcher.traded(call)
        return order_codecs.placed(placing, result, unit_ns(call))

    async def _place_again(self, call: Call, stale: Listing) -> bytes:
        """The symbol's terms have changed on the way: decode under the new ones, once."""
        await self._renewed(stale)
        placing = self._decoded(call, self._reader.read(call.arguments))
        return self._accepted(call, placing, await self._outcome(call, placing.record))

    async def _renewed(self, stale: Listing) -> None:
        """Waits until the catalog knows newer terms of this symbol. Raises ApiError -1001."""
        for _ in range(_CATALOG_STEPS):
            if self._listings.at(stale.symbol.index).symbol.version != stale.symbol.version:
                return
            await asyncio.sleep(_CATALOG_STEP_S)
        raise errors.internal()

    def test(self, call: Call, order: TestOrder) -> bytes:
        """Decodes and checks as `place` does, and goes no further."""
        placing = self._decoded(call, order)
        check_filters(placing)
        if not order.compute_commission_rates:
            return b"{}"
        return commission_of_order(placing.listing)

    # ---- cancels ----

    def cancel(self, call: Call, cancel: CancelOrder) -> Coroutine[Any, Any, bytes] | None:
        """Sends the cancel; the answer comes with its event."""
        listing = self._listings.named(cancel.symbol)
        order_id, target = cancel.order_id, cancel.orig_client_order_id
        if order_id is None and target is None:
            raise errors.missing_either("origClientOrderId", "orderId")
        if order_id is not None and target is not None:
            return self._cancel_checked(call, cancel, listing)
        record = self._cancel_record(call, cancel, listing)
        self._submit(call, record, partial(self._canceled, call, cancel, listing))
        return None

    def _cancel_record(self, call: Call, cancel: CancelOrder, listing: Listing) -> bytes:
        by_id = cancel.order_id is not None
        return cancel_record(
            listing,
            account=call.account,
            expires_ns=call.expires_ns,
            order_id=cancel.order_id or 0,
            target="" if by_id else cancel.orig_client_order_id or "",
            restriction=cancel.cancel_restrictions or 0,
            request_id=cancel.new_client_order_id or new_id(),
        )

    def _canceled(
        self, call: Call, cancel: CancelOrder, listing: Listing, outcome: Outcome | Fault
    ) -> None:
        if not isinstance(outcome, Outcome):
            self._dispatcher.fail(call, refusal_of(outcome))
            return
        reject = order_codecs.reject_of(outcome)
        if not reject:
            self._answer(call, partial(_canceled_order, call, listing, outcome))
        elif reject == Reject.STALE_SYMBOL_VERSION:
            self._dispatcher.resume(call, self._cancel_again(call, cancel, listing))
        else:
            self._dispatcher.fail(call, errors.of_reject(reject))

    async def _cancel_again(self, call: Call, cancel: CancelOrder, stale: Listing) -> bytes:
        await self._renewed(stale)
        listing = self._listings.named(cancel.symbol)
        outcome = await self._outcome(call, self._cancel_record(call, cancel, listing))
        return _canceled_order(call, listing, outcome)

    async def _cancel_checked(self, call: Call, cancel: CancelOrder, listing: Listing) -> bytes:
        """Both ids were given: they must name the same order. An order's ids never change."""
        query = GetOrder(
            account=call.account, symbol=listing.symbol.index, order_id=cancel.order_id
        )
        found = (await self._read_models.accounts(query, Orders)).orders
        if not found or found[0].client_id != cancel.orig_client_order_id:
            raise errors.rejected_cancel()
        outcome = await self._outcome(call, self._cancel_record(call, cancel, listing))
        return _canceled_order(call, listing, outcome)

    async def cancel_all(self, call: Call, cancel: CancelOpenOrders) -> bytes:
        """Cancels until nothing is left: one command does a bounded number."""
        listing = self._listings.named(cancel.symbol)
        shown: list[str] = []
        request_id, more = new_id(), True
        while more:
            record = cancel_all_record(
                listing, account=call.account, expires_ns=call.expires_ns, request_id=request_id
            )
            try:
                outcome = await self._outcome(call, record)
            except ApiError:
                if shown:
                    break  # what was canceled is canceled, and told
                raise
            shown += order_codecs.canceled(listing, outcome, unit_ns(call))
            more = order_codecs.has_more(outcome)
        return f"[{','.join(shown)}]".encode()

    # ---- the log ----

    def _answer(self, call: Call, show: Callable[[], bytes]) -> None:
        """Ends the call with what `show` makes of its outcome.

        The log's writer calls this: a bug in one answer must not end the writer for everybody.
        """
        try:
            body = show()
        except Exception as bug:  # noqa: BLE001 - see `Dispatcher.break_off`
            self._dispatcher.break_off(call, bug)
        else:
            self._dispatcher.succeed(call, body)

    def _submit(self, call: Call, record: bytes, done: Done) -> None:
        """Hands a command over, unless the call is late by now. Raises ApiError."""
        if self._clock.now_ns() > call.expires_ns:
            raise errors.too_late()
        try:
            self._writer.submit_to(record, done)
        except Overloaded:
            raise errors.overloaded() from None
        except Permanent as fault:
            raise errors.internal() from fault

    async def _outcome(self, call: Call, record: bytes) -> Outcome:
        """As `_submit`, but waits and raises what the engine refuses."""
        ended: asyncio.Future[Outcome | Fault] = asyncio.get_running_loop().create_future()
        self._submit(call, record, ended.set_result)
        outcome = await ended
        if not isinstance(outcome, Outcome):
            raise refusal_of(outcome)
        reject = order_codecs.reject_of(outcome)
        if reject:
            raise errors.of_reject(reject)
        return outcome


def _canceled_order(call: Call, listing: Listing, outcome: Outcome) -> bytes:
    """The answer to a CANCEL, which cancels one order."""
    (body,) = order_codecs.canceled(listing, outcome, unit_ns(call))
    return body.encode()


def refusal_of(fault: Fault) -> ApiError:
    """What a client is told of a command without an outcome."""
    if isinstance(fault, NotAccepted):
        return errors.overloaded("the order was not placed; it is safe to send it again")
    return errors.unknown_outcome()
