"""Facts and incidents in SQL: nothing twice, nothing lost, what is open stays in sight."""

import threading

import pytest

from sunwise.contracts.people.facts import Actor, Evidence, FactKind, TimelineFact
from sunwise.contracts.people.incidents import GetShift, Incident, IncidentState
from sunwise.people.incidents.lifecycle import By, Refused, Why, mitigated, noted, resolved
from sunwise.people.incidents.review import ReviewState
from sunwise.people.incidents.store import MAX_TEXT, IncidentStore
from sunwise.people.incidents.timeline import ChainBroken, verify
from tests.support.handoff_company import at

ID = "0123456789ab"


def fact(name: str, kind: FactKind, hour: float, *, ref: str = "r", services=("ledger",), **more):
    return TimelineFact(
        id=name.replace(" ", "-"),
        kind=kind,
        services=services,
        what=f"{kind.value} {name}",
        at_ns=at(hour),
        source="test",
        evidence=Evidence(kind="thing", ref=ref),
        **more,
    )


def by(hour: float, person: str = "ana") -> By:
    return By(person=person, pseudonym=f"p-{person}", now_ns=at(hour))


def open_one(store: IncidentStore, hour: float = 8, services=("ledger",)) -> None:
    incident = Incident(
        id=ID,
        title="Orders are slow",
        severity=2,
        state=IncidentState.OPEN,
        service=services[0],
        services=services,
        opened_ns=at(hour),
    )
    store.open(incident, by(hour), {})


def shift(store, first: float, last: float, *, coming: float = 24, services=("ledger",)):
    query = GetShift(
        services=services, from_ns=at(first), until_ns=at(last), coming_until_ns=at(coming)
    )
    return store.shift(query)


def told(store: IncidentStore) -> list[str]:
    return [entry.what for entry in store.timeline(ID)]


def test_a_fact_that_comes_again_is_the_same_fact(new_database):
    store = IncidentStore(new_database())
    open_one(store)
    alert = fact("a", FactKind.ALERT, 9)
    assert store.record([alert, alert], {}) == [True, False]
    assert store.record([alert], {}) == [False]
    assert told(store).count("alert a") == 1


def test_a_new_incident_begins_with_what_was_told_just_before(new_database):
    store = IncidentStore(new_database())
    store.record(
        [
            fact("long ago", FactKind.DEPLOY, 5),
            fact("deploy", FactKind.DEPLOY, 7),
            fact("elsewhere", FactKind.DEPLOY, 7, services=("wallet",)),
            fact("plan", FactKind.DEPLOY_PLANNED, 7),
        ],
        {},
    )
    open_one(store)
    assert told(store) == ["deploy deploy", "Opened with severity 2: Orders are slow"]


def test_facts_enter_the_timelines_of_their_services_until_resolved(new_database):
    store = IncidentStore(new_database())
    open_one(store, services=("ledger", "matching"))
    store.record([fact("m", FactKind.ALERT, 9, services=("matching",))], {})
    store.act(ID, lambda held: mitigated(held, by(10)), revision=1)
    store.record([fact("after", FactKind.DEPLOY, 11)], {})
    store.act(ID, lambda held: resolved(held, by(12)), revision=2)
    store.record([fact("too late", FactKind.ALERT, 13)], {})
    assert told(store) == [
        "Opened with severity 2: Orders are slow",
        "alert m",
        "The incident is mitigated.",
        "deploy after",
        "The incident is resolved.",
    ]
    verify(store.timeline(ID))


def test_the_chain_holds_pseudonyms_and_an_acknowledgement_holds_nobody(new_database):
    store = IncidentStore(new_database())
    open_one(store)
    actor = Actor(role="primary", person="ana")
    store.record(
        [
            fact("d", FactKind.DEPLOY, 9, actor=actor),
            fact("k", FactKind.PAGE_ACKNOWLEDGED, 9, actor=actor),
            fact("u", FactKind.DEPLOY, 9, actor=Actor(role="primary", person="nobody-knows")),
        ],
        {"ana": "p-ana"},
    )
    shown = [(entry.actor_role, entry.actor) for entry in store.timeline(ID)[1:]]
    assert shown == [("primary", "p-ana"), ("", None), ("primary", None)]


def test_entries_of_many_doors_are_one_chain(new_database):
    engine = new_database()
    stores = [IncidentStore(engine) for _ in range(4)]
    open_one(stores[0])

    def write(store: IncidentStore, name: str) -> None:
        for _ in range(5):
            store.act(ID, lambda held: noted(held, name, by(9)), revision=None)

    threads = [
        threading.Thread(target=write, args=(store, f"door {n}")) for n, store in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = stores[0].timeline(ID)
    verify(entries)
    assert len(entries) == 21
    assert stores[0].find(ID).incident.revision == 21


def test_an_act_on_what_was_changed_meanwhile_is_refused(new_database):
    store = IncidentStore(new_database())
    open_one(store)
    store.act(ID, lambda held: mitigated(held, by(9)), revision=1)
    with pytest.raises(Refused) as refused:
        store.act(ID, lambda held: resolved(held, by(9)), revision=1)
    assert refused.value.why is Why.EDITED
    with pytest.raises(Refused, match="It is mitigated") as refused:
        store.act(ID, lambda held: mitigated(held, by(9)), revision=2)
    assert refused.value.why is Why.STATE
    assert len(store.timeline(ID)) == 2


def test_a_shift_tells_what_happened_what_is_open_and_what_comes(new_database):
    store = IncidentStore(new_database())
    store.record(
        [
            fact("old and open", FactKind.ALERT, 1, ref="one"),
            fact("old and over", FactKind.ALERT, 1, ref="two"),
            fact("over", FactKind.ALERT_RESOLVED, 2, ref="two"),
            fact("in shift", FactKind.DEPLOY, 6, ref="x"),
            fact("next shift", FactKind.DEPLOY, 9, ref="y"),
            fact("planned", FactKind.DEPLOY_PLANNED, 10, ref="d1"),
            fact("far ahead", FactKind.LISTING, 30, ref="l1"),
            fact("other", FactKind.ALERT, 6, ref="z", services=("wallet",)),
        ],
        {},
    )
    names = [each.id for each in shift(store, 4, 8).facts]
    assert names == ["old-and-open", "in-shift", "planned"]


def test_an_alert_that_fires_again_is_open_again_in_whatever_order_it_is_told(new_database):
    store = IncidentStore(new_database())
    store.record(
        [
            fact("end", FactKind.ALERT_RESOLVED, 2),
            fact("first", FactKind.ALERT, 1),
            fact("again", FactKind.ALERT, 3),
        ],
        {},
    )
    assert [each.id for each in shift(store, 4, 8).facts] == ["again"]


def test_incidents_of_a_shift_are_the_open_ones_and_those_that_ended_in_it(new_database):
    store = IncidentStore(new_database())
    open_one(store, 1)
    assert [each.id for each in shift(store, 4, 8).incidents] == [ID]
    assert shift(store, 4, 8, services=("wallet",)).incidents == ()
    store.act(ID, lambda held: resolved(held, by(5)), revision=1)
    assert len(shift(store, 4, 8).incidents) == 1
    assert shift(store, 8, 16).incidents == ()


def test_old_facts_are_forgotten_also_those_whose_end_nobody_tells_but_no_timeline(new_database):
    store = IncidentStore(new_database())
    open_one(store, 1)
    facts = [fact("deploy", FactKind.DEPLOY, 1, ref="d"), fact("alert", FactKind.ALERT, 1)]
    store.record(facts, {})
    assert store.forget(at(1)) == 0
    assert store.forget(at(2)) == 2
    assert shift(store, 0, 8).facts == shift(store, 4, 8).facts == ()
    assert told(store)[1:] == ["deploy deploy", "alert alert"]


def test_who_did_it_is_kept_as_a_pseudonym_only(new_database):
    engine = new_database()
    store = IncidentStore(engine)
    actor = Actor(role="primary", person="ana-of-long-name")
    store.record([fact("d", FactKind.DEPLOY, 2, actor=actor)], {})
    assert shift(store, 0, 8).facts[0].actor == Actor(role="primary")


def test_whoever_did_something_for_an_incident_can_be_named_in_its_timeline(new_database):
    store = IncidentStore(new_database())
    open_one(store)
    store.record(
        [
            fact("d", FactKind.DEPLOY, 9, actor=Actor(role="primary", person="bo")),
            fact("k", FactKind.PAGE_ACKNOWLEDGED, 9, actor=Actor(role="primary", person="cy")),
        ],
        {"bo": "p-bo", "cy": "p-cy"},
    )
    assert store.find(ID).people == ("ana", "bo")


def test_a_review_is_written_then_accepted_by_somebody_else_and_stays(new_database):
    store = IncidentStore(new_database())
    open_one(store)
    with pytest.raises(Refused, match="write that first"):
        store.accept_review(ID, "bo", read_version=0)
    store.write_review(ID, "ana", "The disk was full.", read_version=0)
    with pytest.raises(Refused, match="Version 1 was written"):
        store.write_review(ID, "cy", "No.", read_version=0)
    with pytest.raises(Refused, match="not resolved"):
        store.accept_review(ID, "bo", read_version=1)
    store.act(ID, lambda held: resolved(held, by(12)), revision=1)
    with pytest.raises(Refused, match="somebody else"):
        store.accept_review(ID, "ana", read_version=1)
    accepted = store.accept_review(ID, "bo", read_version=1)
    assert (accepted.version, accepted.state) == (2, ReviewState.ACCEPTED)
    store.act(ID, lambda held: noted(held, "Later.", by(13)), revision=None)
    assert store.review(ID) == accepted
    with pytest.raises(Refused, match="accepted and stays"):
        store.write_review(ID, "ana", "More.", read_version=2)


def test_a_review_that_is_too_long_is_refused(new_database):
    store = IncidentStore(new_database())
    open_one(store)
    with pytest.raises(Refused, match="at most 50000"):
        store.write_review(ID, "ana", "x" * (MAX_TEXT + 1), read_version=0)
    assert store.review(ID).version == 0


def test_erased_words_are_gone_and_the_chain_fits(new_database):
    engine = new_database()
    store = IncidentStore(engine)
    open_one(store)
    store.act(ID, lambda held: noted(held, "Ana's phone was off.", by(9)), revision=None)
    store.erase_words(ID, 2)
    assert told(store)[1] is None
    verify(store.timeline(ID))
    assert "phone" not in str(store.review(ID))
    with pytest.raises(Refused, match="no entry 3"):
        store.erase_words(ID, 3)


def test_tampering_in_the_database_is_seen(new_database):
    engine = new_database()
    store = IncidentStore(engine)
    open_one(store)
    store.act(ID, lambda held: noted(held, "One.", by(9)), revision=None)
    store.act(ID, lambda held: noted(held, "Two.", by(9)), revision=None)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM incident_entries WHERE seq = 2")
    with pytest.raises(ChainBroken, match="Entry 2"):
        verify(store.timeline(ID))


def test_there_is_no_incident_of_another_name(new_database):
    store = IncidentStore(new_database())
    for ask in (store.find, store.review):
        with pytest.raises(Refused) as refused:
            ask("nothing")
        assert refused.value.why is Why.UNKNOWN
