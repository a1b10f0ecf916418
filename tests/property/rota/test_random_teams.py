"""Whatever the team: no breach, never worse than greedy, the same for the same, right over DST."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.daylight.working_time import Duty, Exemption
from sunwise.daylight.zones import NS_PER_HOUR, nanoseconds, zone_names
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.greedy import greedy
from sunwise.people.rota.core.patterns import patterns
from sunwise.people.rota.core.planning import Effort, plan
from sunwise.people.rota.core.problem import Problem, Window
from sunwise.people.rota.core.replan import replan
from sunwise.people.rota.core.stats import stats
from tests.support.rota_teams import BOTH, RULES, START_NS, person, random_team

QUICK = Effort(nights=0.2, fairness=0.2, patterns=2)
ZONES = ("Asia/Tokyo", "Asia/Kathmandu", "Europe/Paris", "America/New_York", "Pacific/Chatham")
EVERY_ZONE = sorted(zone_names() - {"localtime", "posixrules"})
CHANGES = (
    (2026, 3, 7),
    (2026, 3, 28),
    (2026, 9, 26),
    (2026, 10, 24),
    (2026, 10, 31),
    (2027, 3, 13),
)

rules = st.builds(
    lambda days, nights, rest, cap, counts: msgspec.structs.replace(
        RULES,
        max_days_in_row=days,
        max_nights_in_row=nights,
        daily_rest_h=rest,
        weekly_cap_h=cap,
        reference_weeks=1 + days % 2,
        standby_counts=counts,
    ),
    st.integers(2, 6),
    st.integers(0, 4),
    st.sampled_from([9, 11, 12.5]),
    st.sampled_from([24, 40, 48]),
    st.sampled_from([0.25, 0.5, 1.0]),
)
facts = st.fixed_dictionaries(
    {
        "rules": rules,
        "exemption": st.builds(Exemption, no_nights=st.booleans()),
        "carried": st.integers(0, 500),
        "held": st.lists(st.integers(-150, 100), max_size=3).map(
            lambda starts: tuple(
                Duty(START_NS + at * NS_PER_HOUR, START_NS + (at + 6) * NS_PER_HOUR)
                for at in starts
            )
        ),
    }
)


@st.composite
def problems(draw):
    problem = random_team(
        draw(st.integers(0, 1_000)),
        zones=ZONES,
        n_people=draw(st.integers(1, 6)),
        days=draw(st.integers(2, 9)),
        roles=draw(st.sampled_from([BOTH, BOTH[:1]])),
    )
    people = tuple(msgspec.structs.replace(each, **draw(facts)) for each in problem.people)
    return msgspec.structs.replace(problem, people=people)


@settings(max_examples=25, deadline=None)
@given(problems())
def test_a_plan_breaks_no_rule_and_no_greedy_rota_beats_it(problem):
    made = plan(problem, effort=QUICK)
    assert check(problem, made.rota) == []
    figures = stats(problem, made.rota)
    assert made.bounds.gap_h <= figures.gap_h
    assert made.bounds.night_h <= figures.night_h
    if made.by == "greedy":
        return
    seed = stats(problem, greedy(problem, made.pattern))
    assert (figures.gap_h, figures.night_h) <= (seed.gap_h, seed.night_h)


@settings(max_examples=25, deadline=None)
@given(problems(), st.integers(0, 1_000))
def test_greedy_breaks_no_rule_on_any_pattern(problem, which):
    offered = patterns(problem)
    assert check(problem, greedy(problem, offered[which % len(offered)])) == []


@settings(max_examples=10, deadline=None)
@given(problems(), st.integers(1, 47), st.integers(1, 60))
def test_a_mended_rota_breaks_no_rule(problem, after_h, for_h):
    present = plan(problem, effort=QUICK).rota
    now_ns = START_NS + after_h * NS_PER_HOUR + NS_PER_HOUR // 2
    away = (Window(now_ns, now_ns + for_h * NS_PER_HOUR),)
    first = msgspec.structs.replace(problem.people[0], closed=away)
    problem = msgspec.structs.replace(problem, people=(first, *problem.people[1:]))
    mended = replan(problem, present, now_ns)
    assert check(problem, mended.rota) == []
    assert all(change.start_ns >= now_ns for change in mended.changes)


@pytest.mark.parametrize("began", CHANGES, ids=lambda day: "-".join(map(str, day)))
def test_greedy_is_lawful_over_every_clock_change_of_every_zone(began):
    start_ns = nanoseconds(datetime(*began, tzinfo=UTC))
    for number, zone in enumerate(EVERY_ZONE):
        there = (person("a", zone), person("b", "Europe/Paris"))
        problem = Problem(unit=zone, start_ns=start_ns, days=3, people=there)
        offered = patterns(problem)
        rota = greedy(problem, offered[number % len(offered)])
        assert check(problem, rota) == [], zone
        figures = stats(problem, rota)
        covered_h = sum(end - start for start, end, *_ in rota.shifts) / NS_PER_HOUR
        assert covered_h + figures.gap_h == 72, zone
        assert 0 <= figures.night_h <= covered_h, zone


@pytest.mark.slow
@pytest.mark.parametrize("began", CHANGES, ids=lambda day: "-".join(map(str, day)))
def test_plans_are_lawful_over_every_clock_change_of_every_zone(began):
    start_ns = nanoseconds(datetime(*began, tzinfo=UTC))
    for zone in EVERY_ZONE:
        there = (person("a", zone), person("b", zone))
        problem = Problem(unit=zone, start_ns=start_ns, days=3, people=there)
        made = plan(problem, effort=Effort(nights=0.05, fairness=0.05, patterns=1))
        assert check(problem, made.rota) == [], zone
        assert made.bounds.night_h <= stats(problem, made.rota).night_h, zone
