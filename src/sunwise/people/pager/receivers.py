"""The doors for senders and for the other instance: whole requests in, an answer once it is durable."""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from sunwise.chassis.errors import Retryable
from sunwise.chassis.http import Application, Request, Responder
from sunwise.chassis.telemetry import METRICS
from sunwise.people.pager.bugs import is_without_bug
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Acknowledged, Body, KeyMade
from sunwise.people.pager.core.intake import Busy, Sender, Signal, acknowledge, alert_key, bodies_of
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.formats import pagerduty
from sunwise.people.pager.formats.alertmanager import read_alertmanager
from sunwise.people.pager.formats.refusals import Malformed
from sunwise.people.pager.formats.slo import read_slo_burned
from sunwise.people.pager.instance import Accepted, Instance, Make
from sunwise.people.pager.keys import Rates, find_key
from sunwise.people.pager.peer import (
    PATH,
    SIGNATURE,
    PeerRefused,
    read_batch,
    write_answer,
)

_BUSY_S: Final = 30
_ALONE: Final = b"x-sunwise-replicated: no\r\n"
_BOTH: Final = b"x-sunwise-replicated: yes\r\n"
_log = logging.getLogger("sunwise.pager")
Handler = Callable[[Request, Responder], Coroutine[Any, Any, None]]


class Receivers:
    """The application behind the lean protocol; whatever no sender asks goes to `pages`."""

    def __init__(
        self, instance: Instance, *, secret: bytes, rates: Rates, pages: Application
    ) -> None:
        self._instance = instance
        self._secret = secret
        self._rates = rates
        self._pages = pages
        self._handlers: dict[bytes, Handler] = {
            b"/v2/enqueue": self._pagerduty,
            b"/v1/alertmanager": self._alertmanager,
            b"/v1/slo-burned": self._slo_burned,
            PATH.encode(): self._peer,
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._seconds = METRICS.histogram(
            "sunwise_pager_accept_seconds", "From a whole request to its 202."
        )

    def handle(self, request: Request, responder: Responder) -> None:
        """Answers every request once."""
        handler = self._handlers.get(request.path)
        if handler is None:
            self._pages.handle(request, responder)
        elif request.method != "POST":
            _refuse(responder, 405, "POST it")
        else:
            task = asyncio.get_running_loop().create_task(_answer(handler, request, responder))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pagerduty(self, request: Request, responder: Responder) -> None:
        if len(request.body) > pagerduty.MAX_BYTES:
            responder.respond(413, pagerduty.invalid("larger than 512 KB"))
            return
        try:
            event = pagerduty.read_event(request.body)
        except Malformed as error:
            responder.respond(400, pagerduty.invalid(*error.reasons))
            return
        key = find_key(self._instance.board, event.routing_key)
        if key is None or not key.service:
            responder.respond(400, pagerduty.invalid("'routing_key' is not a valid routing key"))
        elif wait_s := self._rates.take(key.id, self._instance.now()):
            responder.respond(429, pagerduty.throttled(), headers=_retry_after(wait_s))
        else:
            assert event.dedup_key, "read_event has seen to it"
            body = pagerduty.accepted(event.dedup_key)
            await self._store(_pagerduty_make(event, _sender(key)), responder, body)

    async def _alertmanager(self, request: Request, responder: Responder) -> None:
        await self._bearer(request, responder, read_alertmanager)

    async def _slo_burned(self, request: Request, responder: Responder) -> None:
        await self._bearer(request, responder, lambda body: [read_slo_burned(body)])

    async def _bearer(
        self, request: Request, responder: Responder, read: Callable[[bytes], list[Signal]]
    ) -> None:
        shown = request.headers.get(b"authorization", b"").decode("latin-1")
        scheme, _, secret = shown.partition(" ")
        key = find_key(self._instance.board, secret.strip()) if scheme.lower() == "bearer" else None
        if key is None or not key.service:
            _refuse(responder, 401, "send the integration key as `Authorization: Bearer KEY`")
            return
        if wait_s := self._rates.take(key.id, self._instance.now()):
            # Alertmanager repeats after 5xx only: 429 would lose the alert (notify/webhook).
            _refuse(responder, 503, "too many requests for this key", headers=_retry_after(wait_s))
            return
        try:
            signals = read(request.body)
        except Malformed as error:
            _refuse(responder, 400, str(error))
            return
        sender = _sender(key)
        await self._store(
            lambda board, now: bodies_of(signals, sender, board, now),
            responder,
            b'{"accepted":true}',
        )

    async def _store(self, make: Make, responder: Responder, body: bytes) -> None:
        began_ns = self._instance.now().steady_ns
        try:
            accepted: Accepted = await self._instance.submit(make)
        except Busy as error:
            _refuse(responder, 503, str(error), headers=_retry_after(_BUSY_S))
        except Retryable as error:
            _refuse(responder, 503, str(error), headers=_retry_after(error.after_s))
        else:
            self._seconds.observe((self._instance.now().steady_ns - began_ns) / 1e9)
            responder.respond(202, body, headers=_BOTH if accepted.is_replicated else _ALONE)

    async def _peer(self, request: Request, responder: Responder) -> None:
        try:
            batch = read_batch(self._secret, request.body, request.headers)
            have = await self._instance.receive(batch)
        except PeerRefused as error:
            _log.warning("refused what claims to be the other instance: %s", error)
            _refuse(responder, 403, str(error))
        except ValueError as error:
            _log.error("%s", error)
            _refuse(responder, 409, str(error))
        except Retryable as error:
            _refuse(responder, 503, str(error), headers=_retry_after(error.after_s))
        else:
            body, signature = write_answer(self._secret, have, request.headers)
            line = f"{SIGNATURE}: {signature}\r\n".encode()
            responder.respond(200, body, headers=line, content_type=b"application/msgpack")


async def _answer(handler: Handler, request: Request, responder: Responder) -> None:
    if not await is_without_bug(handler(request, responder), request.path.decode("latin-1")):
        _refuse(responder, 500, "a fault of ours: it is logged, and nothing was half done")


def _sender(key: KeyMade) -> Sender:
    return Sender(key.name, key.service)


def _pagerduty_make(event: pagerduty.Event, sender: Sender) -> Make:
    def make(board: Board, now: Moment) -> list[Body]:
        if event.event_action != "acknowledge":
            return bodies_of([pagerduty.signal_of(event)], sender, board, now)
        alert = alert_key(sender, event.dedup_key or "")
        known = board.alerts.get(alert)
        pages = (
            [id_ for id_ in sorted(known.pages) if alert in board.pages[id_].open] if known else []
        )
        return [_acknowledged_by(board, page, sender) for page in pages]

    return make


def _acknowledged_by(board: Board, page: str, sender: Sender) -> Acknowledged:
    """A sender that acknowledges speaks for whoever works with it: no person is known."""
    return acknowledge(board, page, f"sender:{sender.name}")


def _retry_after(wait_s: float) -> bytes:
    return b"retry-after: %d\r\n" % max(1, math.ceil(wait_s))


def _refuse(responder: Responder, status: int, why: str, *, headers: bytes = b"") -> None:
    responder.respond(status, msgspec.json.encode({"error": why}), headers=headers)
