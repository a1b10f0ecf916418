"""CODEOWNERS of one repository: which team owns the services whose code lies in it.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
The last line that matches a service's folder says who owns it. The file makes no services: only
those that say where their code lies (`code`) can be matched.
"""

import re
from collections.abc import Iterable
from typing import Final

from codeowners import CodeOwners

from sunwise.contracts.people.directory import Service
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.imports.bounds import Fault, Unreadable, bounded
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source

_MAX_LINES: Final = 20_000
_MAX_PATTERN: Final = 300
_MAX_STARS: Final = 6
_MAX_STARS_A_NAME: Final = 3  # each may be tried at every letter of a name, within every other


def read_code_owners(name: str, text: str, known: Known, *, repository: str) -> ChangeSet:
    """The owner team of each service in the repository. Raises Unreadable."""
    bounded({name: text})
    faults = list(_hostile(name, text))
    if faults:
        raise Unreadable(faults)
    try:
        owners = CodeOwners(text)
    except (ValueError, re.error) as error:
        raise Unreadable([Fault(name, f"is no CODEOWNERS file: {error}")]) from error
    faults = list(_dangling(name, owners, known))
    if faults:
        raise Unreadable(faults)
    claims = tuple(_claims(name, owners, known, repository))
    if not claims:
        text = (
            f"owns no service: none says that its code lies in {repository}. Set `code` of a service "
            f"to {repository} or {repository}/FOLDER first"
        )
        raise Unreadable([Fault(name, text)])
    return ChangeSet(source=Source.CODEOWNERS, claims=claims)


def folder_in(service: Service, repository: str) -> str | None:
    """The folder of its code in the repository, empty for all of it; None if it lies elsewhere."""
    code, wanted = service.code.strip("/").lower(), repository.strip("/").lower()
    if code == wanted:
        return ""
    return code.removeprefix(f"{wanted}/") if code.startswith(f"{wanted}/") else None


def _claims(name: str, owners: CodeOwners, known: Known, repository: str) -> Iterable[Claim]:
    for service in known.services:
        folder = folder_in(service, repository)
        if folder is None:
            continue
        found, line, *_ = owners.matching_line(f"{folder}/" if folder else "README")
        teams = [known.team(owner) for kind, owner in found if kind == "TEAM"]
        if teams and teams[0] is not None:
            place = f"{name}:{line}"
            yield Claim(key=Key(Kind.SERVICE, service.id), said={"team": teams[0]}, place=place)


def _dangling(name: str, owners: CodeOwners, known: Known) -> Iterable[Fault]:
    """Owners that nobody knows, in every line: a line that matches nothing today may tomorrow."""
    for _pattern, path, found, line, _section in reversed(owners.paths):
        for kind, owner in found:
            if (known.team(owner) if kind == "TEAM" else known.person(owner)) is None:
                what = "team" if kind == "TEAM" else "person"
                hint = f"add it, or give a {what} the handle {owner.removeprefix('@')}"
                yield Fault(
                    f"{name}:{line}",
                    f"owner {owner} of {path} is no {what} in the directory: {hint}",
                )


def _hostile(name: str, text: str) -> Iterable[Fault]:
    lines = text.splitlines()
    if len(lines) > _MAX_LINES:
        yield Fault(name, f"has {len(lines):,} lines: at most {_MAX_LINES:,}")
        return
    for number, line in enumerate(lines, 1):
        words = line.split(maxsplit=1)
        pattern = words[0] if words else ""
        in_a_name = max(each.count("*") for each in pattern.split("/"))
        is_wild = pattern.count("*") > _MAX_STARS or in_a_name > _MAX_STARS_A_NAME
        if len(pattern) > _MAX_PATTERN or is_wild:
            text = (
                f"the pattern is longer than {_MAX_PATTERN} or has over {_MAX_STARS} stars, "
                f"{_MAX_STARS_A_NAME} in one name: split it"
            )
            yield Fault(f"{name}:{number}", text)
