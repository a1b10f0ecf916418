"""Handoffs in SQL: each change is one transaction with the events that it causes.

Whoever changes anything locks the head first, so changes happen one after the other, from however many
processes they come, and events are numbered in that order: one handoff has one holder.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from sunwise.chassis.db import answering, migrate
from sunwise.chassis.errors import Refused
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.handoff import FINAL, HandoffEvent
from sunwise.people.handoff.acceptance import (
    Handoff,
    Why,
    accept,
    closed,
    released,
    replanned,
)
from sunwise.people.handoff.following import Change, Closing, Opening, Releasing, Replanning
from sunwise.people.handoff.note import Part
from sunwise.people.handoff.tables import EVENTS, HANDOFFS, HEAD, NOTES

MAX_TEXT: Final = 20_000
"""Characters of a note."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_handoff: Final = msgspec.msgpack.Decoder(Handoff).decode
_decode_event: Final[msgspec.msgpack.Decoder[HandoffEvent]] = msgspec.msgpack.Decoder(HandoffEvent)
_decode_parts: Final = msgspec.msgpack.Decoder(tuple[Part, ...]).decode

Acting = Callable[[Handoff], tuple[Handoff, list[HandoffEvent]]]
Outcome = tuple[Handoff, list[HandoffEvent]]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What the outgoing has written, at one version. There is no time of writing."""

    version: int = 0
    """0: nothing is written yet."""
    author: Id | None = None
    text: str = ""
    """Markdown."""
    parts: tuple[Part, ...] = ()
    """The sections as they were when the handoff was accepted; empty before."""


class HandoffStore:
    """All handoffs. Its methods block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        migrate(engine, _MIGRATIONS, service="handoff")

    # --- reading ---

    def find(self, handoff: str) -> Handoff:
        """One handoff. Raises Refused."""
        with self._reading() as connection:
            return _load(connection, handoff)

    def known(self, since_ns: int) -> dict[str, Handoff]:
        """Every handoff that is not final, and those whose time was at `since_ns` or later."""
        wanted = select(HANDOFFS.c.content).where(
            (HANDOFFS.c.at_ns >= since_ns) | HANDOFFS.c.state.not_in(sorted(FINAL))
        )
        with self._reading() as connection:
            found = [_decode_handoff(row.content) for row in connection.execute(wanted)]
        return {handoff.id: handoff for handoff in found}

    def note(self, handoff: str) -> Note:
        """The newest version of its note."""
        with self._reading() as connection:
            return _newest_note(connection, handoff)

    def notes(self, handoff: str) -> list[Note]:
        """Every version of its note, in order."""
        wanted = select(NOTES).where(NOTES.c.handoff == handoff).order_by(NOTES.c.version)
        with self._reading() as connection:
            return [_note(row) for row in connection.execute(wanted)]

    def events_after(self, seq: int, limit: int) -> list[HandoffEvent]:
        """The events after `seq`, in order."""
        wanted = select(EVENTS.c.event).where(EVENTS.c.seq > seq).order_by(EVENTS.c.seq)
        with self._reading() as connection:
            rows = connection.execute(wanted.limit(limit)).all()
        return [_decode_event.decode(row.event) for row in rows]

    def head(self) -> int:
        """The number of the newest event; 0 before the first."""
        with self._reading() as connection:
            return int(connection.execute(select(HEAD.c.seq)).scalar_one())

    # --- changing ---

    def act(self, handoff: str, acting: Acting) -> Outcome:
        """What `acting` makes of the handoff as it is now. Raises what `acting` raises."""
        with self._changing() as change:
            return change.act(handoff, acting)

    def accept(
        self, handoff: str, person: Id, *, read_version: int, now_ns: int, parts: tuple[Part, ...]
    ) -> Outcome:
        """The person takes the duty over, having read that version of the note. Raises Refused.

        `parts` are the note's sections as they were shown; they stay as accepted.
        """
        with self._changing() as change:
            note = _newest_note(change.connection, handoff)
            outcome = change.act(handoff, lambda found: accept(found, person, now_ns))
            if not outcome[1]:
                return outcome  # they had accepted before
            if note.version != read_version:
                raise Refused(
                    Why.EDITED,
                    f"The note was edited: read version {note.version}, then accept that.",
                )
            change.write_note(handoff, replace(note, version=note.version + 1, parts=parts))
            return outcome

    def write_note(self, handoff: str, person: Id, text: str, *, read_version: int) -> Note:
        """The next version of the note, by its author, on top of the one read. Raises Refused."""
        if len(text) > MAX_TEXT:
            raise Refused(Why.UNLAWFUL, f"A note has at most {MAX_TEXT} characters: link to more.")
        with self._changing() as change:
            found = _load(change.connection, handoff)
            if found.is_final:
                raise Refused(Why.OVER, "This handoff is over: its note stays as it was accepted.")
            note = _newest_note(change.connection, handoff)
            if note.version != read_version:
                raise Refused(
                    Why.EDITED,
                    f"Version {note.version} was written meanwhile: read it, then add yours.",
                )
            written = Note(version=note.version + 1, author=person, text=text)
            change.write_note(handoff, written)
            return written

    def follow(self, changes: Sequence[Change], now_ns: int) -> list[HandoffEvent]:
        """Does what a new rota demands, all of it or nothing."""
        if not changes:
            return []
        events: list[HandoffEvent] = []
        with self._changing() as change:
            for each in changes:
                events += change.follow(each, now_ns)
        return events

    def forget(self, before_ns: int) -> int:
        """Drops handoffs, notes and events of seams before a time; how many handoffs went."""
        old = select(HANDOFFS.c.id).where(
            HANDOFFS.c.at_ns < before_ns, HANDOFFS.c.state.in_(sorted(FINAL))
        )
        with self._changing() as change:
            change.connection.execute(delete(NOTES).where(NOTES.c.handoff.in_(old)))
            change.connection.execute(delete(EVENTS).where(EVENTS.c.handoff.in_(old)))
            gone = change.connection.execute(delete(HANDOFFS).where(HANDOFFS.c.id.in_(old)))
        return gone.rowcount

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with answering("Handoffs"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _changing(self) -> Iterator["_Transaction"]:
        with answering("Handoffs"), self._engine.begin() as connection:
            connection.execute(update(HEAD).values(seq=HEAD.c.seq))  # the lock
            yield _Transaction(connection)


class _Transaction:
    """One change, under the lock."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def act(self, handoff: str, acting: Acting) -> Outcome:
        before = _load(self.connection, handoff)
        after, events = acting(before)
        return after, self._write(before, after, events)

    def follow(self, change: Change, now_ns: int) -> list[HandoffEvent]:
        match change:
            case Opening(handoff):
                return self._open(handoff)
            case Replanning(name, plan):
                return self.act(name, lambda found: replanned(found, plan, now_ns))[1]
            case Releasing(name):
                return self.act(name, lambda found: released(found, now_ns))[1]
            case Closing(name, state):
                return self.act(name, lambda found: closed(found, state, now_ns))[1]

    def write_note(self, handoff: str, note: Note) -> None:
        self.connection.execute(
            insert(NOTES).values(
                handoff=handoff,
                version=note.version,
                author=note.author,
                text=note.text,
                parts=_encode(note.parts),
            )
        )

    def _open(self, handoff: Handoff) -> list[HandoffEvent]:
        """A withdrawn handoff of the same seam begins anew and keeps its note.

        One that somebody else has opened meanwhile stays.
        """
        table = HANDOFFS.c
        is_same = table.id == handoff.id
        self.connection.execute(delete(HANDOFFS).where(is_same, table.state == "withdrawn"))
        if self.connection.execute(select(table.id).where(is_same)).first() is not None:
            return []
        self.connection.execute(insert(HANDOFFS).values(**_columns(handoff)))
        self._carry_note(handoff)
        return []

    def _carry_note(self, handoff: Handoff) -> None:
        """What the outgoing wrote for a seam that has moved goes with them."""
        if _newest_note(self.connection, handoff.id).version:
            return
        rows = self.connection.execute(
            select(HANDOFFS.c.content)
            .where(HANDOFFS.c.state == "withdrawn", HANDOFFS.c.at_ns >= handoff.seam.since_ns)
            .order_by(HANDOFFS.c.at_ns.desc())
        )
        for row in rows:
            other = _decode_handoff(row.content)
            is_same = other.seam.outgoing == handoff.seam.outgoing
            note = _newest_note(self.connection, other.id)
            if is_same and note.version and set(other.seam.services) & set(handoff.seam.services):
                self.write_note(handoff.id, replace(note, version=1, parts=()))
                return

    def _write(
        self, before: Handoff, after: Handoff, events: list[HandoffEvent]
    ) -> list[HandoffEvent]:
        if after != before:
            self.connection.execute(
                update(HANDOFFS).where(HANDOFFS.c.id == before.id).values(**_columns(after))
            )
        return self._number(events)

    def _number(self, events: list[HandoffEvent]) -> list[HandoffEvent]:
        if not events:
            return []
        last = int(self.connection.execute(select(HEAD.c.seq)).scalar_one())
        numbered = [replace(event, seq=last + n) for n, event in enumerate(events, start=1)]
        self.connection.execute(
            insert(EVENTS),
            [{"seq": e.seq, "handoff": e.handoff, "event": _encode(e)} for e in numbered],
        )
        self.connection.execute(update(HEAD).values(seq=last + len(numbered)))
        return numbered


def _columns(handoff: Handoff) -> dict[str, object]:
    return {
        "id": handoff.id,
        "state": handoff.state.value,
        "at_ns": handoff.seam.at_ns,
        "content": _encode(handoff),
    }


def _load(connection: Connection, handoff: str) -> Handoff:
    row = connection.execute(
        select(HANDOFFS.c.content).where(HANDOFFS.c.id == handoff)
    ).one_or_none()
    if row is None:
        raise Refused(Why.UNKNOWN, f"There is no handoff {handoff!r}: open Today to see yours.")
    return _decode_handoff(row.content)


def _newest_note(connection: Connection, handoff: str) -> Note:
    newest = select(func.max(NOTES.c.version)).where(NOTES.c.handoff == handoff).scalar_subquery()
    row = connection.execute(
        select(NOTES).where(NOTES.c.handoff == handoff, NOTES.c.version == newest)
    ).one_or_none()
    return Note() if row is None else _note(row)


def _note(row: Any) -> Note:  # noqa: ANN401 - a row of the table
    return Note(
        version=row.version, author=row.author, text=row.text, parts=_decode_parts(row.parts)
    )
