from datetime import date, timedelta

import msgspec
import pytest

from sunwise.daylight.working_time import Exemption
from sunwise.people.rota.core.explain import LIFTS, Relaxation, explain, lifted, missing
from sunwise.people.rota.core.problem import BadProblem
from tests.support.rota_teams import BOTH, SPREAD, person, team


def asleep(n_people, **facts):
    people = tuple(person(f"p{n}", "Asia/Tokyo", **facts) for n in range(n_people))
    return msgspec.structs.replace(team("Asia/Tokyo", days=14), people=people)


def test_what_can_be_covered_needs_no_explanation():
    problem = team(*SPREAD, *SPREAD, days=14)
    assert explain(problem) is None
    assert missing(problem).people == 0


def test_exemptions_that_leave_the_night_to_nobody_are_the_conflict():
    found = explain(asleep(6, exemption=Exemption(no_nights=True)))
    assert found.conflict == ("exemption",)
    assert found.gap_h == 14 * 9
    assert found.relaxations == (Relaxation("exemption", 14 * 9),)


def test_leave_that_overlaps_is_the_conflict():
    off = frozenset(date(2026, 10, 20) + timedelta(days=day) for day in range(3))
    found = explain(asleep(7, leave=off))
    assert found.conflict == ("leave",)
    assert found.gap_h >= 72


def test_a_skill_that_nobody_has_is_the_conflict():
    problem = msgspec.structs.replace(team(*SPREAD, *SPREAD, days=14), skills=frozenset({"dba"}))
    assert explain(problem).conflict == ("skills",)


def test_nobody_at_all_is_no_conflict_of_rules():
    problem = msgspec.structs.replace(team("Asia/Tokyo", days=7), people=())
    assert explain(problem) == explain(problem)
    assert (explain(problem).conflict, explain(problem).relaxations) == ((), ())


def test_a_cap_on_the_week_names_itself_and_what_it_costs():
    found = explain(team(*["Asia/Tokyo"] * 3))
    assert found.conflict == ("weekly_cap_h",)
    assert found.gap_h == 28 * 24 - 3 * 4 * 48
    assert found.relaxations[0] == Relaxation("weekly_cap_h", found.gap_h)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zones", "roles", "people"),
    [
        (("Asia/Tokyo",), BOTH[:1], 3),  # 672 h are 3.5 people of 48 h a week
        (("Asia/Tokyo",) * 3, BOTH[:1], 1),
        (SPREAD, BOTH, 2),
    ],
)
def test_a_team_that_is_too_small_is_told_how_many_are_missing(zones, roles, people):
    found = missing(team(*zones, roles=roles))
    assert found.people == people == sum(band.people for band in found.bands)


def test_who_is_missing_is_awake_when_the_others_sleep():
    (band,) = missing(team(*["Asia/Tokyo"] * 3)).bands
    assert band.start_h <= 18 < band.end_h  # 03:00 in Tokyo


def test_lifting_every_rule_leaves_nothing_but_people():
    problem = lifted(asleep(2, exemption=Exemption(no_nights=True)), LIFTS)
    assert explain(problem) is None


def test_what_there_was_no_time_for_is_told_as_unfinished():
    problem = asleep(6, exemption=Exemption(no_nights=True))
    steps = iter([True])
    found = explain(problem, lambda: next(steps, False))
    assert not found.is_finished
    assert {"exemption"} < set(found.conflict) < set(LIFTS)
    assert found.relaxations == ()
    assert explain(problem, lambda: True).is_finished
    short = missing(problem, is_time_left=lambda: False)
    assert (short.people, short.is_enough) == (0, False)


def test_a_bad_problem_is_refused_before_anything_is_explained():
    with pytest.raises(BadProblem):
        missing(msgspec.structs.replace(team("Asia/Tokyo"), days=0))
