"""What the page Today is made of."""

from msgspec.structs import replace

from sunwise.chassis.duty.holding import Holding
from sunwise.contracts.people.directory import Role
from sunwise.web.seen import DutyState
from sunwise.web.today import OnDuty, today_of
from sunwise.web.waiting import Waits
from tests.support.handoff_company import ZONES, at, company, day, slot

_DUTY = DutyState(version=1, as_of_ns=at(0), is_stale=False, is_planned=True)
_NOTHING = Waits(items=[], not_asked=[])


def today(hour: float, you: str, slots=None, snapshot=None, held=None):
    on_duty = OnDuty(day(days=2) if slots is None else slots, at(hour), held)
    return today_of(snapshot or company(), on_duty, you=you, duty=_DUTY, waits=_NOTHING)


def test_services_of_one_time_are_one_shift_with_both_neighbours():
    shift, *later = today(10, "bo").shifts
    assert shift.services == ["Ledger", "Matching"]
    assert (shift.before.id, shift.after.id) == ("ana", "cy")
    assert (shift.since_ns, shift.until_ns) == (at(8), at(16))
    assert [each.since_ns for each in later] == [at(32)]


def test_whoever_is_on_duty_is_shown_with_who_comes_next():
    service = today(10, "bo").services[0]
    primary, secondary = service.turns
    assert (primary.person.id, primary.then.id, primary.standing) == ("bo", "cy", "planned")
    assert secondary.role == "secondary"
    assert service.is_yours


def test_a_declared_gap_names_who_accepted_it():
    slots = [slot("ledger", None, 8, 16, gap_owner="eve")]
    turn = today(10, "bo", slots).services[0].turns[0]
    assert (turn.standing, turn.person, turn.gap_owner.id) == ("gap", None, "eve")


def test_between_two_slots_nobody_is_on_duty_until_the_next():
    slots = [slot("ledger", "ana", 0, 8), slot("ledger", "cy", 16, 24)]
    turn = today(10, "bo", slots).services[0].turns[0]
    assert (turn.standing, turn.until_ns, turn.then.id) == ("nobody", at(16), "cy")


def test_before_the_first_published_shift_and_after_the_last_nothing_is_known():
    slots = [slot("ledger", "ana", 8, 16)]
    for hour in (7, 17):
        turn = today(hour, "bo", slots).services[0].turns[0]
        assert (turn.standing, turn.person) == ("unknown", None)


def test_while_whoever_is_planned_has_not_accepted_the_one_before_is_shown_as_who_has_it():
    held = {("ledger", Role.PRIMARY): Holding("ana")}
    shown = today(8.2, "bo", held=held)
    turns = {service.id: service.turns[0] for service in shown.services}
    kept = turns["ledger"]
    assert (kept.standing, kept.holder.id, kept.person.id) == ("kept", "ana", "bo")
    assert (turns["matching"].standing, turns["matching"].holder) == ("planned", None)
    places = {each.zone: each.n_on_duty for each in shown.places}
    assert places[ZONES["ana"][0]] == 1


def test_a_duty_that_nobody_holds_is_not_shown_as_the_planned_persons():
    held = {("ledger", Role.PRIMARY): Holding(None)}
    turn = today(12, "bo", held=held).services[0].turns[0]
    assert (turn.standing, turn.holder, turn.person.id) == ("unheld", None, "bo")


def test_what_was_taken_over_is_held_by_whoever_took_it():
    slots = [slot("ledger", "bo", 8, 16, actual=True)]
    turn = (
        today(9, "bo", slots, held={("ledger", Role.PRIMARY): Holding("ana")}).services[0].turns[0]
    )
    assert (turn.standing, turn.holder) == ("actual", None)


def test_places_count_who_lives_there_and_who_is_on_duty():
    places = {each.zone: each for each in today(10, "bo").places}
    assert (places["Europe/Paris"].n_people, places["Europe/Paris"].n_on_duty) == (1, 1)
    assert places["Asia/Tokyo"].n_on_duty == 0
    assert sum(each.n_people for each in places.values()) == len(ZONES)


def test_whoever_has_left_is_not_counted_but_still_named_in_their_shift():
    shown = today(10, "ana", snapshot=company(without="bo"))
    assert shown.n_people == len(ZONES) - 1
    assert shown.services[0].turns[0].person.name == "Bo"


def test_a_person_is_shown_with_no_more_than_name_and_zone():
    seen = today(10, "bo").you
    assert set(seen.__dataclass_fields__) == {"id", "name", "zone"}


def test_a_runbook_that_is_no_address_is_not_shown_as_one():
    known = company()
    services = tuple(replace(each, runbook="javascript:alert(1)") for each in known.services)
    shown = today(10, "bo", snapshot=replace(known, services=services))
    assert {each.runbook for each in shown.services} == {""}


def test_one_role_that_the_rota_never_heard_of_is_left_out():
    slots = [slot("ledger", "bo", 8, 16, role=Role.SECONDARY)]
    assert [turn.role for turn in today(10, "bo", slots).services[0].turns] == ["secondary"]
