"""Where incidents name people: handed out and forgotten alike.

A timeline is chained and names pseudonyms; an entry in whose words somebody is named loses its words.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine, update

from sunwise.chassis.db import answering, empty_log
from sunwise.chassis.personal import Forgotten, Naming, Rows, Traces, forget, held, left, named_in
from sunwise.people.incidents.tables import ENTRIES, FACTS, HEAD, INCIDENTS, REVIEWS

_REMAINS: Final = {
    "incident_entries": "what they did stays in chained timelines, under a pseudonym whose key is gone"
}


def _wordless(entry: Any, traces: Traces) -> Any:  # noqa: ANN401 - an entry, decoded
    """As `timeline.erased`: the chain is over a digest of the words, and still fits."""
    words = entry["what"]
    is_named = words is not None and traces.pattern().search(words)
    return {**entry, "what": None, "salt": None} if is_named else entry


_NAMINGS: Final = (
    Naming(INCIDENTS, within={"content": named_in("people", "roles")}),
    Naming(ENTRIES, within={"entry": _wordless}),
    Naming(REVIEWS, ids=("author",), texts=("text",), within={"draft": named_in()}),
    Naming(FACTS, within={"content": named_in("person")}),
)


class IncidentHolder:
    """See `chassis.personal.Holder`."""

    def __init__(self, engine: Engine, *, forget_name: Callable[[str], None]) -> None:
        """`forget_name` takes whoever is erased out of what the service keeps in memory."""
        self._engine = engine
        self._forget_name = forget_name

    def export(self, traces: Traces, *, is_own: bool) -> Rows:  # noqa: ARG002 - no times of answers here
        """Incidents that they took part in, what they did there, reviews that they wrote."""
        with answering("Incidents"), self._engine.connect() as connection:
            return held(connection, _NAMINGS, traces)

    def erase(self, traces: Traces) -> Forgotten:
        """Takes them out of every incident and review; their pseudonym stays in the chain."""
        self._forget_name(traces.person)
        with answering("Incidents"), self._engine.begin() as connection:
            connection.execute(update(HEAD).values(n_changes=HEAD.c.n_changes))  # the lock
            gone = forget(connection, _NAMINGS, traces)
            remains = _REMAINS | left(connection, _NAMINGS, traces)
        empty_log(self._engine)
        return Forgotten(gone=gone, remains=remains)
