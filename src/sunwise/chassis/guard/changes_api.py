"""The routes of what two people decide: proposals, and the roles that are given by them."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Body, Depends, HTTPException, Path, Response

from sunwise.chassis.guard.door import Guard
from sunwise.chassis.guard.principal import How, Principal
from sunwise.chassis.guard.rights import Right, Role
from sunwise.chassis.guard.two_people import Proposal, State, TwoPeople, may_see

PersonId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
_ChangeId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
_ROLE: Final = "role.change"


@dataclass(frozen=True)
class Change:
    """A change that two people decide about."""

    id: str
    kind: str
    right: str
    summary: str
    content: str
    content_hash: str
    """Name it when you approve: it stands for exactly what you have seen."""
    proposer: str
    created_ns: int
    expires_ns: int
    state: str
    decided_by: str | None
    decided_ns: int | None
    outcome: str


class _RoleChange(msgspec.Struct, frozen=True, kw_only=True):
    person: str
    role: Role
    is_granted: bool


def answer_of(proposal: Proposal, response: Response) -> Change:
    """The proposal as an answer: 200 when it is done, 202 while somebody must approve."""
    if proposal.state is State.PROPOSED:
        response.status_code = 202
    return change_of(proposal)


def change_of(proposal: Proposal) -> Change:
    """The proposal as JSON shows it."""
    facts = msgspec.structs.asdict(proposal)
    del facts["salt"]
    return Change(**{**facts, "content": proposal.content.decode("utf-8", "replace")})


def add_changes(router: APIRouter, guard: Guard, two_people: TwoPeople) -> None:
    """Proposals: see, approve, refuse, withdraw."""
    anybody = Depends(guard.signed_in())

    @router.get("/changes", summary="Changes that you proposed or may decide about")
    def changes(principal: Annotated[Principal, anybody]) -> list[Change]:
        return [change_of(each) for each in two_people.seen_by(principal)]

    @router.get("/changes/{change_id}", summary="One change, whole")
    def change(change_id: _ChangeId, principal: Annotated[Principal, anybody]) -> Change:
        proposal = two_people.find(change_id)
        if not may_see(principal, proposal):
            raise HTTPException(404, "There is no such change that you could see.")
        return change_of(proposal)

    @router.post("/changes/{change_id}/approve", summary="Approve exactly this, and apply it")
    def approve(
        change_id: _ChangeId,
        principal: Annotated[Principal, anybody],
        response: Response,
        content_hash: Annotated[str, Body(embed=True, pattern=r"^[0-9a-f]{64}$")],
    ) -> Change:
        return answer_of(two_people.approve(principal, change_id, content_hash), response)

    @router.post("/changes/{change_id}/refuse", summary="Refuse it")
    def refuse(change_id: _ChangeId, principal: Annotated[Principal, anybody]) -> Change:
        return change_of(two_people.refuse(principal, change_id))

    @router.post("/changes/{change_id}/withdraw", summary="Withdraw what you proposed")
    def withdraw(change_id: _ChangeId, principal: Annotated[Principal, anybody]) -> Change:
        return change_of(two_people.withdraw(principal, change_id))


def add_roles(router: APIRouter, guard: Guard, two_people: TwoPeople) -> None:
    """Roles: see, give and take, by two people."""
    granter = Depends(guard.require(Right.ROLES_GRANT))
    two_people.register(_ROLE, Right.ROLES_GRANT, lambda proposal: _apply_role(guard, proposal))

    @router.get("/people/{person}/roles", summary="Roles of a person")
    def roles(person: PersonId, _principal: Annotated[Principal, granter]) -> list[str]:
        return sorted(guard.store.roles_of(person))

    @router.put("/people/{person}/roles/{role}", summary="Give a role: two people")
    def grant(
        person: PersonId,
        role: Role,
        principal: Annotated[Principal, granter],
        response: Response,
    ) -> Change:
        wanted = _RoleChange(person=person, role=role, is_granted=True)
        return answer_of(_propose_role(two_people, principal, wanted), response)

    @router.delete("/people/{person}/roles/{role}", summary="Take a role away: two people")
    def withdraw(
        person: PersonId,
        role: Role,
        principal: Annotated[Principal, granter],
        response: Response,
    ) -> Change:
        wanted = _RoleChange(person=person, role=role, is_granted=False)
        return answer_of(_propose_role(two_people, principal, wanted), response)


def deciding(proposal: Proposal) -> Principal:
    """Whoever had the last word: the log names them for what is applied."""
    return Principal(person_id=proposal.decided_by or proposal.proposer, how=How.SESSION)


def _propose_role(two_people: TwoPeople, by: Principal, wanted: _RoleChange) -> Proposal:
    verb = "Make" if wanted.is_granted else "No longer make"
    return two_people.submit(
        by,
        kind=_ROLE,
        content=msgspec.json.encode(wanted),
        summary=f"{verb} {wanted.person} {wanted.role.value}",
    )


def _apply_role(guard: Guard, proposal: Proposal) -> None:
    wanted = msgspec.json.decode(proposal.content, type=_RoleChange)
    act = guard.store.grant if wanted.is_granted else guard.store.withdraw
    act(wanted.person, wanted.role, by=deciding(proposal))
