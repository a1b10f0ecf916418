"""The directory in SQL: numbered versions, each the whole of one change set."""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update

from sunwise.chassis.clock import Clock
from sunwise.chassis.db import migrate
from sunwise.chassis.errors import Permanent
from sunwise.chassis.personal import Rows, Traces, held
from sunwise.contracts.people.directory import Leave, Snapshot
from sunwise.people.directory.capacity import Law
from sunwise.people.directory.changes import Change, Verb
from sunwise.people.directory.holding import today
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.personal import NAMINGS, said_before, without, words_for
from sunwise.people.directory.planning import ChangeSet, Plan, State, plan, state_of
from sunwise.people.directory.problems import Problem
from sunwise.people.directory.rows import forget, read_claims, write_claims
from sunwise.people.directory.snapshots import snapshot_of
from sunwise.people.directory.tables import CHANGES, HEAD, LEAVE, PSEUDONYMS, VERSIONS

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_SHOWN: Final = 20
_CHUNK: Final = 500


class Refused(Permanent):
    """The change set breaks rules; nothing was changed. Every reason is in `problems`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        lines = [f"{p.place + ': ' if p.place else ''}{p.key}: {p.text}" for p in problems]
        more = f"\n(and {len(lines) - _SHOWN:,} more)" if len(lines) > _SHOWN else ""
        super().__init__("Nothing was changed.\n" + "\n".join(lines[:_SHOWN]) + more)
        self.problems = tuple(problems)


class VersionPassed(Permanent):
    """Somebody changed the directory meanwhile: look at what it is now, and try again."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(
            f"The directory is at version {found}, no longer at {expected}: look at the change "
            "again and apply it to that."
        )
        self.found = found


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One change set that was applied."""

    version: int
    at_ns: int
    author: str
    source: str
    n_changes: int


class DirectoryStore:
    """The directory of one database. Its methods block; call them from any thread."""

    def __init__(self, engine: Engine, clock: Clock, *, law: Law) -> None:
        migrate(engine, _MIGRATIONS, service="directory")
        self.engine = engine
        self._clock = clock
        self._law = law
        self._lock = threading.RLock()
        self._state: State | None = None
        self._snapshot: Snapshot | None = None

    def version(self) -> int:
        """The newest; 0 for an empty directory."""
        with self.engine.connect() as connection:
            return _version(connection)

    def state(self) -> State:
        """The newest state, read again only when somebody else has changed it."""
        with self._lock, self.engine.begin() as connection:
            version = _version(connection)
            if self._state is None or self._state.version != version:
                self._state = state_of(
                    version,
                    read_claims(connection),
                    _read_leave(connection),
                    law=self._law,
                    now_ns=self._clock.now_ns(),
                )
            return self._state

    def snapshot(self) -> Snapshot:
        """The newest, as others may read it."""
        with self._lock:
            state = self.state()
            if self._snapshot is None or self._snapshot.version != state.version:
                self._snapshot = snapshot_of(state, today=today(self._clock.now_ns()))
            return self._snapshot

    def plan(self, change: ChangeSet) -> Plan:
        """What the change set would do now; nothing is changed."""
        return plan(self.state(), change, law=self._law, now_ns=self._clock.now_ns())[0]

    def apply(
        self,
        change: ChangeSet,
        *,
        author: str,
        expected_version: int | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> Plan:
        """What the change set did, as one new version; none when it says nothing new.

        `author` is a person's id, or the name of an integration; `also` writes what belongs to the
        change in the same transaction. Raises Refused, and VersionPassed when the directory is not
        at `expected_version`.
        """
        with self._lock:
            state = self.state()
            if expected_version is not None and expected_version != state.version:
                raise VersionPassed(expected_version, state.version)
            planned, after = plan(state, change, law=self._law, now_ns=self._clock.now_ns())
            if planned.refusals:
                raise Refused(planned.refusals)
            is_same = after.claims == state.claims and after.leave == state.leave
            with self.engine.begin() as connection:
                if not is_same:
                    self._write(
                        connection,
                        state,
                        after,
                        changes=planned.changes,
                        author=author,
                        source=change.source,
                    )
                if also is not None:
                    also(connection)
            self._state = state if is_same else after
            return planned

    def _write(
        self,
        connection: Connection,
        before: State,
        after: State,
        *,
        changes: Sequence[Change],
        author: str,
        source: str,
    ) -> None:
        changed = connection.execute(
            update(HEAD).where(HEAD.c.version == before.version).values(version=after.version)
        )
        if changed.rowcount != 1:
            raise VersionPassed(before.version, _version(connection))
        write_claims(connection, before.claims, after.claims)
        _write_leave(connection, before.leave, after.leave)
        connection.execute(
            insert(VERSIONS).values(
                version=after.version,
                at_ns=self._clock.now_ns(),
                author=author[:64],
                source=source,
                n_changes=len(changes),
            )
        )
        rows = [_change_row(after.version, n, each) for n, each in enumerate(changes)]
        for start in range(0, len(rows), _CHUNK):
            connection.execute(insert(CHANGES), rows[start : start + _CHUNK])

    def traces(self, person: str) -> Traces | None:
        """By what this person can be found in any service; None for nobody of that id."""
        said = self.state().claims.get(Key(Kind.PERSON, person))
        if said is None:
            return None
        named = select(PSEUDONYMS.c.pseudonym).where(PSEUDONYMS.c.person == person)
        with self.engine.connect() as connection:
            pseudonym = connection.scalar(named) or ""
            before = said_before(connection, person)
        words = words_for([*said.values(), *before])
        return Traces(person=person, words=words, pseudonym=pseudonym)

    def held(self, traces: Traces) -> Rows:
        """Every row about the person."""
        with self.engine.connect() as connection:
            return held(connection, NAMINGS, traces)

    def erase(self, person: str) -> None:
        """Forgets the person, in every version; what ledgers hold is nobody's from then on.

        Teams and services go on without them, and what is missing then is among the problems. Of
        somebody whom nobody speaks of any more, what their past left is forgotten.
        """
        with self._lock:
            state = self.state()
            is_known = Key(Kind.PERSON, person) in state.claims
            after = state_of(
                state.version + 1,
                without(state.claims, person),
                frozenset(each for each in state.leave if each.person != person),
                law=self._law,
                now_ns=self._clock.now_ns(),
            )
            with self.engine.begin() as connection:
                if is_known:
                    self._write(connection, state, after, changes=(), author="", source="erasure")
                forget(connection, person)
            self._state = after if is_known else state

    def forget(self, before_ns: int) -> int:
        """Drops days off that were over before; how many."""
        with self._lock, self.engine.begin() as connection:
            gone = connection.execute(delete(LEAVE).where(LEAVE.c.last < today(before_ns)))
            if gone.rowcount:
                self._state = None  # nobody plans with what is over: it is no new version
        return gone.rowcount

    def versions(self, *, limit: int = 100) -> list[Version]:
        """The newest first."""
        query = select(VERSIONS).order_by(VERSIONS.c.version.desc()).limit(limit)
        with self.engine.connect() as connection:
            return [Version(**row) for row in connection.execute(query).mappings()]

    def changes_of(self, key: Key, *, limit: int = 500) -> list[tuple[int, Change]]:
        """What happened to one object, with the version that did it, the newest first."""
        query = (
            select(CHANGES)
            .where(CHANGES.c.kind == key.kind, CHANGES.c.object == key.id)
            .order_by(CHANGES.c.version.desc(), CHANGES.c.number)
            .limit(limit)
        )
        with self.engine.connect() as connection:
            return [(row.version, _change(row)) for row in connection.execute(query)]

    def pseudonyms(self, people: Iterable[str]) -> dict[str, str]:
        """What ledgers call these people; made when first asked for. Unknown people are left out."""
        known = {key.id for key in self.state().claims if key.kind is Kind.PERSON}
        with self._lock, self.engine.begin() as connection:
            connection.execute(update(HEAD).values(id=HEAD.c.id))  # one after the other
            rows = connection.execute(select(PSEUDONYMS.c.person, PSEUDONYMS.c.pseudonym))
            found = {row.person: row.pseudonym for row in rows}
            wanted = [each for each in dict.fromkeys(people) if each in known]
            new = {each: secrets.token_hex(16) for each in wanted if each not in found}
            if new:
                rows_new = [{"person": p, "pseudonym": name} for p, name in new.items()]
                connection.execute(insert(PSEUDONYMS), rows_new)
            return {each: (new | found)[each] for each in wanted}


def _version(connection: Connection) -> int:
    return int(connection.execute(select(HEAD.c.version)).scalar_one())


def _read_leave(connection: Connection) -> frozenset[Leave]:
    rows = connection.execute(select(LEAVE.c.person, LEAVE.c.first, LEAVE.c.last))
    return frozenset(Leave(person=p, first=first, last=last) for p, first, last in rows)


def _write_leave(connection: Connection, before: frozenset[Leave], after: frozenset[Leave]) -> None:
    for gone in before - after:
        connection.execute(
            delete(LEAVE).where(LEAVE.c.person == gone.person, LEAVE.c.first == gone.first)
        )
    if after - before:
        connection.execute(insert(LEAVE), [msgspec.structs.asdict(new) for new in after - before])


def _change_row(version: int, number: int, change: Change) -> dict[str, Any]:
    row = msgspec.structs.asdict(change)
    row |= {"verb": change.verb.value, "kind": change.kind.value, "object": row.pop("id")}
    row |= {side: msgspec.json.encode(row[side]).decode() for side in ("old", "new")}
    return row | {"version": version, "number": number}


def _change(row: Any) -> Change:  # noqa: ANN401 - a row of the table of changes
    return Change(
        verb=Verb(row.verb),
        kind=Kind(row.kind),
        id=row.object,
        field=row.field,
        old=msgspec.json.decode(row.old),
        new=msgspec.json.decode(row.new),
        source=row.source,
    )
