"""What the page Rota shows of a swap and does, on the rota's real desk and store."""

from dataclasses import replace

import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import GuardStore, How, NotAllowed, Principal
from sunwise.chassis.guard import Role as GuardRole
from sunwise.chassis.guard.rights import scopes_of
from sunwise.cli.people_swaps import RotaSwaps, swaps
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.kept import State
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.taking import Taking
from sunwise.web.swaps import Move, ShiftName, SwapWish, effects_of, key_of
from tests.support.rota_company import NOW, UNIT, WINDOW, company, published, solve, turn

pytestmark = pytest.mark.asyncio


async def no_pseudonyms(_people):
    return {}


@pytest.fixture
def store(tmp_path):
    database = open_database(tmp_path / "rota.db", is_derived=False)
    store = RotaStore(database, SimulatedClock(start_ns=NOW))
    published(store, turn(0, 8, "ana"), turn(8, 16, "bo"), turn(16, 24, "cy"))
    yield store
    database.dispose()


@pytest.fixture
def desk(store, tmp_path):
    clock = SimulatedClock(start_ns=NOW)
    snapshot = company()
    heard = HeardDirectory(snapshot)
    desk = RotaDesk(store, clock, heard=lambda: heard, pseudonyms=no_pseudonyms, solve=solve)
    engine = open_database(tmp_path / "guard.db", is_derived=False)
    yield RotaSwaps(desk, Taking(desk, GuardStore(engine, clock).audit))
    engine.dispose()


def member(person: str, *more: GuardRole) -> Principal:
    roles = frozenset({GuardRole.MEMBER, *more})
    return Principal(person_id=person, roles=roles, how=How.SESSION, scopes=scopes_of(roles))


def hours(since_h: float, until_h: float) -> tuple[int, int]:
    return NOW + round(since_h * NS_PER_HOUR), NOW + round(until_h * NS_PER_HOUR)


def wish(giver: str | None, taker: str, since_h: float = 8, until_h: float = 16) -> SwapWish:
    return SwapWish(
        services=["ledger", "matching"],
        role="primary",
        since_ns=NOW + round(since_h * NS_PER_HOUR),
        until_ns=NOW + round(until_h * NS_PER_HOUR),
        giver=giver,
        taker=taker,
    )


def holder(store) -> str | None:
    kept = store.find(UNIT, WINDOW, State.PUBLISHED)
    return next(t.person for t in kept.turns if t.start_ns == NOW + 8 * NS_PER_HOUR)


async def test_what_is_shown_changes_nothing_and_names_who_must_agree(desk, store):
    shown = await desk.dry(member("bo"), wish("bo", "eve"))
    assert shown.asks == ("eve",)
    assert (holder(store), await desk.waiting_for("eve")) == ("bo", [])
    again = await desk.dry(member("bo"), wish("bo", "eve"))
    assert key_of(shown, NOW) == key_of(again, NOW)


async def test_what_is_left_of_a_running_shift_is_confirmed_a_moment_later(desk):
    clock = desk._desk.clock
    keys = []
    for _ in range(2):
        clock.advance_ns(NS_PER_HOUR // 60)
        shown = await desk.dry(member("ana"), wish("ana", "eve", 0, 8))
        keys.append(key_of(shown, clock.now_ns()))
    assert keys[0] == keys[1]
    other = await desk.dry(member("ana"), wish("ana", "gil", 0, 8))
    assert key_of(other, clock.now_ns()) != keys[0]


async def test_a_swap_is_applied_by_the_takers_own_yes(desk, store):
    await desk.ask(member("bo"), wish("bo", "eve"))
    (waiting,) = await desk.waiting_for("eve")
    assert (waiting.asked_by, waiting.why, holder(store)) == ("bo", "a swap", "bo")
    (item,) = await swaps(desk, company)(member("eve"))
    assert item.link == "/rota#requests"
    await desk.answer("eve", waiting.id, is_yes=True)
    assert holder(store) == "eve"
    assert await desk.waiting_for("eve") == []


async def test_taking_a_shift_asks_whoever_loses_it(desk, store):
    taken = await desk.ask(member("eve"), wish("bo", "eve"))
    assert (taken.asks, holder(store)) == (("bo",), "bo")
    (waiting,) = await desk.waiting_for("bo")
    await desk.answer("bo", waiting.id, is_yes=True)
    assert holder(store) == "eve"


async def test_two_shifts_are_swapped_by_one_yes(desk, store):
    back = ShiftName(["ledger", "matching"], "primary", *hours(16, 24))
    two = replace(wish("bo", "cy"), back=back)
    shown = await desk.ask(member("bo"), two)
    assert [(move.before, move.after) for move in shown.moves] == [("bo", "cy"), ("cy", "bo")]
    effects = effects_of(shown.moves, company())
    assert {each.person.id: each.duty_h for each in effects} == {"bo": 0, "cy": 0}
    (waiting,) = await desk.waiting_for("cy")
    await desk.answer("cy", waiting.id, is_yes=True)
    turns = store.find(UNIT, WINDOW).turns
    assert [turn.person for turn in turns] == ["ana", "cy", "bo"]


async def test_a_gap_is_accepted_by_whoever_leads_the_team_and_nobody_else(desk, store):
    published(store, turn(0, 8, "ana"), turn(8, 16, None))
    gap = ShiftName(["ledger", "matching"], "primary", *hours(8, 16))
    with pytest.raises(NotAllowed):
        await desk.accept_gap(member("bo"), gap)
    await desk.accept_gap(member("eve", GuardRole.LEAD), gap)
    assert store.find(UNIT, WINDOW).turns[1].gap_owner == "eve"


async def test_nobody_gives_a_shift_from_one_to_another(desk):
    with pytest.raises(NotAllowed, match="ask them"):
        await desk.dry(member("di"), wish("bo", "eve"))


async def test_what_the_law_forbids_is_refused_before_anybody_is_asked(desk, store):
    with pytest.raises(Permanent):
        await desk.ask(member("bo"), wish("bo", "ana"))  # 16 h in a row
    assert (holder(store), await desk.waiting_for("ana")) == ("bo", [])


async def test_services_that_are_planned_apart_are_not_swapped_together(desk):
    other = wish("bo", "eve")
    other.services.append("wallets")
    with pytest.raises(Permanent, match="planned apart"):
        await desk.dry(member("bo"), other)


async def test_effects_count_nights_and_holidays_on_each_persons_own_clock():
    move = Move(
        role="primary",
        since_ns=NOW + 8 * NS_PER_HOUR,
        until_ns=NOW + 16 * NS_PER_HOUR,
        before="bo",
        after="cy",
    )
    gains, loses = effects_of([move], company())
    assert (gains.person.id, gains.duty_h, gains.night_h) == ("cy", 8, 4)
    assert (loses.person.id, loses.duty_h, loses.night_h) == ("bo", -8, 0)


async def test_thanksgiving_is_counted_where_it_is_celebrated():
    eve_ns = NOW - 12 * NS_PER_HOUR  # Thursday 26 November, 07:00 in New York
    move = Move(
        role="primary", since_ns=eve_ns, until_ns=eve_ns + 4 * NS_PER_HOUR, before="bo", after="cy"
    )
    gains, loses = effects_of([move], company())
    assert (gains.holiday_h, loses.holiday_h) == (4, 0)
