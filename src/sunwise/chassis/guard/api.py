"""The door's own routes: log in and out, who am I, tokens, keys, feeds, the audit log."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query, Request, Response

from sunwise.chassis.guard.analyses_api import add_analyses
from sunwise.chassis.guard.changes_api import PersonId, add_changes, add_roles
from sunwise.chassis.guard.door import Guard, session_of
from sunwise.chassis.guard.principal import NotAllowed, Principal, person_of
from sunwise.chassis.guard.rights import Right
from sunwise.chassis.guard.secret_text import Kind
from sunwise.chassis.guard.store import TOKEN_DAYS, Credential
from sunwise.chassis.guard.two_people import TwoPeople

CredentialId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
_Name = Annotated[str, Body(min_length=1, max_length=80)]
LOGIN: Final = "/login"
"""The one route of these that asks nobody who they are."""


@dataclass(frozen=True)
class Me:
    """Who one is to this server."""

    person_id: str | None
    name: str
    roles: list[str]
    rights: dict[str, str]
    """Scope by right: own, team or all."""


@dataclass(frozen=True)
class Listed:
    """A credential without its secret."""

    id: str
    kind: str
    name: str
    person: str | None
    grants: str
    last_four: str
    created_ns: int
    expires_ns: int | None


@dataclass(frozen=True)
class Issued:
    """A new credential; `secret` is shown here once and kept nowhere."""

    secret: str
    credential: Listed


def guard_router(guard: Guard, two_people: TwoPeople) -> APIRouter:
    """The routes of the door."""
    router = APIRouter(tags=["door"])
    for add in (_sessions, _tokens, _keys, _feeds, _audit):
        add(router, guard)
    add_roles(router, guard, two_people)
    add_changes(router, guard, two_people)
    add_analyses(router, guard, two_people)
    return router


def _sessions(router: APIRouter, guard: Guard) -> None:
    @router.post(LOGIN, summary="Exchange a personal token for a cookie")
    def login(
        request: Request,
        response: Response,
        token: Annotated[str, Body(embed=True, max_length=64)],
    ) -> Me:
        secret, principal = guard.log_in(token, guard.address_of(request))
        before = session_of(request, guard.cookie)
        if before:  # whoever had it before cannot go on with it
            guard.store.close_session(before)
        _set_cookie(response, guard, secret)
        return _me(principal)

    @router.post("/logout", status_code=204, summary="End this browser's session")
    def logout(
        request: Request,
        response: Response,
        _principal: Annotated[Principal, Depends(guard.signed_in())],
    ) -> None:
        guard.store.close_session(session_of(request, guard.cookie))
        _set_cookie(response, guard, "", max_age=0)

    @router.get("/me", summary="Who one is, and what one may do")
    def me(principal: Annotated[Principal, Depends(guard.signed_in())]) -> Me:
        return _me(principal)


def _tokens(router: APIRouter, guard: Guard) -> None:
    manager = Depends(guard.require(Right.TOKENS_MANAGE))

    @router.get("/people/{person}/tokens", summary="Personal tokens in force")
    def tokens(person: PersonId, principal: Annotated[Principal, manager]) -> list[Listed]:
        principal.demand_for(Right.TOKENS_MANAGE, person)
        return [_listed(each) for each in guard.store.credentials(Kind.TOKEN, person=person)]

    @router.post("/people/{person}/tokens", status_code=201, summary="Make a personal token")
    def issue(
        person: PersonId,
        principal: Annotated[Principal, manager],
        name: _Name,
        days: Annotated[int, Body()] = TOKEN_DAYS,
    ) -> Issued:
        principal.demand_for(Right.TOKENS_MANAGE, person)
        return _issued(guard.store.issue_token(person, name, by=principal, days=days))

    @router.delete("/credentials/{credential_id}", status_code=204, summary="Revoke for good")
    def revoke(
        credential_id: CredentialId,
        principal: Annotated[Principal, Depends(guard.signed_in())],
    ) -> None:
        credential = guard.store.credential(credential_id)
        if credential is None or not _may_revoke(principal, credential):
            raise HTTPException(404, "There is no such credential that you could revoke.")
        guard.store.revoke(credential_id, by=principal)


def _keys(router: APIRouter, guard: Guard) -> None:
    manager = Depends(guard.require(Right.KEYS_MANAGE))

    @router.get("/keys", summary="Integration keys in force")
    def keys(_principal: Annotated[Principal, manager]) -> list[Listed]:
        return [_listed(each) for each in guard.store.credentials(Kind.KEY)]

    @router.post("/keys", status_code=201, summary="Make a key for one sender and one right")
    def issue(
        principal: Annotated[Principal, manager],
        name: _Name,
        right: Annotated[Right, Body()],
        days: Annotated[int | None, Body()] = None,
    ) -> Issued:
        return _issued(guard.store.issue_key(name, right, by=principal, days=days))


def _feeds(router: APIRouter, guard: Guard) -> None:
    manager = Depends(guard.require(Right.FEEDS_MANAGE))

    @router.get("/feeds", summary="One's own calendar feeds in force")
    def feeds(principal: Annotated[Principal, manager]) -> list[Listed]:
        return [
            _listed(each)
            for each in guard.store.credentials(Kind.FEED, person=person_of(principal))
        ]

    @router.post("/feeds", status_code=201, summary="Make an address for a calendar")
    def issue(
        principal: Annotated[Principal, manager],
        shows: Annotated[
            str, Body(embed=True, pattern=r"^(me|team:[a-z0-9][a-z0-9._-]{0,63})$", max_length=69)
        ],
    ) -> Issued:
        person = person_of(principal)
        what = f"person:{person}" if shows == "me" else shows
        return _issued(guard.store.issue_feed(person, what, by=principal))


def _audit(router: APIRouter, guard: Guard) -> None:
    reader = Depends(guard.require(Right.AUDIT_READ))

    @router.get("/audit", summary="Who did what, newest first")
    def audit(
        _principal: Annotated[Principal, reader],
        before_seq: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> dict[str, Any]:
        seq, chain = guard.store.audit.head()
        entries = guard.store.audit.entries(before_seq=before_seq, limit=limit)
        return {"head": {"seq": seq, "chain": chain}, "entries": msgspec.to_builtins(entries)}


def _set_cookie(
    response: Response, guard: Guard, value: str, *, max_age: int | None = None
) -> None:
    response.set_cookie(
        guard.cookie,
        value,
        max_age=max_age,
        path="/",
        secure=guard.origins.is_secure,
        httponly=True,
        samesite="strict",
    )


def _may_revoke(principal: Principal, credential: Credential) -> bool:
    right = {Kind.KEY: Right.KEYS_MANAGE, Kind.FEED: Right.FEEDS_MANAGE}.get(
        credential.kind, Right.TOKENS_MANAGE
    )
    try:
        principal.demand_for(right, credential.person or "")
    except NotAllowed:
        return False
    return True


def _me(principal: Principal) -> Me:
    return Me(
        person_id=principal.person_id,
        name=principal.name,
        roles=sorted(principal.roles),
        rights={right.value: scope.name.lower() for right, scope in principal.scopes.items()},
    )


def _listed(credential: Credential) -> Listed:
    facts = msgspec.structs.asdict(credential)
    return Listed(**{name: facts[name] for name in Listed.__dataclass_fields__})


def _issued(made: tuple[str, Credential]) -> Issued:
    secret, credential = made
    return Issued(secret=secret, credential=_listed(credential))
