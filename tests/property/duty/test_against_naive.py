"""The index answers as a plain list of slots does, whatever changes came."""

from hypothesis import given
from hypothesis import strategies as st

from sunwise.chassis.duty import DutyIndex, Standing
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import DutyChanged, DutySlot, DutyTable

TIMES = st.integers(0, 60)


@st.composite
def slots(draw) -> DutySlot:
    since, until = sorted(draw(st.lists(TIMES, min_size=2, max_size=2, unique=True)))
    return DutySlot(
        service=draw(st.sampled_from(["a", "b"])),
        role=draw(st.sampled_from(Role)),
        person=draw(st.sampled_from(["ada", "ben", None])),
        since_ns=since,
        until_ns=until,
    )


def overlap(one: DutySlot, other: DutySlot) -> bool:
    same = (one.service, one.role) == (other.service, other.role)
    return same and one.since_ns < other.until_ns and other.since_ns < one.until_ns


def disjoint(drawn: list[DutySlot]) -> tuple[DutySlot, ...]:
    kept: list[DutySlot] = []
    for each in drawn:
        if not any(overlap(each, other) for other in kept):
            kept.append(each)
    return tuple(kept)


@given(
    st.lists(slots(), max_size=12).map(disjoint),
    st.lists(st.lists(slots(), max_size=4).map(disjoint), max_size=6),
)
def test_the_index_answers_as_a_list_of_slots_does(first, changes):
    index = DutyIndex.of(DutyTable(version=0, as_of_ns=0, from_ns=0, until_ns=60, slots=first))
    naive = list(first)
    for version, change in enumerate(changes, 1):
        index.change(DutyChanged(version=version, as_of_ns=version, slots=change))
        naive = [old for old in naive if not any(overlap(old, new) for new in change)]
        naive += change
    for service in "ab":
        for role in Role:
            line = [s for s in naive if (s.service, s.role) == (service, role)]
            first = min((s.since_ns for s in line), default=60)
            last = max((s.until_ns for s in line), default=60)
            for at in range(60):
                answer = index.duty(service, role, at, is_stale=False)
                held = [s for s in line if s.since_ns <= at < s.until_ns]
                assert answer.person == (held[0].person if held else None)
                if held:
                    assert (answer.since_ns, answer.until_ns) == (
                        held[0].since_ns,
                        held[0].until_ns,
                    )
                else:
                    is_pause = first <= at < last
                    assert answer.standing is (Standing.NOBODY if is_pause else Standing.UNKNOWN)
                    assert not is_pause or answer.since_ns <= at < answer.until_ns
