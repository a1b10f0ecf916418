from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE, night_slots
from sunwise.daylight.working_time import (
    Duty,
    WorkingTime,
    breaches,
    join,
    night_minutes,
    rules_of,
)
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, zone_names

HOUSE = WorkingTime(country="HOUSE", effective_from=date(1970, 1, 1), source="a test's")
QUARTER_NS = 15 * NS_PER_MINUTE
WEEK_NS = 168 * NS_PER_HOUR
FIRST_NS = 1_772_323_200 * 1_000_000_000  # Sunday, 2026-03-01
PLACES = ["Africa/Nairobi", "Asia/Kathmandu", "Asia/Tokyo", "America/Phoenix"]  # no clock changes
ZONES = sorted(name for name in zone_names() if "/" in name and name[0].isupper())


@st.composite
def plans(draw, *, most=40):
    """Duties with rest between them, over up to some months."""
    duties, at = [], FIRST_NS
    for _ in range(draw(st.integers(0, most))):
        start = at + draw(st.integers(2, 400)) * QUARTER_NS
        at = start + draw(st.integers(1, 60)) * QUARTER_NS
        duties.append(Duty(start, at))
    return duties


def check(duties, zone="Africa/Nairobi", rules=HOUSE):
    return breaches(duties, rules, zone=zone)


@given(plans(), st.data())
def test_the_order_of_duties_and_their_pieces_do_not_matter(duties, data):
    pieces = []
    for duty in duties:
        cut = data.draw(st.integers(duty.start_ns + 1, duty.end_ns))
        pieces += [Duty(duty.start_ns, cut), Duty(min(cut, duty.end_ns - 1), duty.end_ns)]
    assert join(data.draw(st.permutations(pieces))) == duties
    assert check(pieces) == check(duties)


@given(plans(), st.data())
def test_a_pause_of_less_than_half_an_hour_changes_nothing(duties, data):
    paused = []
    for duty in duties:
        begins = data.draw(st.integers(duty.start_ns + 1, duty.end_ns))
        pause = data.draw(st.integers(1, 30 * NS_PER_MINUTE - 1))
        goes_on = min(begins + pause, duty.end_ns - 1)
        paused += [Duty(duty.start_ns, begins), Duty(goes_on, duty.end_ns)]
    assert check(paused) == check(duties)


@given(plans(), st.integers(1, 20), st.sampled_from(PLACES))
def test_a_plan_is_judged_alike_in_every_week_of_a_zone_without_changes(duties, weeks, zone):
    later = [
        Duty(duty.start_ns + weeks * WEEK_NS, duty.end_ns + weeks * WEEK_NS) for duty in duties
    ]
    moved = [breach._replace(at_ns=breach.at_ns - weeks * WEEK_NS) for breach in check(later, zone)]
    assert moved == check(duties, zone)


@given(plans(), st.data())
def test_a_lawful_plan_is_lawful_with_a_duty_less(duties, data):
    kept = list(duties)
    while kept and (found := check(kept)):
        kept = [
            duty for duty in kept if duty.end_ns <= found[0].at_ns or duty.start_ns > found[0].at_ns
        ]
    assert check(kept) == []
    assert check([duty for duty in kept if data.draw(st.booleans())]) == []


@given(plans(), st.data())
def test_caps_of_hours_find_what_a_count_of_every_hour_finds(duties, data):
    weeks = data.draw(st.integers(1, 4))
    limit = data.draw(st.integers(10, 60))
    found = any(
        sum(
            max(0, min(duty.end_ns, start + weeks * WEEK_NS) - max(duty.start_ns, start))
            for duty in duties
        )
        > limit * weeks * NS_PER_HOUR
        for start in {
            edge for duty in duties for end in duty for edge in (end, end - weeks * WEEK_NS)
        }
    )
    rules = WorkingTime(
        country="HOUSE",
        effective_from=date(1970, 1, 1),
        source="a test's",
        weekly_cap_h=limit,
        reference_weeks=weeks,
    )
    assert ("weekly_cap_h" in {breach.rule for breach in check(duties, rules=rules)}) == found


@given(
    st.sampled_from(ZONES),
    st.integers(0, 2 * 365 * 96),
    st.integers(1, 200),
)
def test_night_is_counted_as_by_a_walk_over_every_quarter_of_an_hour(zone, begins, quarters):
    start = FIRST_NS - 60 * 24 * NS_PER_HOUR + begins * QUARTER_NS
    duty = Duty(start, start + quarters * QUARTER_NS)
    counted = night_minutes(
        duty, zone, begins_minute=DAY_ENDS_MINUTE, ends_minute=DAY_BEGINS_MINUTE
    )
    walked = night_slots(zone, start, quarters * 15, slot_minutes=1)
    assert counted == walked.sum()


@given(plans(), st.sampled_from(["DE", "FR", "JP", "IN", "AE", "SG", "US", "KE", "ZW"]))
def test_what_a_country_allows_the_floor_allows_too(duties, country):
    """But for Brazil, whose law counts standby by a third."""
    floor = {breach.rule for breach in check(duties)}
    theirs = {breach.rule for breach in check(duties, rules=rules_of(country, date(2026, 11, 1)))}
    assert floor <= theirs
