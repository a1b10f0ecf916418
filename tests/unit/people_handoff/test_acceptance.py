"""How a duty finds its next holder, rule by rule."""

import pytest
from msgspec.structs import replace

from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.handoff import (
    HandoffAccepted,
    HandoffAsked,
    HandoffClosed,
    HandoffState,
    HandoffUnanswered,
    HandoffUnheld,
    Step,
)
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE
from sunwise.people.handoff.acceptance import (
    LEAD_NS,
    WAIT_NS,
    Handoff,
    Refused,
    Why,
    accept,
    advance,
    closed,
    holder_at,
    opened,
    released,
    replanned,
    step_down,
)
from sunwise.people.handoff.seams import Seam

AT = 1_000 * NS_PER_HOUR
SEAM = Seam(
    services=("ledger", "matching"),
    role=Role.PRIMARY,
    outgoing="ana",
    incoming="bo",
    since_ns=AT - 8 * NS_PER_HOUR,
    outgoing_until_ns=AT,
    at_ns=AT,
    until_ns=AT + 8 * NS_PER_HOUR,
)
LIMIT = AT + 4 * NS_PER_HOUR


def new(seam: Seam = SEAM, **fields) -> Handoff:
    people = {"secondary": "cy", "deputy": "di", "rest_limit_ns": LIMIT, **fields}
    return opened(seam, **people)


def kinds(events) -> list[type]:
    return [type(event) for event in events]


def run(handoff: Handoff, *times_ns: int):
    events = []
    for time_ns in times_ns:
        handoff, more = advance(handoff, time_ns)
        events += more
    return handoff, events


def asked(events) -> list[str]:
    return [event.person for event in events if isinstance(event, HandoffAsked)]


def test_nobody_is_asked_before_the_lead_time():
    handoff, events = advance(new(), AT - LEAD_NS - 1)
    assert (handoff.state, events) == (HandoffState.PLANNED, [])
    with pytest.raises(Refused) as refused:
        accept(handoff, "bo", AT - LEAD_NS - 1)
    assert refused.value.why is Why.NOT_YET


def test_the_incoming_is_asked_in_the_lead_time_and_once():
    handoff, events = run(new(), AT - LEAD_NS, AT - LEAD_NS + 1, AT)
    assert handoff.state is HandoffState.OFFERED
    assert kinds(events) == [HandoffAsked]
    assert (events[0].person, events[0].step) == ("bo", Step.INCOMING)


def test_accepted_early_the_incoming_holds_it_from_the_seam_on():
    handoff, events = accept(new(), "bo", AT - NS_PER_MINUTE)
    assert kinds(events) == [HandoffAccepted]
    assert events[0].since_ns == AT
    assert holder_at(handoff, AT - 1) == "ana"
    assert holder_at(handoff, AT) == "bo"


def test_not_accepted_in_30_minutes_the_secondary_is_asked_then_the_deputy():
    times = [AT - LEAD_NS, AT + WAIT_NS - 1, AT + WAIT_NS, AT + 2 * WAIT_NS - 1, AT + 2 * WAIT_NS]
    asked_by = []
    handoff = new()
    for time_ns in times:
        handoff, events = advance(handoff, time_ns)
        asked_by.append(asked(events))
    assert asked_by == [["bo"], [], ["cy"], [], ["di"]]


def test_the_secondary_may_not_accept_before_being_asked():
    handoff, _ = run(new(), AT - LEAD_NS, AT)
    with pytest.raises(Refused, match="bo is asked first") as refused:
        accept(handoff, "cy", AT)
    assert refused.value.why is Why.NOT_ASKED


def test_the_first_who_accepts_holds_it():
    handoff, _ = run(new(), AT - LEAD_NS, AT + WAIT_NS)
    handoff, events = accept(handoff, "cy", AT + WAIT_NS + 5)
    assert (events[-1].holder, events[-1].step) == ("cy", Step.SECONDARY)
    with pytest.raises(Refused, match="cy has accepted") as refused:
        accept(handoff, "bo", AT + WAIT_NS + 6)
    assert refused.value.why is Why.HELD
    assert holder_at(handoff, AT + WAIT_NS + 6) == "cy"


def test_accepting_again_changes_nothing_and_is_no_error():
    handoff, _ = accept(new(), "bo", AT)
    assert accept(handoff, "bo", AT + 5) == (handoff, [])


def test_the_outgoing_keeps_the_duty_until_somebody_accepts():
    handoff, _ = run(new(), AT - LEAD_NS, AT + WAIT_NS, AT + 2 * WAIT_NS)
    assert holder_at(handoff, AT + 2 * WAIT_NS) == "ana"


def test_at_the_rest_limit_the_outgoing_is_released_and_a_gap_is_declared():
    handoff, events = run(new(), AT - LEAD_NS, LIMIT - 1)
    assert holder_at(handoff, LIMIT - 1) == "ana"
    assert HandoffUnheld not in kinds(events)
    handoff, events = advance(handoff, LIMIT)
    assert handoff.state is HandoffState.UNHELD
    assert HandoffUnheld in kinds(events)
    assert holder_at(handoff, LIMIT) is None
    assert advance(handoff, LIMIT + 1)[1] == []


def test_without_one_lawful_minute_more_the_gap_is_declared_at_the_seam_and_all_are_asked():
    handoff, events = run(new(rest_limit_ns=AT), AT - LEAD_NS, AT)
    assert handoff.state is HandoffState.UNHELD
    assert asked(events) == ["bo", "cy", "di"]


def test_a_late_acceptance_ends_the_gap_from_then_on():
    handoff, _ = run(new(), AT - LEAD_NS, LIMIT)
    handoff, events = accept(handoff, "bo", LIMIT + 7)
    assert events[-1].since_ns == LIMIT + 7
    assert holder_at(handoff, LIMIT + 6) is None
    assert holder_at(handoff, LIMIT + 7) == "bo"


def test_silence_of_everybody_is_told_before_the_outgoing_is_released():
    times = [AT - LEAD_NS, *(AT + n * WAIT_NS for n in (1, 2, 3, 4))]
    _, events = run(new(), *times)
    assert kinds(events) == [HandoffAsked] * 3 + [HandoffUnanswered]
    assert events[-1].unheld_ns == LIMIT


def test_the_outgoing_cannot_accept_their_own_handoff():
    handoff, _ = run(new(secondary="ana"), AT - LEAD_NS, AT + WAIT_NS)
    with pytest.raises(Refused):
        accept(handoff, "ana", AT + WAIT_NS)


def test_an_incoming_who_is_away_is_not_asked_and_the_secondary_is_at_once():
    handoff, events = advance(new(barred=("bo",)), AT - LEAD_NS)
    assert asked(events) == ["cy"]
    with pytest.raises(Refused) as refused:
        accept(handoff, "bo", AT)
    assert refused.value.why is Why.UNLAWFUL


def test_where_nobody_can_be_asked_that_is_told_at_once():
    handoff, events = advance(new(barred=("bo", "cy", "di")), AT - LEAD_NS)
    assert kinds(events) == [HandoffUnanswered]
    assert holder_at(handoff, AT) == "ana"


def test_without_a_secondary_the_deputy_is_next():
    _, events = run(new(secondary=None), AT - LEAD_NS, AT + WAIT_NS)
    assert asked(events) == ["bo", "di"]


def test_one_person_is_asked_once_whatever_they_are():
    _, events = run(new(secondary="di"), AT - LEAD_NS, AT + WAIT_NS, AT + 2 * WAIT_NS)
    assert asked(events) == ["bo", "di"]
    assert kinds(events)[-1] is HandoffUnanswered


def test_an_outgoing_who_steps_down_after_their_shift_leaves_a_gap_that_is_declared():
    handoff, _ = run(new(), AT - LEAD_NS, AT)
    with pytest.raises(Refused) as refused:
        step_down(handoff, "ana", AT - 1)
    assert refused.value.why is Why.NOT_YET
    handoff, events = step_down(handoff, "ana", AT + 5)
    assert kinds(events) == [HandoffUnheld, HandoffAsked, HandoffAsked]
    assert events[0].since_ns == AT + 5
    assert holder_at(handoff, AT + 5) is None


def test_nobody_steps_down_for_another_or_twice():
    handoff, _ = run(new(), AT - LEAD_NS, AT)
    with pytest.raises(Refused):
        step_down(handoff, "bo", AT)
    handoff, _ = step_down(handoff, "ana", AT + 5)
    with pytest.raises(Refused, match="released already"):
        step_down(handoff, "ana", AT + 6)


def test_an_outgoing_who_left_keeps_nothing_beyond_the_seam():
    handoff, events = released(new(), AT - 2 * LEAD_NS)
    assert events == []
    handoff, events = run(handoff, AT - LEAD_NS, AT)
    assert HandoffUnheld in kinds(events)
    assert holder_at(handoff, AT) is None


def test_a_shift_that_somebody_took_meanwhile_is_theirs_to_accept():
    handoff, _ = run(new(), AT - LEAD_NS, AT)
    taken = new(replace(SEAM, incoming="eve", outgoing="zoe"))
    handoff, events = replanned(handoff, taken, AT + 20 * NS_PER_MINUTE)
    assert asked(events) == ["eve"]
    assert handoff.seam.outgoing == "ana", "who holds it now does not change"
    with pytest.raises(Refused, match="offered to eve"):
        accept(handoff, "bo", AT + 21 * NS_PER_MINUTE)
    _, events = advance(handoff, AT + 20 * NS_PER_MINUTE + WAIT_NS - 1)
    assert events == [], "they have the whole wait"


def test_before_the_seam_the_outgoing_may_change_too():
    handoff, _ = replanned(new(), new(replace(SEAM, outgoing="zoe")), AT - 2 * LEAD_NS)
    assert holder_at(handoff, AT) == "zoe"


def test_a_final_handoff_is_not_replanned():
    handoff, _ = accept(new(), "bo", AT)
    assert replanned(handoff, new(replace(SEAM, incoming="eve")), AT + 1) == (handoff, [])


def test_with_nobody_on_duty_before_it_the_gap_is_declared_one_wait_after_the_seam():
    daylight = replace(SEAM, outgoing_until_ns=AT - 15 * NS_PER_HOUR)
    handoff, events = run(new(daylight), AT - LEAD_NS, AT, AT + WAIT_NS - 1)
    assert holder_at(handoff, AT - 1) is None
    assert HandoffUnheld not in kinds(events)
    _, events = advance(handoff, AT + WAIT_NS)
    assert HandoffUnheld in kinds(events)
    with pytest.raises(Refused):
        step_down(handoff, "ana", AT + 1)


def test_an_outgoing_who_never_took_it_over_keeps_nothing():
    handoff, _ = run(new(outgoing_holds=False), AT - LEAD_NS, AT)
    assert holder_at(handoff, AT) is None
    assert handoff.unheld_ns == AT + WAIT_NS


@pytest.mark.parametrize("state", [HandoffState.LAPSED, HandoffState.WITHDRAWN])
def test_what_is_over_cannot_be_accepted(state):
    handoff, events = closed(run(new(), AT - LEAD_NS)[0], state, AT)
    assert kinds(events) == [HandoffClosed]
    with pytest.raises(Refused, match="is over") as refused:
        accept(handoff, "bo", AT)
    assert refused.value.why is Why.OVER
    assert advance(handoff, LIMIT) == (handoff, [])
    assert closed(handoff, state, AT) == (handoff, [])


def test_how_long_the_outgoing_kept_it_is_told_when_somebody_accepts_late():
    _, (early,) = accept(new(), "bo", AT - NS_PER_MINUTE)
    assert (early.at_ns, early.kept_until_ns) == (AT, AT)
    _, events = accept(run(new(), AT)[0], "bo", AT + NS_PER_HOUR)
    assert (events[-1].at_ns, events[-1].kept_until_ns) == (AT, AT + NS_PER_HOUR)


def test_whoever_accepts_after_the_gap_was_declared_lengthens_nobodys_duty():
    handoff, events = run(new(), AT, LIMIT)
    assert [(e.at_ns, e.since_ns) for e in events if isinstance(e, HandoffUnheld)] == [(AT, LIMIT)]
    _, events = accept(handoff, "bo", LIMIT + NS_PER_HOUR)
    assert events[-1].kept_until_ns == LIMIT


def test_what_lapses_tells_how_long_the_outgoing_kept_it():
    limit_ns = SEAM.until_ns + NS_PER_HOUR
    handoff, _ = run(new(rest_limit_ns=limit_ns), AT)
    _, (event,) = closed(handoff, HandoffState.LAPSED, SEAM.until_ns + NS_PER_MINUTE)
    assert (event.outgoing, event.at_ns) == ("ana", AT)
    assert event.kept_until_ns == SEAM.until_ns, "what comes after is another handoff's"


def test_an_outgoing_who_never_took_it_over_has_kept_nothing():
    handoff, _ = run(new(outgoing_holds=False), AT)
    _, events = accept(handoff, "bo", AT + NS_PER_HOUR)
    assert events[-1].kept_until_ns <= events[-1].at_ns


def test_a_stop_of_the_service_is_nobodys_silence():
    handoff, events = run(new(), AT + 3 * WAIT_NS)
    assert asked(events) == ["bo"]
    _, events = advance(handoff, AT + 4 * WAIT_NS - 1)
    assert events == []


def test_a_clock_that_jumped_ahead_and_back_delays_the_next_step_by_one_wait_at_most():
    handoff, _ = run(new(), AT - LEAD_NS, AT)
    handoff, _ = advance(handoff, AT + 3 * NS_PER_HOUR)  # the secondary is asked too early
    handoff, events = advance(handoff, AT + NS_PER_MINUTE)
    assert events == []
    _, events = advance(handoff, AT + NS_PER_MINUTE + WAIT_NS)
    assert asked(events) == ["di"]


def test_a_clock_that_went_back_before_the_lead_time_takes_nothing_back():
    handoff, _ = run(new(), AT - LEAD_NS)
    handoff, events = advance(handoff, AT - 3 * LEAD_NS)
    assert (handoff.state, events) == (HandoffState.OFFERED, [])
    assert accept(handoff, "bo", AT - 3 * LEAD_NS)[0].since_ns == AT
