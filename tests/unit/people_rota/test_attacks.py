"""Two at once, twice, too late, or with a solver that fails: what a rota must not become by it."""

import asyncio

import msgspec
import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.personal import ERASED, Traces
from sunwise.contracts.people.directory import Role, Tier
from sunwise.people.rota import rows
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.problem import Rota, Shift
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.kept import Figures, FrontPoint, RequestState, State
from sunwise.people.rota.mending import Mending
from sunwise.people.rota.publishing import Unlawful
from sunwise.people.rota.store import Closure, RotaStore
from sunwise.people.rota.taking import taken_of
from sunwise.people.rota.turns import Moved, Stale, rota_of
from sunwise.people.rota.units import Span, problem_of, units_of
from tests.support.rota_company import (
    DAY,
    NOW,
    UNIT,
    WINDOW,
    company,
    draft,
    new_store,
    published,
    solve,
    turn,
)

PRIMARY = Role.PRIMARY
HOUR = 3_600 * 10**9
DESK_UNIT = "core.daylight"


class Stage:
    def __init__(self, database, snapshot=None) -> None:
        self.snapshot = snapshot or company()
        self.clock = SimulatedClock(start_ns=NOW)
        self.store = RotaStore(database, self.clock)
        self.store.set_units(units_of(self.snapshot))
        self.desk = RotaDesk(
            self.store,
            self.clock,
            heard=lambda: HeardDirectory(self.snapshot, self.n_erased),
            pseudonyms=_pseudonyms,
            solve=self.solve,
        )
        self.n_erased = 0
        self.fails = False

    async def solve(self, job):
        if self.fails:
            raise Retryable("The planning process ended early: nothing was changed.")
        return await solve(job)

    def publish(self, *turns, unit=UNIT):
        kept = self.store.save_draft(draft(*turns, unit=unit))
        self.store.publish(kept, kept.turns)
        return kept

    def turns(self, unit=UNIT):
        return self.store.find(unit, WINDOW, State.PUBLISHED).turns

    async def breaches(self, unit=UNIT):
        of = await self.desk.ground_now()
        [planned] = [each for each in units_of(self.snapshot) if each.id == unit]
        problem = problem_of(planned, of, Span(window_ns=WINDOW, from_ns=NOW))
        found = check(problem, rota_of(self.turns(unit)))
        return [each.what for each in found if each.what not in ("hole", "unwanted")]


async def _pseudonyms(people):
    return {each: f"x-{each}" for each in people}


def two_units():
    services = company().services
    desk = msgspec.structs.replace(services[0], id="desk", tier=Tier.DAYLIGHT)
    return company(services=(*services, desk))


async def test_a_second_yes_does_not_undo_the_word_applied(database):
    stage = Stage(database)
    stage.publish(turn(24, 32, "bo"), turn(32, 40, "cy"))
    asked = await stage.desk.swap((UNIT, PRIMARY, NOW + 24 * HOUR), "di", by="bo")
    await stage.desk.answer(asked.id, "di", is_yes=True)
    with pytest.raises(Stale, match="applied already"):
        await stage.desk.answer(asked.id, "di", is_yes=True)
    assert stage.store.find_request(asked.id).state is RequestState.APPLIED


async def test_nobody_who_is_not_asked_can_end_a_change(database):
    stage = Stage(database)
    stage.publish(turn(24, 32, "bo"), turn(32, 40, "cy"))
    asked = await stage.desk.swap((UNIT, PRIMARY, NOW + 24 * HOUR), "di", by="bo")
    await stage.desk.answer(asked.id, "di", is_yes=True)
    with pytest.raises(Exception, match="Nobody asks you"):
        await stage.desk.answer(asked.id, "gil", is_yes=True)
    assert stage.store.find_request(asked.id).state is RequestState.APPLIED


async def test_a_yes_that_comes_after_the_shift_changes_nobodys_past(database):
    stage = Stage(database)
    stage.publish(turn(24, 32, "bo"), turn(32, 40, "cy"))
    asked = await stage.desk.swap((UNIT, PRIMARY, NOW + 24 * HOUR), "di", by="bo")
    stage.clock.advance_ns(33 * HOUR)
    with pytest.raises(Stale, match="over"):
        await stage.desk.answer(asked.id, "di", is_yes=True)
    assert [each.person for each in stage.turns()] == ["bo", "cy"]
    assert stage.store.find_request(asked.id).state is RequestState.STALE


async def test_a_yes_within_the_shift_gives_what_is_left_of_it(database):
    stage = Stage(database)
    stage.publish(turn(24, 32, "bo"), turn(32, 40, "cy"))
    asked = await stage.desk.swap((UNIT, PRIMARY, NOW + 24 * HOUR), "di", by="bo")
    stage.clock.advance_ns(28 * HOUR)
    await stage.desk.answer(asked.id, "di", is_yes=True)
    assert [(each.person, each.start_ns) for each in stage.turns()] == [
        ("bo", NOW + 24 * HOUR),
        ("di", NOW + 28 * HOUR),
        ("cy", NOW + 32 * HOUR),
    ]


async def test_whoever_is_erased_while_a_plan_is_made_is_not_in_it(database, monkeypatch):
    stage = Stage(database)

    async def solve_meanwhile(job):
        stage.store.erase(Traces(person="ana"))
        return await solve(job)

    monkeypatch.setattr(stage.desk, "solve", solve_meanwhile)
    with pytest.raises(Moved, match="erased meanwhile"):
        await stage.desk.plan(UNIT, WINDOW)
    assert stage.store.find(UNIT, WINDOW) is None


def with_a_choice(stage) -> None:
    """A draft with one other point, in which Ana has the first hours."""
    rota = Rota(shifts=(Shift(NOW, NOW + 8 * HOUR, PRIMARY, "ana"),))
    point = FrontPoint(night_h=1, worst_burden=1, gini=0, rota=rota)
    kept = draft(turn(0, 8, "bo"))
    stage.store.save_draft(msgspec.structs.replace(kept, figures=Figures(front=(point,))))


async def test_whoever_is_erased_while_a_point_is_chosen_is_not_in_it(database, monkeypatch):
    stage = Stage(database)
    with_a_choice(stage)
    find = stage.store.find

    def find_and_erase(*about):
        found = find(*about)
        monkeypatch.setattr(stage.store, "find", find)
        stage.store.erase(Traces(person="ana"))
        return found

    monkeypatch.setattr(stage.store, "find", find_and_erase)
    with pytest.raises(Moved, match="erased meanwhile"):
        await stage.desk.choose(UNIT, WINDOW, 0)
    assert [each.person for each in stage.store.find(UNIT, WINDOW).turns] == ["bo"]


async def test_a_point_with_hours_of_whoever_was_erased_is_not_chosen(database):
    stage = Stage(database)
    with_a_choice(stage)
    stage.store.erase(Traces(person="ana"))
    with pytest.raises(Stale, match="plan it again"):
        await stage.desk.choose(UNIT, WINDOW, 0)
    assert [each.person for each in stage.store.find(UNIT, WINDOW).turns] == ["bo"]


async def test_a_taken_shift_is_told_to_nobody_once_whoever_lost_it_is_erased(database):
    """Else an alarm of its own would go out, for a person called erased."""
    stage = Stage(database)
    stage.publish(turn(-4, 4, "ana"))
    done = await stage.desk.take(UNIT, PRIMARY, NOW, by="bo")
    unit = stage.store.units()[UNIT]
    assert taken_of(done, unit, NOW).before == "ana"
    stage.store.erase(Traces(person="ana"))
    [kept] = stage.store.taken_since(WINDOW)
    assert kept.changes[0].before == ERASED
    assert taken_of(kept, unit, NOW) is None


async def test_whoever_was_erased_is_in_no_plan_on_a_directory_of_before(database):
    stage = Stage(database)
    stage.store.erase(Traces(person="ana"))
    with pytest.raises(Moved, match="erased meanwhile"):
        await stage.desk.plan(UNIT, WINDOW)
    left = tuple(each for each in stage.snapshot.people if each.id != "ana")
    stage.snapshot = company(people=left)
    stage.n_erased = stage.store.n_erased()
    planned = await stage.desk.plan(UNIT, WINDOW)
    assert "ana" not in {each.person for each in planned.turns}


async def test_whoever_lost_what_they_took_at_once_asks_for_it_the_next_time(database):
    """Else two could take a shift from each other for as long as it lasts, and have others told of it."""
    stage = Stage(database)
    stage.publish(turn(1, 5, "ana"))
    for who in ("bo", "ana"):
        done = await stage.desk.take(UNIT, PRIMARY, NOW + HOUR, by=who)
        assert (done.state, done.is_emergency) == (RequestState.APPLIED, True)
        stage.clock.advance_ns(60 * 10**9)
    again = await stage.desk.take(UNIT, PRIMARY, NOW + HOUR, by="bo")
    assert (again.state, again.waits_for()) == (RequestState.OPEN, ("ana",))
    assert stage.turns()[-1].person == "ana"
    assert (await stage.desk.take(UNIT, PRIMARY, NOW + HOUR, by="eve")).is_emergency


async def test_two_shifts_taken_at_once_do_not_break_the_law_together(database):
    stage = Stage(database)
    stage.publish(turn(24, 32, None), turn(32, 40, None))
    taken = [stage.desk.take(UNIT, PRIMARY, NOW + hour * HOUR, by="eve") for hour in (24, 32)]
    done = await asyncio.gather(*taken, return_exceptions=True)
    assert sum(isinstance(each, Unlawful) for each in done) == 1, done
    assert await stage.breaches() == []


async def test_two_swaps_answered_at_once_do_not_break_the_law_together(database):
    stage = Stage(database)
    stage.publish(turn(24, 32, "bo"), turn(32, 40, "cy"))
    asked = [
        await stage.desk.swap((UNIT, PRIMARY, NOW + hour * HOUR), "eve", by=by)
        for hour, by in ((24, "bo"), (32, "cy"))
    ]
    answers = [stage.desk.answer(each.id, "eve", is_yes=True) for each in asked]
    done = await asyncio.gather(*answers, return_exceptions=True)
    assert sum(isinstance(each, Unlawful) for each in done) == 1, done
    assert await stage.breaches() == []


async def test_two_teams_that_take_the_same_person_at_once_get_them_once(database):
    stage = Stage(database, two_units())
    stage.publish(turn(24, 32, None))
    stage.publish(turn(26, 34, None), unit=DESK_UNIT)
    taken = [
        stage.desk.take(unit, PRIMARY, NOW + 28 * HOUR, by="eve") for unit in (UNIT, DESK_UNIT)
    ]
    done = await asyncio.gather(*taken, return_exceptions=True)
    assert sum(isinstance(each, Unlawful) for each in done) == 1, done


async def test_a_draft_in_the_place_of_a_published_rota_is_held_to_the_law(database):
    stage = Stage(database)
    stage.publish(turn(24 * 20, 24 * 20 + 8, "bo"), turn(24 * 20 + 8, 24 * 20 + 16, "cy"))
    both = turn(24 * 20, 24 * 20 + 8, "bo"), turn(24 * 20 + 8, 24 * 20 + 16, "bo")
    kept = stage.store.save_draft(draft(*both))
    with pytest.raises(Unlawful, match="bo would be on duty for too long"):
        await asyncio.to_thread(stage.desk.publish, UNIT, WINDOW, kept.version, by="eve")
    assert [each.person for each in stage.turns()] == ["bo", "cy"]


async def test_whoever_is_away_is_off_duty_at_once_also_when_the_solver_fails(database):
    stage = Stage(database)
    stage.publish(turn(24, 32, "bo"), turn(32, 40, "cy"))
    stage.fails = True
    closure = Closure(kind="person", subject="bo", from_ns=NOW, until_ns=NOW + 5 * DAY)
    [found] = await Mending(stage.desk).absent(closure, by="bo", is_dry=False)
    assert [each.person for each in stage.turns()] == [None, "cy"]
    assert "ended early" in found.problem


async def test_a_redraft_keeps_the_past_of_its_window_and_the_running_shift(database):
    stage = Stage(database)
    stage.clock.advance_ns(HOUR // 2)
    before = (
        turn(-8, 0, "bo"),
        turn(0, 8, None),
        turn(8, 16, None),
        turn(24 * 20, 24 * 20 + 8, "cy"),
    )
    stage.publish(*before)
    after = turn(1, 8, None), turn(8, 16, None), turn(24 * 20, 24 * 20 + 8, "di")
    kept = stage.store.save_draft(draft(*after))
    await asyncio.to_thread(stage.desk.publish, UNIT, WINDOW, kept.version, by="eve")
    assert [(each.start_ns, each.person) for each in stage.turns()] == [
        (NOW - 8 * HOUR, "bo"),
        (NOW, None),
        (NOW + HOUR, None),
        (NOW + 8 * HOUR, None),
        (NOW + 480 * HOUR, "di"),
    ]


async def test_a_draft_that_is_published_again_after_a_kill_asks_everybody_once(database):
    """Two people approved it, it was put in force, and the word of that was lost."""
    stage = Stage(database)
    stage.publish(turn(24, 32, "bo"), turn(32, 40, "cy"))
    kept = stage.store.save_draft(draft(turn(24, 32, "cy"), turn(32, 40, "bo")))

    def publish():
        return stage.desk.publish(UNIT, WINDOW, kept.version, by="eve")

    [first] = await asyncio.to_thread(publish)
    assert first.asked == ("bo", "cy")
    assert await asyncio.to_thread(publish) == [first]
    assert stage.store.requests(RequestState.OPEN) == [first]
    await stage.desk.answer(first.id, "cy", is_yes=False)
    [anew] = await asyncio.to_thread(publish)
    assert anew.id != first.id


def test_a_table_is_never_newer_than_its_number(database, monkeypatch):
    """A reader would hold old slots for the new version, and never ask again."""
    store = new_store(database)
    published(store, turn(0, 8, "bo"))
    read = []
    for name in ("version_of", "published_after"):
        real = getattr(rows, name)
        monkeypatch.setattr(
            f"sunwise.people.rota.rows.{name}",
            lambda *args, real=real, name=name: read.append(name) or real(*args),
        )
    store.served(NOW)
    assert read == ["version_of", "published_after"]
