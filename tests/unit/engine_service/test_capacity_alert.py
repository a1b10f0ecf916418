"""A full table is said aloud: which one, how often, and not a thousand times a second."""

import logging

import pytest

from sunwise.chassis.telemetry import METRICS
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.log import ADMIN_WRITER, FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import Capacity, CommandKind
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.capacity_alert import CAPACITY_OF, REPEAT_S, CapacityAlert
from sunwise.exchange.engine.core import Capacities, Core
from sunwise.exchange.engine.loop import EngineLoop
from tests.support.order_flow import HandWrittenLog, order_record

GATEWAY = FIRST_GATEWAY_WRITER
TWO_ORDERS = Capacities(
    accounts=16, balances=64, orders=2, levels=100, trie_nodes=100, client_ids=100, symbols=2,
    assets=4, account_symbols=64, writers=3,
)  # fmt: skip


class Desk:
    def __init__(self):
        self.now_s = 100.0
        self.log = HandWrittenLog()
        self.loop = EngineLoop(Core.create(TWO_ORDERS), shard="0")
        self.alert = CapacityAlert("0", lambda: self.now_s)
        for stored in self.log.append_listing():
            self.loop.take(stored)

    def take(self, stored):
        for message in self.loop.take(stored):
            self.alert.look(message)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.ERROR, logger="sunwise.engine")
    return lambda: [record.getMessage() for record in caplog.records]


def refusals(capacity):
    return METRICS.counter(
        "sunwise_engine_capacity_refusals_total", "", capacity=capacity.name
    ).value


def orders(first, count):
    return [order_record(n, price_ticks=100 + n) for n in range(first, first + count)]


def test_orders_refused_for_lack_of_room_are_counted_and_told_by_name(desk, said):
    before = refusals(Capacity.ORDERS)
    desk.take(desk.log.append(GATEWAY, orders(0, 2)))
    assert said() == []
    desk.take(desk.log.append(GATEWAY, orders(2, 3)))
    assert refusals(Capacity.ORDERS) == before + 3
    (sentence,) = said()
    assert sentence.startswith("capacity ORDERS of shard 0 is used up: 3 refused")
    assert "runbook: capacity used up" in sentence


def test_it_is_told_again_after_a_minute_with_what_came_between(desk, said):
    desk.take(desk.log.append(GATEWAY, orders(0, 3)))
    desk.take(desk.log.append(GATEWAY, orders(3, 5)))
    assert len(said()) == 1
    desk.now_s += REPEAT_S
    desk.take(desk.log.append(GATEWAY, orders(8, 1)))
    assert [": 1 refused" in said()[0], ": 6 refused" in said()[1]] == [True, True]


def test_a_writer_too_many_is_told(desk, said):
    desk.take(desk.log.append(GATEWAY, orders(0, 1)))
    desk.take(desk.log.append(GATEWAY + 1, orders(1, 1)))
    assert said()[0].startswith("capacity WRITERS of shard 0 is used up: 1 refused")


def test_what_is_refused_for_another_reason_is_no_alert(desk, said):
    unknown = COMMAND_CODECS["order"].pack(kind=CommandKind.CANCEL, account=2, order_id=99)
    desk.take(desk.log.append(GATEWAY, [unknown, unknown]))
    desk.take(desk.log.append(GATEWAY, orders(0, 1), number=1))
    assert said() == []


def test_after_it_was_raised_orders_are_taken(desk, said):
    desk.take(desk.log.append(GATEWAY, orders(0, 3)))
    raised = COMMAND_CODECS["control"].pack(
        kind=CommandKind.RAISE_CAPACITY, capacity=Capacity.ORDERS, limit=10
    )
    desk.take(desk.log.append(ADMIN_WRITER, [raised]))
    desk.now_s += REPEAT_S
    desk.take(desk.log.append(GATEWAY, orders(3, 3)))
    assert len(said()) == 1


def test_every_refusal_for_lack_of_room_has_its_capacity():
    full = {reject for reject in Reject if reject.name.endswith("_FULL")}
    assert set(CAPACITY_OF) == full
    assert {capacity.name + "_FULL" for capacity in CAPACITY_OF.values()} == {r.name for r in full}
