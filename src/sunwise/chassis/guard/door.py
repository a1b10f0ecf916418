"""The door of an ASGI application: every request passes `Door`, every route asks `Guard.require`.

    guard = Guard(store, clock=clock, origins=Origins(["http://127.0.0.1:7080"]))
    app = FastAPI(...)
    answer_faults(app)
    app.include_router(guard_router(guard, two_people))
    app.include_router(directory_router(..., require=guard.require))
    refuse_open_routes(app, open_paths={"/docs"})
    serve(Door(app, guard.origins))

`require(right)` is a FastAPI dependency and gives a `Principal`; whether the right reaches the person
or team in question is for the route to say: `principal.demand_for(right, person)`.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from math import ceil
from typing import Any, Final

import msgspec
from fastapi import FastAPI, HTTPException, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPBearer
from sqlalchemy.exc import OperationalError

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard.crossing import Origins, Refusal, refusal
from sunwise.chassis.guard.failed_logins import FailedLogins
from sunwise.chassis.guard.principal import NotAllowed, Principal
from sunwise.chassis.guard.proxies import Proxies
from sunwise.chassis.guard.rights import Right
from sunwise.chassis.guard.secret_text import Kind, kind_of, without_secrets
from sunwise.chassis.guard.store import Feed, GuardStore
from sunwise.chassis.http.misfits import answer_misfits
from sunwise.chassis.telemetry import METRICS, Counter

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Requirement = Callable[..., Principal]
"""What `Depends` takes."""

MAX_BODY_BYTES: Final = 8 << 20
"""The most that comes in by one request; a directory of 5,000 people is imported in 2 MB."""
_NOBODY: Final = "Log in first, or send `Authorization: Bearer <your personal token>`."
_WRONG: Final = "This opens nothing: it is unknown, revoked or expired."
_BUG: Final = Refusal(500, "A fault of ours: it is logged, and nothing was half done.")
_log: Final = logging.getLogger("sunwise.door")
_BEARER: Final = HTTPBearer(auto_error=False, description="A personal token or an integration key.")

SAFE_HEADERS: Final = {
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; "
    b"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    b"worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"cache-control": b"no-store",
}
"""On every answer, unless the route says otherwise."""
_HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")


class Door:
    """An ASGI application before another one: refuses what must not reach it."""

    def __init__(self, app: AsgiApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins
        self._headers = dict(SAFE_HEADERS)
        if origins.is_secure:
            self._headers.update([_HTTPS_ONLY])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        assert scope["type"] == "http", "this door knows HTTP only"

        is_begun = False

        async def send_safely(message: Any) -> None:  # noqa: ANN401 - ASGI's plain dicts
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                own = list(message.get("headers", ()))
                said = {name.lower() for name, _ in own}
                more = [pair for pair in self._headers.items() if pair[0] not in said]
                message = {**message, "headers": [*own, *more]}
            await send(message)

        refused = refusal(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=scope["headers"],
            origins=self._origins,
        )
        if refused is not None:
            await _answer(refused, send_safely)
            return
        try:
            await self._app(scope, receive, send_safely)
        except Exception:  # noqa: BLE001 - a request that meets a bug ends alone, not the process
            _bugs().value += 1
            place = without_secrets(scope["path"])
            _log.critical("a request failed: %s %s", scope["method"], place, exc_info=True)
            if not is_begun:
                await _answer(_BUG, send_safely)


def _bugs() -> Counter:
    return METRICS.counter("sunwise_door_bugs_total", "Requests that met a bug.")


async def _answer(refused: Refusal, send: Send) -> None:
    body = msgspec.json.encode({"detail": refused.detail})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Guard:
    """Tells who asks. Its dependencies block, so FastAPI runs them in its threads."""

    def __init__(
        self,
        store: GuardStore,
        *,
        clock: Clock,
        origins: Origins,
        is_at_work: Callable[[str], bool] = lambda _person: True,
        proxies: Proxies | None = None,
    ) -> None:
        """`is_at_work`: whether the directory has that person, and active; else nothing opens.

        `proxies`: who is believed about where a request comes from; None: nobody.
        """
        self.store = store
        self._is_at_work = is_at_work
        self.origins = origins
        self.cookie = "__Host-sunwise" if origins.is_secure else "sunwise"
        self._failed = FailedLogins(clock)
        self._proxies = proxies or Proxies()

    def require(self, right: Right) -> Requirement:
        """A dependency: the principal, if they hold the right in any scope; else 401 or 403."""
        needed = Right(right)

        def principal(
            request: Request,
            _documented: Any = Security(_BEARER),  # noqa: ANN401, B008 - for the OpenAPI page
        ) -> Principal:
            found = self.identify(request)
            if not found.may(needed):
                raise HTTPException(403, f"{found.name} does not hold the right {needed.value}.")
            return found

        return principal

    def signed_in(self) -> Requirement:
        """A dependency: the principal, whatever they may do; else 401."""

        def principal(
            request: Request,
            _documented: Any = Security(_BEARER),  # noqa: ANN401, B008 - for the OpenAPI page
        ) -> Principal:
            return self.identify(request)

        return principal

    def feed(self) -> Callable[..., Feed]:
        """A dependency of routes with `{feed}` in their path: what that address may read; else 404."""

        def feed_of(request: Request, feed: str) -> Feed:
            address, secret = self.address_of(request), feed.removesuffix(".ics")
            self._refuse_guessing(address, secret)
            found = self.store.of_feed(secret)
            if found is None or not self._is_at_work(found.person):
                self._failed.failed(address, secret)
                raise HTTPException(404, "There is no such feed: it may have been revoked.")
            self._failed.opened(secret)
            return found

        return feed_of

    def identify(self, request: Request) -> Principal:
        """Who asks: by the secret they show, else by their cookie, never one for want of the other.

        Raises HTTPException 401 and 429.
        """
        shown = request.headers.getlist("authorization")
        if shown:
            return self._shown(shown, self.address_of(request))
        session = session_of(request, self.cookie)
        found = self._of_them(self.store.of_session(session) if session else None)
        if found is None:
            raise HTTPException(401, _NOBODY, {"www-authenticate": "Bearer"})
        return found

    def _shown(self, shown: list[str], address: str) -> Principal:
        scheme, _, rest = shown[0].partition(" ")
        is_plain, secret = len(shown) == 1 and scheme.lower() == "bearer", rest.strip()
        self._refuse_guessing(address, secret)
        found = self._of_them(self.store.of_token(secret) if is_plain else None)
        if found is None:
            self._failed.failed(address, secret)
            raise HTTPException(401, _WRONG, {"www-authenticate": "Bearer"})
        self._failed.opened(secret)
        return found

    def log_in(self, token: str, address: str) -> tuple[str, Principal]:
        """The secret of a new session. Raises HTTPException 401 and 429."""
        self._refuse_guessing(address, token)
        opened = self.store.open_session(token)
        if opened is None or self._of_them(opened[1]) is None:
            self._failed.failed(address, token)
            raise HTTPException(401, _WRONG)
        self._failed.opened(token)
        return opened

    def address_of(self, request: Request) -> str:
        """The client's address as the socket knows it, or as a trusted proxy does: others are not heard."""
        peer = request.client.host if request.client else ""
        return self._proxies.client_of(peer, request.headers.getlist("x-forwarded-for"))

    def _of_them(self, found: Principal | None) -> Principal | None:
        """Whoever was found, unless they have left."""
        if found is None or found.person_id is None or self._is_at_work(found.person_id):
            return found
        return None

    def _refuse_guessing(self, address: str, secret: str) -> None:
        """Raises HTTPException 429 for what was wrong too often."""
        wait_s = self._failed.wait_s(address, secret)
        if wait_s:
            raise HTTPException(
                429, f"Too many failures: try again in {wait_s} s.", {"retry-after": str(wait_s)}
            )


def answer_faults(app: FastAPI) -> None:
    """Makes faults answers: 403, 422 for what somebody must change first, 503 for try again."""
    answer_misfits(app)

    def refuse(_request: Request, fault: Exception) -> JSONResponse:
        status = 403 if isinstance(fault, NotAllowed) else 422
        return JSONResponse({"detail": str(fault)}, status)

    def put_off(_request: Request, fault: Exception) -> JSONResponse:
        after_s, detail = 1.0, "The database does not answer now: try again."
        if isinstance(fault, Retryable):
            after_s, detail = fault.after_s, str(fault)
        return JSONResponse({"detail": detail}, 503, {"retry-after": str(ceil(after_s))})

    app.add_exception_handler(Permanent, refuse)
    app.add_exception_handler(Retryable, put_off)
    app.add_exception_handler(OperationalError, put_off)


def session_of(request: Request, cookie: str) -> str:
    """The session's secret that a browser sent; "" for none or for two of them.

    Two cookies of one name mean that another page has planted one.
    """
    found = [
        value.strip()
        for header in request.headers.getlist("cookie")
        for part in header.split(";")
        for name, _, value in [part.partition("=")]
        if name.strip() == cookie
    ]
    return found[0] if len(found) == 1 and kind_of(found[0]) is Kind.SESSION else ""


def refuse_open_routes(app: FastAPI, *, open_paths: Iterable[str]) -> None:
    """Returns if every route but those asks `require`, `signed_in` or `feed`. Asserts it."""
    allowed = frozenset(open_paths)
    unguarded = [
        route.path
        for route in iter_route_contexts(app.routes)
        if route.path not in allowed and not _asks_who(getattr(route, "dependant", Dependant()))
    ]
    assert not unguarded, f"routes that ask nobody who they are: {unguarded}"


def _asks_who(dependant: Dependant) -> bool:
    return any(
        getattr(each.call, "__qualname__", "").startswith("Guard.") or _asks_who(each)
        for each in dependant.dependencies
    )
