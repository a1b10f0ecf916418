"""How far a right reaches: oneself, the teams that one leads, everybody. And who sees what of whom."""

from typing import Final

import msgspec

from sunwise.chassis.guard import NotAllowed, Principal, Right, Scope
from sunwise.contracts.people.directory import Exempt, Person, Snapshot
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.objects import Key, Kind

OWN_FIELDS: Final = frozenset(
    {"zone", "subdivision", "hours", "languages", "skills", "emergency", "handles"}
)
"""What everybody may say about themselves."""
_W: Final = Right.DIRECTORY_WRITE


def leads(principal: Principal, person: str, snapshot: Snapshot) -> bool:
    """Whether they lead a team of that person's."""
    return any(
        team.lead == principal.person_id is not None and person in team.members
        for team in snapshot.teams
    )


def demand_change(principal: Principal, claim: Claim, snapshot: Snapshot) -> None:
    """Returns if they may say this by hand. Raises NotAllowed."""
    key = claim.key
    if principal.may(_W, Scope.ALL):
        return
    if key.kind is Kind.PERSON:
        if principal.person_id != key.id:
            principal.demand_for(_W, key.id, leads=leads(principal, key.id, snapshot))
        principal.demand(_W)
        if strange := sorted(claim.said.keys() - OWN_FIELDS):
            raise NotAllowed(
                f"{', '.join(strange)} of a person is for a planner to change; you may change "
                f"{', '.join(sorted(OWN_FIELDS))}."
            )
        return
    principal.demand(_W, Scope.TEAM if _is_theirs(principal, key, claim, snapshot) else Scope.ALL)


def _is_theirs(principal: Principal, key: Key, claim: Claim, snapshot: Snapshot) -> bool:
    """A team that they lead, or a service that is and stays one of such a team's."""
    led = {team.id for team in snapshot.teams if team.lead == principal.person_id is not None}
    if key.kind is Kind.TEAM:
        return key.id in led
    if key.kind is Kind.SERVICE:
        before = [each.team for each in snapshot.services if each.id == key.id]
        return {*before, claim.said.get("team", *before[:1] or [""])} <= led
    return False


def shown(person: Person, principal: Principal) -> Person:
    """The person without what is nobody else's business: exemptions and emergency hours."""
    if person.id == principal.person_id or principal.may(_W, Scope.ALL):
        return person
    return msgspec.structs.replace(person, exempt=Exempt(), emergency=None)
