"""What a new rota, and time, change about the handoffs that there are."""

from datetime import date

from msgspec.structs import replace

from sunwise.contracts.people.directory import Leave, Role
from sunwise.contracts.people.duty import TakenShift
from sunwise.contracts.people.handoff import HandoffState
from sunwise.people.handoff.acceptance import accept, advance, closed, replanned
from sunwise.people.handoff.following import Closing, Opening, Releasing, Replanning, changes
from tests.support.handoff_company import at, company, day, roster, slot

ONE = ("ledger",)


def opened(known_roster, now_h: float) -> dict:
    """The primary's handoffs that a rota opens, by id."""
    found = changes({}, known_roster, at(now_h))
    assert all(isinstance(each, Opening) for each in found)
    handoffs = [each.handoff for each in found]
    return {h.id: h for h in handoffs if h.seam.role is Role.PRIMARY}


def at_eight(handoffs: dict):
    return next(each for each in handoffs.values() if each.seam.at_ns == at(8))


def of(found, handoff) -> list:
    return [each for each in found if getattr(each, "id", None) == handoff.id]


def test_a_first_rota_opens_what_comes_and_leaves_what_is_long_over():
    handoffs = opened(roster(day(ONE)), 10)
    assert [(h.seam.outgoing, h.seam.incoming) for h in handoffs.values()] == [("bo", "cy")]


def test_a_plan_names_secondary_deputy_and_the_rest_limit():
    handoff = at_eight(opened(roster(day(ONE)), 1))
    assert (handoff.secondary, handoff.deputy) == ("di", "di")
    assert handoff.keeps_until_ns == at(12), "12 h after the shift began"


def test_the_same_rota_again_changes_nothing():
    rota = roster(day(ONE))
    known = {each.handoff.id: each.handoff for each in changes({}, rota, at(1))}
    assert changes(known, rota, at(1)) == []
    assert changes(known, rota, at(8.5)) == []


def test_a_swap_changes_who_comes_in():
    known = opened(roster(day(ONE)), 1)
    slots = [slot("ledger", "eve", 8, 16) if s.person == "bo" else s for s in day(ONE)]
    found = changes(known, roster(slots), at(2))
    assert [each.plan.seam.incoming for each in of(found, at_eight(known))] == ["eve"]


def test_a_seam_that_moved_is_withdrawn_and_opened_anew():
    known = opened(roster(day(ONE)), 1)
    slots = [slot("ledger", "ana", 0, 9), slot("ledger", "bo", 9, 16), slot("ledger", "cy", 16, 24)]
    found = changes(known, roster(slots), at(2))
    assert Closing(at_eight(known).id, HandoffState.WITHDRAWN) in found
    assert [e.handoff.seam.at_ns for e in found if isinstance(e, Opening)] == [at(9)]


def test_one_whose_time_has_come_is_not_withdrawn_by_a_rota_that_lets_the_outgoing_go_on():
    known = opened(roster(day(ONE)), 1)
    slots = [
        slot("ledger", "ana", 0, 9, actual=True),
        slot("ledger", "bo", 9, 16),
        slot("ledger", "cy", 16, 24),
    ]
    assert [
        c for c in changes(known, roster(slots), at(8.5)) if not isinstance(c, Replanning)
    ] == []


def test_an_acceptance_that_the_rota_marks_is_no_new_seam():
    known = opened(roster(day(ONE)), 1)
    handoff = at_eight(known)
    advanced, _ = advance(handoff, at(8))
    for who, since in (("bo", 8.4), ("di", 9.0)):
        early, _ = advance(advanced, at(8.5))
        accepted, _ = accept(early, who, at(since))
        slots = [
            slot("ledger", "ana", 0, since, actual=True),
            slot("ledger", who, since, 16, actual=True),
            slot("ledger", "cy", 16, 24),
        ]
        found = changes(known | {accepted.id: accepted}, roster(slots), at(since + 0.1))
        assert not any(
            isinstance(each, Opening) and each.handoff.seam.at_ns < at(16) for each in found
        )


def test_whoever_takes_the_shift_meanwhile_is_asked_instead():
    known = opened(roster(day(ONE)), 1)
    slots = [
        slot("ledger", "ana", 0, 8),
        slot("ledger", "bo", 8, 8.5),
        slot("ledger", "eve", 8.5, 16, actual=True),
        slot("ledger", "cy", 16, 24),
    ]
    found = changes(known, roster(slots), at(8.6))
    assert [each.plan.seam.incoming for each in of(found, at_eight(known))] == ["eve"]
    assert not any(isinstance(each, Opening) for each in found), "bo had nothing to hand over"


def test_a_shift_that_was_taken_at_once_is_not_handed_over_again():
    """Else the duty would count as kept by whoever lost it, who may not have been there at all."""
    slots = [
        slot("ledger", "bo", 8, 10),
        slot("ledger", "eve", 10, 16, actual=True),
        slot("ledger", "cy", 16, 24),
    ]
    assert [each.seam.at_ns for each in opened(roster(slots), 10.1).values()] == [at(10), at(16)]
    taken = TakenShift(
        change="c1",
        services=ONE,
        role=Role.PRIMARY,
        since_ns=at(10),
        until_ns=at(16),
        before="bo",
        after="eve",
    )
    known = replace(roster(slots), taken=(taken,))
    assert [each.seam.at_ns for each in opened(known, 10.1).values()] == [at(16)]
    from_another = replace(known, taken=(replace(taken, before="ana"),))
    assert [each.seam.at_ns for each in opened(from_another, 10.1).values()] == [at(10), at(16)]


def test_an_outgoing_who_takes_the_next_shift_too_has_nothing_to_hand_over():
    known = opened(roster(day(ONE)), 1)
    slots = [slot("ledger", "ana", 0, 16, actual=True), slot("ledger", "cy", 16, 24)]
    found = changes(known, roster(slots), at(8.6))
    assert Closing(at_eight(known).id, HandoffState.WITHDRAWN) in found


def test_an_outgoing_who_left_is_released():
    known = opened(roster(day(ONE)), 1)
    found = changes(known, roster(day(ONE), company(services=ONE, without="ana")), at(8.5))
    assert Releasing(at_eight(known).id) in found


def test_an_incoming_on_leave_and_a_deputy_in_rest_are_barred():
    leave = Leave(person="bo", first=date(2026, 11, 27), last=date(2026, 11, 27))
    rota = roster(day(ONE), company(leave, services=ONE))
    assert at_eight(opened(rota, 1)).barred == ("bo",)
    primaries = [each for each in day(ONE) if each.role is Role.PRIMARY]
    tired = [*primaries, slot("other", "di", -4, 3)]
    assert "di" in at_eight(opened(roster(tired), 1)).barred


def test_leave_ends_with_its_day_where_the_person_is():
    leave = Leave(person="cy", first=date(2026, 11, 26), last=date(2026, 11, 26))
    known = roster(day(ONE), company(leave, services=ONE))
    assert known.is_away("cy", at(3)), "still the 26th in New York"
    assert not known.is_away("cy", at(6))


def test_what_nobody_accepted_lapses_when_the_next_one_comes():
    known = opened(roster(day(ONE)), 1)
    found = changes(known, roster(day(ONE)), at(16))
    assert Closing(at_eight(known).id, HandoffState.LAPSED) in found


def test_whoever_never_took_it_over_keeps_nothing_at_the_next_seam():
    rota = roster(day(ONE))
    known = opened(rota, 1)
    second = next(each for each in known.values() if each.seam.at_ns == at(16))
    found = of(changes(known, rota, at(15.5)), second)
    assert [each.plan.keeps_until_ns for each in found] == [at(16)]
    late, _ = replanned(second, found[0].plan, at(15.5))
    first, _ = accept(at_eight(known), "bo", at(15.6))
    again = of(changes(known | {first.id: first, late.id: late}, rota, at(15.7)), second)
    assert [each.plan.keeps_until_ns for each in again] == [at(20)]


def test_where_a_kept_duty_ended_by_the_rota_is_no_seam_of_its_own():
    known = opened(roster(day(ONE)), 1)
    first = at_eight(known)
    kept = [
        slot("ledger", "ana", 0, 12),
        slot("ledger", "bo", 12, 16),
        slot("ledger", "cy", 16, 24),
    ]
    late, _ = advance(first, at(12.1))
    states = (accept(late, "bo", at(12))[0], late, closed(late, HandoffState.LAPSED, at(12.2))[0])
    for state in states:
        found = changes(known | {first.id: state}, roster(kept), at(12.2))
        assert not any(isinstance(each, Opening) for each in found), state.state


def test_a_service_with_two_on_duty_keeps_its_handoffs_as_they_are():
    known = opened(roster(day(ONE)), 1)
    both = [*day(ONE), slot("ledger", "eve", 8, 16)]
    assert [c for c in changes(known, roster(both), at(2)) if not isinstance(c, Opening)] == []


def test_a_withdrawn_seam_that_comes_back_is_opened_again():
    known = opened(roster(day(ONE)), 1)
    gone, _ = closed(at_eight(known), HandoffState.WITHDRAWN, at(2))
    found = changes(known | {gone.id: gone}, roster(day(ONE)), at(2))
    assert [
        e.handoff.id
        for e in found
        if isinstance(e, Opening) and e.handoff.seam.role is Role.PRIMARY
    ] == [gone.id]


def test_whoever_goes_on_leave_within_the_shift_is_barred():
    leave = Leave(person="bo", first=date(2026, 11, 28), last=date(2026, 11, 28))
    slots = [slot("ledger", "ana", 0, 8), slot("ledger", "bo", 8, 24)]  # to 01:00 in Paris
    assert "bo" in at_eight(opened(roster(slots, company(leave, services=ONE)), 1)).barred
    assert "bo" not in at_eight(opened(roster(slots, company(services=ONE)), 1)).barred


def test_nobody_is_kept_on_duty_into_their_leave():
    leave = Leave(person="ana", first=date(2026, 11, 28), last=date(2026, 11, 28))
    slots = [slot("ledger", "ana", 8, 14), slot("ledger", "bo", 14, 20)]  # to 23:00 in Tokyo
    (kept,) = opened(roster(slots, company(services=ONE)), 1).values()
    assert kept.keeps_until_ns > at(15)
    (kept,) = opened(roster(slots, company(leave, services=ONE)), 1).values()
    assert kept.keeps_until_ns == at(15)
