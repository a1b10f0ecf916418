"""What people do with incidents, from whichever door they come."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from sunwise.chassis.clock import Clock
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.facts import TimelineFact
from sunwise.contracts.people.incidents import Incident, IncidentState
from sunwise.people.incidents.lifecycle import (
    By,
    Held,
    Step,
    graded,
    mitigated,
    noted,
    reopened,
    resolved,
    role_taken,
)
from sunwise.people.incidents.store import IncidentStore, Review
from sunwise.people.incidents.timeline import Entry

Blocking = Callable[..., Awaitable[Any]]
"""Runs a call that blocks: `asyncio.to_thread`, or at once in a simulation."""
AskPseudonyms = Callable[[Iterable[Id]], Awaitable[Mapping[Id, str]]]
"""What chained records call people; without those whom nobody could name."""
_MOVES: Mapping[IncidentState, Callable[[Held, By], Step]] = {
    IncidentState.OPEN: reopened,
    IncidentState.MITIGATED: mitigated,
    IncidentState.RESOLVED: resolved,
}


class Opening:
    """What somebody says of a new incident."""

    def __init__(self, title: str, severity: int, service: Id, services: Iterable[Id]) -> None:
        self.title = title
        self.severity = severity
        self.service = service
        self.services = tuple(sorted({service, *services}))


class IncidentDesk:
    """Serves people. Every call may raise Refused."""

    def __init__(
        self,
        store: IncidentStore,
        clock: Clock,
        *,
        ask_pseudonyms: AskPseudonyms,
        tell: Callable[[Incident], None],
        blocking: Blocking,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ask_pseudonyms = ask_pseudonyms
        self._tell = tell
        self._blocking = blocking

    def now_ns(self) -> int:
        """The time of this service."""
        return self._clock.now_ns()

    async def tell_facts(self, facts: Sequence[TimelineFact]) -> list[bool]:
        """Stores them, all or none; for each, whether it is new."""
        are_new: list[bool] = await self._blocking(self._store.record, facts, {})
        return are_new

    async def fact(self, fact: str) -> TimelineFact:
        """One fact, as it was told."""
        found: TimelineFact = await self._blocking(self._store.fact, fact)
        return found

    async def newest(self) -> list[Incident]:
        """Open ones and the newest of the others."""
        found: list[Incident] = await self._blocking(self._store.newest)
        return found

    async def find(self, incident: str) -> Held:
        """One incident."""
        held: Held = await self._blocking(self._store.find, incident)
        return held

    async def timeline(self, incident: str) -> list[Entry]:
        """Its entries in the order of recording."""
        await self.find(incident)
        entries: list[Entry] = await self._blocking(self._store.timeline, incident)
        return entries

    async def named(self, held: Held) -> Mapping[str, Id]:
        """Who is meant by the pseudonyms in its timeline, as far as anybody may know."""
        of = await self._ask_pseudonyms(held.people)
        return {pseudonym: person for person, pseudonym in of.items()}

    async def open(self, opening: Opening, person: Id) -> Held:
        """A new incident."""
        by = await self._by(person)
        incident = Incident(
            id=secrets.token_hex(6),
            title=opening.title,
            severity=opening.severity,
            state=IncidentState.OPEN,
            service=opening.service,
            services=opening.services,
            opened_ns=by.now_ns,
        )
        held: Held = await self._blocking(self._store.open, incident, by, {})
        self._tell(held.incident)
        return held

    async def move(self, incident: str, state: IncidentState, person: Id, *, revision: int) -> Held:
        """Mitigate, resolve or reopen it."""
        by = await self._by(person)
        return await self._act(incident, lambda held: _MOVES[state](held, by), revision=revision)

    async def grade(self, incident: str, severity: int, person: Id, *, revision: int) -> Held:
        """Another severity."""
        by = await self._by(person)
        return await self._act(incident, lambda held: graded(held, severity, by), revision=revision)

    async def take_role(self, incident: str, role: str, person: Id, *, revision: int) -> Held:
        """The person does this for it from now on."""
        by = await self._by(person)
        return await self._act(
            incident, lambda held: role_taken(held, role, person, by), revision=revision
        )

    async def note(self, incident: str, text: str, person: Id) -> Held:
        """Somebody writes something down; that goes beside whatever else happens."""
        by = await self._by(person)
        return await self._act(incident, lambda held: noted(held, text, by), revision=None)

    async def review(self, incident: str) -> Review:
        """Its review."""
        found: Review = await self._blocking(self._store.review, incident)
        return found

    async def write_review(
        self, incident: str, person: Id, text: str, *, read_version: int
    ) -> Review:
        """The next version of the findings."""
        found: Review = await self._blocking(
            self._store.write_review, incident, person, text, read_version=read_version
        )
        return found

    async def accept_review(self, incident: str, person: Id, *, read_version: int) -> Review:
        """Somebody else than its author accepts it."""
        found: Review = await self._blocking(
            self._store.accept_review, incident, person, read_version=read_version
        )
        return found

    async def _act(
        self, incident: str, acting: Callable[[Held], Step], *, revision: int | None
    ) -> Held:
        held: Held = await self._blocking(self._store.act, incident, acting, revision=revision)
        self._tell(held.incident)
        return held

    async def _by(self, person: Id) -> By:
        of = await self._ask_pseudonyms((person,))
        return By(person=person, pseudonym=of.get(person), now_ns=self._clock.now_ns())
