"""How a duty finds its next holder: states and times in, states and events out. No clock, no I/O.

The incoming is asked before the seam, then the secondary, then the deputy; whoever accepts first
holds the duty, and nobody else does. Until then the outgoing keeps it, at the latest to their legal
rest limit: then nobody holds it, which is an event of its own. Time alone never makes a holder.

Waiting is counted from when somebody was really asked, so that an hour in which this service was down
is nobody's silence; the rest limit is an instant, whatever the service does. A clock that went back
starts the wait of whoever was asked last anew.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sunwise.chassis.errors import Refused
from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.handoff import (
    FINAL,
    HandoffAccepted,
    HandoffAsked,
    HandoffClosed,
    HandoffEvent,
    HandoffState,
    HandoffUnanswered,
    HandoffUnheld,
    Step,
)
from sunwise.daylight.zones import NS_PER_MINUTE
from sunwise.people.handoff.seams import Seam

LEAD_NS: Final = 60 * NS_PER_MINUTE
"""So long before the seam the incoming is asked."""
WAIT_NS: Final = 30 * NS_PER_MINUTE
"""So long somebody who was asked may take, from the seam on, before the next one is asked."""
_STEPS: Final = tuple(Step)


class Why(StrEnum):
    """Why somebody cannot do what they asked for."""

    NOT_YET = "not-yet"
    NOT_ASKED = "not-asked"
    HELD = "held"
    OVER = "over"
    UNLAWFUL = "unlawful"
    NOT_OUTGOING = "not-outgoing"
    EDITED = "edited"
    UNKNOWN = "unknown"


class Handoff(Struct, frozen=True, kw_only=True):
    """One seam on its way to a holder."""

    seam: Seam
    secondary: Id | None = None
    deputy: Id | None = None
    barred: tuple[Id, ...] = ()
    """Who of them may not take it now: they are away, or their rest forbids it."""
    keeps_until_ns: int
    """Until when the outgoing keeps the duty at the latest."""
    unheld_ns: int
    """When it is declared that nobody holds it, if nobody has accepted."""
    state: HandoffState = HandoffState.PLANNED
    n_steps: int = 0
    """How many of the steps have come: so many of incoming, secondary and deputy may accept."""
    asked_ns: int = 0
    """When the last of them came."""
    told: tuple[Id, ...] = ()
    """Who was asked."""
    is_unanswered: bool = False
    holder: Id | None = None
    """Who has accepted."""
    since_ns: int = 0
    """From when they hold it."""

    @property
    def id(self) -> str:
        """The seam's."""
        return self.seam.id

    @property
    def is_final(self) -> bool:
        """Nothing can happen to it any more."""
        return self.state in FINAL

    def candidate(self, step: Step) -> Id | None:
        """Who is asked at this step; None for nobody."""
        person = {
            Step.INCOMING: self.seam.incoming,
            Step.SECONDARY: self.secondary,
            Step.DEPUTY: self.deputy,
        }[step]
        is_open = person is not None and person not in (self.seam.outgoing, *self.barred)
        return person if is_open else None

    def step_of(self, person: Id) -> Step | None:
        """As what this person may accept, now or later; None for never."""
        return next((step for step in _STEPS if self.candidate(step) == person), None)


def opened(
    seam: Seam,
    *,
    secondary: Id | None,
    deputy: Id | None,
    barred: tuple[Id, ...] = (),
    rest_limit_ns: int,
    outgoing_holds: bool = True,
) -> Handoff:
    """A handoff of which nobody knows yet.

    Where nobody is on duty between the two shifts, or the outgoing never took theirs over
    (`outgoing_holds` False), nobody keeps the duty: it is declared unheld one wait after the seam.
    """
    is_kept = outgoing_holds and seam.outgoing_until_ns >= seam.at_ns
    keeps_until_ns = rest_limit_ns if is_kept else seam.outgoing_until_ns
    return Handoff(
        seam=seam,
        secondary=secondary,
        deputy=deputy,
        barred=barred,
        keeps_until_ns=max(seam.outgoing_until_ns, keeps_until_ns),
        unheld_ns=max(seam.at_ns, rest_limit_ns) if is_kept else seam.at_ns + WAIT_NS,
    )


def holder_at(handoff: Handoff, at_ns: int) -> Id | None:
    """Who holds the duty then, as far as this handoff knows; None for nobody."""
    if handoff.state is HandoffState.ACCEPTED and at_ns >= handoff.since_ns:
        return handoff.holder
    return handoff.seam.outgoing if at_ns < handoff.keeps_until_ns else None


def kept_until_ns(handoff: Handoff, now_ns: int) -> int:
    """Until when the outgoing has kept the duty by now; not after the seam: not beyond their shift.

    What comes after the incoming's shift is another handoff's to say.
    """
    return min(handoff.keeps_until_ns, handoff.seam.until_ns, now_ns)


def advance(handoff: Handoff, now_ns: int) -> tuple[Handoff, list[HandoffEvent]]:
    """What time alone does: asking, asking the next one, releasing the outgoing."""
    if handoff.is_final or now_ns < handoff.seam.at_ns - LEAD_NS:
        return handoff, []
    events: list[HandoffEvent] = []
    if handoff.state is HandoffState.PLANNED:
        handoff = replace(handoff, state=HandoffState.OFFERED, n_steps=1, asked_ns=now_ns)
    if handoff.asked_ns > now_ns:
        handoff = replace(handoff, asked_ns=now_ns)
    if now_ns >= _waited_ns(handoff) or not _asked_now(handoff):
        handoff = _next_step(handoff, now_ns)
    if handoff.state is HandoffState.OFFERED and now_ns >= handoff.unheld_ns:
        handoff = replace(_every_step(handoff, now_ns), state=HandoffState.UNHELD)
        events.append(_unheld(handoff))
    handoff, asked = _ask(handoff)
    events += asked
    if not handoff.is_unanswered and _is_exhausted(handoff, now_ns):
        handoff = replace(handoff, is_unanswered=True)
        events.append(_unanswered(handoff))
    return handoff, events


def accept(handoff: Handoff, person: Id, now_ns: int) -> tuple[Handoff, list[HandoffEvent]]:
    """The person takes the duty over. Again by the same person: nothing new. Raises Refused."""
    if handoff.state is HandoffState.ACCEPTED:
        if handoff.holder == person:
            return handoff, []
        raise Refused(Why.HELD, f"{handoff.holder} has accepted and holds it: ask them for it.")
    _refuse_closed(handoff)
    handoff, events = advance(handoff, now_ns)
    step = _step_to_accept(handoff, person)
    held = replace(
        handoff,
        state=HandoffState.ACCEPTED,
        holder=person,
        since_ns=max(now_ns, handoff.seam.at_ns),
    )
    # Nobody is asked any more for what is accepted in the same moment; a gap there was all the same.
    return held, [*(e for e in events if isinstance(e, HandoffUnheld)), _accepted(held, step)]


def step_down(handoff: Handoff, person: Id, now_ns: int) -> tuple[Handoff, list[HandoffEvent]]:
    """The outgoing cannot keep the duty beyond their shift: nobody holds it. Raises Refused."""
    if person != handoff.seam.outgoing:
        raise Refused(Why.NOT_OUTGOING, f"Only {handoff.seam.outgoing} keeps this duty now.")
    if handoff.state is HandoffState.ACCEPTED:
        raise Refused(Why.HELD, f"{handoff.holder} has accepted: you may go.")
    _refuse_closed(handoff)
    if now_ns < handoff.seam.at_ns:
        raise Refused(Why.NOT_YET, "Your shift is not over: offer it as a swap in the rota.")
    if now_ns >= handoff.keeps_until_ns:
        raise Refused(Why.NOT_OUTGOING, "You are released already: the gap is declared.")
    return released(handoff, now_ns)


def released(handoff: Handoff, now_ns: int) -> tuple[Handoff, list[HandoffEvent]]:
    """The outgoing is gone (they left, or must not go on): the duty ends with them."""
    if handoff.is_final:
        return handoff, []
    gone_ns = min(handoff.keeps_until_ns, max(now_ns, handoff.seam.outgoing_until_ns))
    handoff = replace(
        handoff,
        keeps_until_ns=gone_ns,
        unheld_ns=min(handoff.unheld_ns, max(gone_ns, handoff.seam.at_ns)),
    )
    return advance(handoff, now_ns)


def replanned(handoff: Handoff, new: Handoff, now_ns: int) -> tuple[Handoff, list[HandoffEvent]]:
    """The same seam with the people of `new`; once it has come, the outgoing stays who they are.

    Whoever is asked now and was not before is told; a new incoming gets the whole wait.
    """
    if handoff.is_final:
        return handoff, []
    is_begun = now_ns >= handoff.seam.at_ns
    seam = new.seam
    if is_begun:
        seam = replace(handoff.seam, incoming=seam.incoming, until_ns=seam.until_ns)
    is_other = seam.incoming != handoff.seam.incoming and handoff.n_steps == 1
    changed = replace(
        handoff,
        seam=seam,
        secondary=new.secondary,
        deputy=new.deputy,
        barred=new.barred,
        asked_ns=now_ns if is_other else handoff.asked_ns,
        is_unanswered=handoff.is_unanswered and seam.incoming == handoff.seam.incoming,
        keeps_until_ns=handoff.keeps_until_ns if is_begun else new.keeps_until_ns,
        unheld_ns=handoff.unheld_ns if is_begun else new.unheld_ns,
    )
    return advance(changed, now_ns)


def closed(
    handoff: Handoff, state: HandoffState, now_ns: int
) -> tuple[Handoff, list[HandoffEvent]]:
    """It is over without an acceptance: LAPSED or WITHDRAWN."""
    assert state in FINAL - {HandoffState.ACCEPTED}, "only people accept"
    if handoff.is_final:
        return handoff, []
    seam = handoff.seam
    event = HandoffClosed(
        handoff=handoff.id,
        services=seam.services,
        role=seam.role,
        state=state,
        outgoing=seam.outgoing,
        at_ns=seam.at_ns,
        kept_until_ns=kept_until_ns(handoff, now_ns),
    )
    return replace(handoff, state=state), [event]


def _refuse_closed(handoff: Handoff) -> None:
    if handoff.is_final:
        raise Refused(
            Why.OVER,
            "This handoff is over: the rota has changed, or the next one has come. Open Today to "
            "see what you hold.",
        )


def _step_to_accept(handoff: Handoff, person: Id) -> Step:
    if handoff.state is HandoffState.PLANNED:
        raise Refused(Why.NOT_YET, "This handoff opens an hour before the duty changes hands.")
    if person in handoff.barred:
        raise Refused(
            Why.UNLAWFUL,
            "You are away, or this shift would break your legal rest: another owner has to take it.",
        )
    step = handoff.step_of(person)
    if step is None:
        raise Refused(
            Why.NOT_ASKED,
            f"This duty is offered to {_names(handoff)}: take the shift in the rota if it should be "
            "yours.",
        )
    if _STEPS.index(step) >= handoff.n_steps:
        raise Refused(Why.NOT_ASKED, f"{_names(handoff)} is asked first.")
    return step


def _names(handoff: Handoff) -> str:
    return ", ".join(_asked_now(handoff)) or "nobody"


def _asked_now(handoff: Handoff) -> list[Id]:
    """Who may accept now, in the order of asking."""
    people = (handoff.candidate(step) for step in _STEPS[: handoff.n_steps])
    return list(dict.fromkeys(person for person in people if person is not None))


def _waited_ns(handoff: Handoff) -> int:
    """Until when those asked may take their time."""
    return max(handoff.asked_ns, handoff.seam.at_ns) + WAIT_NS


def _next_step(handoff: Handoff, now_ns: int) -> Handoff:
    """The next step at which there is somebody else to ask, or the last."""
    before = _asked_now(handoff)
    for n_steps in range(handoff.n_steps + 1, len(_STEPS) + 1):
        person = handoff.candidate(_STEPS[n_steps - 1])
        if person is not None and person not in before:
            return replace(handoff, n_steps=n_steps, asked_ns=now_ns)
    return replace(handoff, n_steps=len(_STEPS))


def _every_step(handoff: Handoff, now_ns: int) -> Handoff:
    while handoff.n_steps < len(_STEPS):
        handoff = _next_step(handoff, now_ns)
    return handoff


def _is_exhausted(handoff: Handoff, now_ns: int) -> bool:
    """Nobody is left to ask, and nobody who was asked has time left."""
    if handoff.n_steps < len(_STEPS):
        return False
    return now_ns >= _waited_ns(handoff) or not _asked_now(handoff)


def _ask(handoff: Handoff) -> tuple[Handoff, list[HandoffEvent]]:
    events: list[HandoffEvent] = []
    seam = handoff.seam
    for person in _asked_now(handoff):
        if person in handoff.told:
            continue
        step = handoff.step_of(person)
        assert step is not None, "whoever is asked is asked as something"
        handoff = replace(handoff, told=(*handoff.told, person))
        events.append(
            HandoffAsked(
                handoff=handoff.id,
                services=seam.services,
                role=seam.role,
                person=person,
                step=step,
                at_ns=seam.at_ns,
            )
        )
    return handoff, events


def _accepted(handoff: Handoff, step: Step) -> HandoffAccepted:
    seam = handoff.seam
    assert handoff.holder is not None, "accepted by somebody"
    return HandoffAccepted(
        handoff=handoff.id,
        services=seam.services,
        role=seam.role,
        outgoing=seam.outgoing,
        holder=handoff.holder,
        step=step,
        since_ns=handoff.since_ns,
        until_ns=seam.until_ns,
        at_ns=seam.at_ns,
        kept_until_ns=kept_until_ns(handoff, handoff.since_ns),
    )


def _unheld(handoff: Handoff) -> HandoffUnheld:
    seam = handoff.seam
    return HandoffUnheld(
        handoff=handoff.id,
        services=seam.services,
        role=seam.role,
        outgoing=seam.outgoing,
        since_ns=handoff.keeps_until_ns,
        at_ns=seam.at_ns,
    )


def _unanswered(handoff: Handoff) -> HandoffUnanswered:
    seam = handoff.seam
    return HandoffUnanswered(
        handoff=handoff.id,
        services=seam.services,
        role=seam.role,
        outgoing=seam.outgoing,
        unheld_ns=handoff.unheld_ns,
    )
