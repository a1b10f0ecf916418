from collections import Counter

import msgspec
import pytest

from sunwise.contracts.people.directory import Role
from sunwise.daylight.working_time import Duty
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core import cover
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.greedy import greedy
from sunwise.people.rota.core.patterns import Block, demand, patterns, slots
from sunwise.people.rota.core.problem import Gap, Rota, Shift, Window
from sunwise.people.rota.core.stats import gini, stats
from tests.support.rota_teams import BOTH, SPREAD, START_NS, person, real_teams, team

EIGHTS = (Block(0, 8), Block(8, 8), Block(16, 8))


def shift(first_h, last_h, who="p00", role=Role.PRIMARY):
    return Shift(START_NS + first_h * NS_PER_HOUR, START_NS + last_h * NS_PER_HOUR, role, who)


def what(problem, *pieces):
    rota = Rota(
        shifts=tuple(each for each in pieces if isinstance(each, Shift)),
        gaps=tuple(each for each in pieces if isinstance(each, Gap)),
    )
    return Counter(finding.what for finding in check(problem, rota))


def test_every_pattern_covers_the_day_once():
    for pattern in patterns(team("Asia/Tokyo")):
        assert sum(block.length_h for block in pattern) == 24
        hours = [(b.start_h + h) % 24 for b in pattern for h in range(b.length_h)]
        assert sorted(hours) == list(range(24))
    assert len(patterns(team("Asia/Tokyo"))) == 242


def test_daylight_is_cut_into_parts_that_one_person_can_do():
    problem = team("Europe/Paris")
    problem = msgspec.structs.replace(
        problem, wanted=cover.daylight(problem.people, START_NS, problem.days)
    )
    for pattern in patterns(problem):
        assert all(3 <= block.length_h <= 12 for block in pattern)
    for slot in slots(problem, patterns(problem)[0]):
        assert slot.end_ns - slot.start_ns <= 12 * NS_PER_HOUR


def test_slots_tile_what_is_wanted_and_not_fixed():
    problem = team("Asia/Tokyo", days=3, fixed=(shift(20, 30),))
    found = slots(problem, EIGHTS)
    assert sum(slot.end_ns - slot.start_ns for slot in found) == 62 * NS_PER_HOUR
    assert demand(problem)[0][:2] == (START_NS, START_NS + 20 * NS_PER_HOUR)


def test_a_fixed_shift_of_one_role_leaves_the_other_to_fill():
    problem = team(*SPREAD, *SPREAD, days=3, roles=BOTH, fixed=(shift(20, 30),))
    rota = greedy(problem, EIGHTS)
    assert check(problem, rota) == []
    assert stats(problem, rota).gap_h == 0


@pytest.mark.parametrize("roles", [BOTH, BOTH[:1]])
def test_a_spread_team_is_covered_without_breach(roles):
    problem = team(*SPREAD, *SPREAD, roles=roles)
    rota = greedy(problem, patterns(problem)[100])
    assert check(problem, rota) == []
    assert stats(problem, rota).gap_h < 0.02 * problem.n_hours


def test_a_team_of_one_has_declared_gaps_and_no_breach():
    problem = team("Asia/Tokyo")
    rota = greedy(problem, EIGHTS)
    figures = stats(problem, rota)
    assert check(problem, rota) == []
    assert figures.gap_h == figures.declared_gap_h > 400
    assert figures.longest_h == 8


def test_nobody_at_all_is_one_declared_gap_after_the_other():
    problem = msgspec.structs.replace(team("Asia/Tokyo"), people=())
    assert stats(problem, greedy(problem, EIGHTS)).declared_gap_h == problem.n_hours


def test_a_duty_held_elsewhere_counts_for_rest():
    held = Duty(START_NS - 4 * NS_PER_HOUR, START_NS)
    problem = team("Asia/Tokyo", days=1)
    problem = msgspec.structs.replace(problem, people=(person("p00", "Asia/Tokyo", held=(held,)),))
    assert what(problem, shift(0, 8))["daily_rest_h"] == 0  # touching duties are one
    assert what(problem, shift(8, 16))["daily_rest_h"] == 1
    assert [each.start_ns for each in greedy(problem, EIGHTS).shifts] == [
        START_NS + 16 * NS_PER_HOUR
    ]


@pytest.mark.parametrize(
    ("pieces", "finding"),
    [
        ((shift(0, 8), shift(8, 16, "p01"), shift(17, 24, "p02")), "hole"),
        ((shift(0, 9), shift(8, 16, "p01"), shift(16, 24, "p02")), "double"),
        ((shift(0, 8, "stranger"),), "unknown"),
        ((shift(0, 8), shift(0, 8, role=Role.SECONDARY)), "both-roles"),
        ((shift(0, 13),), "max_duty_h"),
        ((shift(0, 8), shift(10, 16)), "daily_rest_h"),
        ((shift(24, 26),), "unwanted"),
        ((shift(4, 8, "p03"),), "away"),
        ((shift(0, 8, "p03"),), "away"),
    ],
)
def test_the_judge_finds(pieces, finding):
    problem = team("Asia/Tokyo", "Asia/Tokyo", "Asia/Tokyo", days=1, roles=BOTH)
    closed = person("p03", "Asia/Tokyo", closed=(Window(*shift(4, 6)[:2]),))
    wanted = (Window(START_NS, problem.end_ns),)
    problem = msgspec.structs.replace(
        problem, people=(*problem.people, closed), wanted=wanted, days=2
    )
    assert what(problem, *pieces)[finding]


def test_the_judge_wants_skills_and_what_was_fixed():
    problem = team("Asia/Tokyo", days=1, skills=frozenset({"dba"}), fixed=(shift(0, 8),))
    assert what(problem, shift(8, 16)) == {"hole": 16, "skills": 1, "fixed": 1}


def test_gini_is_0_when_even_and_grows_with_the_gap():
    assert gini([5, 5, 5]) == 0
    assert gini([0, 0, 9]) == pytest.approx(2 / 3)
    assert gini([]) == 0


@pytest.mark.parametrize("problem", [*real_teams().values()][:25], ids=lambda each: each.unit)
def test_real_teams_get_no_breach(problem):
    for pattern in patterns(problem)[::60]:
        assert check(problem, greedy(problem, pattern)) == []
