"""REST: requests of the lean HTTP protocol become calls, and calls become answers."""

from collections.abc import Callable
from typing import Final

from typing_extensions import override

from sunwise.chassis.clock import Clock
from sunwise.chassis.http import Application, Request, Responder
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.dispatch import Dispatcher, error_body
from sunwise.exchange.gateway.calls.registry import Call, Endpoint, Registry, Transport
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.rest.urlencoded import read_arguments, signed_payload

_OURS: Final = frozenset({b"api", b"sapi", b"fapi", b"dapi", b"sunwise"})
_UNITS: Final = {
    b"": False,
    b"MILLISECOND": False,
    b"millisecond": False,
    b"MICROSECOND": True,
    b"microsecond": True,
}
_NO_STORE: Final = b"cache-control: no-store\r\n"
_USED: Final = _NO_STORE + b"x-mbx-used-weight: %d\r\nx-mbx-used-weight-1m: %d\r\n"
_ORDERS: Final = _USED + b"x-mbx-order-count-10s: %d\r\nx-mbx-order-count-1d: %d\r\n"

Probe = Callable[[], tuple[int, bytes]]
"""Status and JSON of a question that operators ask, such as health."""


class RestCall(Call):
    """A call that came by REST."""

    __slots__ = ("dispatcher", "responder")

    transport = Transport.REST
    dispatcher: Dispatcher
    responder: Responder

    @override
    def send(self, status: int, body: bytes, error: ApiError | None) -> None:
        address = self.address
        used = self.dispatcher.requests.used(self.ip) if address is None else address.used
        unfilled = self.unfilled
        if error is not None:
            headers = _USED % (used, used)
            if error.after_s:
                headers += b"retry-after: %d\r\n" % error.after_s
        elif unfilled is None:
            headers = _USED % (used, used)
        else:
            headers = _ORDERS % (used, used, unfilled.ten_count, unfilled.day_count)
        self.responder.respond(status, body, headers=headers)


class Rest:
    """The application behind the lean protocol; whatever is not the API goes to `pages`."""

    def __init__(
        self,
        registry: Registry,
        dispatcher: Dispatcher,
        clock: Clock,
        *,
        probes: dict[str, Probe],
        pages: Application,
    ) -> None:
        self._routes: dict[bytes, dict[str, Endpoint]] = {
            path.encode(): methods for path, methods in registry.by_path.items()
        }
        self._dispatcher = dispatcher
        self._now_ns = clock.now_ns
        self._probes = {path.encode(): probe for path, probe in probes.items()}
        self._pages = pages

    def handle(self, request: Request, responder: Responder) -> None:
        """Answers every request once."""
        methods = self._routes.get(request.path)
        if methods is None:
            self._handle_other(request, responder)
            return
        endpoint = methods.get(request.method)
        if endpoint is None:
            _refuse_method(request, responder, [*methods])
            return
        call = RestCall(endpoint, {})
        call.dispatcher, call.responder = self._dispatcher, responder
        call.ip = request.peer
        call.received_ns = self._now_ns()
        try:
            self._read(call, request)
        except ApiError as refusal:
            self._dispatcher.refuse(call, refusal)
            return
        self._dispatcher.run(call)

    def _read(self, call: RestCall, request: Request) -> None:
        headers = request.headers
        unit = headers.get(b"x-mbx-time-unit")
        if unit is not None:
            micros = _UNITS.get(unit)
            if micros is None:
                raise errors.invalid_time_unit()
            call.micros = micros
        query, body = request.query, request.body
        call.arguments = read_arguments(query, b"" if request.method == "GET" else body)
        key_text = headers.get(b"x-mbx-apikey")
        if key_text is not None:
            call.key_text = key_text.decode("latin-1")
        if call.endpoint.is_signed:
            call.payload = signed_payload(query, body)

    def _handle_other(self, request: Request, responder: Responder) -> None:
        probe = self._probes.get(request.path)
        if probe is not None:
            status, body = probe()
            responder.respond(status, body, headers=_NO_STORE)
        elif request.path.split(b"/", 2)[1:2] and request.path.split(b"/", 2)[1] in _OURS:
            refusal = errors.not_found()
            responder.respond(refusal.status, error_body(refusal), headers=_NO_STORE)
        else:
            self._pages.handle(request, responder)


def _refuse_method(request: Request, responder: Responder, methods: list[str]) -> None:
    allowed = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
    allow = b"allow: %b\r\n" % ", ".join(allowed).encode()
    if request.method == "OPTIONS":
        responder.respond(204, b"", headers=allow)
        return
    refusal = errors.method_not_allowed()
    responder.respond(refusal.status, error_body(refusal), headers=_NO_STORE + allow)
