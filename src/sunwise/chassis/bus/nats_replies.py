"""One inbox for every answer: acknowledgements of appends, and answers to requests."""

import asyncio
from collections.abc import Callable

from sunwise.chassis.bus.errors import AppendOutcomeUnknown, Disconnected, NoStream, NotPermitted
from sunwise.chassis.bus.headers import status
from sunwise.chassis.bus.nats_answers import append_answer

APPEND_TIMEOUT_S = 5.0
"""An append without an acknowledgement after this time ends as AppendOutcomeUnknown."""

_SWEEP_S = 0.25
_NO_RESPONDERS = 503

Answer = tuple[bytes, bytes]
"""(payload, raw headers)."""


class _Append:
    __slots__ = ("deadline", "expected", "future", "subject")

    def __init__(
        self, future: asyncio.Future[int], subject: str, expected: int | None, *, deadline: float
    ) -> None:
        self.future = future
        self.subject = subject
        self.expected = expected
        self.deadline = deadline


class ReplyInbox:
    """Who waits for which answer. `prefix` ends in a dot; tokens are appended to it."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._loop = asyncio.get_running_loop()
        self._skip = len(prefix)
        self._count = 0
        self._appends: dict[bytes, _Append] = {}
        self._requests: dict[bytes, tuple[asyncio.Future[Answer], str]] = {}
        self._sweeping = False

    def expect_append(self, subject: str, expected: int | None) -> tuple[str, asyncio.Future[int]]:
        """The reply subject to use and the future of the sequence."""
        self._count += 1
        token = f"a{self._count}"
        future: asyncio.Future[int] = self._loop.create_future()
        deadline = self._loop.time() + APPEND_TIMEOUT_S
        self._appends[token.encode()] = _Append(future, subject, expected, deadline=deadline)
        if not self._sweeping:
            self._sweeping = True
            self._loop.call_later(_SWEEP_S, self._sweep)
        return self.prefix + token, future

    async def request(self, subject: str, send: Callable[[str], None], timeout_s: float) -> Answer:
        """Sends with a fresh reply subject and waits. Raises TimeoutError, Disconnected, ..."""
        self._count += 1
        token = f"r{self._count}".encode()
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._requests[token] = (future, subject)
        try:
            send(self.prefix + token.decode())
            async with asyncio.timeout(timeout_s):
                return await future
        finally:
            del self._requests[token]

    def receive(self, subject: bytes, _reply: bytes, payload: bytes, raw_headers: bytes) -> None:
        """Takes an answer off the wire."""
        token = subject[self._skip :]
        if token.startswith(b"a"):
            waiting = self._appends.pop(token, None)
            if waiting is not None and not waiting.future.done():
                _settle_append(waiting, payload, raw_headers)
            return
        asked = self._requests.get(token)
        if asked is not None and not asked[0].done():
            asked[0].set_result((payload, raw_headers))

    def connection_lost(self, *, closing: bool = False) -> None:
        """Ends every wait: an append's outcome is unknown, a request is worth repeating."""
        appends, self._appends = self._appends, {}
        for waiting in appends.values():
            if waiting.future.done():
                continue
            waiting.future.set_exception(
                AppendOutcomeUnknown(f"append to {waiting.subject}: the connection was lost")
            )
            if closing:
                waiting.future.exception()  # nobody need look at it after a close
        for future, subject in self._requests.values():
            if not future.done():
                future.set_exception(Disconnected(f"request to {subject}: the connection was lost"))

    def refuse(self, subject_lower: str) -> None:
        """Ends every wait on a subject that the server forbids (it tells it in lower case)."""
        for token, waiting in list(self._appends.items()):
            if waiting.subject.lower() == subject_lower:
                del self._appends[token]
                if not waiting.future.done():
                    waiting.future.set_exception(_forbidden(waiting.subject))
        for future, subject in self._requests.values():
            if subject.lower() == subject_lower and not future.done():
                future.set_exception(_forbidden(subject))

    def _sweep(self) -> None:
        now = self._loop.time()
        for token, waiting in list(self._appends.items()):
            if waiting.deadline > now:
                break  # deadlines grow in the order of the calls
            del self._appends[token]
            if not waiting.future.done():
                waiting.future.set_exception(
                    AppendOutcomeUnknown(
                        f"append to {waiting.subject}: no acknowledgement in {APPEND_TIMEOUT_S:g} s"
                    )
                )
        self._sweeping = bool(self._appends)
        if self._sweeping:
            self._loop.call_later(_SWEEP_S, self._sweep)


def _forbidden(subject: str) -> NotPermitted:
    return NotPermitted(f"this user may not publish to {subject}: it is not in its grant")


def _settle_append(waiting: _Append, payload: bytes, raw_headers: bytes) -> None:
    if raw_headers and status(raw_headers) == _NO_RESPONDERS:
        waiting.future.set_exception(NoStream(f"no stream takes {waiting.subject} now"))
        return
    outcome = append_answer(payload, subject=waiting.subject, expected=waiting.expected)
    if isinstance(outcome, int):
        waiting.future.set_result(outcome)
    else:
        waiting.future.set_exception(outcome)
