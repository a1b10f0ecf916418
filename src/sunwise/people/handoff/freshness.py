"""How the services' handoffs went lately: for their scorecards. Of services, never of people."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.handoff import Freshness, HandoffState, ServiceFreshness
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.acceptance import WAIT_NS, Handoff

LOOKED_BACK_NS: Final = 28 * 24 * NS_PER_HOUR


def freshness_of(handoffs: Iterable[Handoff], now_ns: int) -> Freshness:
    """Of every service with a handoff that came due in the last 28 days."""
    by_service: dict[Id, list[Handoff]] = defaultdict(list)
    for handoff in handoffs:
        came_due = now_ns - LOOKED_BACK_NS <= handoff.seam.at_ns <= now_ns - WAIT_NS
        if came_due and handoff.state is not HandoffState.WITHDRAWN:
            for service in handoff.seam.services:
                by_service[service].append(handoff)
    services = tuple(_of_service(name, found) for name, found in sorted(by_service.items()))
    return Freshness(as_of_ns=now_ns, services=services)


def _of_service(service: Id, handoffs: list[Handoff]) -> ServiceFreshness:
    handoffs.sort(key=lambda handoff: handoff.seam.at_ns)
    newest = {handoff.seam.role: handoff for handoff in handoffs}
    accepted = [each for each in handoffs if each.state is HandoffState.ACCEPTED]
    return ServiceFreshness(
        service=service,
        is_fresh=all(each.state is HandoffState.ACCEPTED for each in newest.values()),
        newest_ns=handoffs[-1].seam.at_ns,
        n_accepted=len(accepted),
        n_due=len(handoffs),
        accepted_ns=max((each.since_ns for each in accepted), default=None),
    )
