"""Whatever was pruned, and wherever that was cut short: what is open, in force or valid stays as it was."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.people.pager.core import retention
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Cleared, Fired, KeyMade, KeyRevoked, Pruned, page_id
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import InhibitRule, Policy
from tests.property.pager.test_merging import bodies
from tests.support.pager_people import NOON_UTC, NS

DAY = 86_400 * NS
KEPT_DAYS = 90
POLICY = Policy(inhibit=(InhibitRule(source={"n": "0"}, target={"n": "1"}),), kept_days=KEPT_DAYS)
keys = st.one_of(
    st.sampled_from("pq").map(lambda id_: KeyMade(id=id_, digest=id_, name="x")),  # both are random
    st.builds(KeyRevoked, id=st.sampled_from("pq")),
)


@st.composite
def years(draw):
    """Facts of two authors over most of a year, who hear of each other now and then."""
    boards = {origin: Board(POLICY) for origin in ("a", "b")}
    told = {"a": [], "b": []}
    at_ns = NOON_UTC
    steps = st.tuples(
        st.sampled_from("ab"), bodies | keys, st.booleans(), st.sampled_from((0, 1, 40, 100))
    )
    for origin, body, is_heard, days in draw(st.lists(steps, max_size=25)):
        at_ns += days * DAY
        now = Moment(at_ns, at_ns)
        facts = boards[origin].author(origin).write([body], at_ns)
        told[origin] += facts
        boards[origin].learn(facts, now)
        if is_heard:
            boards["b" if origin == "a" else "a"].learn(told[origin], now)
    return told["a"] + told["b"], at_ns


def board_of(facts, now):
    board = Board(POLICY)
    board.learn(facts, now, is_replay=True)
    return board


def essence(board, now):
    """What must never change by pruning."""
    return {
        "have": board.have,
        "open": {
            page.id: (sorted(page.open), page.rank, page.attention and page.attention.body)
            for page in board.pages.values()
            if page.is_open
        },
        "n": board.n_open_alerts,
        "inhibition": board.inhibition.view(),
        "silences": {
            id_
            for id_, each in board.silences.items()
            if id_ not in board.unsilenced and each.body.until_ns > now.wall_ns
        },
        "contacts": {person: each.body for person, each in board.contacts.items()},
        "heard": {name: each.rank for name, each in board.heard.items()},
        "keys": {key.id for key in board.keys.values()} - board.revoked_keys,
    }


@settings(max_examples=400)
@given(years(), st.integers(0, 200), st.data())
def test_what_is_open_survives_pruning_that_is_cut_short_anywhere(year, days, data):
    facts, last_ns = year
    now = Moment(last_ns + days * DAY, last_ns + days * DAY)
    before = essence(board_of(facts, now), now)
    board = board_of(facts, now)
    retention.drop_old(board, now)
    assert essence(board, now) == before
    found = sorted(retention.needless(facts, board, now), key=lambda each: each[0])
    cut = data.draw(st.integers(0, len(found)))
    gone = {(fact.origin, fact.seq) for _, fact in found[:cut]}
    left = [retention.pruned(fact) if (fact.origin, fact.seq) in gone else fact for fact in facts]
    assert essence(board_of(left, now), now) == before


@settings(max_examples=200)
@given(years())
def test_nothing_that_is_over_is_kept_for_longer_than_promised(year):
    facts, last_ns = year
    now = Moment(last_ns + (KEPT_DAYS + 1) * DAY, last_ns + (KEPT_DAYS + 1) * DAY)
    board = board_of(facts, now)
    retention.drop_old(board, now)
    gone = {(fact.origin, fact.seq) for _, fact in retention.needless(facts, board, now)}
    for fact in facts:
        if isinstance(fact.body, Fired) and not _is_open(board, fact.body.page):
            assert (fact.origin, fact.seq) in gone
    for page in board.pages.values():
        assert page.is_open


def _is_open(board, page):
    return page in board.pages and board.pages[page].is_open


def test_an_end_is_kept_while_the_page_that_it_ended_a_part_of_is_open():
    board = Board(POLICY)
    page = page_id("g", 1)
    fired = [
        Fired(alert=key, page=page, group="g", generation=1, service="s", severity="info",
              summary=key)
        for key in ("x", "y")
    ]  # fmt: skip
    facts = board.author("a").write([*fired, Cleared(alert="x")], NOON_UTC)
    now = Moment(NOON_UTC + 2 * KEPT_DAYS * DAY, NOON_UTC + 2 * KEPT_DAYS * DAY)
    board.learn(facts, now, is_replay=True)
    retention.drop_old(board, now)
    assert retention.needless(facts, board, now) == []
    more = board.author("a").write([Cleared(alert="y")], NOON_UTC)
    board.learn(more, now, is_replay=True)
    retention.drop_old(board, now)
    assert len(retention.needless(facts + more, board, now)) == 4


def test_an_end_never_goes_before_what_it_ended_whatever_the_clocks_said():
    board = Board(POLICY)
    fired = Fired(alert="x", page=page_id("g", 1), group="g", generation=1, service="s",
                  severity="info", summary="x")  # fmt: skip
    ahead = board.author("a").write([fired], NOON_UTC + 1)
    board.learn(ahead, Moment(NOON_UTC, NOON_UTC))
    behind = board.author("b").write([Cleared(alert="x")], NOON_UTC - 1)
    board.learn(behind, Moment(NOON_UTC, NOON_UTC))
    now = Moment(NOON_UTC + KEPT_DAYS * DAY, NOON_UTC + KEPT_DAYS * DAY + 2)
    retention.drop_old(board, now)
    assert not board.pages
    found = retention.needless([*ahead, *behind], board, now)
    assert min(found, key=lambda each: each[0])[0] is retention.Stage.FIRING


def test_an_end_of_what_never_came_is_no_longer_in_memory_than_in_the_journal():
    board = Board(POLICY)
    facts = board.author("a").write([Cleared(alert="x")], NOON_UTC)
    board.learn(facts, Moment(NOON_UTC, NOON_UTC))
    for days, is_known in ((KEPT_DAYS, True), (KEPT_DAYS + 1, False)):
        now = Moment(NOON_UTC + days * DAY, NOON_UTC + days * DAY)
        retention.drop_old(board, now)
        assert ("x" in board.alerts) == is_known
        assert bool(retention.needless(facts, board, now)) != is_known


def test_a_pruned_fact_keeps_its_number_and_says_nothing():
    board = Board(POLICY)
    [fact] = board.author("a").write([KeyRevoked(id="x")], NOON_UTC)
    bare = retention.pruned(fact)
    assert (bare.origin, bare.seq, bare.stamp) == ("a", 1, fact.stamp)
    assert (bare.at_ns, bare.body) == (0, Pruned())
