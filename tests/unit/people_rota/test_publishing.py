"""Nobody gets hours later than their notice allows without their own yes."""

import msgspec
import pytest

from sunwise.contracts.people.directory import Tier
from sunwise.people.rota.kept import DAY_NS, RequestKind
from sunwise.people.rota.publishing import Unlawful, asked_of, demand_lawful, publication, vacated
from sunwise.people.rota.turns import Piece, rota_of
from sunwise.people.rota.units import Ground, Span, ZoneGone, problem_of, units_of
from tests.support.rota_company import (
    DAY,
    NOW,
    WINDOW,
    company,
    draft,
    turn,
)


def problem(snapshot=None):
    snapshot = snapshot or company()
    [unit] = units_of(snapshot)
    return problem_of(unit, Ground(snapshot=snapshot), Span(window_ns=WINDOW, from_ns=NOW))


NOTICE_H = max(person.law.notice_days for person in problem().people) * 24


def test_a_first_rota_asks_each_person_for_what_comes_sooner_than_their_notice():
    soon, late = turn(8, 16, "bo"), turn(NOTICE_H, NOTICE_H + 8, "bo")
    found = publication(problem(), draft(soon, late), None, now_ns=NOW, asked_by="eve")
    assert [each.person for each in found.turns] == [None, "bo"]
    [request] = found.requests
    assert (request.kind, request.asked) == (RequestKind.ASSIGN, ("bo",))
    assert request.changes == (Piece(*soon[:3], None, "bo"),)


def test_a_published_rota_is_replaced_whole_or_when_everybody_said_yes():
    before = msgspec.structs.replace(draft(turn(8, 16, "bo"), turn(16, 24, "cy")), version=1)
    after = draft(turn(8, 16, "cy"), turn(16, 24, "bo"))
    found = publication(problem(), after, before, now_ns=NOW, asked_by="eve")
    assert found.turns == before.turns
    [request] = found.requests
    assert request.asked == ("bo", "cy")
    late = turn(NOTICE_H, NOTICE_H + 8, "bo")
    found = publication(
        problem(),
        draft(late._replace(person="cy")),
        draft(late),
        now_ns=NOW,
        asked_by="eve",
    )
    assert found.requests == ()
    assert [each.person for each in found.turns] == ["cy"]


def test_whoever_gets_hours_around_the_clock_is_asked_however_early():
    change = Piece(*turn(NOTICE_H, NOTICE_H + 8, "bo")[:3], "bo", "cy")
    assert asked_of(problem(), [change], now_ns=NOW, takers=False) == []
    assert asked_of(problem(), [change], now_ns=NOW, takers=True) == ["cy"]


def test_a_swap_that_breaks_the_law_is_refused_by_name_of_the_rule():
    before = (turn(0, 8, "bo"), turn(8, 16, "cy"))
    with pytest.raises(Unlawful, match="bo would be on duty for too long"):
        demand_lawful(problem(), before, (turn(0, 8, "bo"), turn(8, 16, "bo")))
    demand_lawful(problem(), before, before)


def on_day(day, who, first_h=0, last_h=8):
    return turn(24 * day + first_h, 24 * day + last_h, who)


STRAINED = tuple(on_day(day, "bo") for day in range(3))
"""24 h in a week that may hold 20."""


def of_20_hours_a_week():
    found = problem()
    rules = msgspec.structs.replace(found.people[0].rules, week_limit_h=20)
    people = (msgspec.structs.replace(person, rules=rules) for person in found.people)
    return msgspec.structs.replace(found, people=tuple(people))


@pytest.mark.parametrize("day", [4, 8])
def test_hours_beyond_a_limit_that_is_broken_already_are_refused(day):
    """On day 8 the week that begins with day 2 is broken, which was whole."""
    others = on_day(6, "bo"), on_day(day, "cy")
    before = (*STRAINED, *others)
    after = (*STRAINED, others[0], others[1]._replace(person="bo"))
    with pytest.raises(Unlawful, match="bo would have too many hours in one week"):
        demand_lawful(of_20_hours_a_week(), before, after)


def test_hours_of_a_week_that_holds_too_many_may_be_given_away():
    *kept, last = STRAINED
    parts = on_day(2, "bo", 0, 2), on_day(2, "cy", 2, 8)
    for after in ([last._replace(person="cy")], parts):
        demand_lawful(of_20_hours_a_week(), STRAINED, (*kept, *after))


def test_turns_of_whoever_cannot_do_them_any_more_are_vacated():
    gone = company(people=tuple(p for p in company().people if p.id != "bo"))
    turns = (turn(-4, 4, "bo"), turn(8, 16, "cy"))
    [piece] = vacated(problem(gone), turns, NOW)
    assert piece == Piece(NOW, NOW + 4 * DAY // 24, turns[0].role, "bo", None)


def test_two_units_of_one_person_hold_each_others_hours():
    snapshot = company(
        services=(
            *company().services,
            msgspec.structs.replace(company().services[0], id="desk", tier=Tier.DAYLIGHT),
        )
    )
    first, second = units_of(snapshot)
    assert [first.tier, second.tier] == [Tier.ONE_ROLE, Tier.DAYLIGHT]
    held = turn(8, 16, "bo")
    ground = Ground(snapshot=snapshot, turns={"bo": ((first.id, WINDOW, held),)})
    span = Span(window_ns=WINDOW, from_ns=NOW)
    of_bo = next(p for p in problem_of(second, ground, span).people if p.id == "bo")
    assert of_bo.held == (held[:2],)
    own = next(p for p in problem_of(first, ground, span).people if p.id == "bo")
    assert own.held == ()


def test_the_window_begins_on_a_monday_for_everybody():
    assert (WINDOW // DAY_NS + 3) % 7 == 0
    assert WINDOW <= NOW < WINDOW + 28 * DAY_NS
    assert rota_of(draft().turns).gaps == ()


def test_a_zone_that_vanished_says_whose_it_is_and_what_to_write():
    people = (msgspec.structs.replace(company().people[0], zone="Europe/Berlyn"),)
    with pytest.raises(ZoneGone, match=r"ana: .*Europe/Berlin"):
        problem(company(people=people))
