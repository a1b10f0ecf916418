"""Handoffs that change from day to day: better where people are scarce, and never unlawful."""

from itertools import pairwise

import msgspec
import pytest

from sunwise.contracts.people.directory import Role
from sunwise.people.rota.core.any_hours import any_floor, any_night
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.costs import CostTable
from sunwise.people.rota.core.cp_sat import solver_of
from sunwise.people.rota.core.greedy import greedy
from sunwise.people.rota.core.model import Model
from sunwise.people.rota.core.patterns import Block, patterns, slots
from sunwise.people.rota.core.planning import Effort, plan
from sunwise.people.rota.core.ranking import gap_weight
from sunwise.people.rota.core.roles import woven
from sunwise.people.rota.core.round_robins import ROUND_ROBINS
from sunwise.people.rota.core.stats import stats
from sunwise.people.rota.core.weaving import Weaving, crew_of, free_slots, handoff_hours, slots_of
from tests.support.rota_brute_force import best_value
from tests.support.rota_teams import BOTH, RULES, SPREAD, random_team, team

QUICK = Effort(nights=0.3, fairness=0.2, patterns=1, weaving=1.0, gaps=3.0)
ZONES = ("Asia/Tokyo", "Europe/Paris", "America/New_York")
THIRDS = (Block(3, 8), Block(11, 8), Block(19, 8))
QUARTERS = (Block(0, 6), Block(6, 6), Block(12, 6), Block(18, 6))


def woven_value(problem, wanted):
    """(value, rota) of the best assignment on slots that overlap."""
    model = Model(problem, wanted, CostTable(problem), is_woven=True)
    model.cp.minimize(model.gap_quarters() * gap_weight(problem) + model.night_quarters())
    solver = solver_of(20)
    assert solver.status_name(solver.solve(model.cp)) == "OPTIMAL"
    return round(solver.objective_value), woven(model.crew(solver), problem.fixed)


@pytest.mark.parametrize("seed", range(4))
def test_overlapping_slots_are_at_least_as_good_as_any_pattern_among_them(seed):
    problem = random_team(seed, zones=ZONES, n_people=3, days=4)
    value, rota = woven_value(
        problem, free_slots(problem, sorted(handoff_hours([THIRDS, QUARTERS])))
    )
    assert check(problem, rota) == []
    figures = stats(problem, rota)
    assert value == 4 * (figures.gap_h * gap_weight(problem) + figures.night_h)
    for pattern in (THIRDS, QUARTERS):
        gap, night = (minutes // 15 for minutes in best_value(problem, slots(problem, pattern)))
        assert any_floor(problem, CostTable(problem)) <= value <= gap * gap_weight(problem) + night


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rest_h", [11, 35, 60])
def test_no_rota_beats_the_floor_of_any_handoffs(seed, rest_h):
    problem = random_team(seed, zones=ZONES, n_people=2, days=14)
    rules = msgspec.structs.replace(RULES, weekly_rest_h=rest_h, max_days_in_row=14)
    people = tuple(msgspec.structs.replace(each, rules=rules) for each in problem.people)
    problem = msgspec.structs.replace(problem, people=people)
    table = CostTable(problem)
    floor = any_floor(problem, table)
    for pattern in patterns(problem)[seed::150]:
        figures = stats(problem, greedy(problem, pattern))
        assert floor <= 4 * (figures.gap_h * gap_weight(problem) + figures.night_h)
        assert any_night(problem, table, round(4 * figures.gap_h)) <= 4 * figures.night_h


def test_the_floor_of_any_handoffs_is_the_night_of_one_zone():
    problem = team(*["Asia/Tokyo"] * 6)
    assert any_floor(problem, CostTable(problem)) == 28 * 9 * 4
    assert any_night(problem, CostTable(problem), 40) == 28 * 9 * 4 - 40


def test_weaving_closes_a_gap_that_no_pattern_can():
    problem = team("Asia/Tokyo", "Asia/Tokyo", "Europe/Paris", "America/New_York", days=14)
    start = greedy(problem, THIRDS)
    weaving = Weaving(problem, CostTable(problem), start, handoff_hours([THIRDS, QUARTERS]))
    before = weaving.value
    weaving.improve(3.0, floor=0)
    assert weaving.value < before
    assert check(problem, weaving.rota) == []
    figures = stats(problem, weaving.rota)
    assert weaving.value == (4 * figures.gap_h, 4 * figures.night_h)


@pytest.mark.parametrize("roles", [BOTH[:1], BOTH], ids=["one role", "two roles"])
def test_no_round_robin_beats_a_plan(roles):
    zones = SPREAD[:4] if len(roles) == 1 else (*SPREAD, *SPREAD[:2])
    problem = team(*zones, days=14, roles=roles)
    made = plan(problem, effort=QUICK)
    own = stats(problem, made.rota)
    assert made.bounds.gap_h <= own.gap_h
    assert made.bounds.night_h <= own.night_h
    for robin in ROUND_ROBINS.values():
        rival = stats(problem, robin(problem))
        assert (own.gap_h, own.night_h) <= (rival.gap_h, rival.night_h * 1.02)


def test_nobody_changes_their_role_within_a_duty():
    problem = team(*SPREAD, *SPREAD, days=4, roles=BOTH)
    wanted = free_slots(problem, sorted(handoff_hours([THIRDS, QUARTERS])))
    _, rota = woven_value(problem, wanted)
    assert check(problem, rota) == []
    assert rota.gaps == ()
    for before, after in pairwise(sorted(rota.shifts, key=lambda each: each[:2])):
        touching = [each for each in rota.shifts if each.start_ns == before.end_ns]
        assert before.person not in {each.person for each in touching}
        assert after.role in (Role.PRIMARY, Role.SECONDARY)


def test_a_rota_is_read_back_as_it_was():
    problem = team(*SPREAD, *SPREAD, days=4)
    rota = greedy(problem, THIRDS)
    wanted = slots_of(problem, rota)
    assert woven(crew_of(wanted, rota.shifts), ()) == rota
