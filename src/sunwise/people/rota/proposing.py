"""Publishing the rota of what runs around the clock: one person proposes, another approves that draft."""

from typing import Final

import msgspec

from sunwise.chassis.guard import Principal, Proposal, Right, TwoPeople
from sunwise.daylight.zones import instant
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, Kept, State

KIND: Final = "rota.publish"


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly which draft."""

    unit: str
    window_ns: int
    version: int


class RotaProposing:
    """The door to the rotas that take two people."""

    def __init__(self, desk: RotaDesk, two_people: TwoPeople) -> None:
        self._desk = desk
        self._two_people = two_people
        two_people.register(KIND, Right.ROTA_PUBLISH, self._apply, concerns=self._services)

    def submit(self, by: Principal, draft: Kept) -> Proposal:
        """The proposal; applied already where nobody else could approve it. Blocks."""
        proposed = Proposed(unit=draft.unit, window_ns=draft.window_ns, version=draft.version)
        return self._two_people.submit(
            by,
            kind=KIND,
            content=msgspec.json.encode(proposed),
            summary=summary(draft, self._called(draft.unit)),
        )

    def _called(self, unit: str) -> str:
        """The names of its services, as the directory has them now."""
        known = self._desk.store.units().get(unit)
        snapshot = self._desk.snapshot()
        names = {each.id: each.name for each in snapshot.services} if snapshot else {}
        return ", ".join(names.get(each, each) for each in known.services) if known else unit

    def _services(self, proposal: Proposal) -> tuple[str, ...]:
        unit = msgspec.json.decode(proposal.content, type=Proposed).unit
        known = self._desk.store.units().get(unit)
        return known.services if known else ()

    def _apply(self, proposal: Proposal) -> None:
        wanted = msgspec.json.decode(proposal.content, type=Proposed)
        versions = self._desk.store.versions(wanted.unit, wanted.window_ns)
        follower = next((kept for kept in versions if kept.version == wanted.version + 1), None)
        if follower is not None and follower.state in (State.PUBLISHED, State.SUPERSEDED):
            return  # it was applied already
        self._desk.publish(
            wanted.unit,
            wanted.window_ns,
            wanted.version,
            by=proposal.decided_by or proposal.proposer,
        )


def summary(draft: Kept, name: str) -> str:
    """What is approved, for whoever approves; `name`: what its services are called."""
    figures, first = draft.figures, instant(draft.window_ns)
    last = instant(draft.window_ns + WINDOW_NS - DAY_NS)
    return (
        f"Publish the rota of {name} from {first:%d %b} to {last:%d %b %Y}, draft "
        f"{draft.version}: {len(draft.turns)} shifts, {figures.night_h:g} h at night, "
        f"{figures.gap_h:g} h of gaps"
    )
