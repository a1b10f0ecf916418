"""Where the directory names people, and what it is without one of them."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import json
from sqlalchemy import Connection, select

from sunwise.chassis.personal import Naming, anywhere, named_in
from sunwise.people.directory.claims import Claims, Said
from sunwise.people.directory.objects import LISTS, NESTED, Key, Kind
from sunwise.people.directory.sources import Source
from sunwise.people.directory.tables import (
    CHANGES,
    CLAIMS,
    LEAVE,
    PSEUDONYMS,
    SCIM,
    VERSIONS,
)

NAMING: Final = ("lead", "deputy")
"""Fields of a team or service that name one person; `members` names many."""
_PEOPLE: Final = CLAIMS[Kind.PERSON]
NAMINGS: Final = (
    Naming(
        _PEOPLE,
        ids=("id",),
        within={each.name: named_in() for each in _PEOPLE.c if each.name in LISTS | NESTED},
    ),
    Naming(CLAIMS[Kind.TEAM], ids=("lead",), within={"members": anywhere, "handles": named_in()}),
    Naming(CLAIMS[Kind.SERVICE], ids=NAMING, within={"skills": named_in()}),
    Naming(LEAVE, ids=("person",)),
    Naming(PSEUDONYMS, ids=("person",)),
    Naming(SCIM, ids=("id",), within={"document": named_in("value")}),
    Naming(VERSIONS, ids=("author",)),
    Naming(CHANGES, ids=("object",), within={"old": anywhere, "new": anywhere}),
)


_WORDS: Final = ("name", "email", "handles")


def said_before(connection: Connection, person: str) -> list[Said]:
    """What they were called once, as far as the history knows."""
    of_them = (CHANGES.c.kind == Kind.PERSON.value, CHANGES.c.object == person)
    query = select(CHANGES.c.field, CHANGES.c.old, CHANGES.c.new)
    rows = connection.execute(query.where(*of_them, CHANGES.c.field.in_(_WORDS))).all()
    return [
        {row.field: value}
        for row in rows
        for value in map(json.decode, (row.old, row.new))
        if value
    ]


def words_for(said: Iterable[Said]) -> tuple[str, ...]:
    """What sources call the person: names, addresses, handles."""
    words: dict[str, None] = {}
    for each in said:
        words |= dict.fromkeys(each[field] for field in ("name", "email") if each.get(field))
        words |= dict.fromkeys(each.get("handles") or ())
    return tuple(words)


def without(claims: Claims, person: str) -> Claims:
    """The claims as if nobody had ever said anything of the person."""
    left: dict[Key, Mapping[Source, Said]] = {}
    for key, sources in claims.items():
        if key == Key(Kind.PERSON, person):
            continue
        touched = any(_naming(said, person) for said in sources.values())
        left[key] = (
            {source: _unnamed(said, person) for source, said in sources.items()}
            if touched
            else sources
        )
    return left


def _naming(said: Said, person: str) -> list[str]:
    found = [field for field in NAMING if said.get(field) == person]
    return [*found, "members"] if person in (said.get("members") or ()) else found


def _unnamed(said: Said, person: str) -> Said:
    left = {field: value for field, value in said.items() if field not in NAMING or value != person}
    if "members" in left:
        left["members"] = [each for each in left["members"] if each != person]
    return left
