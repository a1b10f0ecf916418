"""JSON over HTTP, asked of a server that knows us by a secret: bounded answers, faults by what to do.

Blocking: whoever has an event loop asks in a thread. It does not check where the secret goes: whoever
takes an address from elsewhere checks it first (`guard.crossing.Origins`).
"""

import ssl
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit

import msgspec

from sunwise.chassis.clock import Clock, SystemClock
from sunwise.chassis.errors import Permanent, Retryable

_TIMEOUT_S: Final = 5.0
_MAX_BYTES: Final = 64 * 1_048_576
_MAX_REFUSAL_BYTES: Final = 65_536
_MAX_WORDS: Final = 1_000
_MAX_WAIT_S: Final = 60.0
_PATIENCE: Final = 12
"""Times the timeout that a whole answer may take: it may trickle, but not for ever."""
_CHUNK: Final = 65_536
_NS: Final = 1_000_000_000
_NO_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class RequestRefused(Permanent):
    """The server answered, and refuses; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class AnswerUnusable(Permanent):
    """What came is no JSON, or too large: something else may listen at that address."""


class JsonClient:
    """Asks one server. The secret goes to it alone: a redirect is a refusal."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        timeout_s: float = _TIMEOUT_S,
        max_bytes: int = _MAX_BYTES,
        tls: ssl.SSLContext | None = None,
        is_direct: bool = True,
        clock: Clock | None = None,
    ) -> None:
        """`tls`: whom to trust, else whom the machine trusts; `is_direct`: past any proxy."""
        self._url = url.rstrip("/")
        self._host = urlsplit(url).netloc
        self._secret = secret
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._clock = clock or SystemClock()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({} if is_direct else None),
            urllib.request.HTTPSHandler(context=tls),
            _NoRedirects,
        )

    def ask(
        self,
        method: str,
        path: str,
        content: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """What the server answers; None for an empty answer. Without `content` it is sent none.

        Raises RequestRefused and AnswerUnusable; Retryable when it does not answer or cannot now.
        """
        request = urllib.request.Request(  # noqa: S310 - http(s) only: the caller's to check
            self._url + path,
            method=method,
            data=None if content is None else msgspec.json.encode(content),
            headers={
                "authorization": f"Bearer {self._secret}",
                "content-type": "application/json",
                **(headers or {}),
            },
        )
        timeout_s = timeout_s or self._timeout_s
        until_ns = self._clock.monotonic_ns() + int(timeout_s * _PATIENCE * _NS)
        try:
            with self._opener.open(request, timeout=timeout_s) as reply:
                return self._read(reply, until_ns)
        except HTTPError as error:
            with error:
                raise self._fault(error, until_ns) from error
        except (OSError, HTTPException) as error:
            raise Retryable(f"{self._host} does not answer: {error}", after_s=1.0) from error

    def _read(self, reply: HTTPResponse, until_ns: int) -> Any:  # noqa: ANN401 - JSON
        body = self._body(reply, self._max_bytes, until_ns)
        if len(body) > self._max_bytes:
            raise AnswerUnusable(f"{self._host} answers more than {self._max_bytes} bytes")
        if reply.length:
            raise ConnectionError("the answer ends in the middle")
        try:
            return msgspec.json.decode(body or b"null")
        except _NO_JSON as error:
            raise AnswerUnusable(f"{self._host} does not answer in JSON: {error}") from error

    def _body(self, reply: HTTPResponse | HTTPError, most: int, until_ns: int) -> bytes:
        """What comes, up to one byte more than `most`. Raises OSError and HTTPException."""
        body = bytearray()
        while part := reply.read1(min(_CHUNK, most + 1 - len(body))):
            body += part
            if self._clock.monotonic_ns() > until_ns:
                raise TimeoutError("the answer comes too slowly")
        return bytes(body)

    def _words(self, error: HTTPError, until_ns: int) -> bytes:
        """What a refusal says; nothing where that does not come: the status says enough."""
        try:
            return self._body(error, _MAX_REFUSAL_BYTES, until_ns)
        except (OSError, HTTPException):
            return b""

    def _fault(self, error: HTTPError, until_ns: int) -> Permanent | Retryable:
        if 300 <= error.code < 400:
            elsewhere = error.headers.get("location", "elsewhere")
            return RequestRefused(
                error.code,
                f"{self._host} points to {elsewhere}: write that address if it is the right one",
            )
        detail = _detail(self._words(error, until_ns)) or error.reason
        if error.code >= 500 or error.code == 429:
            wait = error.headers.get("retry-after", "")
            wait_s = float(wait) if wait.isdecimal() else 1.0
            return Retryable(detail, after_s=min(wait_s, _MAX_WAIT_S))
        return RequestRefused(error.code, detail)


def first_answer(clients: Iterable[JsonClient], ask: Callable[[JsonClient], Any]) -> Any:  # noqa: ANN401 - JSON
    """What the first of several alike answers; what one does not know, the next may.

    Raises RequestRefused, or Retryable when none answers.
    """
    unknown: RequestRefused | None = None
    faults: list[str] = []
    for client in clients:
        try:
            return ask(client)
        except RequestRefused as refused:
            if refused.status != 404:
                raise
            unknown = refused
        except (AnswerUnusable, Retryable) as fault:
            faults.append(str(fault))
    raise unknown or Retryable("; ".join(faults), after_s=1.0)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:  # noqa: ANN401
        return None


def _detail(said: bytes) -> str:
    """The words in a refusal: FastAPI's `detail`, of which `what` is for people; else all of it."""
    try:
        detail = msgspec.json.decode(said)["detail"]
    except (*_NO_JSON, KeyError, TypeError):
        return said.decode("utf-8", "replace")[:_MAX_WORDS]
    if isinstance(detail, dict) and "what" in detail:
        detail = detail["what"]
    words = detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()
    return words[:_MAX_WORDS]
