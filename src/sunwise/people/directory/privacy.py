"""Everything about one person: handed out to them, or gone for good."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sunwise.people.directory.claims import Claims, Said
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import State
from sunwise.people.directory.sources import Source

NAMING: Final = ("lead", "deputy")
"""Fields of a team or service that name one person; `members` names many."""


def exported(state: State, person: str) -> dict[str, Any]:
    """What the directory holds about them: each source's words, what is believed, teams, leave."""
    key = Key(Kind.PERSON, person)
    merged = state.merged.get(key)
    return {
        "person": person,
        "said": msgspec.to_builtins(state.claims.get(key, {})),
        "believed": msgspec.to_builtins(merged.thing) if merged and merged.thing else None,
        "named_by": [
            {"kind": other.kind.value, "id": other.id, "source": source.value, "as": field}
            for other, sources in sorted(state.claims.items())
            for source, said in sources.items()
            for field in _naming(said, person)
        ],
        "leave": [msgspec.to_builtins(each) for each in state.leave if each.person == person],
    }


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
