"""What the door holds about a person: handed out, and forgotten but for a pseudonym that leads nowhere."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, select

from sunwise.chassis.db import answering, empty_log
from sunwise.chassis.guard.principal import How, Principal
from sunwise.chassis.guard.store import GuardStore
from sunwise.chassis.guard.tables import (
    AUDIT,
    CREDENTIALS,
    PROPOSALS,
    PSEUDONYMS,
    ROLES,
    SESSIONS,
)
from sunwise.chassis.personal import Forgotten, Naming, Rows, Traces, forget, held

_BY: Final = Principal(person_id=None, how=How.SERVICE, sender="privacy")
_THEIRS: Final = tuple(
    Naming(table, ids=("person",), goes=True)
    for table in (SESSIONS, CREDENTIALS, ROLES, PSEUDONYMS)
)
_CALLS_THEM: Final = Naming(AUDIT, known_as=("actor", "subject"))
_REMAINS: Final = {
    "guard_audit": "what they did stays in the chained log, under a pseudonym whose key is gone"
}


class GuardHolder:
    """See `chassis.personal.Holder`."""

    def __init__(self, store: GuardStore) -> None:
        self._store = store

    def export(self, traces: Traces, *, is_own: bool) -> Rows:  # noqa: ARG002 - no times of answers here
        """All that the door keeps about them; of changes that others proposed, in what words only."""
        with answering("The door"), self._store.engine.connect() as connection:
            named = select(PSEUDONYMS.c.pseudonym).where(PSEUDONYMS.c.person == traces.person)
            called = msgspec.structs.replace(traces, pseudonym=connection.scalar(named) or "")
            found = held(connection, (*_THEIRS, _CALLS_THEM), called)
            changes = [_shown(row, traces.person) for row in _naming(connection, traces)]
        return found | ({"guard_proposals": changes} if changes else {})

    def erase(self, traces: Traces) -> Forgotten:
        """Nothing opens the door to them any more, and no change names them, decided or not."""
        with answering("The door"), self._store.audit.acting(_BY) as act:
            connection = act.connection
            naming = [row.id for row in _naming(connection, traces)]
            gone = forget(connection, _THEIRS, traces)
            if naming:
                gone["guard_proposals"] = len(naming)
            for change in naming:
                connection.execute(delete(PROPOSALS).where(PROPOSALS.c.id == change))
            if gone:
                act.tell("person.erase", rows=gone)
        empty_log(self._store.engine)
        return Forgotten(gone=gone, remains=_REMAINS)


def _naming(connection: Connection, traces: Traces) -> list[Any]:
    """The changes that somebody proposed, decided about or is named in."""
    quoted = f'"{traces.person}"'.encode()
    pattern = traces.pattern()
    return [
        row
        for row in connection.execute(select(PROPOSALS).order_by(PROPOSALS.c.created_ns))
        if traces.person in (row.proposer, row.decided_by)
        or quoted in bytes(row.content)
        or pattern.search("\n".join((_text(row.content), row.summary, row.outcome)))
    ]


def _shown(row: Any, person: str) -> dict[str, Any]:  # noqa: ANN401 - a row of the table
    """What others proposed may tell of others: its content is for whoever decides."""
    shown: dict[str, Any] = row._asdict()
    del shown["salt"]  # with it and the hash the content could be tried
    return shown | {"content": _text(row.content) if row.proposer == person else ""}


def _text(content: bytes) -> str:
    return bytes(content).decode("utf-8", "replace")
