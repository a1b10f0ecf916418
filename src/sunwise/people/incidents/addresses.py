"""Where on this server what is told can be seen: a fact without evidence elsewhere is its own."""

from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from sunwise.contracts.people.facts import TimelineFact

FACTS: Final = "/v1/facts"


def address_of(fact: str) -> str:
    """Of the fact with this id."""
    return f"{FACTS}/{quote(fact, safe=':')}"


def located(fact: TimelineFact) -> TimelineFact:
    """The fact, its evidence with an address."""
    if fact.evidence.url:
        return fact
    return replace(fact, evidence=replace(fact.evidence, url=address_of(fact.id)))
