"""How well a service is owned, and what would help first."""

import pytest

from sunwise.chassis.db import open_database
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.directory.scorecard import scorecards
from tests.support.people import (
    START_NS,
    around_the_clock,
    new_store,
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


def cards(store, **handed_over_ns):
    found = scorecards(store.snapshot(), now_ns=START_NS, handed_over_ns=handed_over_ns)
    return {each.service: each for each in found}


def test_a_service_of_one_zone_is_dark_when_that_zone_sleeps(store):
    store.apply(
        says(person("ana", "Asia/Tokyo"), team("core", "ana"), service("api", "core")), author="x"
    )
    card = cards(store)["api"]
    assert card.bus_factor == 1
    assert card.daylight_share == 15 / 24  # Japan has no clock changes: 07:00 to 22:00
    assert card.dark == "13:00-22:00 UTC"
    assert (card.is_handoff_fresh, card.handoff_age_h) == (None, None)
    assert [each.split(":")[0].split(",")[0] for each in card.advice] == [
        "1 could be on duty for it",
        "Name a lead",
        "Write a runbook and give its address.",
    ]


def test_a_service_that_lacks_nothing_gets_no_advice(store):
    claims = around_the_clock()
    fine = service(
        "matching", "core", "24x7-one", lead="p0", deputy="p2", runbook="https://wiki/matching"
    )
    store.apply(says(*claims[:-1], fine), author="x")
    card = cards(store, matching=START_NS - 23 * NS_PER_HOUR)["matching"]
    assert (card.bus_factor, card.daylight_share, card.dark) == (6, 1.0, "")
    assert (card.handoff_age_h, card.is_handoff_fresh) == (23.0, True)
    assert card.advice == ()


def test_a_handoff_is_fresh_for_a_day(store):
    store.apply(says(*around_the_clock()), author="x")
    assert cards(store)["matching"].is_handoff_fresh is False
    late = cards(store, matching=START_NS - 25 * NS_PER_HOUR)["matching"]
    assert late.is_handoff_fresh is False
    assert any("not accepted within a day" in each for each in late.advice)


def test_who_left_or_is_too_near_is_no_lead_and_deputy(store):
    people = (person("ana"), person("bo", "Asia/Tokyo", active=False), team("core", "ana", "bo"))
    store.apply(says(*people, service("api", "core", lead="ana")), author="x")
    assert cards(store)["api"].has_lead_and_deputy is False


def test_hours_count_as_dark_if_they_are_so_at_any_time_of_the_year(store):
    store.apply(says(person("ana"), team("core", "ana"), service("api", "core")), author="x")
    # Paris has day from 05:00 or 06:00 to 20:00 or 21:00 UTC.
    assert cards(store)["api"].dark == "20:00-06:00 UTC"
