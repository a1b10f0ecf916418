"""One person is in the directory once, and a name means one thing."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from sunwise.people.directory.objects import Kind
from sunwise.people.directory.problems import Problem, Problems, Rule, View


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """The text without what only looks different: case, width, composition, space around it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def sameness(view: View) -> Problems:
    """E-mail addresses and handles of people, names and handles of teams, that stand twice."""
    people, teams = view.people.values(), view.teams.values()
    yield from _twice(Kind.PERSON, "email", ((p.id, p.email) for p in people))
    yield from _twice(Kind.PERSON, "handles", ((p.id, h) for p in people for h in p.handles))
    yield from _twice(Kind.TEAM, "name", ((t.id, t.name) for t in teams))
    yield from _twice(Kind.TEAM, "handles", ((t.id, h) for t in teams for h in t.handles))


def _twice(kind: Kind, field: str, said: Iterable[tuple[str, str]]) -> Problems:
    first: dict[str, str] = {}
    for id_, text in said:
        other = first.setdefault(folded(text), id_)
        if other != id_:
            yield Problem(
                rule=Rule.DUPLICATE,
                kind=kind,
                id=id_,
                field=field,
                text=f"{field} {text} is {other}'s already: use the id {other} if they are the "
                "same, or correct one of them",
            )
