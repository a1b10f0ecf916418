"""OWNERS and OWNERS_ALIASES as Kubernetes writes them.

https://www.kubernetes.dev/docs/guide/owners/
Aliases become teams. An OWNERS file says who owns the service whose code lies in its folder: the
alias that it names as approver; approvers that are people become a team of the service's own. Of
`filters`, only the one for everything (`.*`) is read; `emeritus_approvers` own nothing any more.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sunwise.people.directory.claims import Claim
from sunwise.people.directory.imports.bounds import Fault, Unreadable, bounded
from sunwise.people.directory.imports.code_owners import folder_in
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.located_yaml import At, read_yaml
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source

ALIASES: Final = "OWNERS_ALIASES"
OWNERS: Final = "OWNERS"


def read_owners(files: Mapping[str, str], known: Known, *, repository: str) -> ChangeSet:
    """What the files of one repository say, by their paths in it. Raises Unreadable."""
    bounded(files)
    reading = _Reading(known)
    claims: list[Claim] = []
    for path, text in files.items():
        if path.rpartition("/")[2] == ALIASES:
            claims += reading.aliases(path, _table(path, text))
    for path, text in files.items():
        folder, _, file = path.strip("/").rpartition("/")
        if file == OWNERS:
            claims += reading.owners(path, _table(path, text), _services(known, repository, folder))
        elif file != ALIASES:
            reading.faults.append(Fault(path, f"is neither {OWNERS} nor {ALIASES}: leave it out"))
    if reading.faults:
        raise Unreadable(reading.faults)
    return ChangeSet(source=Source.OWNERS, claims=tuple(claims))


class _Reading:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._aliases: dict[str, str] = {}
        self.faults: list[Fault] = []

    def aliases(self, path: str, at: At) -> Iterable[Claim]:
        for alias, members in at.get("aliases").table().items():
            id_ = alias.lower()
            self._aliases[id_] = id_
            found = [self._person(path, each) for each in members.items()]
            yield Claim(
                key=Key(Kind.TEAM, id_),
                said={"name": alias, "members": list(dict.fromkeys(filter(None, found)))},
                place=f"{path}:{members.line}",
            )

    def owners(self, path: str, at: At, services: Iterable[str]) -> Iterable[Claim]:
        listed = at.get("approvers").items() or _filtered(at)
        aliases = [each for each in listed if each.text().lower() in self._aliases]
        team = aliases[0].text().lower() if aliases else None
        people = [
            self._person(path, each) for each in listed if each.text().lower() not in self._aliases
        ]
        for service in services:
            place = f"{path}:{(aliases or listed or [at])[0].line}"
            own = f"{service}-owners"
            if team is None and people:
                members = list(dict.fromkeys(filter(None, people)))
                said = {"name": f"Owners of {service}", "members": members}
                yield Claim(key=Key(Kind.TEAM, own[:64]), said=said, place=place)
            if team or people:
                said_of = {"team": team or own[:64]}
                yield Claim(key=Key(Kind.SERVICE, service), said=said_of, place=place)

    def _person(self, path: str, at: At) -> str | None:
        found = self._known.person(at.text())
        if found is None:
            text = (
                f"owner {at.text()!r:.80} is no person in the directory and no alias: add them, give "
                "somebody that handle, or take them out"
            )
            self.faults.append(Fault(f"{path}:{at.line}", text))
        return found


def _services(known: Known, repository: str, folder: str) -> list[str]:
    return [each.id for each in known.services if folder_in(each, repository) == folder.lower()]


def _filtered(at: At) -> list[At]:
    return at.get("filters", ".*", "approvers").items()


def _table(path: str, text: str) -> At:
    documents = read_yaml(path, text)
    if len(documents) > 1 or (documents and not isinstance(documents[0].value, dict)):
        raise Unreadable([Fault(path, "must be one table, such as `approvers: [ana]`")])
    return documents[0] if documents else At({}, 1)
