"""A small company as the directory tells of it to others; `people` has it as it is told to the directory."""

from sunwise.contracts.people.directory import Person, Service, Team, Tier


def somebody(id_: str, zone: str = "Europe/Paris", country: str = "FR", **facts: object) -> Person:
    about = {"name": id_.title(), "email": f"{id_}@example.com", "zone": zone, "country": country}
    return Person(id=id_, **about | facts)


def team_of(*members: str, lead: str) -> Team:
    """The team `core`."""
    return Team(id="core", name="Core", members=members, lead=lead)


def owned(id_: str, tier: Tier = Tier.TWO_ROLES, **facts: object) -> Service:
    """A service of the team `core`."""
    return Service(id=id_, name=id_.title(), tier=tier, team="core", **facts)
