"""What a request does, without HTTP: create, replace, patch, delete, search."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from scim2_models import (
    ConflictException,
    Context,
    ForbiddenException,
    InvalidValueException,
    ListResponse,
    Message,
    NotFoundException,
    PatchOp,
    PreconditionFailedException,
    SearchRequest,
    UniquenessException,
)
from sqlalchemy import Connection, Engine

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard import Principal
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.tables_csv import slug
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.problems import Rule
from sunwise.people.directory.sameness import folded
from sunwise.people.directory.scim.claims_of import claim_of, email_of, key_of, members_of
from sunwise.people.directory.scim.documents import MODELS, NAMES, Documents, remove, write
from sunwise.people.directory.scim.resources import (
    MAX_RESULTS,
    POLICY,
    Group,
    GroupMember,
    Kept,
)
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import DirectoryStore, Refused, VersionPassed

_TOLERATED: Final = frozenset({Rule.INCOMPLETE, Rule.INACTIVE, Rule.CAPACITY, Rule.LEADING})
"""A provider that lets somebody go is not refused; what follows is shown until it is mended."""

_FOR_TWO: Final = (
    "Who answers for a service around the clock, and that they leave, takes two people: change it at "
    "/directory, where "
    "somebody approves it, or let the provider do it with its integration key."
)


class Scim:
    """The users and groups of one directory. Its methods block; they raise SCIMException."""

    def __init__(self, engine: Engine, store: DirectoryStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._documents = Documents(engine)

    def get(self, kind: Kind, id_: str) -> Kept:
        """One resource. Raises NotFoundException."""
        found = self._documents.get(Key(kind, id_))
        if found is None:
            raise NotFoundException(detail=f"There is no {NAMES[kind]} {id_!r:.80}.")
        return found

    def create(self, kind: Kind, payload: bytes, *, by: Principal) -> Kept:
        """The new resource; a user whose address is known becomes that person."""
        context = Context.RESOURCE_CREATION_REQUEST
        resource = MODELS[kind].model_validate_json(payload, scim_ctx=context, scim_policy=POLICY)
        self._unique(kind, resource)
        resource.id = self._new_id(kind, resource)
        return self._put(resource, by)

    def replace(
        self, kind: Kind, id_: str, payload: bytes, *, by: Principal, if_match: str = ""
    ) -> Kept:
        """The resource as it is now."""
        before = self._matched(kind, id_, if_match)
        context = Context.RESOURCE_REPLACEMENT_REQUEST
        resource = MODELS[kind].model_validate_json(payload, scim_ctx=context, scim_policy=POLICY)
        resource.replace(before)  # type: ignore[arg-type]
        resource.id = id_
        self._unique(kind, resource)
        return self._put(resource, by)

    def patch(
        self, kind: Kind, id_: str, payload: bytes, *, by: Principal, if_match: str = ""
    ) -> Kept:
        """The resource as it is now."""
        resource = self._matched(kind, id_, if_match)
        model: Any = PatchOp.__class_getitem__(MODELS[kind])
        operations = model.model_validate_json(
            payload, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
        )
        if not operations.patch(resource, scim_policy=POLICY):
            return resource
        self._unique(kind, resource)
        return self._put(resource, by)

    def delete(self, kind: Kind, id_: str, *, by: Principal, if_match: str = "") -> None:
        """Forgets it; whoever others still name stays in the directory as somebody who has left."""
        found = self._matched(kind, id_, if_match)
        key = Key(kind, id_)
        groups = self._groups_without(id_) if kind is Kind.PERSON else []
        claims = [claim_of(each) for each in groups]
        withdrawn: tuple[Key, ...] = (key,)
        if kind is Kind.PERSON and self._is_named(id_, {each.id for each in groups}):
            claims.append(Claim(key=key, said={**claim_of(found).said, "active": False}))
            withdrawn = ()

        def also(connection: Connection) -> None:
            remove(connection, key)
            for group in groups:
                write(connection, group, self._clock.now_ns())

        self._apply(claims, also, by, withdrawn=withdrawn)

    def search(self, kinds: Iterable[Kind], request: SearchRequest[Any]) -> Message:
        """One page of what the filter finds, in the order asked for."""
        found = [each for kind in kinds for each in self._documents.of(kind)]
        if request.filter is not None:
            found = [each for each in found if request.filter.match(each)]
        ordered = request.sort(found)
        first = request.start_index_0 or 0
        count = MAX_RESULTS if request.count is None else min(request.count, MAX_RESULTS)
        page = ordered[first : first + count]
        found_of: Any = ListResponse.__class_getitem__(Kept)
        answer: Message = found_of(
            total_results=len(ordered),
            start_index=first + 1,
            items_per_page=len(page),
            resources=[each.model_copy(deep=True) for each in page],
        )
        return answer

    def _matched(self, kind: Kind, id_: str, if_match: str) -> Kept:
        found = self.get(kind, id_)
        version = found.meta.version if found.meta else ""
        if if_match and if_match.strip() not in ("*", version):
            raise PreconditionFailedException(
                detail=f"It is at version {version} now: read it again, then change that."
            )
        return found

    def _put(self, resource: Kept, by: Principal) -> Kept:
        if isinstance(resource, Group):
            self._check_members(resource)

        def also(connection: Connection) -> None:
            write(connection, resource, self._clock.now_ns())

        self._apply([claim_of(resource)], also, by)
        key = key_of(resource)
        return self.get(key.kind, key.id)

    def _apply(
        self,
        claims: Iterable[Claim],
        also: Callable[[Connection], None],
        by: Principal,
        *,
        withdrawn: tuple[Key, ...] = (),
    ) -> None:
        change = ChangeSet(
            source=Source.SCIM, claims=tuple(claims), withdrawn=withdrawn, tolerated=_TOLERATED
        )
        try:
            version = self._demand_one(change, by)
            self._store.apply(change, author=by.name, expected_version=version, also=also)
        except VersionPassed as passed:
            raise Retryable(str(passed), after_s=1.0) from passed
        except Refused as refused:
            text = "; ".join(f"{each.key}: {each.text}" for each in refused.problems[:5])
            rules = {each.rule for each in refused.problems}
            if Rule.DUPLICATE in rules:
                raise UniquenessException(detail=text) from refused
            if rules == {Rule.DANGLING}:
                raise ConflictException(detail=text) from refused
            raise InvalidValueException(detail=text) from refused

    def _demand_one(self, change: ChangeSet, by: Principal) -> int | None:
        """Returns if they may do it alone, and at which version, where that matters.

        Raises ForbiddenException for a person who does what takes two; a provider has a key.
        """
        if by.person_id is None:
            return None
        plan = self._store.plan(change)
        if plan.for_two:
            raise ForbiddenException(detail=_FOR_TWO)
        return plan.base_version

    def _unique(self, kind: Kind, resource: Kept) -> None:
        name = folded(_label(resource))
        for other in self._documents.of(kind):
            if other.id != resource.id and folded(_label(other)) == name:
                raise UniquenessException(
                    detail=f"{NAMES[kind]} {other.id} is called {_label(other)!r:.80} already."
                )

    def _new_id(self, kind: Kind, resource: Kept) -> str:
        """That of who has the address already, or one made of the name that nobody has."""
        taken = {each.id for each in self._store.state().claims if each.kind is kind}
        used = {each.id for each in self._documents.of(kind)}
        if not isinstance(resource, Group):
            known = Known.of(self._store.snapshot())
            name = resource.user_name or ""
            found = known.person(email_of(resource) or name) or known.person(name)
            if found is not None and found not in used:
                return found
        wanted = slug(_label(resource).partition("@")[0]) or NAMES[kind].lower()
        if kind is Kind.TEAM and wanted in taken - used:
            return wanted  # a team that others named first
        tries = (wanted[:58] + (f"-{n}" if n > 1 else "") for n in range(1, len(taken) + 2))
        return next(each for each in tries if each not in taken)

    def _check_members(self, group: Group) -> None:
        """Refuses whom nobody knows, and fills in what the server knows of the others."""
        people = {each.id for each in self._store.state().claims if each.kind is Kind.PERSON}
        unknown = [each for each in members_of(group) if each not in people]
        if unknown:
            raise InvalidValueException(
                detail=f"members {', '.join(unknown[:5])}: there is no such User; create them first."
            )
        for member in group.members or ():
            member.type = "User"

    def _groups_without(self, person: str) -> list[Group]:
        found = []
        for each in self._documents.of(Kind.TEAM):
            if isinstance(each, Group) and person in members_of(each):
                left: list[GroupMember] = [m for m in each.members or () if m.value != person]
                found.append(each.model_copy(update={"members": left or None}))
        return found

    def _is_named(self, person: str, mended: set[str | None]) -> bool:
        """Whether another source or object names the person, apart from groups being mended."""
        state = self._store.state()
        if state.claims[Key(Kind.PERSON, person)].keys() - {Source.SCIM}:
            return True
        for key, said in state.claims.items():
            for source, fields in said.items():
                named = {fields.get("lead"), fields.get("deputy"), *(fields.get("members") or ())}
                is_mended = source is Source.SCIM and key.kind is Kind.TEAM and key.id in mended
                if person in named and not is_mended:
                    return True
        return any(each.person == person for each in state.leave)


def _label(resource: Kept) -> str:
    name = resource.display_name if isinstance(resource, Group) else resource.user_name
    return name or ""
