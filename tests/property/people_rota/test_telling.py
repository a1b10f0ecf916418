"""Whoever follows the changes of a rota knows the same as whoever reads the table."""

from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from sunwise.chassis.duty import DutyIndex, Standing
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import DutyChanged, DutyTable
from sunwise.people.rota.turns import (
    Piece,
    Stale,
    Turn,
    pieces,
    reassigned,
    rota_of,
    slots_of,
    told,
    turns_of,
)

HOURS = 24
SERVICES = ("ledger", "matching")


@st.composite
def rotas(draw):
    """Turns that follow each other, with holes that nobody wants covered."""
    found = []
    for role in Role:
        edges = sorted(draw(st.sets(st.integers(0, HOURS), min_size=2, max_size=8)))
        for start, end in pairwise(edges):
            who = draw(st.sampled_from(("hole", None, "ana", "bo", "cy")))
            if who != "hole":
                found.append(Turn(start, end, role, who))
    return tuple(sorted(found, key=lambda turn: (turn[0], turn[1], turn[2])))


def index(slots):
    ordered = tuple(sorted(slots, key=lambda s: s.since_ns))
    return DutyIndex.of(DutyTable(version=1, as_of_ns=0, from_ns=0, until_ns=HOURS, slots=ordered))


def known(slots):
    """What a reader of these slots says of every hour in which somebody is wanted."""
    asked = product(SERVICES, Role, range(HOURS))
    found = {key: slots.duty(*key, is_stale=False) for key in asked}
    wanted = (Standing.PLANNED, Standing.ACTUAL, Standing.GAP)
    return {key: (a.standing, a.person) for key, a in found.items() if a.standing in wanted}


@given(rotas(), rotas())
def test_what_is_told_makes_the_new_table_of_the_old(before, after):
    was, is_now = slots_of(before, SERVICES), slots_of(after, SERVICES)
    slots = told(was, is_now)
    if slots is None:
        return  # the reader is made to read the table
    follower = index(was)
    follower.change(DutyChanged(version=2, as_of_ns=0, slots=slots))
    assert known(follower) == known(index(is_now))


@given(rotas(), st.data())
def test_pieces_put_on_the_old_turns_give_the_new_holders(before, data):
    people = st.sampled_from((None, "ana", "bo", "cy"))
    after = tuple(turn._replace(person=data.draw(people)) for turn in before)
    changes = pieces(before, after, 0)
    made = reassigned(before, changes)
    assert pieces(made, after, 0) == ()


@given(rotas(), st.data())
def test_a_piece_of_somebody_else_is_stale(before, data):
    if not before:
        return
    turn = data.draw(st.sampled_from(before))
    try:
        reassigned(before, [Piece(*turn[:3], "nobody-here", "ana")])
    except Stale:
        return
    raise AssertionError(turn)


@given(rotas())
def test_a_rota_keeps_what_became_of_its_turns(before):
    marked = tuple(
        turn._replace(gap_owner="ana") if turn.person is None else turn._replace(is_actual=True)
        for turn in before
    )
    assert turns_of(rota_of(before), marked) == marked
