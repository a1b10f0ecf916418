"""Somebody who is erased is in no store any more, whatever goes wrong on the way."""

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.chassis.personal import Forgotten
from sunwise.people.incidents.timeline import verify
from sunwise.people.rota.kept import RequestState, State
from sunwise.people.rota.store import Journey
from tests.support.people import person, says
from tests.support.personal_plane import ANA, EXPECTED, INCIDENT, PersonalPlane
from tests.support.rota_company import NOW, UNIT, WINDOW

MINUTE_NS = 60 * 1_000_000_000


class Crash(BaseException):
    """The process is killed."""


class Struck:
    """A holder that is struck by something before or after it has done its work."""

    def __init__(self, holder, *, before=None, after=None):
        self._holder, self._before, self._after = holder, before, after

    def export(self, traces, *, is_own):
        return self._holder.export(traces, is_own=is_own)

    def erase(self, traces):
        if self._before:
            raise self._before
        said = self._holder.erase(traces)
        if self._after:
            raise self._after
        return said


@pytest.fixture
def plane(tmp_path):
    made = PersonalPlane(tmp_path)
    made.fill()
    yield made
    made.close()


def finish(plane, erasure="e1", rounds=10):
    for _ in range(rounds):
        plane.erasures().look()
        plane.clock.advance_ns(MINUTE_NS)
        if plane.privacy.find(erasure).done_ns is not None:
            return plane.privacy.find(erasure)
    raise AssertionError(plane.privacy.find(erasure))


def test_nothing_of_an_erased_person_is_left_in_the_bytes_of_any_store(plane):
    pseudonym = plane.directory.pseudonyms([ANA])[ANA]
    named = plane.traces_on_disk()
    assert {each.partition(":")[0] for each in named} == set(plane.holders), (
        "the test has a subject"
    )
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    done = finish(plane)
    assert plane.traces_on_disk() == []
    assert done.person == ""
    stores_with_pseudonym = {"rota", "incidents"}
    found = {each.partition(":")[0] for each in plane.traces_on_disk([pseudonym])}
    assert found == stores_with_pseudonym
    remains = {table for step in done.steps for table in step.remains}
    assert remains >= {"rota_ledger", "incident_entries", "guard_audit"}, "the report says so"


def test_chains_still_fit_and_what_others_did_is_there(plane):
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    finish(plane)
    assert plane.guard.audit.verify() > 0
    assert plane.rota.verify_ledger() == 1
    entries = plane.incidents.timeline(INCIDENT)
    verify(entries)
    words = [entry.what for entry in entries]
    assert "Restarted the queue." in words
    assert None in words, "an entry that named her has lost its words"
    assert plane.incidents.find(INCIDENT).roles == {"commander": "erased"}
    assert plane.incidents.review(INCIDENT).text == "[erased] found the cause."
    assert [note.text for note in plane.handoffs.notes(next(iter(plane.handoffs.known(0))))] == [
        "Ask [erased] about queue 7.",
        "[erased] knows.",
        "[erased] knows.",
    ]
    assert plane.directory.snapshot().people[0].id == "bo"
    assert plane.guard.roles_of("bo") > plane.guard.roles_of(ANA)
    assert plane.names_forgotten


def test_duty_to_come_is_a_gap_and_what_waited_is_withdrawn(plane):
    version = plane.rota.version()
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    finish(plane)
    in_force, draft = (
        plane.rota.find(UNIT, WINDOW, state).turns for state in (State.PUBLISHED, State.DRAFT)
    )
    assert [each.person for each in in_force] == ["erased", "bo", "cy", None, None]
    assert [each.person for each in draft] == ["erased", "bo", None, None]
    assert {each.gap_owner for each in (*in_force, *draft)} == {None}, "nobody accepts it now"
    [closed] = plane.rota.closures(0)
    assert (closed.kind, closed.subject) == ("hub", "paris")
    assert plane.rota.requests(RequestState.OPEN) == []
    assert plane.rota.version() > version
    assert all(slots is None for _, slots in plane.rota.told_after(0))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_crash_anywhere_is_gone_on_from(plane, tmp_path, name, when):
    traces = plane.directory.traces(ANA)
    plane.holders[name] = Struck(plane.holders[name], **{when: Crash()})
    erasures = plane.erasures()
    erasures.begin("e1", traces)
    with pytest.raises(Crash):
        erasures.look()
    plane.close()
    again = PersonalPlane(tmp_path, plane.clock)
    try:
        finish(again)
        assert again.traces_on_disk() == []
    finally:
        again.close()


def test_a_service_that_is_down_is_asked_until_it_answers_and_stops_nobody_else(plane):
    whole = plane.holders["handoff"]
    plane.holders["handoff"] = Struck(whole, before=Retryable("handoff is down"))
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    for _ in range(5):
        plane.erasures().look()
        plane.clock.advance_ns(MINUTE_NS)
    found = plane.privacy.find("e1")
    assert found.done_ns is None
    assert {step.holder: step.waits for step in found.steps if step.waits} == {
        "handoff": "handoff is down"
    }
    assert {each.partition(":")[0] for each in plane.traces_on_disk()} == {"handoff", "privacy"}
    plane.holders["handoff"] = whole
    finish(plane)
    assert plane.traces_on_disk() == []


def test_a_service_that_is_not_there_keeps_it_open(plane):
    missing = plane.erasures(expected={"pager", *plane.holders})
    missing.begin("e1", plane.directory.traces(ANA))
    for _ in range(5):
        missing.look()
        plane.clock.advance_ns(MINUTE_NS)
    [waiting] = [step for step in plane.privacy.find("e1").steps if step.waits]
    assert waiting.holder == "pager"
    assert "does not run in this process" in waiting.waits


def test_what_was_under_way_the_first_time_is_taken_away_the_second(plane):
    late = Late(plane.holders["rota"], lambda: plane.rota.add_journey(journey()))
    plane.holders["rota"] = late
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    finish(plane)
    assert plane.traces_on_disk() == []


def journey():
    return Journey(person=ANA, from_ns=NOW, until_ns=NOW + 1, zone="Asia/Tokyo")


class Late:
    """Once, right after it was asked, something that was under way writes the person again."""

    def __init__(self, holder, write):
        self._holder, self._write = holder, write

    def erase(self, traces):
        said = self._holder.erase(traces)
        write, self._write = self._write, lambda: None
        write()
        return said


def test_nobody_is_asked_again_before_the_time_for_it(plane):
    erasures = plane.erasures(settle_ns=15 * MINUTE_NS)
    erasures.begin("e1", plane.directory.traces(ANA))
    erasures.look()
    erasures.look()
    assert plane.privacy.find("e1").round == 2
    assert plane.privacy.find("e1").done_ns is None
    plane.clock.advance_ns(15 * MINUTE_NS)
    erasures.look()
    assert plane.privacy.find("e1").done_ns is not None


def test_an_erased_name_in_the_log_of_erasures_is_wiped_once_nobody_reads_it(plane, monkeypatch):
    def busy():
        raise Retryable("it is being read")

    plane.erasures().begin("e1", plane.directory.traces(ANA))
    with monkeypatch.context() as patched:
        patched.setattr(plane.privacy, "empty_log", busy)
        finish(plane)
    assert f"privacy: {ANA}" in plane.traces_on_disk(), "the test has a subject"
    plane.erasures().look()
    assert plane.traces_on_disk() == []


def test_the_same_erasure_is_begun_once(plane):
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    finish(plane)
    done = plane.privacy.find("e1")
    plane.erasures().begin("e1", plane.directory.traces("bo"))
    assert plane.privacy.find("e1") == done
    assert plane.privacy.open() == []


def test_somebody_who_comes_again_under_the_same_id_is_somebody_new(plane):
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    finish(plane)
    plane.directory.apply(says(person(ANA)), author="bo")
    plane.erasures().look()
    assert ANA in {each.id for each in plane.directory.snapshot().people}


def test_that_there_was_an_erasure_is_forgotten_in_its_time(plane):
    plane.erasures().begin("e1", plane.directory.traces(ANA))
    done = finish(plane)
    assert plane.privacy.forget(done.done_ns) == 0
    assert plane.privacy.forget(done.done_ns + 1) == 1
    assert plane.privacy.newest() == []


def test_a_holder_says_how_much_is_gone(plane):
    said = plane.holders["handoff"].erase(plane.directory.traces(ANA))
    assert isinstance(said, Forgotten)
    assert said.gone == {"handoffs": 1, "handoff_notes": 4, "handoff_events": 2}
