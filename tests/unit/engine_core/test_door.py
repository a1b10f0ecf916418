"""What the public door refuses, and what it says then; growth; cached machine code."""

import numpy as np
import pytest

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.log import FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import Capacity, EventKind, OrderType, SymbolStatus
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.core import (
    MIN_EVENT_BUFFER,
    NO_SYMBOL,
    Capacities,
    Core,
    command_array,
    event_buffer,
    jit,
    warm_up,
)
from sunwise.exchange.engine.core.layout import MAX_CAPACITIES, capacities_of
from tests.support.engine_commands import (
    ALICE,
    BOB,
    CAROL,
    buy,
    cancel,
    cancel_all,
    list_symbol,
    raise_capacity,
    sell,
)
from tests.support.engine_twins import SMALL, market_of_two


def test_a_buffer_too_small_for_one_command_is_refused():
    with pytest.raises(ValueError, match=f"use {MIN_EVENT_BUFFER}"):
        event_buffer(MIN_EVENT_BUFFER - 1)


def test_half_a_command_is_refused():
    with pytest.raises(ValueError, match="no whole commands of 192"):
        command_array(bytes(100))


def test_commands_may_come_from_anywhere_in_a_message():
    message = b"header." + buy(BOB, 100, 1)
    commands = command_array(memoryview(message)[7:])
    assert commands.ctypes.data % 64 == 0
    assert commands["price_ticks"][0] == 100


@pytest.mark.parametrize("commands", [
    np.zeros(3, np.int64), np.zeros(3, np.dtype([("kind", "u1")])), event_buffer(),
    command_array(bytes(192 * 4))[::2],
])  # fmt: skip
def test_arrays_of_something_else_are_refused(commands):
    core = Core.create(SMALL)
    with pytest.raises(TypeError, match="command_array"):
        core.apply(commands, 0, event_buffer())


def test_read_only_commands_are_refused_and_not_misread():
    commands = command_array(buy(BOB, 100, 1))
    commands.flags.writeable = False
    with pytest.raises(TypeError, match="command_array"):
        Core.create(SMALL).apply(commands, 0, event_buffer())


def test_a_snapshot_that_lacks_an_array_is_refused():
    arrays = dict(Core.create(SMALL).save())
    del arrays["orders"]
    with pytest.raises(ValueError, match="lacks orders"):
        Core.load(arrays.items())


def test_a_snapshot_of_another_layout_is_refused():
    arrays = dict(Core.create(SMALL).save()) | {"layout": np.zeros(8, np.uint8)}
    with pytest.raises(ValueError, match="replay the log"):
        Core.load(arrays.items())


def test_warming_up_says_what_it_does():
    told = []
    warm_up(lambda *step: told.append(step))
    assert told == [("matching", 0, 3), ("hashing", 1, 3), ("growing", 2, 3)]


@pytest.mark.parametrize("which", list(Capacity))
def test_each_capacity_can_be_raised_while_orders_are_open(which):
    twins = market_of_two()
    orders = [buy(BOB, 90 + n % 7, 1, client_id=f"b{n}") for n in range(30)]
    twins.send(*orders, *[sell(ALICE, 110 + n % 7, 1) for n in range(30)])
    limit = 3 * SMALL[which]
    (event,) = twins.admin(raise_capacity(which, limit))
    assert (event.kind, event.limit) == (EventKind.CAPACITY_RAISED, limit)
    assert capacities_of(twins.core.state)[which] == limit
    twins.check_state()
    assert len(unpack_events(twins.send(cancel_all(BOB), cancel_all(ALICE)))) == 60
    twins.check_state()


@pytest.mark.parametrize("which", list(Capacity))
def test_a_capacity_is_never_lowered_nor_raised_beyond_what_places_can_count(which):
    twins = market_of_two()
    for limit in (SMALL[which], SMALL[which] - 1, MAX_CAPACITIES[which] + 1, -1, 2**62):
        (event,) = unpack_events(twins.send(raise_capacity(which, limit), writer=2))
        assert event.reject == Reject.CAPACITY_NOT_RAISED


def test_the_cache_folder_names_its_sources(monkeypatch, tmp_path):
    monkeypatch.setenv("SUNWISE_CACHE_DIR", str(tmp_path))
    folder = jit.cache_folder()
    assert folder == tmp_path / "sunwise" / "kernels" / jit.source_hash()
    monkeypatch.setattr(jit.records, "__file__", __file__)
    assert jit.cache_folder() != folder


def test_capacities_are_what_was_asked_for():
    limits = Capacities(*range(11, 21))
    assert capacities_of(Core.create(limits).state) == limits


@pytest.fixture
def market():
    """Symbol 0 with a crossed stop that is triggered next, and symbol 1."""
    twins = market_of_two()
    twins.admin(list_symbol(name="OTHER"))
    stop = buy(BOB, 120, 1, order_type=OrderType.STOP_LOSS_LIMIT, stop_ticks=100)
    twins.send(stop, sell(ALICE, 100, 1), buy(CAROL, 100, 1))
    return twins


def halt(core, symbol):
    """The events of a halt in place of a gateway's batch."""
    out = event_buffer()
    header = (FIRST_GATEWAY_WRITER + 1, 1, 1, core.now_ns)
    assert core.begin_batch(*header) == 0
    return unpack_events(out[: core.halt_symbol(symbol, out)].tobytes())


def test_a_halt_comes_before_any_stop_whoever_has_the_word(market):
    (event,) = halt(market.core, 0)
    assert (event.kind, event.status) == (EventKind.SYMBOL_STATUS_SET, SymbolStatus.HALT)
    market.core.audit()


@pytest.mark.parametrize("symbol", [NO_SYMBOL, 2])
def test_a_symbol_that_is_not_there_is_not_halted(market, symbol):
    assert halt(market.core, symbol) == []
    assert not market.core.state.symbols["status"].any()


def test_the_stop_that_is_triggered_next_is_at_work_before_a_command(market):
    assert market.core.symbol_at_work(command_array(buy(BOB, 1, 1, symbol=1))) == 0


@pytest.mark.parametrize(("record", "symbol"), [
    (buy(BOB, 90, 1, symbol=1), 1), (cancel(BOB, 9, symbol=1), 1), (cancel_all(BOB, 1), NO_SYMBOL),
])  # fmt: skip
def test_the_symbol_of_an_order_or_cancel_is_at_work(market, record, symbol):
    market.tick()
    market.send(record)
    assert market.core.symbol_at_work(command_array(record)) == symbol
    assert market.core.symbol_at_work(command_array(b"")) == NO_SYMBOL
