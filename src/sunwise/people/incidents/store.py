"""Facts, incidents and reviews in SQL: each change is one transaction with its timeline entries.

Whoever changes anything locks the head first: entries are chained one after the other, from however
many processes they come.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, Select, delete, func, insert, or_, select, update

from sunwise.chassis.db import answering, migrate
from sunwise.chassis.errors import Refused
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.facts import ENDS, FactKind, TimelineFact
from sunwise.contracts.people.incidents import (
    MAX_FACTS,
    GetShift,
    Incident,
    IncidentState,
    OpenIncident,
    Shift,
)
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.incidents.addresses import located
from sunwise.people.incidents.lifecycle import By, Held, Step, Why, opened, opened_by_page
from sunwise.people.incidents.review import Draft, ReviewState, draft_of
from sunwise.people.incidents.tables import (
    ENTRIES,
    FACT_SERVICES,
    FACTS,
    HEAD,
    INCIDENTS,
    REVIEWS,
)
from sunwise.people.incidents.timeline import SALT_BYTES, Entry, chained, entry_of, erased

BEFORE_NS: Final = 2 * NS_PER_HOUR
"""Facts of so long before an incident was opened are in its timeline."""
MAX_TEXT: Final = 50_000
_LISTED: Final = 200
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_OPENS: Final = frozenset(ENDS.values())
_AHEAD: Final = frozenset({FactKind.DEPLOY_PLANNED, FactKind.LISTING, FactKind.APPROVAL})
"""Not of the past, or not of the incident: these facts enter no timeline."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_fact: Final = msgspec.msgpack.Decoder(TimelineFact).decode
_decode_held: Final = msgspec.msgpack.Decoder(Held).decode
_decode_entry: Final = msgspec.msgpack.Decoder(Entry).decode
_decode_draft: Final = msgspec.msgpack.Decoder(Draft).decode

Pseudonyms = Mapping[Id, str]


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review at one version. There is no time of writing."""

    version: int = 0
    """0: nobody has written yet."""
    state: ReviewState = ReviewState.DRAFT
    author: Id | None = None
    text: str = ""
    """Markdown: what people found out."""
    draft: Draft
    """Of the timeline now; of an accepted review as it was then."""


class IncidentStore:
    """All incidents. Its methods block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        migrate(engine, _MIGRATIONS, service="incidents")

    # --- facts ---

    def record(self, facts: Sequence[TimelineFact], pseudonyms: Pseudonyms) -> list[bool]:
        """Stores facts, all or none; for each, whether it is new.

        A new one enters the timeline of every incident of its services that is not resolved.
        """
        with self._changing() as change:
            return [change.record(fact, pseudonyms) for fact in facts]

    def shift(self, query: GetShift) -> Shift:
        """What happened to some services in a shift, is open, or is to come."""
        with self._reading() as connection:
            rows = connection.execute(_shift_facts(query)).all()
            held = [
                _decode_held(row.content) for row in connection.execute(_shift_incidents(query))
            ]
        found = [located(_decode_fact(row.content)) for row in rows]
        found.sort(key=lambda fact: (fact.at_ns, fact.id))
        return Shift(
            incidents=tuple(each.incident for each in held if _is_of(each.incident, query)),
            facts=tuple(found[-MAX_FACTS:]),
            n_left_out=max(0, len(found) - MAX_FACTS),
        )

    def fact(self, fact: str) -> TimelineFact:
        """One fact. Raises Refused."""
        with self._reading() as connection:
            wanted = select(FACTS.c.content).where(FACTS.c.id == fact)
            row = connection.execute(wanted).one_or_none()
        if row is None:
            raise Refused(Why.UNKNOWN, f"Nobody has told a fact {fact!r:.160}, or it is forgotten.")
        return _decode_fact(row.content)

    def forget(self, before_ns: int) -> int:
        """Drops facts from before a time; how many. Timelines keep theirs.

        Also those that look open: whoever would tell their end may have forgotten it, as pagers do.
        Incidents that were resolved before say no more who took part: their chain names nobody then.
        """
        is_old = FACTS.c.at_ns < before_ns
        old = select(FACTS.c.id).where(is_old)
        with self._changing() as change:
            change.connection.execute(delete(FACT_SERVICES).where(FACT_SERVICES.c.fact.in_(old)))
            gone = change.connection.execute(delete(FACTS).where(is_old))
            change.forget_people(before_ns)
        return gone.rowcount

    # --- incidents ---

    def find(self, incident: str) -> Held:
        """One incident. Raises Refused."""
        with self._reading() as connection:
            return _load(connection, incident)

    def newest(self) -> list[Incident]:
        """Those that are not resolved, and the newest of the others; newest first."""
        is_open = INCIDENTS.c.state != IncidentState.RESOLVED.value
        wanted = select(INCIDENTS.c.content).order_by(is_open.desc(), INCIDENTS.c.opened_ns.desc())
        with self._reading() as connection:
            rows = connection.execute(wanted.limit(_LISTED)).all()
        return [_decode_held(row.content).incident for row in rows]

    def timeline(self, incident: str) -> list[Entry]:
        """Its entries, in the order of recording."""
        with self._reading() as connection:
            return _entries(connection, incident)

    def open(self, incident: Incident, by: By, pseudonyms: Pseudonyms) -> Held:
        """A new incident, with what was told of its services just before."""
        held, entry = opened(incident, by)
        with self._changing() as change:
            change.open(held, entry, pseudonyms)
        return held

    def open_for(self, wanted: OpenIncident) -> tuple[Incident, bool]:
        """The incident of a page, and whether it is new: one for its group until that is resolved."""
        held, entry = opened_by_page(wanted)
        is_open = INCIDENTS.c.state != IncidentState.RESOLVED.value
        known = select(INCIDENTS.c.content).where(is_open | (INCIDENTS.c.id == held.incident.id))
        with self._changing() as change:
            for row in change.connection.execute(known.order_by(INCIDENTS.c.opened_ns)):
                found = _decode_held(row.content).incident
                if found.id == held.incident.id or found.group == wanted.group:
                    return found, False
            change.open(held, entry, {})
        return held.incident, True

    def act(self, incident: str, acting: Callable[[Held], Step], *, revision: int | None) -> Held:
        """What `acting` makes of it; `revision` is the one that was read. Raises Refused."""
        with self._changing() as change:
            before = _load(change.connection, incident)
            if revision not in (None, before.incident.revision):
                raise Refused(Why.EDITED, "It was changed meanwhile: look at it again, then act.")
            after, entry = acting(before)
            change.connection.execute(
                update(INCIDENTS).where(INCIDENTS.c.id == incident).values(**_columns(after))
            )
            change.append(entry)
        return after

    def erase_words(self, incident: str, seq: int) -> None:
        """Takes the words out of an entry; its chain still fits. Raises Refused."""
        where = (ENTRIES.c.incident == incident, ENTRIES.c.seq == seq)
        with self._changing() as change:
            row = change.connection.execute(select(ENTRIES.c.entry).where(*where)).one_or_none()
            if row is None:
                raise Refused(Why.UNKNOWN, f"The timeline of {incident} has no entry {seq}.")
            gone = _encode(erased(_decode_entry(row.entry)))
            change.connection.execute(update(ENTRIES).where(*where).values(entry=gone))

    # --- reviews ---

    def review(self, incident: str) -> Review:
        """The newest version of its review, drafted anew until it is accepted. Raises Refused."""
        with self._reading() as connection:
            return _review(connection, incident)

    def write_review(self, incident: str, person: Id, text: str, *, read_version: int) -> Review:
        """The next version, on top of the one that was read. Raises Refused."""
        if len(text) > MAX_TEXT:
            raise Refused(
                Why.TOO_MUCH, f"A review has at most {MAX_TEXT} characters: link to more."
            )
        with self._changing() as change:
            before = _to_change(change.connection, incident, read_version)
            after = replace(
                before,
                version=before.version + 1,
                state=ReviewState.EDITED,
                author=person,
                text=text,
            )
            change.write_review(incident, after)
        return after

    def accept_review(self, incident: str, person: Id, *, read_version: int) -> Review:
        """Somebody else than its author accepts it: it stays as it is. Raises Refused."""
        with self._changing() as change:
            before = _to_change(change.connection, incident, read_version)
            if before.state is not ReviewState.EDITED:
                raise Refused(Why.STATE, "Nobody has written what was found out: write that first.")
            if before.author == person:
                raise Refused(Why.SAME_PERSON, "You wrote it: ask somebody else to accept it.")
            if before.draft.incident.state is not IncidentState.RESOLVED:
                raise Refused(Why.STATE, "The incident is not resolved: resolve it first.")
            after = replace(
                before, version=before.version + 1, state=ReviewState.ACCEPTED, author=person
            )
            change.write_review(incident, after)
        return after

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with answering("Incidents"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _changing(self) -> Iterator["_Transaction"]:
        with answering("Incidents"), self._engine.begin() as connection:
            connection.execute(update(HEAD).values(n_changes=HEAD.c.n_changes + 1))  # the lock
            yield _Transaction(connection)


class _Transaction:
    """One change, under the lock."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def record(self, fact: TimelineFact, pseudonyms: Pseudonyms) -> bool:
        known = select(FACTS.c.id).where(FACTS.c.id == fact.id)
        if self.connection.execute(known).first() is not None:
            return False
        if fact.kind in ENDS:
            self._end(fact)
        self.connection.execute(insert(FACTS).values(**self._row(fact)))
        services = [
            {"fact": fact.id, "service": s, "at_ns": fact.at_ns} for s in set(fact.services)
        ]
        self.connection.execute(insert(FACT_SERVICES), services)
        if fact.kind not in _AHEAD:
            for held in self._unresolved(fact):
                entry = _of_fact(fact, held.incident.id, pseudonyms)
                self.append(entry)
                if entry.actor is not None and fact.actor is not None:
                    self._take_part(held, fact.actor.person)
        return True

    def _take_part(self, held: Held, person: Id | None) -> None:
        """The timeline may show whom this pseudonym means."""
        if person is not None and person not in held.people:
            self.connection.execute(
                update(INCIDENTS)
                .where(INCIDENTS.c.id == held.incident.id)
                .values(content=_encode(replace(held, people=(*held.people, person))))
            )

    def open(self, held: Held, entry: Entry, pseudonyms: Pseudonyms) -> None:
        """A new incident: what was told of its services just before, then that it was opened."""
        self.connection.execute(insert(INCIDENTS).values(**_columns(held)))
        for fact in _facts_before(self.connection, held.incident):
            self.append(_of_fact(fact, held.incident.id, pseudonyms))
        self.append(entry)

    def append(self, entry: Entry) -> None:
        """The next entry of its incident's timeline."""
        newest = (
            select(ENTRIES.c.entry)
            .where(ENTRIES.c.incident == entry.incident)
            .order_by(ENTRIES.c.seq.desc())
            .limit(1)
        )
        row = self.connection.execute(newest).one_or_none()
        before = None if row is None else _decode_entry(row.entry)
        linked = chained(entry, before, salt=secrets.token_bytes(SALT_BYTES))
        self.connection.execute(
            insert(ENTRIES).values(incident=entry.incident, seq=linked.seq, entry=_encode(linked))
        )

    def forget_people(self, before_ns: int) -> None:
        is_over = INCIDENTS.c.state == IncidentState.RESOLVED.value
        old = select(INCIDENTS.c.content).where(is_over, INCIDENTS.c.opened_ns < before_ns)
        held = [_decode_held(row.content) for row in self.connection.execute(old)]
        for each in held:
            ended_ns = each.incident.resolved_ns or each.incident.opened_ns
            if ended_ns < before_ns and (each.people or each.roles):
                nobodys = _columns(replace(each, people=(), roles={}))
                of_it = INCIDENTS.c.id == each.incident.id
                self.connection.execute(update(INCIDENTS).where(of_it).values(**nobodys))

    def write_review(self, incident: str, review: Review) -> None:
        self.connection.execute(
            insert(REVIEWS).values(
                incident=incident,
                version=review.version,
                state=review.state.value,
                author=review.author,
                text=review.text,
                draft=_encode(review.draft),
            )
        )

    def _end(self, fact: TimelineFact) -> None:
        """What this fact ends is open no more."""
        self.connection.execute(
            update(FACTS)
            .where(
                FACTS.c.ref == fact.evidence.ref,
                FACTS.c.kind == ENDS[fact.kind].value,
                FACTS.c.at_ns <= _ends_up_to(fact),
            )
            .values(is_open=False)
        )

    def _row(self, fact: TimelineFact) -> dict[str, object]:
        return {
            "id": fact.id,
            "kind": fact.kind.value,
            "ref": fact.evidence.ref,
            "at_ns": fact.at_ns,
            "is_open": fact.kind in _OPENS and not self._is_ended(fact),
            "content": _encode(_without_person(fact)),
        }

    def _is_ended(self, fact: TimelineFact) -> bool:
        """What ends it came before it."""
        ends = [kind.value for kind, opener in ENDS.items() if opener is fact.kind]
        wanted = select(FACTS.c.content).where(
            FACTS.c.ref == fact.evidence.ref, FACTS.c.kind.in_(ends)
        )
        rows = self.connection.execute(wanted)
        return any(fact.at_ns <= _ends_up_to(_decode_fact(row.content)) for row in rows)

    def _unresolved(self, fact: TimelineFact) -> list[Held]:
        wanted = select(INCIDENTS.c.content).where(
            INCIDENTS.c.state != IncidentState.RESOLVED.value
        )
        held = [_decode_held(row.content) for row in self.connection.execute(wanted)]
        services = set(fact.services)
        return [
            each
            for each in held
            if services & set(each.incident.services)
            and fact.at_ns >= each.incident.opened_ns - BEFORE_NS
        ]


def _without_person(fact: TimelineFact) -> TimelineFact:
    """What is kept outside of timelines: what somebody was there for, not who they were."""
    if fact.actor is None:
        return fact
    return replace(fact, actor=replace(fact.actor, person=None))


def _ends_up_to(fact: TimelineFact) -> int:
    """Openers up to this time are ended by it; a deploy ends its plan, for whenever that was."""
    return 2**63 - 1 if fact.kind is FactKind.DEPLOY else fact.at_ns


def _of_fact(fact: TimelineFact, incident: str, pseudonyms: Pseudonyms) -> Entry:
    person = fact.actor.person if fact.actor is not None else None
    return entry_of(fact, incident, actor=pseudonyms.get(person) if person else None)


def _shift_facts(query: GetShift) -> Select[Any]:
    """Facts of the shift, those before it that are open, and those that are to come."""
    ahead = FACTS.c.kind.in_([kind.value for kind in _AHEAD])
    in_shift = (FACTS.c.at_ns >= query.from_ns) & (FACTS.c.at_ns < query.until_ns)
    to_come = ahead & (FACTS.c.at_ns >= query.from_ns) & (FACTS.c.at_ns < query.coming_until_ns)
    still_open = FACTS.c.is_open & (FACTS.c.at_ns < query.from_ns)
    ours = select(FACT_SERVICES.c.fact).where(
        FACT_SERVICES.c.service.in_(query.services), FACT_SERVICES.c.at_ns < query.coming_until_ns
    )
    return (
        select(FACTS.c.content)
        .where(FACTS.c.id.in_(ours), or_(in_shift, to_come, still_open))
        .order_by(FACTS.c.at_ns)
    )


def _shift_incidents(query: GetShift) -> Select[Any]:
    """Incidents that may be of the shift: by state and time; services are looked at in memory."""
    is_open = INCIDENTS.c.state != IncidentState.RESOLVED.value
    is_recent = INCIDENTS.c.opened_ns >= query.from_ns - 30 * 24 * NS_PER_HOUR
    return select(INCIDENTS.c.content).where(is_open | is_recent).order_by(INCIDENTS.c.opened_ns)


def _is_of(incident: Incident, query: GetShift) -> bool:
    """It touches one of the services and is not resolved, or was in the shift."""
    ended_ns = incident.resolved_ns
    is_then = ended_ns is None or query.from_ns <= ended_ns < query.until_ns
    return is_then and not set(query.services).isdisjoint(incident.services)


def _facts_before(connection: Connection, incident: Incident) -> list[TimelineFact]:
    ours = select(FACT_SERVICES.c.fact).where(
        FACT_SERVICES.c.service.in_(incident.services),
        FACT_SERVICES.c.at_ns >= incident.opened_ns - BEFORE_NS,
    )
    rows = connection.execute(
        select(FACTS.c.content).where(FACTS.c.id.in_(ours)).order_by(FACTS.c.at_ns, FACTS.c.id)
    )
    return [f for f in (_decode_fact(row.content) for row in rows) if f.kind not in _AHEAD]


def _columns(held: Held) -> dict[str, object]:
    return {
        "id": held.incident.id,
        "state": held.incident.state.value,
        "opened_ns": held.incident.opened_ns,
        "content": _encode(held),
    }


def _load(connection: Connection, incident: str) -> Held:
    row = connection.execute(
        select(INCIDENTS.c.content).where(INCIDENTS.c.id == incident)
    ).one_or_none()
    if row is None:
        raise Refused(Why.UNKNOWN, f"There is no incident {incident!r}: see the list.")
    return _decode_held(row.content)


def _entries(connection: Connection, incident: str) -> list[Entry]:
    wanted = select(ENTRIES.c.entry).where(ENTRIES.c.incident == incident).order_by(ENTRIES.c.seq)
    return [_decode_entry(row.entry) for row in connection.execute(wanted)]


def _review(connection: Connection, incident: str) -> Review:
    held = _load(connection, incident)
    newest = select(func.max(REVIEWS.c.version)).where(REVIEWS.c.incident == incident)
    row = connection.execute(
        select(REVIEWS).where(
            REVIEWS.c.incident == incident, REVIEWS.c.version == newest.scalar_subquery()
        )
    ).one_or_none()
    if row is not None and row.state == ReviewState.ACCEPTED.value:
        draft = _decode_draft(row.draft)
    else:
        draft = draft_of(held.incident, _entries(connection, incident))
    if row is None:
        return Review(draft=draft)
    return Review(
        version=row.version,
        state=ReviewState(row.state),
        author=row.author,
        text=row.text,
        draft=draft,
    )


def _to_change(connection: Connection, incident: str, read_version: int) -> Review:
    review = _review(connection, incident)
    if review.state is ReviewState.ACCEPTED:
        raise Refused(Why.STATE, "It is accepted and stays as it is: open an incident for news.")
    if review.version != read_version:
        raise Refused(
            Why.EDITED, f"Version {review.version} was written meanwhile: read that first."
        )
    return review
