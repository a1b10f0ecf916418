"""Who is meant: people and teams by id, e-mail address or what another system calls them."""

from collections.abc import Iterable
from typing import Self

from sunwise.contracts.people.directory import Service, Snapshot
from sunwise.people.directory.sameness import folded


class Known:
    """Names by which people and teams can be found; an importer adds those of its own file."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._teams: dict[str, str] = {}
        self.services: tuple[Service, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Everything that the directory knows."""
        known = cls()
        for person in snapshot.people:
            known.add_person(person.id, (person.email, *person.handles))
        for team in snapshot.teams:
            known.add_team(team.id, team.handles)
        known.services = snapshot.services
        return known

    def add_person(self, id_: str, names: Iterable[str] = ()) -> None:
        """From now on the person is found by these; who had a name before keeps it."""
        for name in (id_, *names):
            if name:
                self._people.setdefault(_key(name), id_)

    def add_team(self, id_: str, names: Iterable[str] = ()) -> None:
        """From now on the team is found by these; what had a name before keeps it."""
        for name in (id_, *names):
            if name:
                self._teams.setdefault(_key(name), id_)

    def person(self, name: str) -> str | None:
        """The id of whoever is called that."""
        return self._people.get(_key(name))

    def team(self, name: str) -> str | None:
        """The id of what is called that; of `org/team` the last part will do."""
        return self._teams.get(_key(name)) or self._teams.get(_key(name.rpartition("/")[2]))


def _key(name: str) -> str:
    return folded(name).removeprefix("@")
