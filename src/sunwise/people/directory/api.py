"""The directory over HTTP: read it, change it by hand, import, see what changed and what is wrong."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from sunwise.chassis.clock import Clock
from sunwise.chassis.guard import NotAllowed, Principal, Proposal, Right, Scope
from sunwise.chassis.guard.analyses import Agreed, AgreedNow
from sunwise.chassis.guard.two_people import State
from sunwise.contracts.people.directory import Leave, Person, Snapshot
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.requests import Format, ImportRequest, read_request
from sunwise.people.directory.objects import Key, Kind, Thing
from sunwise.people.directory.planning import ChangeSet, Plan
from sunwise.people.directory.proposing import Proposing
from sunwise.people.directory.reach import demand_change, leads, shown
from sunwise.people.directory.scorecard import scorecards
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import DirectoryStore, Refused, VersionPassed

PREFIX: Final = "/directory"
_KINDS: Final = {
    "people": Kind.PERSON,
    "teams": Kind.TEAM,
    "hubs": Kind.HUB,
    "services": Kind.SERVICE,
}
_PAGE: Final = 500
Requirement = Callable[..., Principal]
Limit = Annotated[int, Query(ge=1, le=_PAGE)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Json = dict[str, Any]


class _Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of an object by hand."""

    said: dict[str, Any] = {}
    """Values by field, beside what was said before; null takes back what was said of a field."""
    dry_run: bool = False
    expected_version: int | None = None


class _LeaveWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days off to enter and to take back."""

    add: tuple[Leave, ...] = ()
    remove: tuple[Leave, ...] = ()
    dry_run: bool = False


def directory_router(
    store: DirectoryStore,
    *,
    require: Callable[[Right], Requirement],
    proposing: Proposing,
    clock: Clock,
    handed_over: Callable[[], Mapping[str, int]] = dict,
    agreed: AgreedNow = Agreed,
) -> APIRouter:
    """All routes; each asks for a right.

    `handed_over` tells when the duty of each service was accepted last, ns; empty where nobody does.
    `agreed` tells which figures may be shown.
    """
    router = APIRouter(prefix=PREFIX, tags=["directory"])
    reader = Annotated[Principal, Depends(require(Right.DIRECTORY_READ))]
    for name, kind in _KINDS.items():
        _objects(router, store, (name, kind), reader)
    _changing(router, store, proposing, require)
    _importing(router, store, proposing, require)
    _leave(router, store, require)
    _history(router, store, reader)

    @router.get("/scorecards", summary="How well each service is owned, and what would help")
    def cards(_principal: reader, service: str = "") -> list[Json]:
        found = scorecards(
            store.snapshot(),
            now_ns=clock.now_ns(),
            handed_over_ns=handed_over(),
            only=service,
            agreed=agreed(),
        )
        return [msgspec.to_builtins(each) for each in found]

    return router


def _objects(
    router: APIRouter,
    store: DirectoryStore,
    what: tuple[str, Kind],
    reader: Any,  # noqa: ANN401 - an annotation
) -> None:
    name, kind = what

    @router.get(f"/{name}", summary=f"The {name}, in order of id")
    def find(principal: reader, q: str = "", limit: Limit = _PAGE, offset: Offset = 0) -> Json:
        snapshot = store.snapshot()
        things: tuple[Thing, ...] = getattr(snapshot, name)
        word = q.casefold()
        found = [each for each in things if word in each.id or word in each.name.casefold()]
        page = [_shown(each, principal) for each in found[offset : offset + limit]]
        return {"version": snapshot.version, "total": len(found), name: page}

    @router.get(f"/{name}/{{id_}}", summary=f"One {kind}, and who says what of it")
    def read(principal: reader, id_: str) -> Json:
        snapshot, state = store.snapshot(), store.state()
        things: tuple[Thing, ...] = getattr(snapshot, name)
        thing = next((each for each in things if each.id == id_), None)
        key = Key(kind, id_)
        if key not in state.claims:
            raise HTTPException(404, f"There is no {kind} {id_!r:.80}.")
        may_see_all = id_ == principal.person_id or principal.may(Right.DIRECTORY_WRITE, Scope.ALL)
        said = state.claims[key] if kind is not Kind.PERSON or may_see_all else {}
        problems = [each for each in state.problems if each.key == key]
        return {
            "version": snapshot.version,
            kind.value: _shown(thing, principal) if thing else None,
            "said": msgspec.to_builtins(said),
            "problems": msgspec.to_builtins(problems),
        }


def _changing(
    router: APIRouter,
    store: DirectoryStore,
    proposing: Proposing,
    require: Callable[[Right], Requirement],
) -> None:
    writer = Annotated[Principal, Depends(require(Right.DIRECTORY_WRITE))]

    @router.patch("/{name}/{id_}", summary="Say something of an object, new or known")
    async def patch(request: Request, principal: writer, name: str, id_: str) -> Response:
        wanted = await _body(request, _Wanted)
        key = _key(name, id_)

        def carry_out() -> Response:
            demand_change(principal, Claim(key=key, said=wanted.said), store.snapshot())
            before = store.state().claims.get(key, {}).get(Source.MANUAL, {})
            said = {f: value for f, value in {**before, **wanted.said}.items() if value is not None}
            change = ChangeSet(source=Source.MANUAL, claims=(Claim(key=key, said=said),))
            return _carry_out(store, proposing, principal, (change, wanted))

        return await run_in_threadpool(carry_out)

    @router.delete("/{name}/{id_}", summary="Take back what was said of an object by hand")
    async def delete(request: Request, principal: writer, name: str, id_: str) -> Response:
        wanted = await _body(request, _Wanted)
        key = _key(name, id_)
        principal.demand(Right.DIRECTORY_WRITE, Scope.ALL)
        change = ChangeSet(source=Source.MANUAL, withdrawn=(key,))
        return await run_in_threadpool(_carry_out, store, proposing, principal, (change, wanted))


def _importing(
    router: APIRouter,
    store: DirectoryStore,
    proposing: Proposing,
    require: Callable[[Right], Requirement],
) -> None:
    importer = Annotated[Principal, Depends(require(Right.DIRECTORY_IMPORT))]

    @router.post("/imports/{form}", summary="Import files; unless told otherwise, a dry run")
    async def run(request: Request, principal: importer, form: Format) -> Response:
        wanted = await _body(request, ImportRequest)

        def carry_out() -> Response:
            change = read_request(form, wanted, Known.of(store.snapshot()))
            return _carry_out(store, proposing, principal, (change, wanted))

        return await run_in_threadpool(carry_out)


def _leave(
    router: APIRouter, store: DirectoryStore, require: Callable[[Right], Requirement]
) -> None:
    writer = Annotated[Principal, Depends(require(Right.LEAVE_WRITE))]

    @router.get("/leave", summary="Days off of those whose leave you may enter")
    def read(principal: writer) -> Json:
        snapshot = store.snapshot()
        found = [each for each in snapshot.leave if _may_enter(principal, each.person, snapshot)]
        return {"version": snapshot.version, "leave": msgspec.to_builtins(found)}

    @router.post("/leave", summary="Enter days off, or take them back; nobody asks why")
    async def change(request: Request, principal: writer) -> Response:
        wanted = await _body(request, _LeaveWanted)

        def carry_out() -> Response:
            snapshot = store.snapshot()
            for each in (*wanted.add, *wanted.remove):
                is_led = leads(principal, each.person, snapshot)
                principal.demand_for(Right.LEAVE_WRITE, each.person, leads=is_led)
            change = ChangeSet(
                source=Source.MANUAL, leave_added=wanted.add, leave_removed=wanted.remove
            )
            if wanted.dry_run:
                return _answer(store.plan(change))
            return _answer(store.apply(change, author=principal.name), is_applied=True)

        return await run_in_threadpool(carry_out)


def _history(router: APIRouter, store: DirectoryStore, reader: Any) -> None:  # noqa: ANN401
    @router.get("/versions", summary="The change sets that were applied, newest first")
    def versions(_principal: reader, limit: Limit = 100) -> list[Json]:
        found: list[Json] = msgspec.to_builtins(store.versions(limit=limit))
        return found

    @router.get("/problems", summary="What is wrong as it stands, and what to do about it")
    def problems(_principal: reader) -> list[Json]:
        found: list[Json] = msgspec.to_builtins(store.state().problems)
        return found

    @router.get("/history/{name}/{id_}", summary="What happened to one object")
    def history(principal: reader, name: str, id_: str) -> list[Json]:
        key = _key(name, id_)
        if key.kind is Kind.PERSON and key.id != principal.person_id:
            principal.demand(Right.DIRECTORY_WRITE, Scope.ALL)
        return [
            {"version": version, **msgspec.to_builtins(change)}
            for version, change in store.changes_of(key)
        ]


def _carry_out(
    store: DirectoryStore,
    proposing: Proposing,
    principal: Principal,
    what: tuple[ChangeSet, _Wanted | ImportRequest],
) -> Response:
    """Shows what the change would do, does it, or proposes it to a second person."""
    change, wanted = what
    plan = store.plan(change)
    if wanted.dry_run:
        return _answer(plan)
    if wanted.expected_version not in (None, plan.base_version):
        raise HTTPException(
            409, str(VersionPassed(wanted.expected_version or 0, plan.base_version))
        )
    if plan.refusals:
        raise Refused(plan.refusals)
    if plan.for_two:
        return _proposed(proposing.submit(principal, change, plan), plan)
    try:
        done = store.apply(change, author=principal.name, expected_version=plan.base_version)
    except VersionPassed as passed:
        raise HTTPException(409, str(passed)) from passed
    return _answer(done, is_applied=True)


def _proposed(proposal: Proposal, plan: Plan) -> Response:
    is_applied = proposal.state is State.APPLIED
    if proposal.outcome:
        raise HTTPException(422, proposal.outcome)
    body = {
        "proposal": proposal.id,
        "summary": proposal.summary,
        "content_hash": proposal.content_hash,
        **_plan_of(plan, is_applied=is_applied),
    }
    return Response(msgspec.json.encode(body), 200 if is_applied else 202, _JSON)


_JSON: Final = {"content-type": "application/json"}


def _answer(plan: Plan, *, is_applied: bool = False) -> Response:
    return Response(msgspec.json.encode(_plan_of(plan, is_applied=is_applied)), 200, _JSON)


def _plan_of(plan: Plan, *, is_applied: bool) -> Json:
    return {"is_applied": is_applied, **msgspec.to_builtins(plan)}


def _key(name: str, id_: str) -> Key:
    if name not in _KINDS:
        raise HTTPException(404, f"There are {', '.join(_KINDS)}, but no {name!r:.80}.")
    return Key(_KINDS[name], id_)


def _shown(thing: Thing, principal: Principal) -> Json:
    visible = shown(thing, principal) if isinstance(thing, Person) else thing
    found: Json = msgspec.to_builtins(visible)
    return found


def _may_enter(principal: Principal, person: str, snapshot: Snapshot) -> bool:
    try:
        principal.demand_for(Right.LEAVE_WRITE, person, leads=leads(principal, person, snapshot))
    except NotAllowed:
        return False
    return True


async def _body(request: Request, kind: type[Any]) -> Any:  # noqa: ANN401 - an instance of `kind`
    """The body, decoded and checked; an empty one is all defaults. The door bounds its size."""
    body = await request.body()
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise HTTPException(422, f"This cannot be read: {fault}") from fault
