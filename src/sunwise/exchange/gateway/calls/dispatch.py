"""The way of every call, whatever transport it came by: limits, key, parameters, handler, answer.

A transport calls `run` once and gets one `Call.send`. The WebSocket API and REST differ only in
how they read a request and write an answer.
"""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

import msgspec

from sunwise.chassis.telemetry import METRICS
from sunwise.exchange.gateway.calls.authentication import Authenticator
from sunwise.exchange.gateway.calls.limits import OrderLimits, RequestLimits
from sunwise.exchange.gateway.calls.registry import Call
from sunwise.exchange.gateway.errors import ApiError

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


def error_body(error: ApiError) -> bytes:
    """The JSON of a refusal."""
    return _encode({"code": error.code, "msg": error.message})


class Dispatcher:
    """Runs calls. Never raises: a refusal is sent to the client, and so is that we have a bug."""

    def __init__(
        self, authenticator: Authenticator, requests: RequestLimits, orders: OrderLimits
    ) -> None:
        self.authenticator = authenticator
        self.requests = requests
        self.orders = orders
        self._tasks: set[asyncio.Task[bytes]] = set()
        self._bugs = METRICS.counter("sunwise_gateway_bugs_total", "Calls that met a bug of ours.")

    def run(self, call: Call) -> None:
        """Takes the call through to its answer, which may come in a later turn of the loop."""
        try:
            params = self._admit(call)
            answer = call.endpoint.handler(call, params)
        except ApiError as refusal:
            self.fail(call, refusal)
            return
        except Exception as bug:  # noqa: BLE001 - see `break_off`
            self.break_off(call, bug)
            return
        if answer is None:
            return  # the handler ends the call
        if isinstance(answer, bytes):
            self.succeed(call, answer)
        else:
            self.resume(call, answer)

    def refuse(self, call: Call, refusal: ApiError) -> None:
        """Ends a call that could not even be read; it costs as much as any other."""
        try:
            call.address = self.requests.enter(call.ip, call.received_ns)
            call.weight = call.endpoint.least_weight
        except ApiError as limit:
            refusal = limit
        self.fail(call, refusal)

    def _admit(self, call: Call) -> Any:  # noqa: ANN401 - the endpoint's own Struct
        """The call's parameters, once everything that stands before its handler is passed."""
        endpoint, now_ns, requests = call.endpoint, call.received_ns, self.requests
        call.address = address = requests.enter(call.ip, now_ns)
        call.weight = endpoint.least_weight
        if endpoint.needs_key:
            self.authenticator.authenticate(call)
        params = call.arguments
        if not endpoint.reads_itself:
            params = endpoint.reader.read(params)
        weight = endpoint.weight
        if not isinstance(weight, int):
            weight = weight(params)
        call.weight = 0  # a refusal for want of weight costs nothing further
        requests.check(address, weight, now_ns)
        if endpoint.order_count:
            self._count(call)
        if endpoint.weight_on_success:
            requests.take(address, weight)
        else:
            call.weight = weight
        return params

    def _count(self, call: Call) -> None:
        key, orders = call.key, call.endpoint.order_count
        assert key is not None, "only signed endpoints place orders"
        exempt = key.is_market_maker
        call.unfilled = self.orders.count(key.account, orders, call.received_ns, exempt=exempt)
        call.order_count = 0 if exempt else orders

    def succeed(self, call: Call, body: bytes) -> None:
        """Ends the call with the JSON of its result."""
        call.send(200, body, None)

    def fail(self, call: Call, error: ApiError) -> None:
        """Ends the call with a refusal."""
        if call.order_count and call.unfilled is not None:
            call.unfilled.give_back(call.order_count)
        if call.weight and call.address is not None:
            self.requests.take(call.address, call.weight)
        call.send(error.status, error_body(error), error)

    def traded(self, call: Call) -> None:
        """The order that this call placed has traded: it is no unfilled order."""
        if call.order_count and call.unfilled is not None:
            call.unfilled.give_back(1)

    def resume(self, call: Call, answer: Coroutine[Any, Any, bytes]) -> None:
        """Ends the call with what this coroutine returns or refuses."""
        task = asyncio.create_task(answer, name=call.endpoint.name)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, call))

    def _ended(self, call: Call, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        refusal = task.exception()
        if refusal is None:
            self.succeed(call, task.result())
        elif isinstance(refusal, ApiError):
            self.fail(call, refusal)
        else:
            self.break_off(call, refusal)

    def break_off(self, call: Call, bug: BaseException) -> None:
        """Ends a call that met a bug of ours: logged, counted, and answered with -1000.

        The gateway goes on, unlike a service that keeps state: a call leaves nothing half done here
        (its command is in the log whole or not at all), and one client's odd request must not end
        everybody's connections again and again.
        """
        _log.critical("%s met a bug", call.endpoint.name, exc_info=bug)
        self._bugs.value += 1
        self.fail(call, ApiError(-1000, _UNKNOWN, status=500))

    async def close(self) -> None:
        """Ends calls that still wait; their clients see the connection close."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


_UNKNOWN = "An unknown error occurred while processing the request."
