"""Rotas in SQL: each change of what is published is one transaction and one version of the duty table.

Whoever changes anything locks the head first, so that changes come one after the other, from however
many processes. A plan that was not stored whole is no plan.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from sunwise.chassis.clock import Clock
from sunwise.chassis.db import migrate
from sunwise.chassis.personal import Rows, Traces, held
from sunwise.contracts.people.duty import DutySlot
from sunwise.people.rota import ledger, rows
from sunwise.people.rota.kept import (
    DAY_NS,
    WINDOW_NS,
    Inputs,
    Kept,
    Request,
    RequestKind,
    RequestState,
    State,
    Unit,
    window_of,
)
from sunwise.people.rota.personal import NAMINGS, forget_in_rotas
from sunwise.people.rota.rows import NoSuch
from sunwise.people.rota.tables import (
    CLOSURES,
    CONSENTS,
    HEAD,
    HELD,
    REQUESTS,
    ROTAS,
    TOLD,
    TRAVEL,
    TURNS,
    UNITS,
)
from sunwise.people.rota.turns import (
    Held,
    Moved,
    Piece,
    Stale,
    Turn,
    reassigned,
    slots_of,
    to_come,
    told,
    turn_at,
)

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_KEPT_TOLD: Final = 1_000
_CHUNK: Final = 500
_HELD_NS: Final = 7 * DAY_NS
"""So long after its end it is known that handoff gave a duty to somebody."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_slots: Final = msgspec.msgpack.Decoder(tuple[DutySlot, ...]).decode


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """When somebody, or everybody of a hub or country, cannot be on duty. It has no reason."""

    kind: str
    """`person`, `hub` or `country`."""
    subject: str
    from_ns: int
    until_ns: int


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """The zone that somebody declares for a while."""

    person: str
    from_ns: int
    until_ns: int
    zone: str


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """Who has what, as of one version of the duty table."""

    version: int
    slots: tuple[DutySlot, ...]
    until_ns: int


class RotaStore:
    """All rotas of one database. Its methods block; call them from any thread."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        migrate(engine, _MIGRATIONS, service="rota")
        self.engine = engine
        self._clock = clock

    # --- what readers of duty see ---

    def version(self) -> int:
        """Of the duty table."""
        with self.engine.connect() as connection:
            return rows.version_of(connection)

    def told_after(self, version: int) -> list[tuple[int, tuple[DutySlot, ...] | None]]:
        """What made each later version, in order; None where the table must be read."""
        query = select(TOLD).where(TOLD.c.version > version).order_by(TOLD.c.version)
        with self.engine.connect() as connection:
            return [
                (row.version, None if row.slots is None else _decode_slots(row.slots))
                for row in connection.execute(query)
            ]

    def served(self, from_ns: int) -> Served:
        """Every slot that ends after `from_ns`, in order of service, role and time."""
        with self.engine.connect() as connection:
            version = rows.version_of(connection)
            # First: what comes later does no harm under its number.
            slots: set[DutySlot] = set()
            until_ns = from_ns
            units = rows.units_in(connection)
            for row in rows.published_after(connection, from_ns):
                unit = units.get(row.unit)
                slots |= slots_of((rows.turn_of(row),), unit.services if unit else ())
                until_ns = max(until_ns, row.end_ns)
            ordered = sorted(slots, key=lambda each: (each.service, each.role, each.since_ns))
            return Served(version=version, slots=tuple(ordered), until_ns=until_ns)

    # --- units ---

    def units(self) -> dict[str, Unit]:
        """Those that are planned now, by id."""
        with self.engine.connect() as connection:
            return rows.units_in(connection)

    def set_units(self, units: Iterable[Unit]) -> bool:
        """Plans these from now on; whether anything is different."""
        wanted = {unit.id: unit for unit in units}
        with self._changing() as change:
            if rows.units_in(change.connection) == wanted:
                return False
            change.connection.execute(update(UNITS).values(is_active=False))
            for unit in wanted.values():
                change.put_unit(unit)
            change.tell(None)
            return True

    # --- rotas ---

    def find(self, unit: str, window_ns: int, state: State | None = None) -> Kept | None:
        """The newest version of the window's rota in that state, or in any."""
        with self.engine.connect() as connection:
            return rows.find(connection, unit, window_ns, state)

    def versions(self, unit: str, window_ns: int) -> list[Kept]:
        """Every version of the window's rota, in order."""
        query = select(ROTAS).where(ROTAS.c.unit == unit, ROTAS.c.window_ns == window_ns)
        with self.engine.connect() as connection:
            found = connection.execute(query.order_by(ROTAS.c.version)).all()
            return [rows.kept_of(connection, row) for row in found]

    def windows(self, state: State) -> set[tuple[str, int]]:
        """(unit, window) of every rota in that state."""
        query = select(ROTAS.c.unit, ROTAS.c.window_ns).where(ROTAS.c.state == state)
        with self.engine.connect() as connection:
            return {(unit, window_ns) for unit, window_ns in connection.execute(query)}

    def windows_with(self, person: str, since_ns: int) -> set[tuple[str, int]]:
        """(unit, window) of every rota that the person is in or was in, and that ends later."""
        theirs = (TURNS.c.person == person, TURNS.c.end_ns > since_ns)
        query = select(TURNS.c.unit, TURNS.c.window_ns).where(*theirs).distinct()
        with self.engine.connect() as connection:
            return {(unit, window_ns) for unit, window_ns in connection.execute(query)}

    def save_draft(self, kept: Kept, *, n_erased: int | None = None) -> Kept:
        """The draft as it is kept; it takes the place of an earlier draft of the window.

        `n_erased`: how many erasures the directory that it stands on knows of. Raises Moved.
        """
        with self._changing(n_erased=n_erased) as change:
            of_window = (ROTAS.c.unit == kept.unit, ROTAS.c.window_ns == kept.window_ns)
            change.connection.execute(
                update(ROTAS)
                .where(*of_window, ROTAS.c.state == State.DRAFT)
                .values(state=State.DROPPED)
            )
            return change.add(msgspec.structs.replace(kept, state=State.DRAFT))

    def publish(
        self,
        kept: Kept,
        turns: Sequence[Turn],
        requests: Iterable[Request] = (),
        *,
        seen: int | None = None,
    ) -> list[Request]:
        """Puts a draft in force with these turns, and asks for what they leave out.

        `seen`: the version of the duty table at which that was found lawful. Raises Stale and Moved.
        """
        with self._changing(seen) as change:
            found = rows.find(change.connection, kept.unit, kept.window_ns, State.DRAFT)
            if found is None or found.version != kept.version:
                raise Stale("This draft is not the newest: look at the rota again.")
            change.put_in_force(msgspec.structs.replace(kept, turns=tuple(turns)))
            return [change.add_request(each) for each in requests]

    def amend(self, unit: str, window_ns: int, changes: Iterable[Piece], by: str) -> Kept:
        """The published rota with these pieces in other hands. Raises Stale and NoSuch."""
        with self._changing() as change:
            return change.amend(unit, window_ns, changes, by)

    def settle(self, unit: str, window_ns: int, inputs: Inputs) -> None:
        """The published rota stands as it is, now that its inputs are these."""
        with self._changing() as change:
            change.connection.execute(
                update(ROTAS)
                .where(
                    ROTAS.c.unit == unit,
                    ROTAS.c.window_ns == window_ns,
                    ROTAS.c.state == State.PUBLISHED,
                )
                .values(
                    directory_version=inputs.directory_version,
                    tzdata=inputs.tzdata,
                    inputs=inputs.digest,
                )
            )

    def accept_gap(self, unit: str, window_ns: int, gap: Turn, owner: str) -> Kept:
        """The gap as declared: `owner` has accepted it by name. Raises Stale and NoSuch."""
        with self._changing() as change:
            kept = rows.in_force(change.connection, unit, window_ns)
            if gap.person is not None or all(t[:4] != gap[:4] for t in kept.turns):
                raise Stale("There is no such gap any more: look at the rota again.")
            turns = tuple(
                t._replace(gap_owner=owner) if t[:4] == gap[:4] else t for t in kept.turns
            )
            return change.put_in_force(msgspec.structs.replace(kept, turns=turns))

    def hold(self, unit: str, held: Held) -> None:
        """It is actually theirs, as far as it was one person's by plan. Again: nothing new.

        Raises NoSuch.
        """
        with self._changing() as change:
            if change.is_first(unit, held):
                change.hold(unit, held)

    def turns(self, since_ns: int) -> list[tuple[str, int, State, Turn]]:
        """(unit, window, state, turn) of each that ends later, of drafts and what is published."""
        query = (
            select(TURNS, ROTAS.c.state)
            .join_from(TURNS, ROTAS, rows.same_version())
            .where(TURNS.c.end_ns > since_ns, ROTAS.c.state.in_((State.DRAFT, State.PUBLISHED)))
        )
        with self.engine.connect() as connection:
            return [
                (row.unit, row.window_ns, State(row.state), rows.turn_of(row))
                for row in connection.execute(query)
            ]

    # --- changes that wait for a yes ---

    def request(
        self, request: Request, *, seen: int | None = None, n_erased: int | None = None
    ) -> Request:
        """The request, kept until everybody who is asked has answered. Raises Moved."""
        with self._changing(seen, n_erased) as change:
            return change.add_request(request)

    def requests(self, *states: RequestState) -> list[Request]:
        """Those in any of these states."""
        with self.engine.connect() as connection:
            return rows.requests_in(connection, states)

    def taken_since(self, window_ns: int) -> list[Request]:
        """Shifts that were taken over, of that window and later ones; of the same, in their order."""
        is_taken = (REQUESTS.c.kind == RequestKind.TAKE, REQUESTS.c.state == RequestState.APPLIED)
        query = select(REQUESTS).where(*is_taken, REQUESTS.c.window_ns >= window_ns)
        with self.engine.connect() as connection:
            taken = [rows.request_of(connection, row) for row in connection.execute(query).all()]
        return sorted(taken, key=lambda each: each.version)

    def find_request(self, request: str) -> Request:
        """One request. Raises NoSuch."""
        with self.engine.connect() as connection:
            return rows.find_request(connection, request)

    def answer(
        self, request: str, person: str, *, is_yes: bool, seen: int | None = None
    ) -> Request:
        """The request after a person's own word; the last yes applies it.

        Raises NoSuch, Stale and Moved.
        """
        with self._changing(seen) as change:
            found = rows.find_request(change.connection, request)
            if person not in found.asked:
                raise NoSuch("Nobody asks you about this change.")
            if found.state is not RequestState.OPEN:
                raise Stale(f"This change is {found.state.value} already.")
            kept = rows.in_force(change.connection, found.unit, found.window_ns)
            change.write_answer(found, person, kept.version, is_yes=is_yes)
            return change.decide(rows.find_request(change.connection, request))

    def close_request(self, request: str, state: RequestState) -> None:
        """It will not be applied; nothing where it is decided already."""
        with self._changing() as change:
            if rows.find_request(change.connection, request).state is RequestState.OPEN:
                change.set_request(request, state)

    # --- who is away ---

    def add_closure(self, closure: Closure) -> None:
        """Somebody cannot be on duty then."""
        with self._changing() as change:
            values = msgspec.structs.asdict(closure)
            change.connection.execute(insert(CLOSURES).values(id=secrets.token_hex(8), **values))

    def closures(self, since_ns: int) -> list[Closure]:
        """Those that end later."""
        query = select(CLOSURES).where(CLOSURES.c.until_ns > since_ns).order_by(CLOSURES.c.from_ns)
        with self.engine.connect() as connection:
            names = Closure.__struct_fields__
            return [Closure(**{n: getattr(r, n) for n in names}) for r in connection.execute(query)]

    def add_journey(self, journey: Journey) -> None:
        """Somebody's clock is another one then; a journey that begins at the same time is replaced."""
        with self._changing() as change:
            is_same = (TRAVEL.c.person == journey.person, TRAVEL.c.from_ns == journey.from_ns)
            change.connection.execute(delete(TRAVEL).where(*is_same))
            change.connection.execute(insert(TRAVEL).values(**msgspec.structs.asdict(journey)))

    def journeys(self, since_ns: int) -> list[Journey]:
        """Those that end later."""
        query = select(TRAVEL).where(TRAVEL.c.until_ns > since_ns).order_by(TRAVEL.c.from_ns)
        with self.engine.connect() as connection:
            names = Journey.__struct_fields__
            return [Journey(**{n: getattr(r, n) for n in names}) for r in connection.execute(query)]

    # --- the burden ledger ---

    def book(self, entries: Iterable[ledger.Entry]) -> int:
        """How many of them were new."""
        with self._changing() as change:
            return ledger.book(change.connection, entries)

    def points_since(self, since_ns: int) -> dict[str, int]:
        """Burden by pseudonym over the windows from then on."""
        with self.engine.connect() as connection:
            return ledger.points_since(connection, since_ns)

    def ledger_of(self, pseudonym: str) -> list[ledger.Row]:
        """All that is booked for one pseudonym."""
        with self.engine.connect() as connection:
            return ledger.rows_of(connection, pseudonym)

    def verify_ledger(self) -> int:
        """The number of rows. Raises LedgerBroken."""
        with self.engine.connect() as connection:
            return ledger.verify(connection)

    # --- forgetting ---

    def held(self, traces: Traces) -> Rows:
        """Every row about the person."""
        with self.engine.connect() as connection:
            return held(connection, NAMINGS, traces)

    def n_erased(self) -> int:
        """How many erasures there were."""
        with self.engine.connect() as connection:
            return rows.n_erased(connection)

    def erase(self, traces: Traces) -> dict[str, int]:
        """How many places of each table named them. What is being planned with them is not stored."""
        with self._changing() as change:
            change.connection.execute(update(HEAD).values(n_erased=HEAD.c.n_erased + 1))
            gone = forget_in_rotas(change.connection, traces, now_ns=self._clock.now_ns())
            if gone:
                change.tell(None)
            return gone

    def forget(self, before_ns: int) -> None:
        """Drops rotas, requests, closures and journeys of windows that ended before; older marks too."""
        ended_ns = before_ns - WINDOW_NS
        with self._changing() as change:
            execute = change.connection.execute
            old = select(REQUESTS.c.id).where(REQUESTS.c.window_ns <= ended_ns)
            execute(delete(CONSENTS).where(CONSENTS.c.request.in_(old)))
            for table in (REQUESTS, TURNS, ROTAS):
                execute(delete(table).where(table.c.window_ns <= ended_ns))
            for table in (CLOSURES, TRAVEL):
                execute(delete(table).where(table.c.until_ns < before_ns))
            execute(delete(HELD).where(HELD.c.end_ns < self._clock.now_ns() - _HELD_NS))

    @contextmanager
    def _changing(
        self, seen: int | None = None, n_erased: int | None = None
    ) -> Iterator["_Transaction"]:
        """One change, under the lock.

        Raises Moved when the table is not at the version `seen`, or more than `n_erased` are erased.
        """
        with self.engine.begin() as connection:
            connection.execute(update(HEAD).values(id=HEAD.c.id))  # the lock
            if seen not in (None, rows.version_of(connection)):
                raise Moved("The rota changes too often now: try again.", after_s=1.0)
            if n_erased not in (None, rows.n_erased(connection)):
                raise Moved("Somebody was erased meanwhile: plan it again.", after_s=1.0)
            yield _Transaction(connection, now_ns=self._clock.now_ns())


class _Transaction:
    """One change, under the lock."""

    def __init__(self, connection: Connection, *, now_ns: int) -> None:
        self.connection = connection
        self._now_ns = now_ns

    def tell(self, slots: tuple[DutySlot, ...] | None) -> None:
        """The next version of the duty table."""
        version = rows.version_of(self.connection) + 1
        content = None if slots is None else _encode(slots)
        self.connection.execute(update(HEAD).values(version=version))
        self.connection.execute(insert(TOLD).values(version=version, slots=content))
        self.connection.execute(delete(TOLD).where(TOLD.c.version <= version - _KEPT_TOLD))

    def put_unit(self, unit: Unit) -> None:
        self.connection.execute(delete(UNITS).where(UNITS.c.unit == unit.id))
        self.connection.execute(
            insert(UNITS).values(unit=unit.id, content=_encode(unit), is_active=True)
        )

    def add(self, kept: Kept) -> Kept:
        newest = select(func.max(ROTAS.c.version)).where(
            ROTAS.c.unit == kept.unit, ROTAS.c.window_ns == kept.window_ns
        )
        version = (self.connection.execute(newest).scalar() or 0) + 1
        kept = msgspec.structs.replace(kept, version=version, created_ns=self._now_ns)
        self.connection.execute(
            insert(ROTAS).values(
                unit=kept.unit,
                window_ns=kept.window_ns,
                version=version,
                state=kept.state,
                created_ns=kept.created_ns,
                directory_version=kept.inputs.directory_version,
                tzdata=kept.inputs.tzdata,
                inputs=kept.inputs.digest,
                content=_encode(kept.figures),
            )
        )
        key = {"unit": kept.unit, "window_ns": kept.window_ns, "version": version}
        turns = [turn._asdict() | key for turn in kept.turns]
        for start in range(0, len(turns), _CHUNK):
            self.connection.execute(insert(TURNS), turns[start : start + _CHUNK])
        return kept

    def put_in_force(self, kept: Kept) -> Kept:
        """A new version, published, in the place of the one that was; told to whoever follows."""
        before = rows.find(self.connection, kept.unit, kept.window_ns, State.PUBLISHED)
        of_window = (ROTAS.c.unit == kept.unit, ROTAS.c.window_ns == kept.window_ns)
        replaced = {State.PUBLISHED: State.SUPERSEDED}
        if kept.state is State.DRAFT:
            replaced[State.DRAFT] = State.DROPPED
        for old, state in replaced.items():
            self.connection.execute(
                update(ROTAS).where(*of_window, ROTAS.c.state == old).values(state=state)
            )
        kept = self.add(msgspec.structs.replace(kept, state=State.PUBLISHED))
        unit = rows.units_in(self.connection).get(kept.unit)
        services = unit.services if unit else ()
        was = slots_of(before.turns if before else (), services)
        self.tell(told(was, slots_of(kept.turns, services)))
        return kept

    def amend(self, unit: str, window_ns: int, changes: Iterable[Piece], by: str) -> Kept:
        kept = rows.in_force(self.connection, unit, window_ns)
        figures = msgspec.structs.replace(kept.figures, by=by)
        turns = reassigned(kept.turns, changes)
        return self.put_in_force(msgspec.structs.replace(kept, turns=turns, figures=figures))

    def is_first(self, unit: str, held: Held) -> bool:
        """Whether the unit was not told it before; from now on it was."""
        key = self.connection.execute(select(HEAD.c.ledger_key)).scalar_one()
        mark = hmac.new(bytes(key), b"held " + _encode([unit, held]), hashlib.sha256).hexdigest()
        if self.connection.execute(select(HELD.c.mark).where(HELD.c.mark == mark)).first():
            return False
        self.connection.execute(insert(HELD).values(mark=mark, end_ns=held.end_ns))
        return True

    def hold(self, unit: str, held: Held) -> None:
        """Up to where it is another person's than at its beginning, or nothing is published."""
        first: Turn | None = None
        at_ns = held.start_ns
        while at_ns < held.end_ns:
            kept = rows.find(self.connection, unit, window_of(at_ns), State.PUBLISHED)
            turn = turn_at(kept.turns if kept else (), held.role, at_ns)
            if first is None and turn is None:
                raise NoSuch("There is no such shift in the published rota.")
            if kept is None or turn is None or (first and turn.person != first.person):
                return
            first, until_ns = first or turn, min(turn.end_ns, held.end_ns)
            piece = Piece(at_ns, until_ns, held.role, turn.person, held.person)
            turns = reassigned(kept.turns, [piece])
            if turns != kept.turns:
                self.put_in_force(msgspec.structs.replace(kept, turns=turns))
            at_ns = until_ns

    def add_request(self, request: Request) -> Request:
        """What a draft asks is asked once, however often it is published: then it is found again."""
        if request.draft:
            for found in rows.requests_in(self.connection, [RequestState.OPEN]):
                if request.repeats(found):
                    return found
        version = rows.in_force(self.connection, request.unit, request.window_ns).version
        kept = msgspec.structs.replace(request, id=secrets.token_hex(8), version=version)
        self.connection.execute(
            insert(REQUESTS).values(
                id=kept.id,
                unit=kept.unit,
                window_ns=kept.window_ns,
                kind=kept.kind,
                state=kept.state,
                asked_by=kept.asked_by,
                content=_encode(kept),
            )
        )
        for person, is_yes in kept.answers.items():
            self.write_answer(kept, person, version, is_yes=is_yes)
        return self.decide(kept)

    def write_answer(self, request: Request, person: str, version: int, *, is_yes: bool) -> None:
        is_theirs = (CONSENTS.c.request == request.id, CONSENTS.c.person == person)
        self.connection.execute(delete(CONSENTS).where(*is_theirs))
        self.connection.execute(
            insert(CONSENTS).values(
                request=request.id, person=person, version=version, is_yes=is_yes
            )
        )

    def decide(self, request: Request) -> Request:
        """Applied with the last yes; over with the first no, or when the rota has moved on."""
        if not all(request.answers.values()):
            return self.set_request(request.id, RequestState.DECLINED)
        if request.waits_for():
            return request
        try:
            is_swap = request.kind is RequestKind.SWAP
            left = to_come(request.changes, self._now_ns, is_whole=is_swap)
            self.amend(request.unit, request.window_ns, left, request.kind)
        except Stale:
            return self.set_request(request.id, RequestState.STALE)
        return self.set_request(request.id, RequestState.APPLIED)

    def set_request(self, request: str, state: RequestState) -> Request:
        of_it = REQUESTS.c.id == request
        self.connection.execute(update(REQUESTS).where(of_it).values(state=state))
        return rows.find_request(self.connection, request)
