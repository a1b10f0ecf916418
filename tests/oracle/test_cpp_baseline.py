"""The C++ baseline says, byte for byte, what the core says: what is raced is the same thing."""

import hashlib
from random import Random

import numpy as np
import pytest

from benchmarks.compiler import CompilerMissing
from benchmarks.engine import flow as flows
from benchmarks.engine.build import Baseline, build
from benchmarks.engine.flow import BATCH_ROW
from benchmarks.engine.numba_core import NumbaCore
from benchmarks.engine.race import Lap, event_digest
from benchmarks.engine.shape import Shape
from sunwise.contracts.exchange.log import ADMIN_WRITER
from sunwise.contracts.exchange.records import RuleFlag, SymbolStatus
from sunwise.exchange.engine.core import Capacities, command_array, event_buffer
from tests.support.engine_commands import START_NS, activate_rules, clock, set_status
from tests.support.engine_flow import Flow

SMALL = Shape(6_000, n_resting=1_500, n_accounts=30)
ROOMY = Capacities(64, 256, 4_000, 4_000, 20_000, 9_000, 4, 8, 256, 8)
TIGHT = Capacities(64, 256, 60, 70, 300, 120, 4, 8, 14, 8)


@pytest.fixture(scope="module", autouse=True)
def compiled():
    try:
        return build()
    except CompilerMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("kind", ["realistic", "sparse", "plain"])
def test_a_flow_has_one_digest_in_both_engines(kind):
    shape = SMALL._replace(is_sparse=kind == "sparse", is_plain=kind == "plain")
    out = event_buffer(16_384)
    flow = getattr(flows, kind)(shape, NumbaCore(shape.capacities()), out)
    lap = Lap(flow, shape.capacities(), 256, shape.n_commands, out)
    digests = {event_digest(engine(shape.capacities()), lap) for engine in (NumbaCore, Baseline)}
    assert len(digests) == 1


def test_a_different_flow_has_a_different_digest():
    out = event_buffer(16_384)
    digests = set()
    for seed in (1, 2):
        shape = SMALL._replace(n_commands=500, seed=seed)
        flow = flows.realistic(shape, Baseline(shape.capacities()), out)
        lap = Lap(flow, shape.capacities(), 256, shape.n_commands, out)
        digests.add(event_digest(Baseline(shape.capacities()), lap))
    assert len(digests) == 2


@pytest.mark.parametrize("capacities", [ROOMY, TIGHT])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spoilt_orders_and_full_tables_are_told_alike(seed, capacities):
    engines = [NumbaCore(capacities), Baseline(capacities)]
    out = event_buffer(80 * 1_026)
    batch_no = {}
    for place, (writer, records, now_ns) in enumerate(_batches(seed)):
        batch_no[writer] = batch_no.get(writer, 0) + 1
        commands = command_array(b"".join(records))
        row = np.array([(writer, 1, batch_no[writer], now_ns, 0, len(commands))], BATCH_ROW)
        told = {
            hashlib.blake2b(out[: engine.apply(commands, row, out)].tobytes()).digest()
            for engine in engines
        }
        assert len(told) == 1, f"seed {seed}, batch {place}"


def _batches(seed):
    """A fuzzed flow of (writer, records, ns): gateways, the clock, and what an administrator may do."""
    random, flow, now_ns = Random(seed), Flow(seed), START_NS
    for writer, records in flow.setup():
        yield writer, records, now_ns
    for _ in range(400):
        writer, records, step_ns = flow.batch(60)
        now_ns += step_ns
        if records == [None]:
            records = [clock(now_ns)]
        elif writer == ADMIN_WRITER:
            records = [_administer(random, flow)]
        yield writer, records, now_ns


def _administer(random, flow):
    if random.random() < 0.5:
        return activate_rules(random.choice((0, RuleFlag.REFUSE_RECENT_CLIENT_IDS)))
    symbol = random.randint(0, 2)
    flow.versions[symbol] += 1
    return set_status(random.choices(tuple(SymbolStatus), (70, 15, 15))[0], symbol)
