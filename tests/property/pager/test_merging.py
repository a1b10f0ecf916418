"""Two instances that know the same facts agree, however and however often they came."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import (
    Acknowledged,
    Cleared,
    Closed,
    Contact,
    ContactsSet,
    Fact,
    Fired,
    Heard,
    Notified,
    Reassigned,
    Received,
    Silenced,
    Snoozed,
    Unsilenced,
    page_id,
)
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import InhibitRule, Policy
from tests.support.pager_people import NOON_UTC, NS

POLICY = Policy(inhibit=(InhibitRule(source={"n": "0"}, target={"n": "1"}),))
NOW = Moment(NOON_UTC, NOON_UTC)

pages = st.builds(page_id, st.sampled_from("gh"), st.integers(1, 2))
people = st.sampled_from(("ana", "noa"))
keys = st.sampled_from(("x", "y", "z"))


@st.composite
def fired(draw):
    group, generation = draw(st.sampled_from("gh")), draw(st.integers(1, 2))
    return Fired(
        alert=draw(keys),
        page=page_id(group, generation),
        group=group,
        generation=generation,
        service=draw(st.sampled_from(("s", "t"))),
        severity=draw(st.sampled_from(("critical", "info"))),
        summary=draw(keys),
        labels={"n": draw(st.sampled_from("012"))},
        assignee=draw(st.none() | people),
    )


bodies = st.one_of(
    fired(),
    fired(),
    st.builds(Cleared, alert=keys),
    st.builds(Acknowledged, page=pages, person=people, rank=st.integers(0, 3), link=keys),
    st.builds(Closed, page=pages, person=st.none() | people),
    st.builds(Snoozed, page=pages, person=people, for_s=st.just(60.0)),
    st.builds(Reassigned, page=pages, to=people, person=people),
    st.builds(
        Notified,
        page=pages,
        key=keys,
        person=people,
        channel=keys,
        is_sent=st.booleans(),
        woke=st.booleans(),
    ),
    st.builds(Received, page=pages, key=keys),
    st.builds(
        Silenced,
        id=keys,
        labels=st.just({"n": "1"}),
        from_ns=st.integers(0, 9),
        until_ns=st.just(10),
        person=people,
        why=keys,
    ),
    st.builds(Unsilenced, id=keys, person=people),
    st.builds(Heard, watchdog=keys),
    st.builds(
        ContactsSet,
        person=people,
        contacts=st.lists(
            st.builds(Contact, kind=st.sampled_from(("email", "sms")), address=keys), max_size=2
        ).map(tuple),
    ),
)


@st.composite
def histories(draw):
    """Facts of two authors who hear of each other now and then, and whose clocks are off."""
    boards = {origin: Board(POLICY) for origin in ("a", "b")}
    told: dict[str, list[Fact]] = {"a": [], "b": []}
    for origin, body, is_heard in draw(
        st.lists(st.tuples(st.sampled_from("ab"), bodies, st.booleans()), max_size=30)
    ):
        at_ns = NOON_UTC + draw(st.integers(-5, 5)) * NS
        facts = boards[origin].author(origin).write([body], at_ns)
        told[origin] += facts
        boards[origin].learn(facts, NOW)
        if is_heard:
            other = "b" if origin == "a" else "a"
            boards[other].learn(told[origin], NOW)
    return told["a"] + told["b"]


def view_of(facts):
    board = Board(POLICY)
    board.learn(facts, NOW)
    return board.shared_view()


@settings(max_examples=300)
@given(histories(), st.data())
def test_order_and_repetition_do_not_matter(facts, data):
    shuffled = data.draw(st.permutations(facts))
    repeated = data.draw(st.lists(st.sampled_from(facts), max_size=10)) if facts else []
    assert view_of(facts) == view_of([*shuffled, *repeated])


def test_a_link_that_was_used_for_two_pages_is_known_for_the_same_in_any_order():
    names = [page_id("g", generation) for generation in (1, 2)]
    opened = [
        Fired(
            alert="x",
            page=name,
            group="g",
            generation=generation,
            service="s",
            severity="critical",
            summary="x",
        )
        for generation, name in enumerate(names, start=1)
    ]
    used = [Acknowledged(page=name, person="ana", rank=0, link="z") for name in names]
    facts = Board(POLICY).author("a").write([*opened, *used], NOON_UTC)
    assert view_of(facts) == view_of(facts[::-1])


@settings(max_examples=200)
@given(histories())
def test_what_one_has_not_seen_it_has_not_ended(facts):
    """An alert is open exactly when somebody fired it after every end whose author knew of that."""
    view = view_of(facts)
    firings = [fact for fact in facts if isinstance(fact.body, Fired)]
    ends = [fact.body for fact in facts if isinstance(fact.body, Cleared | Closed)]
    open_now = {
        (fact.body.page, fact.body.alert)
        for fact in firings
        if not any(
            end.seen.get(fact.origin, 0) >= fact.seq
            and (getattr(end, "alert", None) == fact.body.alert
                 or getattr(end, "page", None) == fact.body.page)
            for end in ends
        )
    }  # fmt: skip
    assert open_now == {(page, key) for page, of in view["pages"].items() for key in of[1]}
