"""What is kept of a secret, and what opens nothing any more."""

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.guard import (
    OPERATOR,
    AuditBroken,
    GuardStore,
    NotPossible,
    Right,
    Role,
    Scope,
)
from sunwise.chassis.guard.personal import GuardHolder
from sunwise.chassis.guard.secret_text import Kind, kind_of, new_secret
from sunwise.chassis.guard.store import KEEP_DAYS, MAX_CREDENTIALS
from sunwise.chassis.guard.tables import AUDIT
from sunwise.chassis.personal import Traces
from sunwise.chassis.retention import DAY_NS

DAY_S = 86_400


@pytest.fixture
def store(new_database, clock) -> GuardStore:
    return GuardStore(new_database(), clock)


def later(clock: SimulatedClock, seconds: int) -> None:
    clock.advance_ns(seconds * 1_000_000_000)


def everything_stored(store: GuardStore) -> str:
    tables = ("roles", "credentials", "sessions", "proposals", "pseudonyms", "audit")
    with store.engine.connect() as connection:
        return repr([connection.execute(text(f"SELECT * FROM guard_{t}")).all() for t in tables])


def test_no_secret_is_kept(store):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR)
    key, _ = store.issue_key("alertmanager", Right.PAGER_SEND, by=OPERATOR)
    feed, _ = store.issue_feed("ada", "person:ada", by=OPERATOR)
    session, _ = store.open_session(token)
    stored = everything_stored(store)
    for secret in (token, key, feed, session):
        assert secret not in stored
        assert secret[4:20] not in stored
    assert len(key) == 32


def test_a_token_tells_its_person_and_their_rights_now(store):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR)
    assert store.of_token(token).scopes[Right.ROTA_SWAP] is Scope.OWN
    store.grant("ada", Role.PLANNER, by=OPERATOR)
    principal = store.of_token(token)
    assert principal.person_id == "ada"
    assert principal.scopes[Right.ROTA_SWAP] is Scope.ALL
    store.withdraw("ada", Role.PLANNER, by=OPERATOR)
    assert store.of_token(token).scopes[Right.ROTA_SWAP] is Scope.OWN


def test_a_key_may_do_its_one_thing(store):
    key, _ = store.issue_key("alertmanager", Right.PAGER_SEND, by=OPERATOR)
    principal = store.of_token(key)
    assert principal.person_id is None
    assert list(principal.scopes) == [Right.PAGER_SEND]
    with pytest.raises(NotPossible, match="cannot hold"):
        store.issue_key("mallory", Right.ROLES_GRANT, by=OPERATOR)


def test_what_is_revoked_opens_nothing(store):
    token, credential = store.issue_token("ada", "laptop", by=OPERATOR)
    session, _ = store.open_session(token)
    assert store.of_session(session).person_id == "ada"
    assert store.revoke(credential.id, by=OPERATOR)
    assert store.of_token(token) is None
    assert store.of_session(session) is None
    assert store.open_session(token) is None
    assert not store.revoke(credential.id, by=OPERATOR)


def test_a_token_ends_by_itself_and_takes_its_sessions_along(store, clock):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR, days=1)
    session, _ = store.open_session(token)
    later(clock, DAY_S // 2)
    assert store.of_session(session) is not None
    later(clock, DAY_S // 2)
    assert store.of_token(token) is None
    assert store.of_session(session) is None


def test_an_idle_session_ends_and_a_used_one_ends_after_a_week(store, clock):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR)
    idle, _ = store.open_session(token)
    used, _ = store.open_session(token)
    for hour in range(167):
        later(clock, 3_600)
        assert store.of_session(used) is not None, hour
    assert store.of_session(idle) is None
    later(clock, 3_600)
    assert store.of_session(used) is None


def test_a_session_does_not_tell_when_somebody_was_here(store, clock):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR)
    store.open_session(token)
    with store.engine.connect() as connection:
        [until] = connection.execute(text("SELECT idle_until_ns FROM guard_sessions")).scalars()
    assert until % (3_600 * 10**9) == 0


def test_each_kind_opens_only_its_own_door(store):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR)
    feed, _ = store.issue_feed("ada", "person:ada", by=OPERATOR)
    session, _ = store.open_session(token)
    assert store.of_token(feed) is store.of_token(session) is None
    assert store.of_feed(token) is store.of_feed(session) is None
    assert store.of_session(token) is store.of_session(feed) is None
    assert store.open_session(feed) is store.open_session(session) is None
    assert store.of_feed(feed).shows == "person:ada"


def test_whoever_leaves_is_out_at_once(store):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR)
    feed, _ = store.issue_feed("ada", "person:ada", by=OPERATOR)
    session, _ = store.open_session(token)
    store.leave("ada", by=OPERATOR)
    assert store.of_token(token) is store.of_feed(feed) is store.of_session(session) is None


def test_the_last_administrator_stays(store):
    store.grant("ada", Role.ADMINISTRATOR, by=OPERATOR)
    with pytest.raises(NotPossible, match="last administrator"):
        store.withdraw("ada", Role.ADMINISTRATOR, by=OPERATOR)
    store.grant("ben", Role.ADMINISTRATOR, by=OPERATOR)
    store.withdraw("ada", Role.ADMINISTRATOR, by=OPERATOR)
    assert store.holders(Right.AUDIT_READ) == {"ben"}


def test_there_is_an_end_to_how_many(store):
    for number in range(MAX_CREDENTIALS):
        store.issue_feed("ada", f"team:t{number}", by=OPERATOR)
    with pytest.raises(NotPossible, match="revoke one first"):
        store.issue_feed("ada", "team:more", by=OPERATOR)


@pytest.mark.parametrize("days", [0, -1, 367, 2**63])
def test_a_token_lives_a_year_at_most(store, days):
    with pytest.raises(NotPossible, match="1 to 366 days"):
        store.issue_token("ada", "laptop", by=OPERATOR, days=days)


@pytest.mark.parametrize("kind", Kind)
def test_a_secret_is_known_by_its_form(kind):
    secret = new_secret(kind)
    assert kind_of(secret) is kind
    assert kind_of(secret + "x") is kind_of(secret[:-1]) is kind_of(secret[:-1] + "-") is None


def test_every_act_is_in_the_log_under_a_pseudonym(store):
    store.grant("ada", Role.ADMINISTRATOR, by=OPERATOR)
    token, credential = store.issue_token("ada", "laptop", by=OPERATOR)
    store.issue_token("ben", "phone", by=store.of_token(token))
    store.revoke(credential.id, by=OPERATOR)
    acts = store.audit.entries()
    assert [each.act for each in acts] == [
        "credential.revoke", "token.issue", "token.issue", "role.grant",
    ]  # fmt: skip
    assert [each.actor for each in acts if each.actor == "operator"] == ["operator"] * 3
    assert "ada" not in repr(acts)
    assert store.audit.verify() == 4


def test_what_did_not_happen_is_not_in_the_log(store):
    store.revoke("no-such-id", by=OPERATOR)
    store.grant("ada", Role.ADMINISTRATOR, by=OPERATOR)
    store.grant("ada", Role.ADMINISTRATOR, by=OPERATOR)
    with pytest.raises(NotPossible):
        store.withdraw("ada", Role.ADMINISTRATOR, by=OPERATOR)
    assert store.audit.verify() == 1


def test_erasing_a_person_leaves_the_chain_whole(store):
    token, _ = store.issue_token("ada", "laptop", by=OPERATOR)
    store.issue_feed("ada", "person:ada", by=store.of_token(token))
    GuardHolder(store).erase(Traces(person="ada"))
    assert "ada" not in everything_stored(store)
    assert store.audit.verify() == 3


def test_a_person_reads_all_that_is_kept_about_them(store):
    store.grant("ada", Role.PLANNER, by=OPERATOR)
    token, credential = store.issue_token("ada", "laptop", by=OPERATOR)
    store.open_session(token)
    store.issue_token("ben", "phone", by=OPERATOR)
    kept = GuardHolder(store).export(Traces(person="ada"), is_own=True)
    assert [each["role"] for each in kept["guard_roles"]] == ["planner"]
    assert [each["id"] for each in kept["guard_credentials"]] == [credential.id]
    assert "hash" not in kept["guard_sessions"][0]
    [called] = [each["pseudonym"] for each in kept["guard_pseudonyms"]]
    assert {each["subject"] for each in kept["guard_audit"]} == {called}


def test_credentials_out_of_force_are_dropped_in_the_end(store, clock):
    _, credential = store.issue_token("ada", "old", by=OPERATOR, days=1)
    later(clock, 80 * DAY_S)
    store.forget(clock.now_ns() - KEEP_DAYS * DAY_NS)
    assert store.credential(credential.id) is not None
    later(clock, 20 * DAY_S)
    store.forget(clock.now_ns() - KEEP_DAYS * DAY_NS)
    assert store.credential(credential.id) is None


def test_the_log_can_only_grow(store):
    store.grant("ada", Role.ADMINISTRATOR, by=OPERATOR)
    for statement in (update(AUDIT).values(act="nothing"), delete(AUDIT)):
        with pytest.raises(DBAPIError, match="only grow"), store.engine.begin() as connection:
            connection.execute(statement)
    assert store.audit.verify() == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE guard_audit SET detail = '{}' WHERE seq = 2",
        "DELETE FROM guard_audit WHERE seq = 2",
        "DELETE FROM guard_audit WHERE seq = 3",
        "UPDATE guard_audit SET at_ns = at_ns + 1 WHERE seq = 1",
    ],
)
def test_whoever_gets_round_that_is_found_out(store, change):
    for person in ("ada", "ben", "cleo"):
        store.grant(person, Role.PLANNER, by=OPERATOR)
    with store.engine.begin() as connection:
        if store.engine.dialect.name == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                connection.execute(text(f"DROP TRIGGER guard_audit_no_{verb}"))
        else:
            connection.execute(text("DROP TRIGGER guard_audit_only_grows ON guard_audit"))
        connection.execute(text(change))
    with pytest.raises(AuditBroken):
        store.audit.verify()


def test_a_token_that_is_revoked_while_it_logs_in_leaves_no_session(store, monkeypatch):
    token, credential = store.issue_token("ada", "laptop", by=OPERATOR)

    def revoking(kind):
        store.revoke(credential.id, by=OPERATOR)
        return new_secret(kind)

    monkeypatch.setattr("sunwise.chassis.guard.store.new_secret", revoking)
    assert store.open_session(token) is None
