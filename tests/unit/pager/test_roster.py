"""The pager's own copy of duty and directory: what it answers, and what it does with a bad file."""

from datetime import date

import pytest
from msgspec.structs import replace

from sunwise.contracts.people.directory import Exempt, Leave, Role
from sunwise.contracts.people.duty import DutySlot, DutyTable
from sunwise.people.pager.core.policy import Target
from sunwise.people.pager.core.responders import candidates
from sunwise.people.pager.roster import (
    Roster,
    RosterCopy,
    RosterDamaged,
    load_roster,
    save_roster,
)
from tests.support.pager_people import NOON_UTC
from tests.support.pager_roster import HOUR, roster_around


def test_a_saved_roster_is_read_back_and_for_its_owner_only(tmp_path):
    path = tmp_path / "roster.msgpack"
    save_roster(path, roster_around(NOON_UTC))
    assert load_roster(path) == roster_around(NOON_UTC)
    assert path.stat().st_mode & 0o077 == 0


def test_without_a_file_nobody_is_known(tmp_path):
    copy = RosterCopy(load_roster(tmp_path / "none"))
    assert copy.as_of_ns == 0
    assert copy.who("gateway", Role.PRIMARY, NOON_UTC) is None
    assert list(copy.owners("gateway")) == []
    assert copy.person("ana") is None


def test_a_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "roster.msgpack"
    path.write_bytes(b"\x93nonsense")
    with pytest.raises(RosterDamaged, match="written anew"):
        load_roster(path)


def test_owners_are_the_team_with_its_lead_first():
    copy = RosterCopy(roster_around(NOON_UTC))
    assert list(copy.owners("gateway")) == ["noa", "mia", "ana", "kenji"]
    assert copy.deputy("gateway") == "kenji"
    assert copy.who("gateway", Role.SECONDARY, NOON_UTC) == "noa"


def test_whoever_keeps_a_duty_is_its_keeper_and_in_no_rest_until_they_are_released():
    hour_ago, limit = NOON_UTC - HOUR, NOON_UTC + HOUR
    own = DutySlot(
        service="gateway",
        role=Role.PRIMARY,
        person="kenji",
        since_ns=NOON_UTC - 9 * HOUR,
        until_ns=hour_ago,
    )
    whole = roster_around(NOON_UTC)
    table = replace(
        whole.table, slots=(own, replace(own, person="ana", since_ns=hour_ago, until_ns=limit))
    )
    kept = (replace(own, since_ns=hour_ago, until_ns=limit, actual=True),)
    before, after = (RosterCopy(replace(whole, table=table, kept=each)) for each in ((), kept))
    asked = ("gateway", Role.PRIMARY)
    assert (before.keeper(*asked, NOON_UTC), before.in_legal_rest("kenji", NOON_UTC)) == (
        None,
        True,
    )
    assert (after.keeper(*asked, NOON_UTC), after.in_legal_rest("kenji", NOON_UTC)) == (
        "kenji",
        False,
    )
    assert (after.keeper(*asked, limit), after.in_legal_rest("kenji", limit)) == (None, True)
    assert after.who(*asked, NOON_UTC) == "ana"
    called = candidates(after, Target.PRIMARY, "gateway", at_ns=NOON_UTC, called={})
    assert called == ["kenji", "ana"]


def test_leave_is_by_the_persons_own_calendar():
    roster = roster_around(NOON_UTC)
    leave = (Leave(person="tui", first=date(2026, 6, 19), last=date(2026, 6, 19)),)
    directory = replace(roster.directory, leave=leave)
    copy = RosterCopy(Roster(as_of_ns=1, directory=directory))
    assert copy.on_leave("tui", NOON_UTC)  # 00:00 on the 19th in Auckland
    assert not copy.on_leave("tui", NOON_UTC - HOUR)
    assert not copy.on_leave("nobody", NOON_UTC)


def test_legal_rest_follows_the_end_of_duty_and_ends_with_the_next():
    roster = roster_around(NOON_UTC)
    slots = (
        DutySlot(service="g", role=Role.PRIMARY, person="ana",
                 since_ns=NOON_UTC - 8 * HOUR, until_ns=NOON_UTC),
        DutySlot(service="g", role=Role.PRIMARY, person="ana",
                 since_ns=NOON_UTC + 24 * HOUR, until_ns=NOON_UTC + 30 * HOUR),
    )  # fmt: skip
    table = DutyTable(version=1, as_of_ns=1, from_ns=0, until_ns=2 * NOON_UTC, slots=slots)
    copy = RosterCopy(Roster(as_of_ns=1, directory=roster.directory, table=table))
    resting = [copy.in_legal_rest("ana", NOON_UTC + hours * HOUR) for hours in (-1, 0, 10, 11, 25)]
    assert resting == [False, True, True, False, False]
    assert not copy.in_legal_rest("noa", NOON_UTC)


def duties_of(*days_and_hours: tuple[int, int]) -> RosterCopy:
    """Ana has the duty on these days from that hour on, for six hours; day 0 begins at midnight, UTC."""
    midnight = NOON_UTC - 12 * HOUR
    slots = tuple(
        DutySlot(service="g", role=Role.PRIMARY, person="ana",
                 since_ns=midnight + (24 * day + hour) * HOUR,
                 until_ns=midnight + (24 * day + hour + 6) * HOUR)
        for day, hour in days_and_hours
    )  # fmt: skip
    table = DutyTable(version=1, as_of_ns=1, from_ns=0, until_ns=2 * NOON_UTC, slots=slots)
    return RosterCopy(Roster(as_of_ns=1, directory=roster_around(NOON_UTC).directory, table=table))


def test_a_call_off_duty_never_takes_the_weekly_rest():
    saturday = NOON_UTC - 12 * HOUR + 48 * HOUR + 16 * HOUR  # day 0 is a Thursday
    worked = duties_of(*((day, 10) for day in (-3, -2, -1, 0, 1, 3, 4, 5, 6)))
    assert worked.in_legal_rest("ana", saturday)
    assert not duties_of((1, 10), (3, 10)).in_legal_rest("ana", saturday)


def test_a_call_off_duty_keeps_the_persons_own_bound_on_days_in_a_row():
    roster = duties_of((0, 10), (1, 10))._roster
    spared = tuple(
        replace(person, exempt=Exempt(max_days_in_row=2)) for person in roster.directory.people
    )
    saturday = NOON_UTC + 48 * HOUR + 4 * HOUR
    assert not RosterCopy(roster).in_legal_rest("ana", saturday)
    directory = replace(roster.directory, people=spared)
    assert RosterCopy(replace(roster, directory=directory)).in_legal_rest("ana", saturday)


def test_calls_off_duty_count_to_the_days_in_a_row():
    roster = duties_of(*((day, 10) for day in (-1, 0, 2, 3, 4)))  # from Wednesday, but for Friday
    tuesday = NOON_UTC + (5 * 24 - 7) * HOUR
    at_work, at_night = (NOON_UTC + (24 + hours) * HOUR for hours in (0, 9))
    assert not roster.in_legal_rest("ana", tuesday)
    assert not roster.in_legal_rest("ana", tuesday, [at_work])
    assert roster.in_legal_rest("ana", tuesday, [at_night])


def test_shifts_that_begin_are_told_once():
    copy = RosterCopy(roster_around(NOON_UTC))
    first = NOON_UTC - 48 * HOUR
    assert [shift.person for shift in copy.shifts_beginning(first - 1, first)] == ["ana", "noa"]
    assert list(copy.shifts_beginning(first, first + HOUR)) == []


def test_somebody_whose_zone_has_vanished_is_paged_by_utc(caplog):
    roster = roster_around(NOON_UTC)
    people = tuple(replace(person, zone="Mars/Olympus") for person in roster.directory.people)
    copy = RosterCopy(Roster(as_of_ns=1, directory=replace(roster.directory, people=people)))
    assert copy.person("ana").zone == "UTC"
    assert "not a time zone" in caplog.text
