"""Changes that wait for a second person, as facts of the services that they are about."""

import msgspec
import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard import OPERATOR, GuardStore, Right, Role, TwoPeople
from sunwise.cli.people_approvals import ApprovalFacts
from sunwise.contracts.people.facts import FactKind, TimelineFact

_decode = msgspec.msgpack.Decoder(TimelineFact).decode


class Bus:
    """Takes facts, each once, or is cut off."""

    def __init__(self) -> None:
        self.facts: dict[str, TimelineFact] = {}
        self.is_cut = False

    async def request(self, _subject: str, payload: bytes) -> bytes:
        if self.is_cut:
            raise Retryable("cut off")
        fact = _decode(payload)
        self.facts.setdefault(fact.id, fact)
        return b""


@pytest.fixture
def stage(tmp_path):
    clock = SimulatedClock()
    store = GuardStore(open_database(tmp_path / "guard.db", is_derived=False), clock)
    for person in ("ada", "ben"):
        store.grant(person, Role.ADMINISTRATOR, by=OPERATOR)
    two_people = TwoPeople(store, clock)
    two_people.register("rota.publish", Right.ROTA_PUBLISH, print, concerns=lambda _: ["ledger"])
    two_people.register("role.change", Right.ROLES_GRANT, print)

    def who(person: str):
        return store.of_token(store.issue_token(person, "test", by=OPERATOR)[0])

    yield two_people, who, clock
    store.close()


async def test_a_change_is_open_until_it_is_decided_and_nobody_is_named(stage):
    two_people, who, clock = stage
    bus = Bus()
    facts = ApprovalFacts(bus, two_people, clock)
    proposal = two_people.submit(who("ada"), kind="rota.publish", content=b"x", summary="For ben")
    two_people.submit(who("ada"), kind="role.change", content=b"y", summary="Make ben a planner")
    await facts.look()
    [asked] = bus.facts.values()
    assert (asked.kind, asked.services) == (FactKind.APPROVAL, ("ledger",))
    assert asked.evidence.url == f"/approvals#{proposal.id}"
    assert "ben" not in asked.what
    two_people.approve(who("ben"), proposal.id, proposal.content_hash)
    await facts.look()
    decided = bus.facts[f"guard:{proposal.id}:decided"]
    assert (decided.kind, decided.evidence.ref) == (FactKind.APPROVAL_DECIDED, asked.evidence.ref)


async def test_what_expires_is_decided_and_what_was_cut_off_is_told_later(stage):
    two_people, who, clock = stage
    bus = Bus()
    bus.is_cut = True
    facts = ApprovalFacts(bus, two_people, clock)
    proposal = two_people.submit(who("ada"), kind="rota.publish", content=b"x", summary="")
    with pytest.raises(Retryable):
        await facts.look()
    bus.is_cut = False
    clock.advance_ns(proposal.expires_ns - clock.now_ns())
    await facts.look()
    assert bus.facts[f"guard:{proposal.id}:decided"].at_ns == proposal.expires_ns
    assert len(bus.facts) == 2
