"""Cutting a batch's events into those of each command."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sunwise.chassis.log.outcome import own_records
from sunwise.contracts.exchange.codec import EVENT_CODECS
from sunwise.contracts.exchange.records import EVENT_STRIDE, EventFlag, EventKind

pack = EVENT_CODECS["order"].pack

rows = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60).map(
    lambda found: sorted(found, key=lambda row: row[0])
)


@given(rows, st.lists(st.integers(0, 60), max_size=3))
def test_every_event_goes_to_its_command_whatever_the_parts(rows, cuts):
    events = [
        pack(
            kind=EventKind.TRADE,
            command_index=index,
            flags=EventFlag.FROM_TRIGGER if from_trigger else 0,
            order_id=place,
        )
        for place, (index, from_trigger) in enumerate(rows)
    ]
    edges = sorted({0, len(events), *(min(cut, len(events)) for cut in cuts)})
    parts = [b"".join(events[a:b]) for a, b in pairwise(edges)]
    expected = [b""] * 10
    for event, (index, from_trigger) in zip(events, rows, strict=True):
        if not from_trigger:
            expected[index] += event
    assert own_records(10, parts) == expected
    assert own_records(10, [memoryview(part) for part in parts]) == expected
    assert sum(map(len, expected)) % EVENT_STRIDE == 0
