"""What must not matter: how commands are cut into batches, how large the buffer is, where a
replica was restored from, how large its tables are, what its secret is.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.contracts.exchange.log import FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import COMMAND_STRIDE
from sunwise.exchange.engine.core import MIN_EVENT_BUFFER, Capacities, Core, event_buffer
from sunwise.exchange.engine.core.growth import grown
from sunwise.exchange.engine.core.layout import capacities_of
from tests.support.engine_commands import clock
from tests.support.engine_flow import Flow
from tests.support.engine_twins import SMALL, apply_all

N_COMMANDS = 4_000
COMMAND_INDEX = slice(4, 8)  # of an event record


def batches_of(seed, n_commands=N_COMMANDS):
    """Header and records of a whole flow, fixed once, so that several cores can replay it."""
    flow, now_ns, numbers, batches = Flow(seed), 1_700_000_000_000_000_000, {}, []
    parts = [(writer, records, 0) for writer, records in flow.setup()]
    done = 0
    while done < n_commands:
        parts.append(flow.batch(40))
        done += len(parts[-1][1])
    for writer, records, step_ns in parts:
        now_ns += step_ns
        numbers[writer] = numbers.get(writer, 0) + 1
        written = [clock(now_ns)] if records == [None] else records
        batches.append(((writer, 1, numbers[writer], now_ns), b"".join(written)))
    return batches


def replay(core, batches, out):
    """The events of each batch."""
    events = []
    for header, records in batches:
        assert core.begin_batch(*header) == 0
        events.append(apply_all(core, records, out))
    return events


@pytest.mark.parametrize("seed", range(3))
def test_a_tiny_buffer_gives_the_same_events(seed):
    batches = batches_of(seed)
    tiny, large = Core.create(SMALL), Core.create(SMALL)
    small_buffer, large_buffer = event_buffer(MIN_EVENT_BUFFER), event_buffer(20_000)
    assert replay(tiny, batches, small_buffer) == replay(large, batches, large_buffer)
    assert tiny.state_hash() == large.state_hash()


@pytest.mark.parametrize("size", [1, 7, 256])
def test_other_batches_give_the_same_events(size):
    """But for `command_index`, which is the place in the batch."""
    flow, out = Flow(7), event_buffer()
    records = b"".join(flow.order() for _ in range(3_000))
    whole = replayed_in_cuts(records, len(records) // COMMAND_STRIDE, out)
    assert replayed_in_cuts(records, size, out) == whole


def replayed_in_cuts(records, size, out):
    core, flow = Core.create(SMALL), Flow(7)
    numbers = {}
    for writer, setup in flow.setup():
        numbers[writer] = numbers.get(writer, 0) + 1
        core.begin_batch(writer, 1, numbers[writer], 0)
        apply_all(core, b"".join(setup), out)
    events, step = bytearray(), size * COMMAND_STRIDE
    for number, at in enumerate(range(0, len(records), step), start=1):
        assert core.begin_batch(FIRST_GATEWAY_WRITER, 1, number, 0) == 0
        events += apply_all(core, records[at : at + step], out)
    for at in range(0, len(events), 256):
        events[at + COMMAND_INDEX.start : at + COMMAND_INDEX.stop] = bytes(4)
    assert len(events) > 256 * 1_000
    return bytes(events)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_a_replay_from_a_snapshot_ends_where_one_from_zero_does(seed, share):
    batches, out = batches_of(seed, 1_500), event_buffer()
    from_zero = Core.create(SMALL)
    cut = int(len(batches) * share)
    events = replay(from_zero, batches[:cut], out)
    restored = Core.load([(name, array.copy()) for name, array in from_zero.save()])
    assert restored.state_hash() == from_zero.state_hash()
    events = replay(from_zero, batches[cut:], out)
    assert replay(restored, batches[cut:], out) == events
    assert restored.state_hash() == from_zero.state_hash()
    restored.audit()


def test_a_replay_from_zero_gives_the_same_hash():
    batches, out = batches_of(3), event_buffer()
    first, second = Core.create(SMALL), Core.create(SMALL)
    assert replay(first, batches, out) == replay(second, batches, out)
    assert first.state_hash() == second.state_hash()


def test_the_hash_tells_states_apart():
    batches, out = batches_of(3), event_buffer()
    core = Core.create(SMALL)
    hashes = set()
    for batch in batches[:60]:
        replay(core, [batch], out)
        hashes.add(core.state_hash())
    assert len(hashes) == 60  # each batch at least moves its writer on


def test_the_secret_of_the_hash_tables_changes_nothing():
    batches, out = batches_of(4), event_buffer()
    random = Random(4)
    usual = Core.create(SMALL)
    secret = tuple(random.getrandbits(63) for _ in range(6))
    other = Core.create(SMALL, secret=secret)
    assert replay(usual, batches, out) == replay(other, batches, out)
    assert usual.state_hash() == other.state_hash()


def test_larger_tables_hold_the_same_exchange():
    """Growth in the middle of a flow; afterwards refusals may differ, so only what is there counts."""
    batches, out = batches_of(5), event_buffer()
    core = Core.create(SMALL)
    replay(core, batches, out)
    before = {name: array.copy() for name, array in core.save()}
    larger = Capacities(*(2 * limit + 100 for limit in capacities_of(core.state)))
    moved = Core(grown(core.state, larger))
    moved.audit()
    after = dict(moved.save())
    for name, array in before.items():
        if not name.endswith("_index") and name not in ("capacities", "layout"):
            assert array.tobytes() == after[name][: len(array)].tobytes(), name
