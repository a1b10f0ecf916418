"""The directory, as far as it holds people's data."""

from typing import Final

from sunwise.chassis.db import answering, empty_log
from sunwise.chassis.personal import Forgotten, Rows, Traces
from sunwise.people.directory.store import DirectoryStore

_REMAINS: Final = {
    "directory_people": "nothing; but a source that still names them (a CSV, the identity provider, "
    "Backstage) brings them back: take them out there too"
}


class DirectoryHolder:
    """See `chassis.personal.Holder`."""

    def __init__(self, store: DirectoryStore) -> None:
        self._store = store

    def export(self, traces: Traces, *, is_own: bool) -> Rows:  # noqa: ARG002 - no times of answers here
        """What each source says of them, who names them, their leave and history."""
        with answering("The directory"):
            return self._store.held(traces)

    def erase(self, traces: Traces) -> Forgotten:
        """Forgets them in every version; their pseudonym leads nowhere from then on."""
        with answering("The directory"):
            found = self._store.held(traces)
            if found:
                self._store.erase(traces.person)
            empty_log(self._store.engine)
        gone = {table: len(rows) for table, rows in found.items()}
        return Forgotten(gone=gone, remains=_REMAINS)
