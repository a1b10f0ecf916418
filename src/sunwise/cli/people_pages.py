"""What the pages of the people plane are made of: each service's answers in the pages' words."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sunwise.chassis.duty import DutyBoard
from sunwise.chassis.duty.holding import HeldNow
from sunwise.chassis.guard import Principal, Proposal, State, TwoPeople
from sunwise.cli.people_parts import PeopleParts
from sunwise.contracts.people.directory import Snapshot
from sunwise.contracts.people.handoff import HandoffState
from sunwise.people.handoff.desk import HandoffDesk
from sunwise.people.handoff.page import Row
from sunwise.web.api import Sources
from sunwise.web.seen import People, Seen
from sunwise.web.waiting import KEPT, Asked, Waiting, WaitingRoom


def pages_of(
    parts: PeopleParts, board: DutyBoard, *, now_ns: Callable[[], int], held: HeldNow
) -> Sources:
    """Where the pages of this process find what they show."""
    return Sources(
        snapshot=parts.directory.snapshot,
        board=board,
        now_ns=now_ns,
        waits=WaitingRoom(parts.waits),
        swaps=parts.swaps,
        held=held,
    )


def approvals(two_people: TwoPeople, snapshot: Callable[[], Snapshot]) -> Asked:
    """Changes of others that the reader may decide about."""

    def found(principal: Principal) -> list[Waiting]:
        people = People(snapshot())
        return [
            _approval(each, people)
            for each in two_people.seen_by(principal)
            if each.state is State.PROPOSED and each.proposer != principal.person_id
        ]

    async def ask(principal: Principal) -> list[Waiting]:
        return await asyncio.to_thread(found, principal)

    return ask


def handoffs(
    desk: HandoffDesk, snapshot: Callable[[], Snapshot], *, now_ns: Callable[[], int]
) -> Asked:
    """Duties that the reader is asked to take, and those that nobody has taken from them yet."""

    async def ask(principal: Principal) -> list[Waiting]:
        you = principal.person_id
        rows = [] if you is None else await desk.mine(you)
        services = (await asyncio.to_thread(snapshot)).services if rows else ()
        names = {service.id: service.name for service in services}
        asked = [_handoff(row, names) for row in rows if row.waits_for_you]
        kept = [row for row in rows if row.outgoing.id == you and row.state == HandoffState.OFFERED]
        return asked + [_kept(row, names) for row in kept if row.at.ns <= now_ns()]

    return ask


def _approval(proposal: Proposal, people: People) -> Waiting:
    proposer = people.seen(proposal.proposer)
    return Waiting(
        kind="approval",
        title=proposal.summary,
        detail=f"{proposer.name} proposes it; approve or refuse it until",
        link=f"/approvals#{proposal.id}",
        at_ns=proposal.expires_ns,
        with_person=proposer,
    )


def _handoff(row: Row, names: Mapping[str, str]) -> Waiting:
    is_unheld = row.state == HandoffState.UNHELD
    said = "Nobody holds it since" if is_unheld else f"{row.outgoing.name} hands over at"
    return Waiting(
        kind="handoff",
        title=f"Accept {_services(row, names)} as {row.role}",
        detail=said,
        link=f"/handoff/{row.id}",
        at_ns=row.at.ns,
        with_person=_seen(row.outgoing),
        is_urgent=is_unheld,
    )


def _kept(row: Row, names: Mapping[str, str]) -> Waiting:
    return Waiting(
        kind=KEPT,
        title=f"You keep {_services(row, names)} until {row.incoming.name} accepts",
        detail=f"As {row.role}; by plan it changed hands at",
        link=f"/handoff/{row.id}",
        at_ns=row.at.ns,
        with_person=_seen(row.incoming),
        is_urgent=True,
    )


def _services(row: Row, names: Mapping[str, str]) -> str:
    return ", ".join(names.get(each, each) for each in row.services)


def _seen(person: Any) -> Seen:  # noqa: ANN401 - a person as a service shows them
    return Seen(id=person.id, name=person.name, zone=person.zone)
