"""The rota, as far as it holds people's data."""

from sunwise.chassis.db import answering, empty_log
from sunwise.chassis.personal import Forgotten, Rows, Traces
from sunwise.people.rota.personal import REMAINS
from sunwise.people.rota.store import RotaStore


class RotaHolder:
    """See `chassis.personal.Holder`."""

    def __init__(self, store: RotaStore) -> None:
        self._store = store

    def export(self, traces: Traces, *, is_own: bool) -> Rows:  # noqa: ARG002 - no times of answers here
        """Their duty, changes, consents, absences and journeys, and what the ledger has booked."""
        with answering("Rotas"):
            return self._store.held(traces)

    def erase(self, traces: Traces) -> Forgotten:
        """Takes them out of what is past, and leaves gaps in what is to come."""
        with answering("Rotas"):
            gone = self._store.erase(traces)
            empty_log(self._store.engine)
        return Forgotten(gone=gone, remains=REMAINS)
