"""Where what is told can be seen: a fact without evidence elsewhere is its own."""

from msgspec.structs import replace

from sunwise.chassis import addresses
from sunwise.contracts.people.facts import TimelineFact


def located(fact: TimelineFact) -> TimelineFact:
    """The fact, its evidence with an address."""
    if fact.evidence.url:
        return fact
    return replace(fact, evidence=replace(fact.evidence, url=addresses.fact(fact.id)))
