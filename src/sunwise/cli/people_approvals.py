"""Changes that wait for a second person, told as facts of the services that they are about.

So a handoff note shows them among the open approvals. Facts come again after every start, under the
same ids: incidents take each once.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard import Proposal, State, TwoPeople
from sunwise.contracts.people.facts import RECORD, Evidence, FactKind, TimelineFact

_LOOK_S: Final = 5.0
_OPEN: Final = frozenset({State.PROPOSED, State.APPROVED})
_WHAT: Final = {"rota.publish": "A new rota", "directory.change": "A change of the directory"}
_log: Final = logging.getLogger("sunwise.approvals")
_encode: Final = msgspec.msgpack.Encoder().encode


class ApprovalFacts:
    """Tells of every change once it is proposed, and once it is decided."""

    def __init__(self, bus: Bus, two_people: TwoPeople, clock: Clock) -> None:
        self._bus = bus
        self._two_people = two_people
        self._clock = clock
        self._told: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            try:
                await self.look()
            except (Retryable, Permanent) as fault:
                _log.warning("approvals are told later: %s", fault)
            await self._clock.sleep(_LOOK_S)

    async def look(self) -> None:
        """Tells what was not told. Raises what the bus and the database raise."""
        facts = await asyncio.to_thread(self._facts)
        for fact in facts:
            if fact.id not in self._told:
                await self._bus.request(RECORD, _encode(fact))
                self._told |= {fact.id}
        self._told &= {fact.id for fact in facts}

    def _facts(self) -> list[TimelineFact]:
        return [
            fact
            for proposal in self._two_people.newest()
            for fact in facts_of(proposal, self._two_people.concerns(proposal))
        ]


def facts_of(proposal: Proposal, services: tuple[str, ...]) -> Iterator[TimelineFact]:
    """That it waits, and what became of it; nothing for what is about no service.

    Its summary stays with those who may see it: it can name people.
    """
    if not services:
        return
    yield _fact(proposal, services, is_open=True)
    if proposal.state not in _OPEN:
        yield _fact(proposal, services, is_open=False)


def _fact(proposal: Proposal, services: tuple[str, ...], *, is_open: bool) -> TimelineFact:
    word = "proposed" if is_open else "decided"
    became = "waits for a second person" if is_open else f"is {proposal.state.value}"
    return TimelineFact(
        id=f"guard:{proposal.id}:{word}",
        kind=FactKind.APPROVAL if is_open else FactKind.APPROVAL_DECIDED,
        services=services[:64],
        what=f"{_WHAT.get(proposal.kind, 'A change')} {became}.",
        at_ns=proposal.created_ns if is_open else _decided_ns(proposal),
        source="guard",
        evidence=Evidence(
            kind="approval", ref=f"guard:{proposal.id}", url=f"/approvals#{proposal.id}"
        ),
    )


def _decided_ns(proposal: Proposal) -> int:
    return proposal.expires_ns if proposal.decided_ns is None else proposal.decided_ns
