"""Whoever cannot do their hours has none at once; who gets them instead is asked first."""

import asyncio
import shutil
from datetime import date
from importlib import resources

import msgspec
import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.personal import Traces
from sunwise.contracts.people.directory import Leave, Tier
from sunwise.daylight import zones
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.problem import overlap
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.kept import RequestKind, RequestState, State
from sunwise.people.rota.mending import NOBODY, Mending
from sunwise.people.rota.store import Closure, Journey, RotaStore
from sunwise.people.rota.turns import Moved, rota_of
from sunwise.people.rota.units import Span, problem_of, units_of
from tests.support.rota_company import DAY, NOW, WINDOW, company, person, solve

pytestmark = pytest.mark.asyncio
NEXT = WINDOW + 28 * DAY
LATER = NEXT + 14 * DAY


class Stage:
    def __init__(self, database, snapshot) -> None:
        self.snapshot = snapshot
        self.clock = SimulatedClock(start_ns=NOW)
        self.store = RotaStore(database, self.clock)
        self.store.set_units(units_of(snapshot))
        self.unit = units_of(snapshot)[0].id
        self.desk = RotaDesk(
            self.store,
            self.clock,
            heard=lambda: HeardDirectory(self.snapshot),
            pseudonyms=_pseudonyms,
            solve=solve,
        )
        self.mending = Mending(self.desk)

    async def publish(self):
        draft = await self.desk.plan(self.unit, NEXT)
        self.store.publish(draft, draft.turns)

    def published(self):
        return self.store.find(self.unit, NEXT, State.PUBLISHED)

    async def breaches(self) -> list:
        of = await self.desk.ground_now()
        problem = problem_of(units_of(self.snapshot)[0], of, Span(window_ns=NEXT))
        return check(problem, rota_of(self.published().turns))

    def away(self, who="bo", days=5, kind="person"):
        return Closure(kind=kind, subject=who, from_ns=LATER, until_ns=LATER + days * DAY)


async def _pseudonyms(people):
    return {each: f"x-{each}" for each in people}


@pytest.fixture
async def stage(database, request):
    made = Stage(database, getattr(request, "param", company()))
    await made.publish()
    return made


def theirs(turns, who, closure):
    window = closure.from_ns, closure.until_ns
    return [turn for turn in turns if turn.person == who and overlap(turn[:2], window)]


async def test_consequences_are_shown_without_any(stage):
    before = stage.published()
    closure = stage.away()
    [found] = await stage.mending.absent(closure, by="bo", is_dry=True)
    assert len(found.vacated) == len(theirs(before.turns, "bo", closure)) > 0
    assert found.request.n_forced == len(found.vacated)
    assert stage.published() == before
    assert stage.store.requests(*RequestState) == []
    assert stage.store.closures(NOW) == []


async def test_an_absence_is_a_gap_at_once_and_filled_by_those_who_say_yes(stage):
    closure = stage.away()
    [found] = await stage.mending.absent(closure, by="bo", is_dry=False)
    assert theirs(stage.published().turns, "bo", closure) == []
    request = found.request
    assert request.kind is RequestKind.ABSENCE
    assert request.asked
    assert "bo" not in request.asked
    gaps = [turn for turn in stage.published().turns if turn.person is None]
    assert len(gaps) >= len(found.vacated)
    for who in request.asked:
        assert stage.store.find_request(request.id).state is RequestState.OPEN
        request = await stage.desk.answer(request.id, who, is_yes=True)
    assert request.state is RequestState.APPLIED
    assert await stage.breaches() == []
    assert theirs(stage.published().turns, "bo", closure) == []


async def test_whoever_is_erased_while_a_rota_is_mended_is_asked_for_nothing(stage, monkeypatch):
    async def solve_meanwhile(job):
        stage.store.erase(Traces(person="cy"))
        return await solve(job)

    monkeypatch.setattr(stage.desk, "solve", solve_meanwhile)
    closure = stage.away()
    with pytest.raises(Moved, match="erased meanwhile"):
        await stage.mending.absent(closure, by="bo", is_dry=False)
    assert stage.store.requests(*RequestState) == []
    assert theirs(stage.published().turns, "bo", closure) == [], (
        "who is away is off duty all the same"
    )


async def test_at_most_twice_the_forced_shifts_change_hands(stage):
    [found] = await stage.mending.absent(stage.away(), by="bo", is_dry=True)
    assert len(found.request.changes) <= 2 * found.request.n_forced


@pytest.mark.parametrize("stage", [company(tier=Tier.DAYLIGHT)], indirect=True)
async def test_what_comes_early_enough_needs_nobodys_yes_but_around_the_clock(stage):
    [found] = await stage.mending.absent(stage.away("ana"), by="ana", is_dry=False)
    if found.request is not None:
        assert found.request.state is RequestState.APPLIED
    assert await stage.breaches() == []


async def test_leave_in_the_directory_mends_the_rota(stage):
    leave = Leave(person="bo", first=date(2027, 1, 4), last=date(2027, 1, 10))
    stage.snapshot = company(leave, version=2)
    found = await stage.mending.mend(stage.unit, NEXT, kind=RequestKind.DIRECTORY, by=NOBODY)
    assert found.problem == ""
    assert all(piece.before == "bo" for piece in found.vacated)
    assert stage.published().inputs.directory_version == 2
    again = await stage.mending.mend(stage.unit, NEXT, kind=RequestKind.DIRECTORY, by=NOBODY)
    assert again.vacated == ()
    assert stage.store.find_request(found.request.id).state is RequestState.WITHDRAWN


def an_update(monkeypatch, folder, *, zone: str, rules: str) -> None:
    """From now on the time zone database has other rules for the zone."""
    package = resources.files("tzdata")
    shutil.copytree(package / "zoneinfo", folder / "zoneinfo")
    shutil.copy(package / "zones", folder)
    (folder / "zoneinfo" / zone).write_bytes((package / "zoneinfo" / rules).read_bytes())
    monkeypatch.setattr(zones.resources, "files", lambda _name: folder)
    monkeypatch.setattr(zones, "zone", zones.zone.__wrapped__)


async def test_an_update_of_the_time_zones_mends_the_rota(stage, monkeypatch, tmp_path):
    settled = await stage.mending.mend(stage.unit, NEXT, kind=RequestKind.DIRECTORY, by=NOBODY)
    assert (settled.vacated, settled.request) == ((), None)
    before = stage.published().inputs
    an_update(monkeypatch, tmp_path / "tz", zone="Africa/Nairobi", rules="Pacific/Auckland")
    found = await stage.mending.mend(stage.unit, NEXT, kind=RequestKind.DIRECTORY, by=NOBODY)
    assert found.problem == ""
    assert stage.published().inputs.digest != before.digest
    assert await stage.breaches() == []


async def test_whoever_has_left_has_no_hours(stage):
    people = tuple(each for each in company().people if each.id != "bo")
    stage.snapshot = company(people=people, version=2)
    found = await stage.mending.mend(stage.unit, NEXT, kind=RequestKind.DIRECTORY, by=NOBODY)
    assert found.problem == ""
    assert {turn.person for turn in stage.published().turns}.isdisjoint({"bo"})


async def test_a_lost_hub_takes_everybody_there_off_duty(database):
    people = tuple(
        person(name, hub="tokyo" if name in ("ana", "hal") else None)
        for name in ("ana", "bo", "cy", "di", "eve", "fay", "gil", "hal")
    )
    stage = Stage(database, company(people=people))
    await stage.publish()
    closure = stage.away("tokyo", 7, "hub")
    [found] = await stage.mending.absent(closure, by="eve", is_dry=False)
    assert found.request is None or found.request.kind is RequestKind.LOST
    for who in ("ana", "hal"):
        assert theirs(stage.published().turns, who, closure) == []


async def test_a_journey_is_planned_by_the_clock_that_is_lived_by(stage):
    journey = Journey(person="ana", from_ns=NEXT, until_ns=NEXT + 20 * DAY, zone="Europe/Paris")
    await stage.mending.travels(journey, by="ana", is_dry=False)
    of = await stage.desk.ground_now()
    problem = problem_of(units_of(stage.snapshot)[0], of, Span(window_ns=NEXT))
    assert {p.id: p.zone for p in problem.people}["ana"] == "Europe/Paris"


async def test_what_is_over_is_refused(stage):
    closure = msgspec.structs.replace(stage.away(), from_ns=NOW - DAY, until_ns=NOW)
    with pytest.raises(Permanent, match="is over"):
        await stage.mending.absent(closure, by="bo", is_dry=False)


async def test_hours_that_wait_for_a_yes_count_when_others_are_planned(database):
    stage = Stage(database, company())
    first = await stage.desk.plan(stage.unit, WINDOW)
    key = first.unit, first.window_ns, first.version
    waiting = await asyncio.to_thread(stage.desk.publish, *key, by="eve")
    of = await stage.desk.ground_now()
    people = problem_of(units_of(stage.snapshot)[0], of, Span(window_ns=NEXT)).people
    held = {person.id: set(person.held) for person in people}
    assert any(p.end_ns > NEXT - 21 * DAY for each in waiting for p in each.changes)
    for request in waiting:
        near = {piece[:2] for piece in request.changes if piece.end_ns > NEXT - 21 * DAY}
        assert near <= held[request.asked[0]], "every law looks back at least three weeks"
