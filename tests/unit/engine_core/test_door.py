"""What the public door refuses, and what it says then; growth; cached machine code."""

import numpy as np
import pytest

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.records import Capacity, EventKind
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.core import (
    MIN_EVENT_BUFFER,
    Capacities,
    Core,
    command_array,
    event_buffer,
    jit,
    warm_up,
)
from sunwise.exchange.engine.core.layout import MAX_CAPACITIES, capacities_of
from tests.support.engine_commands import ALICE, BOB, buy, cancel_all, raise_capacity, sell
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
