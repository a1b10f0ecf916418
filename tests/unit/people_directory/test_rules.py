"""What is refused, and what the message says to do."""

from datetime import date

import msgspec
import pytest

from sunwise.chassis.db import open_database
from sunwise.contracts.people.directory import Leave
from sunwise.people.directory.problems import Rule
from sunwise.people.directory.store import Refused
from tests.support.people import (
    around_the_clock,
    hub,
    new_store,
    off,
    person,
    says,
    service,
    team,
)


@pytest.fixture
def store(tmp_path):
    engine = open_database(tmp_path / "directory.db", is_derived=False)
    yield new_store(engine)
    engine.dispose()


def refusals(store, *claims, **rest) -> list[str]:
    return [f"{p.rule} {p.id}: {p.text}" for p in store.plan(says(*claims, **rest)).refusals]


def test_every_reference_must_lead_somewhere(store):
    (found,) = refusals(store, person("ana"), person("ann"), team("core", "ana", "anna"))
    assert found == (
        "dangling core: members 'anna' is no person in the directory: did you mean ann or ana?"
    )
    assert "hub 'moon' is no hub" in refusals(store, person("ana", hub="moon"))[0]
    assert "team 'core' is no team" in refusals(store, service("api", "core"))[0]
    assert "lead 'bo' is no person" in refusals(store, person("a"), team("core", "a", lead="bo"))[0]


def test_an_unknown_zone_is_reported_with_the_person_and_what_to_do(store):
    (found,) = refusals(store, person("ana", "Europe/Pariss"))
    assert found.startswith("zone ana: 'Europe/Pariss' is not a time zone: did you mean")
    assert "Declare a zone" in found


@pytest.mark.parametrize(
    ("lead", "deputy", "is_far"),
    [
        ("Europe/Paris", "Asia/Tokyo", True),  # 7 h in summer
        ("Europe/Paris", "America/New_York", False),  # 5 h between the two clock changes of spring
        ("Europe/Paris", "Asia/Singapore", True),  # 6 h in summer, 7 in winter
        ("Europe/Paris", "Asia/Karachi", False),
        ("Pacific/Auckland", "America/Los_Angeles", False),  # 22 h ahead is 2 h behind
        ("Europe/London", "America/Chicago", False),  # 5 h for some days of the year
        ("Europe/London", "America/Denver", True),
    ],
)
def test_a_deputy_is_6_hours_away_the_whole_year(store, lead, deputy, is_far):
    api = service("api", "core", lead="ana", deputy="bo")
    found = refusals(
        store, person("ana", lead), person("bo", deputy), team("core", "ana", "bo"), api
    )
    assert bool(found) is not is_far
    if found:
        assert "at some time of the year only" in found[0]


def test_a_deputy_without_a_lead_or_the_lead_as_deputy_is_refused(store):
    people = (person("ana"), team("core", "ana"))
    for lead in ("", "ana"):
        (found,) = refusals(store, *people, service("api", "core", lead=lead, deputy="ana"))
        assert found.startswith("leading api")


@pytest.mark.parametrize(
    ("mail", "twin"),
    [
        ("ana@example.com", "ANA@Example.com"),
        ("josé@example.com", "jose\u0301@example.com"),
        ("ana@example.com", "\uff41na@example.com"),
    ],
)
def test_one_address_in_two_forms_is_one_person(store, mail, twin):
    (found,) = refusals(store, person("a", email=mail), person("b", email=twin))
    assert found.startswith("duplicate b: email")
    assert "use the id a if they are the same" in found


def test_one_handle_is_one_persons(store):
    (found,) = refusals(store, person("a", handles=["octo"]), person("b", handles=["Octo"]))
    assert "handles Octo is a's already" in found


def test_overlapping_leave_is_refused_naming_both(store):
    store.apply(says(person("ana"), person("bo")), author="x")
    store.apply(says(leave_added=(off("ana", "2027-01-04", "2027-01-08"),)), author="x")
    late = (off("ana", "2027-01-08", "2027-01-12"), off("bo", "2027-01-08", "2027-01-12"))
    with pytest.raises(Refused) as refused:
        store.apply(says(leave_added=late), author="x")
    (problem,) = refused.value.problems
    assert problem.text.startswith(
        "leave 2027-01-08 to 2027-01-12 overlaps with leave 2027-01-04 to 2027-01-08"
    )
    assert len(store.snapshot().leave) == 1


@pytest.mark.parametrize(
    ("leave", "text"),
    [
        (off("ana", "2027-01-08", "2027-01-07"), "ends before it begins"),
        (off("ghost", "2027-01-08", "2027-01-09"), "nobody in the directory"),
        (off("ana", "2027-01-08", "3027-01-09"), "check the years"),
    ],
)
def test_leave_that_cannot_be_is_refused(store, leave, text):
    assert text in refusals(store, person("ana"), leave_added=(leave,))[0]


def test_leave_has_no_field_for_a_reason():
    assert Leave.__struct_fields__ == ("person", "first", "last")
    assert msgspec.convert(
        {"person": "a", "first": "2027-01-01", "last": "2027-01-01"}, Leave
    ) == Leave(person="a", first=date(2027, 1, 1), last=date(2027, 1, 1))


def test_a_team_of_one_is_refused_around_the_clock(store):
    (found,) = refusals(store, person("a"), team("solo", "a"), service("api", "solo", "24x7-one"))
    assert "cannot be carried lawfully by one person of team solo" in found
    assert "at least 3 more needed around the clock (a lower bound" in found
    assert not refusals(store, person("a"), team("solo", "a"), service("api", "solo", "daylight"))


@pytest.mark.parametrize(
    ("n", "tier", "missing"),
    [(4, "24x7-one", 0), (3, "24x7-one", 1), (7, "24x7-two", 0), (6, "24x7-two", 1)],
)
def test_a_tier_names_how_many_people_are_missing(store, n, tier, missing):
    found = refusals(store, *around_the_clock(n, tier))
    assert bool(found) is bool(missing)
    if found:
        assert f"at least {missing} more" in found[0]


def test_people_who_left_or_lack_a_skill_carry_nothing(store):
    claims = around_the_clock(4)
    gone = person("p3", "America/New_York", active=False)
    assert "at least 1 more" in refusals(store, *claims[:3], gone, *claims[4:])[0]
    skilled = service("matching", "core", "24x7-one", skills=["rust"])
    assert "with skills rust: at least 4 more" in refusals(store, *claims[:5], skilled)[0]


def test_bands_that_exemptions_leave_open_are_named(store):
    people = [person(f"p{i}", "Europe/Paris", exempt={"no_nights": True}) for i in range(8)]
    core = team("core", *(each.key.id for each in people))
    (found,) = refusals(store, *people, core, service("api", "core", "24x7-one"))
    # Day is 06:00-21:00 UTC in winter and 05:00-20:00 in summer.
    assert "at least 2 more needed 21:00-06:00 UTC" in found or "20:00-05:00 UTC" in found
    assert "No owner has day 20:00-06:00 UTC" in found


def test_a_regulated_activity_needs_people_at_a_hub_that_is_allowed_it(store):
    paris = hub("paris", "Europe/Paris", activities=["custody"])
    claims = (paris, person("ana", hub="paris"), person("bo"))
    desk = service("desk", "core", activity="custody")
    assert not refusals(store, *claims, team("core", "ana"), desk)
    assert "with activity custody" in refusals(store, *claims, team("core", "bo"), desk)[0]


def test_services_of_one_team_that_ask_for_different_things_need_people_for_each(store):
    claims = around_the_clock(6)
    one = service("a", "core", "24x7-one")
    assert not refusals(store, *claims, one)
    found = refusals(store, *claims, service("a", "core", "24x7-one", skills=["rust"]))
    assert found
    skilled = [person(f"p{i}", skills=["rust"]) for i in range(6)]
    both = refusals(store, *skilled, *claims[6:], service("a", "core", "24x7-one", skills=["rust"]))
    assert "must have 2 people on duty at once for a, matching" in both[0]


def test_what_is_wrong_already_does_not_refuse_what_mends_something_else(store):
    leaving = says(*around_the_clock(3), tolerated=frozenset({Rule.CAPACITY}))
    plan = store.apply(leaving, author="x")
    assert [p.rule for p in plan.warnings] == ["capacity"]
    assert not refusals(store, person("new"))
    assert "at least 2 more" in refusals(store, team("core", "p0", "p1"))[0]  # worse than before
    assert store.state().problems[0].rule is Rule.CAPACITY


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (person("Ana"), "'Ana' is no id"),
        (person("ana", country="France"), "expected"),
        (person("ana", name="A\nB"), "control character"),
        (person("ana", name="x" * 501), "501 characters"),
        (person("ana", skills="sql"), "skills"),
        (person("ana", mood="good"), "has no field 'mood'"),
        (person("ana", exempt={"max_week_h": 400}), "exempt"),
        (service("api", "core", "always"), "tier"),
        (person("ana", active="yes"), "active"),
    ],
)
def test_what_cannot_be_meant_is_refused(store, claim, text):
    found = refusals(store, claim)
    assert any(text.lower() in each.lower() for each in found), found


def test_an_object_that_stands_twice_is_refused(store):
    assert "stands twice" in refusals(store, person("ana"), person("ana"))[0]


def test_a_circle_of_teams_is_refused(store):
    found = refusals(store, person("x"), team("a", "x", parent="b"), team("b", "x", parent="a"))
    assert any("cut the circle" in each for each in found)


def test_a_regulated_activity_is_covered_in_the_business_hours_of_its_hubs_only(store):
    paris = hub("paris", "Europe/Paris", activities=["custody"])
    people = [person(f"p{i}", hub="paris") for i in range(2)]
    desk = service("desk", "core", "24x7-two", activity="custody")
    claims = (paris, *people, team("core", "p0", "p1"))
    assert not refusals(store, *claims, desk)
    half = [person(f"p{i}", hub="paris", exempt={"max_week_h": 20}) for i in range(2)]
    (found,) = refusals(store, paris, *half, team("core", "p0", "p1"), desk)
    assert "at least 3 more needed" in found  # 5 days x 9 h x 2 people = 90 h, of which 40
    nowhere = service("desk", "core", "24x7-one", activity="mining")
    assert "with activity mining: at least 1 more" in refusals(store, *claims, nowhere)[0]
