"""Properties of the directory: all zones, any claims, any team."""

from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.daylight.working_time import Duty, Exemption, WorkingTime, breaches
from sunwise.daylight.zones import NS_PER_HOUR, offset_minutes, zone_names
from sunwise.people.directory.capacity import Hand, shortfall, week_hours
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.distance import YEAR_HOURS, nearest_minutes, start_of_day
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import DirectoryStore, Refused
from tests.support.people import START_NS, law

ZONES = sorted(zone for zone in zone_names() if "/" in zone)
YEAR_NS = start_of_day(START_NS)
WEEK_NS = 168 * NS_PER_HOUR


@given(st.sampled_from(ZONES), st.sampled_from(ZONES), st.integers(0, YEAR_HOURS - 1))
@settings(max_examples=200, deadline=None)
def test_no_hour_of_the_year_is_nearer_than_the_nearest(zone, other, hour):
    at_ns = YEAR_NS + hour * NS_PER_HOUR
    apart = abs(offset_minutes(at_ns, zone) - offset_minutes(at_ns, other)) % 1_440
    nearest = nearest_minutes(zone, other, YEAR_NS)
    assert nearest == nearest_minutes(other, zone, YEAR_NS)
    assert 0 <= nearest <= min(apart, 1_440 - apart)


RULES = st.builds(
    WorkingTime,
    country=st.just("XX"),
    effective_from=st.just(date(2020, 1, 1)),
    source=st.just("test"),
    daily_rest_h=st.sampled_from([8.0, 10.0, 11.0, 12.0]),
    weekly_rest_h=st.sampled_from([24.0, 35.0, 48.0]),
    max_duty_h=st.sampled_from([6.0, 8.0, 10.0, 12.0, 13.0]),
    weekly_cap_h=st.sampled_from([35.0, 48.0, 60.0]),
    standby_counts=st.sampled_from([0.0, 0.34, 1.0]),
)


@given(RULES, st.lists(st.tuples(st.integers(0, 30), st.integers(1, 14)), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_lawful_plan_carries_more_than_the_bound(rules, tries):
    """Duties are put one after the other wherever the judge of all plans lets them."""
    duties: list[Duty] = []
    at = 0
    for gap, length in tries:
        duty = Duty((at + gap) * NS_PER_HOUR, (at + gap + length) * NS_PER_HOUR)
        if not breaches([*duties, duty], rules, zone="UTC", exemption=Exemption()):
            duties.append(duty)
            at += gap + length
    if duties:
        # What is worked between the first duty's start and the last one's end may exceed the
        # average of endless weeks by what fits into one week at its ends.
        weeks = (duties[-1].end_ns - duties[0].start_ns) / WEEK_NS
        worked_h = sum(duty.end_ns - duty.start_ns for duty in duties) / NS_PER_HOUR
        assert worked_h <= week_hours(rules) * (weeks + 1) + 1e-6


@given(st.lists(st.tuples(st.sampled_from(ZONES), st.booleans()), max_size=8), st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_more_people_never_make_it_worse(people, roles):
    hands = [Hand(zone, law("XX"), no_nights=no_nights) for zone, no_nights in people]
    missing = [
        found.people if found else 0
        for n in range(len(hands) + 1)
        for found in [shortfall(hands[:n], roles, newcomer=law("XX"), year_ns=YEAR_NS)]
    ]
    assert missing == sorted(missing, reverse=True)
    assert missing[0] == int(np.ceil(168 * roles / 48))


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=8), st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_as_many_people_as_are_missing_may_be_enough(zones, roles):
    """The bound asks for no more than people without any limit of their own would give."""
    hands = [Hand(zone, law("XX"), no_nights=True) for zone in zones]
    short = shortfall(hands, roles, newcomer=law("XX"), year_ns=YEAR_NS)
    added = [Hand("UTC", law("XX"))] * (short.people if short else 0)
    assert shortfall([*hands, *added], roles, newcomer=law("XX"), year_ns=YEAR_NS) is None


TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(["a@x.y", "A@X.Y", "Europe/Paris", "FR", "", "a", "b"])
)
VALUES = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(), st.lists(TEXTS, max_size=3),
    st.dictionaries(st.sampled_from(["no_nights", "begins_minute", "x"]), st.integers(), max_size=2),
)  # fmt: skip
FIELDS = ["name", "email", "zone", "country", "active", "skills", "members", "team", "tier", "lead",
          "deputy", "hours", "exempt", "emergency", "hub", "mood", "handles"]  # fmt: skip
CLAIMS = st.builds(
    Claim,
    key=st.builds(Key, st.sampled_from(Kind), st.sampled_from(["a", "b", "c", "A", "", "ä"])),
    said=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8),
)
CHANGES = st.builds(
    ChangeSet,
    source=st.sampled_from(Source),
    claims=st.lists(CLAIMS, max_size=3).map(tuple),
    withdrawn=st.lists(st.builds(Key, st.sampled_from(Kind), st.just("a")), max_size=1).map(tuple),
)


@given(st.lists(CHANGES, max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_change_is_applied_whole_or_refused_and_comes_back_the_same(tmp_path_factory, changes):
    engine = open_database(tmp_path_factory.mktemp("d") / "d.db")
    clock = SimulatedClock(start_ns=START_NS)
    store = DirectoryStore(engine, clock, law=law)
    for change in changes:
        before = store.state()
        try:
            store.apply(change, author="x")
        except Refused:
            assert store.state() is before
    again = DirectoryStore(engine, clock, law=law)
    assert again.state() == store.state()
    assert again.snapshot() == store.snapshot()
    engine.dispose()
