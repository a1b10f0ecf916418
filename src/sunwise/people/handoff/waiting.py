"""What waits for somebody to accept it: for whoever tells them."""

from collections.abc import Iterable

from sunwise.contracts.people.handoff import (
    Asked,
    HandoffState,
    OpenHandoff,
    OpenHandoffs,
)
from sunwise.people.handoff.acceptance import Handoff, holder_at


def open_handoffs(handoffs: Iterable[Handoff], now_ns: int) -> OpenHandoffs:
    """Those that are offered or unheld, the soonest first."""
    waiting = [
        each for each in handoffs if each.state in {HandoffState.OFFERED, HandoffState.UNHELD}
    ]
    waiting.sort(key=lambda each: (each.seam.at_ns, each.id))
    return OpenHandoffs(as_of_ns=now_ns, handoffs=tuple(_open(each, now_ns) for each in waiting))


def _open(handoff: Handoff, now_ns: int) -> OpenHandoff:
    steps = {person: handoff.step_of(person) for person in handoff.told}
    return OpenHandoff(
        handoff=handoff.id,
        services=handoff.seam.services,
        role=handoff.seam.role,
        state=handoff.state,
        at_ns=handoff.seam.at_ns,
        unheld_ns=handoff.unheld_ns,
        asked=tuple(
            Asked(person=person, step=step) for person, step in steps.items() if step is not None
        ),
        is_unanswered=handoff.is_unanswered,
        holder=holder_at(handoff, now_ns),
    )
