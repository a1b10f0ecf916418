import msgspec
import pytest

from sunwise.contracts.people.directory import Role
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.front import front
from sunwise.people.rota.core.patterns import Block, slots
from sunwise.people.rota.core.planning import Effort, plan
from sunwise.people.rota.core.problem import BadProblem, Rota, Shift, Window, overlap
from sunwise.people.rota.core.replan import replan
from sunwise.people.rota.core.roles import assigned, with_roles
from sunwise.people.rota.core.stats import stats
from sunwise.people.rota.turns import Piece, reassigned, rota_of, turns_of
from tests.support.rota_teams import BOTH, SPREAD, START_NS, person, team

QUICK = Effort(nights=0.5, fairness=0.3, patterns=2)
DAY_NS = 24 * NS_PER_HOUR
NOW_NS = START_NS + 3 * DAY_NS + NS_PER_HOUR // 3
PROBLEM = team(*SPREAD, *SPREAD, days=14)
PRESENT = plan(PROBLEM, effort=QUICK).rota


def absent(who, first_ns, last_ns, problem=PROBLEM):
    people = tuple(
        msgspec.structs.replace(each, closed=(Window(first_ns, last_ns),))
        if each.id == who
        else each
        for each in problem.people
    )
    return msgspec.structs.replace(problem, people=people)


def busiest(problem, rota):
    burden = stats(problem, rota).burden
    return max(burden, key=burden.get)


@pytest.mark.parametrize("roles", [BOTH[:1], BOTH], ids=["one role", "two roles"])
def test_an_absence_moves_at_most_twice_the_forced_shifts_or_proves_that_it_takes_more(roles):
    problem = msgspec.structs.replace(PROBLEM, roles=roles)
    present = PRESENT if roles == PROBLEM.roles else plan(problem, effort=QUICK).rota
    who = busiest(problem, present)
    back_ns = NOW_NS + 5 * DAY_NS
    gone = absent(who, NOW_NS, back_ns, problem)
    mended = replan(gone, present, NOW_NS)
    assert check(gone, mended.rota) == []
    assert stats(gone, mended.rota).gap_h <= stats(problem, present).gap_h
    moved = [change for change in mended.changes if change.before is not None]
    assert 0 < mended.n_forced <= len(moved)
    assert len(moved) <= 2 * mended.n_forced or (mended.optimal and roles == BOTH)
    lost = [change for change in mended.changes if change.start_ns < back_ns]
    assert all(who not in change.consent for change in lost), "who cannot come is not asked"


def test_nothing_that_has_begun_changes():
    gone = absent(busiest(PROBLEM, PRESENT), START_NS, START_NS + 14 * DAY_NS)
    mended = replan(gone, PRESENT, NOW_NS)
    past = [each for each in PRESENT.shifts if each.end_ns < NOW_NS]
    assert past == [each for each in mended.rota.shifts if each.end_ns < NOW_NS]


def test_a_running_shift_of_somebody_who_falls_ill_is_cut_and_handed_over():
    running = next(each for each in PRESENT.shifts if each.start_ns < NOW_NS < each.end_ns)
    gone = absent(running.person, NOW_NS, NOW_NS + DAY_NS)
    mended = replan(gone, PRESENT, NOW_NS)
    assert running._replace(end_ns=NOW_NS) in mended.rota.shifts
    first = mended.changes[0]
    assert (first.start_ns, first.end_ns, first.before) == (NOW_NS, running.end_ns, running.person)


def test_without_a_reason_nothing_changes():
    mended = replan(PROBLEM, PRESENT, NOW_NS)
    assert (mended.changes, mended.n_forced) == ((), 0)
    assert mended.rota == PRESENT


def test_consent_is_asked_of_whoever_changes_within_their_notice():
    rules = msgspec.structs.replace(PROBLEM.people[0].rules, notice_days=5)
    people = tuple(msgspec.structs.replace(each, rules=rules) for each in PROBLEM.people)
    problem = msgspec.structs.replace(PROBLEM, people=people)
    gone = absent(busiest(PROBLEM, PRESENT), NOW_NS, NOW_NS + 10 * DAY_NS, problem)
    changes = replan(gone, PRESENT, NOW_NS).changes
    assert any(change.consent for change in changes)
    assert all(bool(c.consent) <= (c.start_ns - NOW_NS < 5 * DAY_NS) for c in changes)


def take_over(rota, shift):
    """As a swap or a take does it."""
    turns = turns_of(rota)
    before = next(
        each.person for each in turns if each.role == shift.role and overlap(each[:2], shift[:2])
    )
    return rota_of(reassigned(turns, [Piece(*shift[:3], before, shift.person)]))


def test_a_shift_taken_now_stays_taken_and_the_rest_is_mended():
    later = next(each for each in PRESENT.shifts if each.start_ns > NOW_NS + 2 * DAY_NS)
    taker = next(
        each.id
        for each in PROBLEM.people
        if not check(PROBLEM, take_over(PRESENT, later._replace(person=each.id)))
        and each.id != later.person
    )
    taken = later._replace(person=taker)
    problem = msgspec.structs.replace(PROBLEM, fixed=(taken,))
    mended = replan(problem, take_over(PRESENT, taken), NOW_NS)
    assert taken in mended.rota.shifts
    assert mended.changes == ()


def test_taking_over_the_middle_leaves_both_ends():
    first = PRESENT.shifts[0]
    inner = Shift(
        first.start_ns + NS_PER_HOUR, first.end_ns - NS_PER_HOUR, Role.PRIMARY, "somebody"
    )
    cut = [each for each in take_over(PRESENT, inner).shifts if each.end_ns <= first.end_ns]
    assert [each.person for each in cut] == [first.person, "somebody", first.person]


def test_a_present_rota_with_a_hole_is_planned_anew():
    with pytest.raises(BadProblem, match="plan it anew"):
        replan(PROBLEM, Rota(shifts=PRESENT.shifts[:-1]), NOW_NS)


def test_who_joined_after_the_plan_is_not_forced_on_anybody():
    problem = msgspec.structs.replace(
        PROBLEM, people=(*PROBLEM.people, person("new", "America/Sao_Paulo"))
    )
    assert replan(problem, PRESENT, NOW_NS).changes == ()


def test_a_streak_keeps_its_role_and_one_person_is_the_primary():
    first, second = slots(team("Asia/Tokyo", days=2, roles=BOTH), (Block(0, 8),))
    rota = with_roles({first: ["a", "b"], second: ["b", "a"]}, ())
    assert [each.role for each in rota.shifts if each.person == "a"] == [Role.PRIMARY] * 2
    assert assigned(["b"], BOTH, {"b": Role.SECONDARY}) == {"b": Role.PRIMARY}


def test_the_front_trades_nights_for_fairness_and_sleeps_by_default():
    zones = ("Asia/Shanghai", "Europe/London", "Asia/Shanghai", "Asia/Shanghai", "Europe/Berlin")
    problem = team(*zones, days=14)
    made = plan(problem, effort=QUICK)
    points = front(problem, made, steps=3, seconds=0.4)
    assert [bool(point.default) for point in points] == [True] + [False] * (len(points) - 1)
    assert points[0].stats.night_h <= stats(problem, made.rota).night_h
    nights = [point.stats.night_h for point in points]
    assert nights == sorted(nights)
    assert points[-1].stats.gini <= points[0].stats.gini
    for point in points:
        assert check(problem, point.rota) == []
        assert point.stats.gap_h == points[0].stats.gap_h


def test_two_people_share_a_shift_that_nobody_can_take_whole():
    def hours(first, last):
        return START_NS + first * NS_PER_HOUR, START_NS + last * NS_PER_HOUR

    def may_not(first, last):
        return {"closed": (Window(*hours(first, last)),)}

    people = (
        person("a", "Etc/UTC", **may_not(0, 24)),
        person("b", "Etc/UTC"),
        person("early", "Etc/UTC", **may_not(6, 24)),
        person("late", "Etc/UTC", **may_not(0, 6)),
    )
    problem = msgspec.structs.replace(team("Etc/UTC", days=1), people=people)
    shifts = (
        Shift(*hours(0, 12), Role.PRIMARY, "a"),
        Shift(*hours(12, 24), Role.PRIMARY, "b"),
    )
    mended = replan(problem, Rota(shifts=shifts), START_NS)
    assert check(problem, mended.rota) == []
    assert mended.rota.gaps == ()
    assert [(each.before, each.after) for each in mended.changes] == [("a", "early"), ("a", "late")]
    assert (mended.n_forced, mended.optimal) == (1, True)
