"""Whatever comes in whatever order, one handoff makes at most one holder, and never by silence."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sunwise.contracts.people.handoff import (
    FINAL,
    HandoffAccepted,
    HandoffAsked,
    HandoffState,
    HandoffUnheld,
)
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE
from sunwise.people.handoff.acceptance import (
    Refused,
    accept,
    advance,
    closed,
    holder_at,
    opened,
    released,
    replanned,
    step_down,
)
from tests.unit.people_handoff.test_acceptance import AT, SEAM

PEOPLE = ("ana", "bo", "cy", "di", "eve")
person = st.sampled_from(PEOPLE)
some = st.one_of(st.none(), person)
handoffs = st.builds(
    opened,
    st.builds(
        lambda incoming, away_h: replace(
            SEAM, incoming=incoming, outgoing_until_ns=AT - away_h * NS_PER_HOUR
        ),
        st.sampled_from(PEOPLE[1:]),
        st.sampled_from([0, 0, 0, 5]),
    ),
    secondary=some,
    deputy=some,
    barred=st.lists(person, max_size=2).map(tuple),
    rest_limit_ns=st.integers(0, 10 * 60).map(lambda minutes: AT + minutes * NS_PER_MINUTE),
    outgoing_holds=st.booleans(),
)
act = st.one_of(
    st.tuples(st.just("advance")),
    st.tuples(st.just("accept"), person),
    st.tuples(st.just("step_down"), person),
    st.tuples(st.just("released")),
    st.tuples(st.just("replanned"), handoffs),
    st.tuples(st.just("closed"), st.sampled_from([HandoffState.LAPSED, HandoffState.WITHDRAWN])),
)
minutes = st.integers(-120, 12 * 60)  # in any order: clocks jump


def apply(handoff, act, now_ns):
    match act:
        case ("advance",):
            return advance(handoff, now_ns)
        case ("accept", who):
            return accept(handoff, who, now_ns)
        case ("step_down", who):
            return step_down(handoff, who, now_ns)
        case ("released",):
            return released(handoff, now_ns)
        case ("replanned", new):
            return replanned(handoff, new, now_ns)
        case ("closed", state):
            return closed(handoff, state, now_ns)


@given(handoffs, st.lists(st.tuples(act, minutes), max_size=25))
def test_one_holder_at_most_and_only_by_their_own_acceptance(handoff, acts):
    accepted = []
    for what, minute in acts:
        now_ns = AT + minute * NS_PER_MINUTE
        before = handoff
        try:
            handoff, events = apply(handoff, what, now_ns)
        except Refused:
            continue
        new = [event for event in events if isinstance(event, HandoffAccepted)]
        accepted += new
        if new:
            assert what[:2] == ("accept", new[0].holder), "silence is never acceptance"
            assert new[0].holder != handoff.seam.outgoing
            assert new[0].holder not in handoff.barred
            assert new[0].since_ns >= AT
        if before.state in FINAL:
            assert handoff == before, "what is final stays"
        unheld = [event for event in events if isinstance(event, HandoffUnheld)]
        if unheld and not new:
            assert holder_at(handoff, max(now_ns, unheld[0].since_ns)) is None
    assert len(accepted) <= 1
    assert (handoff.state is HandoffState.ACCEPTED) == bool(accepted)
    if accepted:
        assert handoff.holder == accepted[0].holder
        assert holder_at(handoff, accepted[0].since_ns) == handoff.holder


@given(handoffs, st.lists(st.integers(-60, 12 * 60).map(abs), max_size=30))
def test_time_alone_asks_each_person_once_and_declares_a_gap_once(handoff, times):
    events = []
    for minute in sorted(times):
        handoff, more = advance(handoff, AT - NS_PER_HOUR + minute * NS_PER_MINUTE)
        events += more
    people = [event.person for event in events if isinstance(event, HandoffAsked)]
    assert len(people) == len(set(people))
    assert len([event for event in events if isinstance(event, HandoffUnheld)]) <= 1
    last_ns = AT - NS_PER_HOUR + max(times, default=0) * NS_PER_MINUTE
    if last_ns >= handoff.unheld_ns and times:
        assert handoff.state is HandoffState.UNHELD


@given(handoffs, minutes)
def test_the_same_moment_twice_changes_nothing(handoff, minute):
    now_ns = AT + minute * NS_PER_MINUTE
    once, _ = advance(handoff, now_ns)
    assert advance(once, now_ns) == (once, [])
