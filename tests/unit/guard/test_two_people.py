"""What one person proposes, another approves by its hash, and then it is applied whole."""

from hashlib import sha256

import msgspec
import pytest
from sqlalchemy import text

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard import (
    OPERATOR,
    GuardStore,
    NotAllowed,
    NotPossible,
    Right,
    Role,
    State,
    TwoPeople,
)
from sunwise.chassis.guard.personal import GuardHolder
from sunwise.chassis.guard.store import KEEP_DAYS
from sunwise.chassis.guard.two_people import EXPIRES_H, MAX_CONTENT_BYTES
from sunwise.chassis.personal import Traces
from tests.unit.guard.conftest import HERE

HOUR_NS = 3_600 * 10**9


class Company:
    """Two planners, a lead and a member; what was applied is kept in `done`."""

    def __init__(self, store: GuardStore, clock) -> None:
        self.store = store
        self.clock = clock
        self.done: list[bytes] = []
        self.fault: Exception | None = None
        self.changes = self.restarted()
        for person, role in (("ada", Role.PLANNER), ("ben", Role.PLANNER), ("lea", Role.LEAD)):
            store.grant(person, role, by=OPERATOR)

    def restarted(self) -> TwoPeople:
        changes = TwoPeople(self.store, self.clock)
        changes.register("rota.publish", Right.ROTA_PUBLISH, self._apply)
        return changes

    def _apply(self, proposal) -> None:
        if self.fault is not None:
            raise self.fault
        self.done.append(proposal.content)

    def who(self, person: str):
        token, _ = self.store.issue_token(person, "test", by=OPERATOR)
        return self.store.of_token(token)

    def propose(self, person: str = "ada", content: bytes = b"week 48"):
        return self.changes.submit(
            self.who(person), kind="rota.publish", content=content, summary="Publish week 48"
        )

    def acts(self) -> list[str]:
        return [e.act for e in self.store.audit.entries() if e.act.startswith("change.")]


@pytest.fixture
def company(new_database, clock) -> Company:
    return Company(GuardStore(new_database(), clock), clock)


def test_nothing_happens_until_a_second_person_approves_exactly_that(company):
    proposal = company.propose()
    assert proposal.state is State.PROPOSED
    assert company.done == []
    with pytest.raises(NotPossible, match="not the change that is proposed"):
        company.changes.approve(company.who("ben"), proposal.id, "0" * 64)
    assert company.done == []
    done = company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    assert (done.state, done.decided_by) == (State.APPLIED, "ben")
    assert company.done == [b"week 48"]
    assert company.changes.find(proposal.id) == done
    assert company.acts() == ["change.applied", "change.approve", "change.propose"]
    company.store.audit.verify()


def test_what_was_decided_is_not_decided_again(company):
    proposal = company.propose()
    company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    for act in (
        lambda: company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash),
        lambda: company.changes.refuse(company.who("ben"), proposal.id),
        lambda: company.changes.withdraw(company.who("ada"), proposal.id),
    ):
        with pytest.raises(NotPossible):
            act()
    assert company.done == [b"week 48"]


def test_nobody_approves_their_own(company):
    proposal = company.propose()
    with pytest.raises(NotAllowed, match="somebody else"):
        company.changes.approve(company.who("ada"), proposal.id, proposal.content_hash)
    with pytest.raises(NotAllowed, match="somebody else"):
        company.changes.refuse(company.who("ada"), proposal.id)


@pytest.mark.parametrize("person", ["lea", "mia"])
def test_whoever_holds_the_right_for_a_team_or_not_at_all_does_not_approve(company, person):
    proposal = company.propose()
    with pytest.raises(NotAllowed):
        company.changes.approve(company.who(person), proposal.id, proposal.content_hash)


def test_a_lead_proposes_and_a_planner_approves(company):
    proposal = company.propose("lea")
    done = company.changes.approve(company.who("ada"), proposal.id, proposal.content_hash)
    assert done.state is State.APPLIED


def test_a_member_without_the_right_does_not_even_propose(company):
    with pytest.raises(NotAllowed):
        company.propose("mia")


def test_a_proposal_expires(company):
    proposal = company.propose()
    company.clock.advance_ns(EXPIRES_H * HOUR_NS)
    assert company.changes.find(proposal.id).state is State.EXPIRED
    with pytest.raises(NotPossible, match="expired"):
        company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    assert company.done == []


def test_the_proposer_withdraws_and_nobody_else(company):
    proposal = company.propose()
    with pytest.raises(NotAllowed, match="Only ada"):
        company.changes.withdraw(company.who("ben"), proposal.id)
    assert company.changes.withdraw(company.who("ada"), proposal.id).state is State.WITHDRAWN


def test_what_cannot_be_applied_is_kept_with_the_reason(company):
    proposal = company.propose()
    company.fault = Permanent("The rota went on meanwhile.")
    done = company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    assert (done.state, done.outcome) == (State.FAILED, "The rota went on meanwhile.")
    assert company.acts()[0] == "change.failed"


def test_what_was_approved_before_a_crash_is_applied_after_it(company):
    proposal = company.propose()
    company.fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    assert company.changes.find(proposal.id).state is State.APPROVED
    company.fault = None
    company.restarted().resume()
    assert company.done == [b"week 48"]
    assert company.changes.find(proposal.id).state is State.APPLIED
    company.restarted().resume()
    assert company.done == [b"week 48"]


def test_where_nobody_else_holds_the_right_one_acts_alone_and_the_log_says_so(company):
    company.store.withdraw("ben", Role.PLANNER, by=OPERATOR)
    assert company.propose().state is State.APPLIED
    assert company.acts() == ["change.applied", "change.alone"]


def test_whoever_holds_it_only_for_a_team_is_never_alone(company):
    for person in ("ada", "ben"):
        company.store.withdraw(person, Role.PLANNER, by=OPERATOR)
    assert company.propose("lea").state is State.PROPOSED
    assert company.done == []


def test_a_proposer_who_lost_the_right_changes_nothing_any_more(company):
    proposal = company.propose()
    company.store.withdraw("ada", Role.PLANNER, by=OPERATOR)
    with pytest.raises(NotPossible, match="no longer holds"):
        company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)


def test_an_integration_counts_as_nobody(company):
    changes = company.changes
    changes.register("directory.import", Right.DIRECTORY_IMPORT, company._apply)
    key, _ = company.store.issue_key("scim", Right.DIRECTORY_IMPORT, by=OPERATOR)
    proposal = changes.submit(
        company.store.of_token(key), kind="directory.import", content=b"x", summary="Import"
    )
    adopted = changes.approve(company.who("ada"), proposal.id, proposal.content_hash)
    assert (adopted.state, adopted.proposer) == (State.PROPOSED, "ada")
    with pytest.raises(NotAllowed):
        changes.approve(company.who("ada"), proposal.id, proposal.content_hash)
    done = changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    assert done.state is State.APPLIED


def test_from_the_hash_in_the_log_nobody_can_try_whom_a_change_was_about(company):
    """The log is kept for ever, the proposal is not, and what it says can be guessed."""
    one, other = company.propose(), company.propose()
    assert (one.summary, one.content) == (other.summary, other.content)
    assert one.content_hash != other.content_hash


def test_a_proposal_from_before_salts_is_approved_by_the_hash_that_it_has(company):
    proposal = company.propose()
    parts = (proposal.kind, proposal.right.value, proposal.summary, proposal.content)
    old = sha256(msgspec.msgpack.encode(parts)).hexdigest()
    with company.store.engine.begin() as connection:
        connection.execute(
            text("UPDATE guard_proposals SET salt = '', content_hash = :old"), {"old": old}
        )
    assert company.changes.approve(company.who("ben"), proposal.id, old).state is State.APPLIED


def test_content_that_was_changed_in_the_database_is_not_what_was_hashed(company):
    one, other = company.propose(), company.propose(content=b"week 49")
    assert one.content_hash != other.content_hash
    with company.store.engine.begin() as connection:
        connection.execute(
            text("UPDATE guard_proposals SET content = :new WHERE id = :id"),
            {"new": b"mallory's week", "id": one.id},
        )
    with pytest.raises(NotPossible, match="not the change"):
        company.changes.approve(company.who("ben"), one.id, one.content_hash)
    with company.store.engine.begin() as connection:
        connection.execute(text("UPDATE guard_proposals SET state = 'approved'"))
        connection.execute(text("UPDATE guard_proposals SET content = :new"), {"new": b"evil"})
    company.restarted().resume()
    assert company.changes.find(one.id).state is State.FAILED
    assert company.done == []


def test_content_has_a_bound(company):
    with pytest.raises(NotPossible, match="too large"):
        company.propose(content=bytes(MAX_CONTENT_BYTES + 1))


def test_what_was_decided_long_ago_is_forgotten_and_stays_in_the_log(company):
    proposal = company.propose()
    company.changes.refuse(company.who("ben"), proposal.id)
    company.clock.advance_ns((KEEP_DAYS + 4) * 24 * HOUR_NS)
    company.changes.forget(company.clock.now_ns() - KEEP_DAYS * 24 * HOUR_NS)
    with pytest.raises(NotPossible, match="no such change"):
        company.changes.find(proposal.id)
    assert "change.refuse" in company.acts()


def test_an_erased_person_is_in_no_proposal(company):
    proposal = company.propose()
    company.changes.refuse(company.who("ben"), proposal.id)
    company.propose(content=b'{"person":"ben","role":"lead"}')
    kept = company.propose(content=b'{"person":"bennett","role":"lead"}')
    GuardHolder(company.store).erase(Traces(person="ben"))
    assert [each.id for each in company.changes.seen_by(company.who("ada"))] == [kept.id]
    with company.store.engine.connect() as connection:
        assert "'ben'" not in repr(connection.execute(text("SELECT * FROM guard_proposals")).all())


async def test_an_administrator_alone_appoints_a_second_and_then_needs_them(site):
    async with site.client(token=site.ada) as ada, site.client(token=site.ben) as ben:
        first = await ada.put("/people/ben/roles/administrator")
        assert (first.status_code, first.json()["state"]) == (200, "applied")
        second = await ada.put("/people/cleo/roles/administrator")
        assert (second.status_code, second.json()["state"]) == (202, "proposed")
        assert site.store.holders(Right.ROLES_GRANT) == {"ada", "ben"}
        out = await ada.delete("/people/ben/roles/administrator")
        assert out.status_code == 202, "nobody comes to be alone without the other's word"
        shown = (await ben.get("/changes")).json()
        wanted = second.json()
        body = {"content_hash": wanted["content_hash"]}
        assert msgspec.json.decode(wanted["content"])["person"] == "cleo"
        done = await ben.post(f"/changes/{wanted['id']}/approve", json=body)
        assert done.json()["state"] == "applied"
        own = await ada.post(
            f"/changes/{out.json()['id']}/approve",
            json={"content_hash": out.json()["content_hash"]},
        )
        assert own.status_code == 403
        assert {each["kind"] for each in shown} == {"role.change"}
    assert site.store.holders(Right.ROLES_GRANT) == {"ada", "ben", "cleo"}


async def test_a_member_sees_no_change_of_others(site):
    site.store.grant("cleo", Role.ADMINISTRATOR, by=OPERATOR)
    async with site.client(token=site.ada) as ada, site.client(token=site.ben) as ben:
        proposed = (await ada.put("/people/dan/roles/planner")).json()
        assert (await ben.get("/changes")).json() == []
        assert (await ben.get(f"/changes/{proposed['id']}")).status_code == 404
        body = {"content_hash": proposed["content_hash"]}
        answer = await ben.post(f"/changes/{proposed['id']}/approve", json=body)
        assert answer.status_code == 403
        assert (await ben.post("/changes/0123456789ab/refuse")).status_code == 422


async def test_whoever_has_left_is_out_though_their_token_is_not_revoked(site):
    gone: set[str] = set()
    site.guard._is_at_work = lambda person: person not in gone
    browser = await site.browser(site.ada)
    gone.add("ada")
    assert (await browser.get("/duty")).status_code == 401
    async with site.client(token=site.ada) as client:
        assert (await client.get("/duty")).status_code == 401
        answer = await client.post("/login", json={"token": site.ada}, headers={"origin": HERE})
        assert answer.status_code == 401


async def test_nobody_makes_a_token_by_which_they_would_approve_their_own(site):
    async with site.client(token=site.ada) as ada:
        made = await ada.post("/people/cleo/tokens", json={"name": "first"})
        assert made.status_code == 201, "of a member an administrator may"
        known = made.json()["secret"]
        async with site.client(token=known) as as_cleo:
            more = await as_cleo.post("/people/cleo/tokens", json={"name": "second"})
            second = more.json()["secret"]
        assert (await ada.put("/people/cleo/roles/administrator")).status_code == 200
        for secret in (known, second):
            assert site.store.of_token(secret) is None, "whoever knows it would be two people"
        refused = await ada.post("/people/cleo/tokens", json={"name": "third"})
        assert (refused.status_code, "sunwise people token cleo" in refused.text) == (422, True)
    own, _ = site.store.issue_token("cleo", "of the machine", by=OPERATOR)
    async with site.client(token=own) as cleo:
        assert (await cleo.post("/people/cleo/tokens", json={"name": "x"})).status_code == 201


def test_what_cannot_be_applied_now_waits_for_a_word_again(company):
    proposal = company.propose()
    company.fault = Retryable("The directory was not heard yet.")
    with pytest.raises(Retryable):
        company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    company.fault = None
    assert company.changes.find(proposal.id).state is State.PROPOSED
    done = company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    assert done.state is State.APPLIED


def test_a_start_is_not_ended_by_a_change_that_cannot_be_applied_yet(company):
    proposal = company.propose()
    company.fault = RuntimeError("killed")
    with pytest.raises(RuntimeError):
        company.changes.approve(company.who("ben"), proposal.id, proposal.content_hash)
    company.fault = Retryable("The directory was not heard yet.")
    company.restarted().resume()
    assert company.changes.find(proposal.id).state is State.PROPOSED
