"""What a new rota, and time, change about the handoffs that there are. Pure.

A handoff to come follows the rota: it is opened, gets other people, or is withdrawn. One whose time
has come stays until somebody accepts, whatever is planned anew: only who is asked follows whoever is
planned now. It lapses when the next one of the same duty comes.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sunwise.contracts.people.directory import Id, Role
from sunwise.contracts.people.handoff import HandoffState
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.acceptance import LEAD_NS, Handoff
from sunwise.people.handoff.roster import Roster
from sunwise.people.handoff.seams import Seam

AHEAD_NS: Final = 48 * NS_PER_HOUR
"""So far ahead handoffs are opened."""
LATE_NS: Final = NS_PER_HOUR
"""A seam that turns up later than this after its time is history: nobody is asked."""


class Opening(Struct, frozen=True):
    """A handoff that there is not yet."""

    handoff: Handoff


class Replanning(Struct, frozen=True):
    """A handoff whose people, or what they may do, are not what they were."""

    id: str
    plan: Handoff


class Releasing(Struct, frozen=True):
    """The outgoing is not there any more."""

    id: str


class Closing(Struct, frozen=True):
    """A handoff that is over without an acceptance."""

    id: str
    state: HandoffState


Change = Opening | Replanning | Releasing | Closing
Duties = set[tuple[Id, Role]]


def changes(known: Mapping[str, Handoff], roster: Roster, now_ns: int) -> list[Change]:
    """What to do, in this order.

    `known` holds every handoff that is not final and those that became so in the last days.
    """
    seams, wrong = roster.seams
    blocked: Duties = {(each.service, each.role) for each in wrong}
    near = [seam for seam in seams if now_ns - LATE_NS <= seam.at_ns <= now_ns + AHEAD_NS]
    live = [each for each in known.values() if not each.is_final and not _duties(each) & blocked]
    begun = [handoff for handoff in live if handoff.seam.at_ns <= now_ns]
    first_ns = min((handoff.seam.at_ns for handoff in begun), default=now_ns)
    past = [seam for seam in seams if first_ns < seam.at_ns <= now_ns]
    found: list[Change] = []
    for handoff in begun:
        found += _of_begun(handoff, roster, past, now_ns)
    pending: Duties = set().union(*(_duties(handoff) for handoff in begun))
    by_id = {seam.id: seam for seam in near}
    for handoff in live:
        if handoff.seam.at_ns > now_ns and handoff.id not in by_id:
            found.append(Closing(handoff.id, HandoffState.WITHDRAWN))
    for seam in near:
        found += _of_seam(seam, known, roster, pending=pending, now_ns=now_ns)
    return found


def _of_seam(
    seam: Seam, known: Mapping[str, Handoff], roster: Roster, *, pending: Duties, now_ns: int
) -> Iterable[Change]:
    """Opens the seam's handoff, or brings it up to date while it has not begun."""
    duties = {(service, seam.role) for service in seam.services}
    handoff = known.get(seam.id)
    is_new = handoff is None or handoff.state is HandoffState.WITHDRAWN
    if is_new:
        if not roster.is_taken(seam) and not _is_settled(seam, known.values(), now_ns):
            yield Opening(roster.plan(seam))
        return
    assert handoff is not None, "known"
    if handoff.is_final or seam.at_ns <= now_ns:
        return
    is_soon = seam.at_ns - LEAD_NS <= now_ns
    plan = roster.plan(seam, outgoing_holds=not (is_soon and duties & pending))
    if not _is_same_plan(handoff, plan):
        yield Replanning(handoff.id, plan)


def _of_begun(handoff: Handoff, roster: Roster, past: list[Seam], now_ns: int) -> Iterable[Change]:
    """A handoff whose time has come, and which nobody has accepted."""
    seam = handoff.seam
    if _is_followed(seam, past):
        yield Closing(handoff.id, HandoffState.LAPSED)
        return
    slot = roster.on_duty(seam.services[0], seam.role, now_ns)
    planned = slot.person if slot is not None else None
    if slot is not None and planned == seam.outgoing and slot.until_ns >= seam.until_ns:
        yield Closing(handoff.id, HandoffState.WITHDRAWN)  # the outgoing took the next shift too
        return
    if now_ns < handoff.keeps_until_ns and roster.is_away(seam.outgoing, now_ns):
        yield Releasing(handoff.id)
    if slot is not None and planned is not None and planned != seam.outgoing:
        seam = replace(seam, incoming=planned, until_ns=slot.until_ns)
    plan = roster.plan(seam)
    if seam != handoff.seam or not _is_same_asked(handoff, plan):
        yield Replanning(handoff.id, plan)


def _is_followed(seam: Seam, past: list[Seam]) -> bool:
    """The next seam of one of its duties has come."""
    return any(
        later.role is seam.role
        and seam.until_ns <= later.at_ns
        and not set(later.services).isdisjoint(seam.services)
        for later in past
    )


def _is_settled(seam: Seam, handoffs: Iterable[Handoff], now_ns: int) -> bool:
    """Another handoff speaks for this seam: accepted, still waiting past its time, or lapsed.

    Whoever kept a duty beyond their shift has it by the rota too, up to when somebody else accepted or
    the law released them: that the two meet there is the same seam.
    """
    for handoff in handoffs:
        other = handoff.seam
        is_same = other.role is seam.role and set(seam.services) & set(other.services)
        if not is_same:
            continue
        if handoff.state is HandoffState.ACCEPTED and handoff.holder == seam.incoming:
            if seam.at_ns in (other.at_ns, handoff.since_ns):
                return True
        elif seam.at_ns < other.until_ns and _is_of_its_shift(handoff, seam, now_ns):
            return True
    return False


def _is_of_its_shift(handoff: Handoff, seam: Seam, now_ns: int) -> bool:
    """Nobody has accepted: while it waits past its time, or once it has lapsed, within its shift."""
    if handoff.state is HandoffState.LAPSED:
        return handoff.seam.at_ns < seam.at_ns
    return not handoff.is_final and handoff.seam.at_ns <= now_ns


def _is_same_plan(handoff: Handoff, plan: Handoff) -> bool:
    return (
        handoff.seam == plan.seam
        and handoff.keeps_until_ns == plan.keeps_until_ns
        and handoff.unheld_ns == plan.unheld_ns
        and _is_same_asked(handoff, plan)
    )


def _is_same_asked(handoff: Handoff, plan: Handoff) -> bool:
    return (handoff.seam.incoming, handoff.secondary, handoff.deputy, set(handoff.barred)) == (
        plan.seam.incoming,
        plan.secondary,
        plan.deputy,
        set(plan.barred),
    )


def _duties(handoff: Handoff) -> Duties:
    return {(service, handoff.seam.role) for service in handoff.seam.services}
