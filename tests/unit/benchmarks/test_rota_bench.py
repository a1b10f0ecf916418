"""The rota benchmark judges by a count of its own, and its rivals keep the law."""

from datetime import date
from itertools import combinations

import msgspec
import pytest

from benchmarks.rota import kubernetes
from benchmarks.rota.judge import judge
from benchmarks.rota.measure import SUNWISE, measure_group
from benchmarks.rota.table import (
    avoidable_gap_h,
    beaten_bounds,
    bounds,
    not_carried,
    rows,
    with_fewer_gaps,
    worse_than_greedy,
)
from benchmarks.rota.units import connected, units
from sunwise.cli.company import invented_company
from sunwise.contracts.people.directory import Role
from sunwise.daylight.working_time import Duty
from sunwise.daylight.zones import NS_PER_HOUR, instant
from sunwise.people.rota.core.problem import Gap, Rota, Shift, Window
from sunwise.people.rota.core.round_robins import ROUND_ROBINS
from sunwise.people.rota.core.stats import stats

pytestmark = pytest.mark.timeout(600)  # a loaded machine plans three units in minutes
FIRST = date(2026, 10, 19)
COMPANY = invented_company(60, seed=7, first=FIRST, last=date(2026, 11, 16))
UNITS = units(COMPANY, FIRST)


@pytest.mark.parametrize("problem", UNITS, ids=lambda problem: problem.unit)
@pytest.mark.parametrize("name", ROUND_ROBINS)
def test_a_repaired_rival_keeps_the_law_and_declares_its_gaps(name, problem):
    verdict = judge(problem, ROUND_ROBINS[name](problem))
    assert verdict.n_breaches == 0
    assert verdict.open_h == 0


@pytest.mark.parametrize("problem", UNITS, ids=lambda problem: problem.unit)
def test_the_judge_counts_what_the_planner_counts(problem):
    rota = ROUND_ROBINS["three windows, repaired"](problem)
    verdict, figures = judge(problem, rota), stats(problem, rota)
    assert verdict.wanted_h == figures.wanted_h
    assert verdict.declared_h == figures.declared_gap_h
    assert verdict.night_h == figures.night_h


def around_the_clock():
    """One role around the clock, and nobody on leave."""
    problem = next(each for each in UNITS if each.wanted is None and len(each.roles) == 1)
    people = tuple(msgspec.structs.replace(each, leave=frozenset()) for each in problem.people)
    return msgspec.structs.replace(problem, people=people)


def rota_of(problem, *hours, person=0, role=Role.PRIMARY):
    start, name = problem.start_ns, problem.people[person].id
    return [
        Shift(start + first * NS_PER_HOUR, start + last * NS_PER_HOUR, role, name)
        for first, last in hours
    ]


@pytest.mark.parametrize(
    ("hours", "n_breaches"),
    [
        ([(0, 8)], 0),
        ([(0, 8), (14, 20)], 1),  # too short a rest
        ([(0, 8), (7, 8)], 1 + 4),  # in two places at once, and four quarters of an hour twice
    ],
)
def test_the_judge_finds_each_breach(hours, n_breaches):
    problem = around_the_clock()
    assert judge(problem, Rota(shifts=tuple(rota_of(problem, *hours)))).n_breaches == n_breaches


def test_the_judge_finds_duty_on_leave_without_skills_and_of_strangers():
    problem = around_the_clock()
    first, *others = problem.people
    today = instant(problem.start_ns).date()
    shifts = tuple(rota_of(problem, (12, 14)))
    away = msgspec.structs.replace(first, leave=frozenset({today}))
    on_leave = msgspec.structs.replace(problem, people=(away, *others))
    assert judge(on_leave, Rota(shifts=shifts)).n_breaches == 1
    unable = msgspec.structs.replace(problem, skills=frozenset({"cobol"}))
    assert judge(unable, Rota(shifts=shifts)).n_breaches == 1
    held = msgspec.structs.replace(
        first, held=(Duty(problem.start_ns, problem.start_ns + 13 * NS_PER_HOUR),)
    )
    busy = msgspec.structs.replace(problem, people=(held, *others))
    assert judge(busy, Rota(shifts=shifts)).n_breaches >= 1
    closed = msgspec.structs.replace(first, closed=(Window(shifts[0].start_ns, shifts[0].end_ns),))
    shut = msgspec.structs.replace(problem, people=(closed, *others))
    assert judge(shut, Rota(shifts=shifts)).n_breaches == 1
    without = msgspec.structs.replace(problem, people=tuple(others))
    assert judge(without, Rota(shifts=shifts)).n_breaches == 1


def test_what_was_broken_before_the_plan_is_not_its_fault():
    problem = around_the_clock()
    first, *others = problem.people
    late = problem.start_ns + 200 * NS_PER_HOUR
    tired = msgspec.structs.replace(first, held=(Duty(late, late + 13 * NS_PER_HOUR),))
    problem = msgspec.structs.replace(problem, people=(tired, *others))
    assert judge(problem, Rota(shifts=tuple(rota_of(problem, (0, 8))))).n_breaches == 0


def test_an_hour_is_covered_declared_or_open():
    problem = around_the_clock()
    gap = Gap(problem.start_ns + 8 * NS_PER_HOUR, problem.start_ns + 10 * NS_PER_HOUR, Role.PRIMARY)
    found = judge(problem, Rota(shifts=tuple(rota_of(problem, (0, 8))), gaps=(gap,)))
    assert (found.declared_h, found.open_h) == (2, 28 * 24 - 10)


def test_the_clock_bound_is_what_a_team_in_one_zone_cannot_avoid():
    problem = around_the_clock()
    alike = tuple(
        msgspec.structs.replace(person, zone="Africa/Nairobi") for person in problem.people
    )
    problem = msgspec.structs.replace(problem, people=alike)
    assert judge(problem, Rota()).clock_bound_h == 28 * 9
    today = instant(problem.start_ns).date()
    gone = tuple(msgspec.structs.replace(each, leave=frozenset({today})) for each in alike)
    problem = msgspec.structs.replace(problem, people=gone)
    assert judge(problem, Rota()).clock_bound_h == 27 * 9 + 9 + 15


def test_teams_that_share_people_are_planned_together():
    groups = connected(UNITS)
    assert sorted(p.unit for group in groups for p in group) == sorted(p.unit for p in UNITS)
    names = [{person.id for problem in group for person in problem.people} for group in groups]
    assert not any(one & two for i, one in enumerate(names) for two in names[i + 1 :])


def test_teams_are_planned_together_also_by_way_of_a_third():
    a, b, c, d = UNITS[0].people[:4]
    pairs = [(a, b), (c, d), (b, c), (a, d)]
    chain = [msgspec.structs.replace(UNITS[0], unit=f"{n}", people=p) for n, p in enumerate(pairs)]
    assert [[each.unit for each in group] for group in connected(chain)] == [["0", "1", "2", "3"]]
    assert len(connected(chain[:2])) == 2


def test_the_teams_of_kubernetes_have_clocks_and_are_not_twice_the_same():
    if not kubernetes.DATA.exists():
        pytest.skip(f"{kubernetes.DATA} is not there")
    company = kubernetes.kubernetes_company()
    teams = [set(team.members) for team in company.snapshot.teams]
    assert len(teams) > 50
    assert all(5 <= len(team) <= 12 for team in teams)
    pairs = list(combinations(teams, 2))
    assert all(len(one & two) * 2 <= len(one | two) for one, two in pairs)
    assert units(company, FIRST)


@pytest.fixture(scope="module")
def measured():
    """Three units of the company of sixty, as the short form measures them."""
    groups = connected(UNITS[-3:])
    return [each for group in groups for each in measure_group(group, thorough=False)]


def test_a_plan_keeps_the_law_and_leaves_no_gap_that_can_be_filled(measured):
    assert [each.unit for each in measured if each.way == SUNWISE and each.verdict.n_breaches] == []
    assert [each.unit for each in measured if each.way == SUNWISE and each.verdict.open_h] == []
    assert avoidable_gap_h(measured) == 0


def test_a_plan_is_never_worse_than_greedy(measured):
    assert worse_than_greedy(measured) == []


def test_no_rival_does_what_was_proven_impossible(measured):
    assert beaten_bounds(measured) == []


def test_the_nights_of_the_plans_are_near_the_bound(measured):
    own = rows(measured)[0]
    assert own.way == SUNWISE
    assert own.night <= bounds(measured).night + 1


def test_planner_and_judge_have_the_same_clock_bound(measured):
    for each in measured:
        if each.bounds is not None:
            assert sum(each.bounds.clock_h.values()) == each.verdict.clock_bound_h


@pytest.mark.slow
def test_a_plan_is_mended_with_few_changes_and_its_front_is_beside_the_round_robin():
    own = measure_group(UNITS[-1:], thorough=True)[0]
    assert own.mended.n_breaches == 0
    assert 0 < own.mended.n_forced <= own.mended.n_changed <= 2 * own.mended.n_forced
    assert own.choices.least_night_h <= own.verdict.night_h
    assert own.choices.least_gini <= own.stats.gini


def test_a_plan_that_is_worse_and_a_bound_that_is_wrong_are_named(measured):
    own = next(each for each in measured if each.way == SUNWISE)
    worse = own._replace(stats=msgspec.structs.replace(own.stats, gap_h=1, night_h=900))
    others = [each for each in measured if each.way != SUNWISE]
    assert worse_than_greedy([worse, *others]) == [own.unit]
    assert avoidable_gap_h([worse]) == 1
    assert with_fewer_gaps(measured) == []
    assert with_fewer_gaps([worse, *(each for each in others if each.unit == own.unit)])
    wrong = own._replace(bounds=msgspec.structs.replace(own.bounds, night_h=900))
    named = beaten_bounds([wrong, *(each for each in others if each.unit == own.unit)])
    assert f"{own.unit} ({SUNWISE})" in named
    rival = next(each for each in others if each.unit == own.unit and each.way in ROUND_ROBINS)
    better = rival._replace(stats=msgspec.structs.replace(own.stats, night_h=0))
    assert beaten_bounds([wrong, better]) == [f"{own.unit} ({way})" for way in (SUNWISE, rival.way)]
    busy = better._replace(held_h=8)
    assert beaten_bounds([wrong, busy]) == [f"{own.unit} ({SUNWISE})"], (
        "its people did other things"
    )
    short = own._replace(bounds=msgspec.structs.replace(own.bounds, gap_h=12))
    assert not_carried([short]) == [f"{own.unit} lacks 12 h"]
