"""A calendar follows the rota: the same event keeps its UID, every change raises its SEQUENCE."""

import msgspec
from icalendar import Calendar

from sunwise.people.rota.calendars import calendar, entries
from sunwise.people.rota.kept import State
from sunwise.people.rota.units import units_of
from tests.support.rota_company import NOW, company, draft, turn

UNITS = {unit.id: unit for unit in units_of(company())}


def version(number, *turns, state=State.PUBLISHED):
    return msgspec.structs.replace(
        draft(*turns), version=number, state=state, created_ns=NOW + number
    )


def events(versions, person=None):
    made = calendar("On duty", entries(versions, person), UNITS, {"ana": "Ana"})
    return Calendar.from_ical(made).walk("VEVENT")


def facts(event):
    return str(event["uid"]), event["sequence"], str(event["status"])


FIRST = version(1, turn(0, 8, "ana"), turn(8, 16, "bo"), state=State.SUPERSEDED)
SECOND = version(2, turn(0, 8, "cy"), turn(8, 16, "bo"))
THIRD = version(3, turn(0, 8, "ana"), turn(8, 16, "bo"))


def test_an_event_says_who_for_what_and_when_in_utc():
    [first, _] = events([FIRST])
    assert str(first["summary"]) == "On duty for core: Ana"
    assert first["dtstart"].to_ical() == b"20261127T000000Z"
    assert first["dtend"].to_ical() == b"20261127T080000Z"
    assert "ledger, matching" in str(first["description"])
    assert first["dtstamp"].to_ical().endswith(b"Z")


def test_what_is_not_changed_keeps_uid_and_sequence():
    assert facts(events([FIRST])[1]) == facts(events([FIRST, SECOND])[1])


def test_a_changed_event_keeps_its_uid_with_a_higher_sequence():
    before, after = events([FIRST])[0], events([FIRST, SECOND])[0]
    assert before["uid"] == after["uid"]
    assert (before["sequence"], after["sequence"]) == (0, 1)


def test_a_turn_that_is_somebody_elses_is_cancelled_in_ones_own_calendar():
    [mine] = events([FIRST, SECOND], "ana")
    assert facts(mine)[1:] == (1, "CANCELLED")
    [back] = events([FIRST, SECOND, THIRD], "ana")
    assert facts(back)[1:] == (2, "CONFIRMED")
    assert back["uid"] == mine["uid"]


def test_drafts_are_in_no_calendar():
    dropped = version(1, turn(0, 8, "ana"), state=State.DROPPED)
    assert events([dropped, msgspec.structs.replace(SECOND, state=State.DRAFT)]) == []


def test_two_calendars_of_the_same_rota_are_the_same_bytes():
    made = [calendar("x", entries([FIRST, SECOND]), UNITS, {}) for _ in range(2)]
    assert made[0] == made[1]
