"""Who may still come in: everybody somebody speaks of, but those who are said to have left."""

from collections.abc import Mapping

from sunwise.people.directory.claims import Said
from sunwise.people.directory.merging import believed
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import State
from sunwise.people.directory.sources import Source


def at_work(state: State) -> frozenset[str]:
    """Their ids; also of people who are known too little for a snapshot: they may say the rest."""
    return frozenset(
        key.id
        for key, said in state.claims.items()
        if key.kind is Kind.PERSON and not _has_left(key, said)
    )


def _has_left(key: Key, said: Mapping[Source, Said]) -> bool:
    source = believed(key, "active", said)
    return source is not None and said[source]["active"] is False
