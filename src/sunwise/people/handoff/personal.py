"""Where handoffs name people: handed out and forgotten alike."""

from typing import Final

from sqlalchemy import Engine, update

from sunwise.chassis.db import answering, empty_log
from sunwise.chassis.personal import Forgotten, Naming, Rows, Traces, forget, held, left, named_in
from sunwise.people.handoff.tables import EVENTS, HANDOFFS, HEAD, NOTES

_PEOPLE: Final = (
    "outgoing",
    "incoming",
    "secondary",
    "deputy",
    "barred",
    "told",
    "holder",
    "person",
)
_NAMINGS: Final = (
    Naming(HANDOFFS, within={"content": named_in(*_PEOPLE)}),
    Naming(NOTES, ids=("author",), texts=("text",), within={"parts": named_in()}),
    Naming(EVENTS, within={"event": named_in(*_PEOPLE)}),
)
_ANSWERED: Final = ("asked_ns", "since_ns", "kept_until_ns")
"""From which anybody could reckon how fast somebody accepts."""


class HandoffHolder:
    """See `chassis.personal.Holder`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def export(self, traces: Traces, *, is_own: bool) -> Rows:
        """Handoffs that they were part of, and notes that they wrote or are named in."""
        with answering("Handoffs"), self._engine.connect() as connection:
            found = held(connection, _NAMINGS, traces)
        if not is_own:
            for row in (*found.get(HANDOFFS.name, ()), *found.get(EVENTS.name, ())):
                message = row.get("content") or row["event"]
                for name in _ANSWERED:
                    message.pop(name, None)
        return found

    def erase(self, traces: Traces) -> Forgotten:
        """Takes them out of every handoff and note; what they wrote stays, without whose it is."""
        with answering("Handoffs"), self._engine.begin() as connection:
            connection.execute(update(HEAD).values(seq=HEAD.c.seq))  # the lock
            gone = forget(connection, _NAMINGS, traces)
            remains = left(connection, _NAMINGS, traces)
        empty_log(self._engine)
        return Forgotten(gone=gone, remains=remains)
