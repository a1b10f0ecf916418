"""Where rotas name people, and what erasing one of them does to what is past and to come."""

from typing import Final

import msgspec
from sqlalchemy import Connection, delete, select, update

from sunwise.chassis.personal import Naming, Traces, anywhere, forget, named_in
from sunwise.people.rota.kept import Request, RequestState, State, everybody
from sunwise.people.rota.tables import (
    CLOSURES,
    CONSENTS,
    LEDGER,
    REQUESTS,
    ROTAS,
    TOLD,
    TRAVEL,
    TURNS,
)

_IN_REQUEST: Final = ("asked_by", "changes", "asked", "answers")
_PAST: Final = Naming(TURNS, ids=("person", "gap_owner"))
_THEIRS: Final = (
    Naming(TRAVEL, ids=("person",), goes=True),
    Naming(CONSENTS, ids=("person",), goes=True),
)
_NAMED: Final = (
    Naming(ROTAS, within={"content": named_in("front")}),
    Naming(REQUESTS, ids=("asked_by",), within={"content": named_in(*_IN_REQUEST)}),
)
NAMINGS: Final = (
    _PAST,
    *_THEIRS,
    *_NAMED,
    Naming(CLOSURES, ids=("subject",)),
    Naming(TOLD, within={"slots": anywhere}),
    Naming(LEDGER, known_as=("pseudonym",)),
)
_decode: Final = msgspec.msgpack.Decoder(Request).decode
REMAINS: Final = {
    "rota_ledger": "points stay in the chained ledger, under a pseudonym whose key is gone",
    "rota_turns": "that somebody had that duty stays, without whom",
}


def forget_in_rotas(connection: Connection, traces: Traces, *, now_ns: int) -> dict[str, int]:
    """How many places of each table named them. Duty to come is a gap, which is escalated and planned anew.

    What waits for them, or that they asked for, is withdrawn. The caller holds the lock of the head.
    """
    _withdraw(connection, traces.person)
    gone = {
        TURNS.name: _leave_gaps(connection, traces.person, now_ns),
        CLOSURES.name: _open_closures(connection, traces.person),
    }
    for table, count in forget(connection, (_PAST, *_THEIRS, *_NAMED), traces).items():
        gone[table] = gone.get(table, 0) + count
    gone = {table: count for table, count in gone.items() if count}
    if gone:
        connection.execute(update(TOLD).values(slots=None))  # whoever missed one reads the table
    return gone


def _withdraw(connection: Connection, person: str) -> None:
    rows = connection.execute(select(REQUESTS).where(REQUESTS.c.state == RequestState.OPEN)).all()
    for row in rows:
        request = _decode(row.content)
        if person in {request.asked_by, *request.asked, *everybody(request.changes)}:
            of_it = REQUESTS.c.id == row.id
            connection.execute(update(REQUESTS).where(of_it).values(state=RequestState.WITHDRAWN))


def _leave_gaps(connection: Connection, person: str, now_ns: int) -> int:
    """Of what is in force, or may be; other versions are past, whatever their hours."""
    drawn = select(ROTAS.c.unit).where(
        ROTAS.c.unit == TURNS.c.unit,
        ROTAS.c.window_ns == TURNS.c.window_ns,
        ROTAS.c.version == TURNS.c.version,
        ROTAS.c.state.in_((State.DRAFT, State.PUBLISHED)),
    )
    return sum(
        connection.execute(
            update(TURNS)
            .where(column == person, TURNS.c.end_ns > now_ns, drawn.exists())
            .values({column.name: None})
        ).rowcount
        for column in (TURNS.c.person, TURNS.c.gap_owner)
    )


def _open_closures(connection: Connection, person: str) -> int:
    theirs = (CLOSURES.c.kind == "person", CLOSURES.c.subject == person)
    return connection.execute(delete(CLOSURES).where(*theirs)).rowcount
