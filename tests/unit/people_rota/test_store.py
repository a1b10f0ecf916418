"""Each change of a published rota is one version of the duty table, whole or not at all."""

from itertools import pairwise

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, insert, select, update

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.personal import Traces
from sunwise.people.rota.kept import (
    DAY_NS,
    WINDOW_NS,
    Request,
    RequestKind,
    RequestState,
    State,
)
from sunwise.people.rota.ledger import Entry, LedgerBroken
from sunwise.people.rota.rows import NoSuch
from sunwise.people.rota.store import Closure, Journey
from sunwise.people.rota.tables import HELD, LEDGER, REQUESTS
from sunwise.people.rota.turns import Held, Piece, Stale
from sunwise.people.rota.units import units_of
from tests.support.rota_company import (
    NOW,
    UNIT,
    WINDOW,
    company,
    days_of,
    draft,
    new_store,
    published,
    turn,
)

HOUR = 3_600 * 10**9


def passed(of, to):
    return Piece(*of[:4], to)


def asked(*people, changes, by="ana"):
    return Request(
        unit=UNIT,
        window_ns=WINDOW,
        kind=RequestKind.SWAP,
        asked_by=by,
        changes=changes,
        asked=people,
    )


def test_a_draft_is_seen_by_nobody_on_duty(new_database):
    store = new_store(new_database())
    store.set_units(units_of(company()))
    version = store.version()
    store.save_draft(draft())
    assert store.served(NOW).slots == ()
    assert store.version() == version


def test_a_published_rota_is_every_services(new_database):
    store = new_store(new_database())
    kept = published(store)
    slots = store.served(NOW).slots
    assert {slot.service for slot in slots} == {"ledger", "matching"}
    assert len(slots) == 2 * len(kept.turns)
    assert kept.state is State.PUBLISHED


def test_a_rota_comes_back_after_a_restart(new_database):
    engine = new_database()
    kept = published(new_store(engine))
    assert new_store(engine).find(UNIT, WINDOW) == kept


def test_only_the_newest_draft_can_be_published(new_database):
    store = new_store(new_database())
    old = store.save_draft(draft())
    store.save_draft(draft(*days_of(2)))
    with pytest.raises(Stale):
        store.publish(old, old.turns)
    assert store.find(UNIT, WINDOW, State.PUBLISHED) is None


def test_a_change_makes_the_next_version_and_keeps_the_one_before(new_database):
    store = new_store(new_database())
    first = published(store)
    before = store.version()
    store.amend(UNIT, WINDOW, [passed(first.turns[1], "eve")], "swap")
    assert [each.state for each in store.versions(UNIT, WINDOW)] == [
        State.DROPPED,
        State.SUPERSEDED,
        State.PUBLISHED,
    ]
    [(version, slots)] = store.told_after(before)
    assert version == before + 1
    assert {(slot.service, slot.person, slot.actual) for slot in slots} == {
        ("ledger", "eve", True),
        ("matching", "eve", True),
    }


def test_silence_is_no_yes(new_database):
    store = new_store(new_database())
    change = passed(published(store).turns[0], "bo")
    request = store.request(asked("ana", "bo", changes=(change,)))
    assert store.answer(request.id, "ana", is_yes=True).waits_for() == ("bo",)
    assert store.find(UNIT, WINDOW).turns[0].person == "ana"
    assert store.answer(request.id, "bo", is_yes=True).state is RequestState.APPLIED
    assert store.find(UNIT, WINDOW).turns[0].person == "bo"


def test_one_no_is_the_end_of_a_change(new_database):
    store = new_store(new_database())
    change = passed(published(store).turns[0], "bo")
    request = store.request(asked("ana", "bo", changes=(change,)))
    assert store.answer(request.id, "bo", is_yes=False).state is RequestState.DECLINED
    with pytest.raises(Stale, match="declined already"):
        store.answer(request.id, "ana", is_yes=True)
    assert store.find(UNIT, WINDOW).turns[0].person == "ana"


def test_nobody_answers_for_somebody_else(new_database):
    store = new_store(new_database())
    change = passed(published(store).turns[0], "bo")
    request = store.request(asked("bo", changes=(change,)))
    with pytest.raises(NoSuch, match="Nobody asks you"):
        store.answer(request.id, "cy", is_yes=True)


def test_a_yes_to_what_the_rota_is_no_more_changes_nothing(new_database):
    store = new_store(new_database())
    kept = published(store)
    request = store.request(asked("bo", changes=(passed(kept.turns[0], "bo"),)))
    store.amend(UNIT, WINDOW, [passed(kept.turns[0], "eve")], "swap")
    assert store.answer(request.id, "bo", is_yes=True).state is RequestState.STALE
    assert store.find(UNIT, WINDOW).turns[0].person == "eve"


def test_an_accepted_gap_has_its_owner_until_it_is_filled(new_database):
    store = new_store(new_database())
    gap = turn(8, 16, None)
    published(store, turn(0, 8, "ana"), gap)
    kept = store.accept_gap(UNIT, WINDOW, gap, "bo")
    assert [each.gap_owner for each in kept.turns] == [None, "bo"]
    with pytest.raises(Stale):
        store.accept_gap(UNIT, WINDOW, turn(0, 8, "ana"), "bo")
    filled = store.amend(UNIT, WINDOW, [passed(gap, "cy")], "take")
    assert filled.turns[1].gap_owner is None


def test_units_that_change_make_everybody_read_the_table(new_database):
    store = new_store(new_database())
    published(store)
    before = store.version()
    assert not store.set_units(units_of(company()))
    assert store.set_units(units_of(company(services=company().services[:1])))
    assert store.told_after(before) == [(before + 1, None)]
    assert {slot.service for slot in store.served(NOW).slots} == {"ledger"}


def test_who_is_away_is_kept_without_a_reason(new_database):
    store = new_store(new_database())
    closure = Closure(kind="hub", subject="dubai", from_ns=NOW, until_ns=NOW + HOUR)
    store.add_closure(closure)
    journey = Journey(person="ana", from_ns=NOW, until_ns=NOW + HOUR, zone="Europe/Paris")
    store.add_journey(journey)
    store.add_journey(journey)
    assert store.closures(NOW) == [closure]
    assert store.journeys(NOW) == [journey]
    assert store.closures(NOW + HOUR) == []


def entry(what, points=10, who="p1"):
    return Entry(window_ns=WINDOW, pseudonym=who, kind="duty", points=points, what=what)


def test_who_took_a_shift_in_turn_is_told_in_that_order_however_the_database_keeps_them(
    new_database,
):
    """All take it from its beginning, which is still to come: no time says who has it now."""
    store = new_store(new_database())
    shift = published(store, turn(1, 5, "ana")).turns[0]
    people = ("ana", "bo", "ana", "eve")
    for before, after in pairwise(people):
        piece = Piece(*shift[:3], before, after)
        take = replace(asked(changes=(piece,), by=after), kind=RequestKind.TAKE, is_emergency=True)
        assert store.request(take).state is RequestState.APPLIED
    with store.engine.begin() as connection:
        kept = [dict(row) for row in connection.execute(select(REQUESTS)).mappings()]
        connection.execute(delete(REQUESTS))
        connection.execute(insert(REQUESTS), kept[::-1])
    assert [each.asked_by for each in store.taken_since(WINDOW)] == ["bo", "ana", "eve"]


def test_the_ledger_books_everything_once(new_database):
    store = new_store(new_database())
    assert store.book([entry("a"), entry("b", who="p2")]) == 2
    assert store.book([entry("a"), entry("c")]) == 1
    assert store.points_since(WINDOW) == {"p1": 20, "p2": 10}
    assert store.points_since(WINDOW + 1) == {}
    assert [row.seq for row in store.ledger_of("p1")] == [1, 3]
    assert store.verify_ledger() == 3


def test_a_ledger_changed_from_outside_is_found_out(new_database):
    engine = new_database()
    store = new_store(engine)
    store.book([entry("a"), entry("b")])
    with engine.begin() as connection:
        connection.execute(update(LEDGER).where(LEDGER.c.seq == 1).values(points=1))
    with pytest.raises(LedgerBroken, match="row 1"):
        store.verify_ledger()


def test_an_erased_person_is_in_no_past_turn(new_database):
    engine = new_database()
    store = new_store(engine)
    published(store, turn(-8, 0, "ana"), turn(0, 8, "ana"))
    store.book([entry("a")])
    store.erase(Traces(person="ana"))
    assert [each.person for each in store.find(UNIT, WINDOW).turns] == ["erased", None]
    assert store.verify_ledger() == 1


def test_what_is_old_is_forgotten(new_database):
    store = new_store(new_database())
    published(store)
    store.forget(WINDOW + WINDOW_NS - 1)
    assert store.find(UNIT, WINDOW) is not None, "its last duty is not over for so long"
    store.forget(WINDOW + WINDOW_NS)
    assert store.find(UNIT, WINDOW) is None


def test_which_hours_handoff_gave_is_forgotten_a_week_after_them_though_nothing_is_handed_over(
    new_database,
):
    clock = SimulatedClock(start_ns=NOW)
    store = new_store(new_database(), clock)
    shift = published(store, turn(0, 8, "ana")).turns[0]
    store.hold(UNIT, Held("h1", shift.role, "bo", *shift[:2]))
    for days, n_kept in ((7, 1), (1, 0)):
        clock.advance_ns(days * DAY_NS)
        store.forget(0)
        with store.engine.connect() as connection:
            assert len(connection.execute(select(HELD)).all()) == n_kept
