"""One handoff has one holder, whatever doors, threads and restarts; notes keep every version."""

import threading
import time

import pytest

from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.handoff import HandoffAccepted, HandoffState
from sunwise.people.handoff.acceptance import Refused, Why, advance
from sunwise.people.handoff.acceptance import accept as decide
from sunwise.people.handoff.following import Closing, changes
from sunwise.people.handoff.note import Material, draft
from sunwise.people.handoff.store import MAX_TEXT, HandoffStore
from tests.support.handoff_company import at, day, roster, slot

ONE = ("ledger",)
ROTA = roster(day(ONE))


def filled(engine) -> tuple[HandoffStore, str]:
    """A store with the rota's handoffs, and the one at eight."""
    store = HandoffStore(engine)
    store.follow(changes({}, ROTA, at(1)), at(1))
    return store, at_eight(store)


def at_eight(store: HandoffStore) -> str:
    found = [
        each
        for each in store.known(0).values()
        if each.seam.at_ns == at(8) and each.seam.role is Role.PRIMARY
    ]
    return found[0].id


def accept(store, handoff, who, hour, **fields):
    about = {"read_version": 0, "now_ns": at(hour), "parts": (), **fields}
    return store.accept(handoff, who, **about)


def all_steps(store, handoff):
    """Everybody was asked."""
    for hour in (7, 8.5, 9):
        store.act(handoff, lambda found, hour=hour: advance(found, at(hour)))


def test_a_restart_loses_nothing(new_database):
    engine = new_database()
    store, handoff = filled(engine)
    store.act(handoff, lambda found: advance(found, at(7)))
    again = HandoffStore(engine)
    assert again.known(0) == store.known(0)
    assert again.find(handoff).told == ("bo",)
    assert again.head() == 1
    _, events = accept(again, handoff, "bo", 8)
    assert [event.seq for event in events] == [2]
    assert store.events_after(1, 10) == events


def test_a_refused_act_writes_nothing(new_database):
    store, handoff = filled(new_database())
    before = (store.known(0), store.head())
    with pytest.raises(Refused):
        accept(store, handoff, "cy", 8)
    assert (store.known(0), store.head()) == before


def test_of_many_who_accept_at_once_through_many_doors_one_holds_it(new_database):
    engine = new_database()
    _, handoff = filled(engine)
    all_steps(HandoffStore(engine), handoff)
    start = threading.Barrier(6)
    outcomes: list[str] = []

    def door(store: HandoffStore, who: str) -> None:
        start.wait(timeout=10)
        try:
            after, _ = accept(store, handoff, who, 9.1)
            outcomes.append(f"{who} holds it" if after.holder == who else "wrong")
        except Refused as refused:
            outcomes.append(refused.why.value)

    doors = [(HandoffStore(engine), who) for who in ("bo", "di") * 3]
    threads = [threading.Thread(target=door, args=each) for each in doors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = HandoffStore(engine)
    held = store.find(handoff).holder
    told = [e for e in store.events_after(0, 100) if isinstance(e, HandoffAccepted)]
    assert [event.holder for event in told] == [held]
    assert sorted(outcomes) == sorted([f"{held} holds it"] * 3 + ["held"] * 3)
    assert [e.seq for e in store.events_after(0, 100)] == list(range(1, store.head() + 1))


def test_a_door_waits_for_the_change_of_another(new_database):
    engine = new_database()
    store, handoff = filled(engine)
    all_steps(store, handoff)
    is_inside = threading.Event()

    def slowly(found):
        is_inside.set()
        time.sleep(0.3)  # a door without the lock would read the same state now
        return decide(found, "bo", at(9.1))

    first = threading.Thread(target=HandoffStore(engine).act, args=(handoff, slowly))
    first.start()
    assert is_inside.wait(timeout=10)
    with pytest.raises(Refused, match="bo has accepted"):
        store.act(handoff, lambda found: decide(found, "di", at(9.1)))
    first.join()
    assert store.find(handoff).holder == "bo"


def test_two_services_that_open_the_same_rota_open_each_handoff_once(new_database):
    engine = new_database()
    store, handoff = filled(engine)
    accept(store, handoff, "bo", 8)
    found = changes({}, ROTA, at(1))  # by a service that knew of none
    assert HandoffStore(engine).follow(found, at(1)) == []
    assert store.find(handoff).state is HandoffState.ACCEPTED


def test_a_note_is_written_on_top_of_the_version_that_was_read(new_database):
    store, handoff = filled(new_database())
    first = store.write_note(handoff, "ana", "Watch the ledger.", read_version=0)
    assert first.version == 1
    with pytest.raises(Refused, match="Version 1 was written meanwhile") as refused:
        store.write_note(handoff, "eve", "Mine.", read_version=0)
    assert refused.value.why is Why.EDITED
    store.write_note(handoff, "ana", "Watch both.", read_version=1)
    assert [(n.version, n.author, n.text) for n in store.notes(handoff)] == [
        (1, "ana", "Watch the ledger."),
        (2, "ana", "Watch both."),
    ]


def test_nobody_accepts_a_note_that_they_have_not_read(new_database):
    store, handoff = filled(new_database())
    store.write_note(handoff, "ana", "The ledger is slow.", read_version=0)
    with pytest.raises(Refused, match="read version 1") as refused:
        accept(store, handoff, "bo", 8)
    assert refused.value.why is Why.EDITED
    assert store.find(handoff).holder is None
    accept(store, handoff, "bo", 8, read_version=1)
    assert store.find(handoff).holder == "bo"


def test_what_was_accepted_stays_as_it_was_read(new_database):
    store, handoff = filled(new_database())
    seam = store.find(handoff).seam
    parts = draft(Material(seam=seam, shift=None, gaps=(slot("ledger", None, 9, 10),)))
    store.write_note(handoff, "ana", "All quiet.", read_version=0)
    accept(store, handoff, "bo", 8, read_version=1, parts=parts)
    kept = store.note(handoff)
    assert (kept.text, kept.parts) == ("All quiet.", parts)
    with pytest.raises(Refused, match="is over"):
        store.write_note(handoff, "ana", "One more thing.", read_version=2)


def test_accepting_twice_with_an_old_page_is_the_same_acceptance(new_database):
    store, handoff = filled(new_database())
    accept(store, handoff, "bo", 8)
    after, events = accept(store, handoff, "bo", 8.1)
    assert (after.holder, events) == ("bo", [])


def test_the_note_goes_with_a_seam_that_moved(new_database):
    store, handoff = filled(new_database())
    store.write_note(handoff, "ana", "Disk 3 is slow.", read_version=0)
    moved = roster([slot("ledger", "ana", 0, 9), slot("ledger", "bo", 9, 16)])
    store.follow(changes(store.known(0), moved, at(2)), at(2))
    assert store.find(handoff).state is HandoffState.WITHDRAWN
    new = next(each for each in store.known(0).values() if each.seam.at_ns == at(9))
    assert store.note(new.id).text == "Disk 3 is slow."


def test_a_rota_is_followed_whole_or_not_at_all(new_database):
    store, handoff = filled(new_database())
    good = Closing(handoff, HandoffState.WITHDRAWN)
    with pytest.raises(Refused, match="no handoff 'nothing'"):
        store.follow([good, Closing("nothing", HandoffState.WITHDRAWN)], at(2))
    assert store.find(handoff).state is HandoffState.PLANNED
    assert store.head() == 0


def test_a_note_that_is_too_long_is_refused(new_database):
    store, handoff = filled(new_database())
    with pytest.raises(Refused, match="at most 20000"):
        store.write_note(handoff, "ana", "x" * (MAX_TEXT + 1), read_version=0)
    assert store.notes(handoff) == []


def test_what_is_old_and_over_is_forgotten_with_its_notes(new_database):
    store, handoff = filled(new_database())
    store.write_note(handoff, "ana", "Old.", read_version=0)
    accept(store, handoff, "bo", 8, read_version=1)
    n_others = len(store.known(0)) - 1
    assert store.forget(at(8)) == 0
    assert store.forget(at(8) + 1) == 1
    assert (store.notes(handoff), store.events_after(0, 10)) == ([], [])
    assert len(store.known(0)) == n_others, "what is not over is kept"
