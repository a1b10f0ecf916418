"""Time comes from the log: bounded steps, never back, the same throughout a batch."""

import pytest

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.log import CLOCK_WRITER, FIRST_GATEWAY_WRITER, BatchFlag
from sunwise.contracts.exchange.records import RuleFlag
from sunwise.contracts.exchange.rejects import Reject
from tests.support.engine_commands import (
    BOB,
    SECOND_NS,
    START_NS,
    activate_rules,
    buy,
    cancel,
    clock,
)
from tests.support.engine_twins import SMALL, Twins, market_of_two

GATEWAY = FIRST_GATEWAY_WRITER
DAY_NS = 24 * 3600 * SECOND_NS


def send_at(twins, batch_ns, *records, writer=GATEWAY):
    twins.now_ns = batch_ns
    return unpack_events(twins.send(*records, writer=writer))


def test_before_the_first_clock_there_is_no_time():
    twins = Twins()
    send_at(twins, START_NS, cancel(BOB, 1))
    assert twins.core.now_ns == 0
    send_at(twins, START_NS, clock(START_NS), writer=CLOCK_WRITER)
    assert twins.core.now_ns == 0  # the same throughout the batch that brought it
    send_at(twins, START_NS, cancel(BOB, 1))
    assert twins.core.now_ns == START_NS


def test_a_batch_runs_at_most_a_second_ahead_of_the_clock():
    twins = market_of_two()
    clock_ns = twins.oracle.clock_ns
    send_at(twins, clock_ns + SECOND_NS // 2, cancel(BOB, 1))
    assert twins.core.now_ns == clock_ns + SECOND_NS // 2
    send_at(twins, clock_ns + DAY_NS, cancel(BOB, 1))
    assert twins.core.now_ns == clock_ns + SECOND_NS


def test_time_never_goes_back():
    twins = market_of_two()
    now_ns = twins.core.now_ns
    send_at(twins, 0, cancel(BOB, 1))
    send_at(twins, 0, clock(1), writer=CLOCK_WRITER)
    assert twins.core.now_ns == now_ns
    assert twins.oracle.clock_ns >= START_NS


def test_one_clock_moves_time_by_at_most_a_minute():
    twins = market_of_two()
    clock_ns = twins.oracle.clock_ns
    send_at(twins, clock_ns + DAY_NS, clock(clock_ns + DAY_NS), writer=CLOCK_WRITER)
    send_at(twins, clock_ns + DAY_NS, cancel(BOB, 1))
    assert twins.core.now_ns == clock_ns + 61 * SECOND_NS


def test_an_order_carries_the_time_of_its_batch():
    twins = market_of_two()
    (event,) = unpack_events(twins.send(buy(BOB, 10, 1)))
    assert event.accepted_ns == event.working_ns == twins.core.now_ns


def test_a_command_expires_when_log_time_has_passed_it():
    twins = market_of_two()
    now_ns = twins.core.now_ns
    (late,) = unpack_events(twins.send(buy(BOB, 10, 1, expires_ns=now_ns - 1)))
    (in_time,) = unpack_events(twins.send(buy(BOB, 10, 1, expires_ns=now_ns)))
    (late_cancel,) = unpack_events(twins.send(cancel(BOB, 1, expires_ns=now_ns - 1)))
    told = (late.reject, in_time.reject, late_cancel.reject)
    assert told == (Reject.EXPIRED_COMMAND, 0, Reject.EXPIRED_COMMAND)


def test_a_remembered_id_is_free_after_a_day():
    twins = market_of_two()
    twins.admin(activate_rules(RuleFlag.REFUSE_RECENT_CLIENT_IDS))
    twins.send(buy(BOB, 10, 1, client_id="x"), cancel(BOB, client_id="x"))
    closed_ns = twins.core.now_ns
    while twins.oracle.clock_ns < closed_ns + DAY_NS:
        twins.tick(60 * SECOND_NS)
    again = buy(BOB, 10, 1, client_id="x")
    (last_moment,) = send_at(twins, closed_ns + DAY_NS, again)
    assert twins.core.now_ns == closed_ns + DAY_NS
    (a_moment_later,) = send_at(twins, closed_ns + DAY_NS + 1, again)
    assert (last_moment.reject, a_moment_later.reject) == (Reject.DUPLICATE_CLIENT_ID, 0)
    twins.check_state()


# --- batches -----------------------------------------------------------------------------------


def begin(twins, *header):
    verdicts = {side.begin_batch(*header) for side in (twins.core, twins.oracle)}
    assert len(verdicts) == 1
    return verdicts.pop()


def test_a_batch_is_applied_once_and_in_order():
    twins = Twins()
    assert begin(twins, GATEWAY, 5, 1, 0) == 0
    assert begin(twins, GATEWAY, 5, 1, 0) == BatchFlag.REPEAT
    assert begin(twins, GATEWAY, 5, 3, 0) == BatchFlag.OUT_OF_ORDER
    assert begin(twins, GATEWAY, 5, 2, 0) == 0
    assert begin(twins, GATEWAY, 5, 1, 0) == BatchFlag.REPEAT


def test_a_newer_epoch_takes_over_from_its_first_batch():
    twins = Twins()
    begin(twins, GATEWAY, 5, 1, 0)
    assert begin(twins, GATEWAY, 6, 2, 0) == BatchFlag.OUT_OF_ORDER
    assert begin(twins, GATEWAY, 5, 2, 0) == 0  # the newer one has not begun
    assert begin(twins, GATEWAY, 6, 1, 0) == 0
    assert begin(twins, GATEWAY, 5, 3, 0) == BatchFlag.STALE_EPOCH


def test_writers_are_counted_apart():
    twins = Twins()
    begin(twins, GATEWAY, 5, 1, 0)
    assert begin(twins, GATEWAY + 1, 1, 1, 0) == 0
    assert begin(twins, CLOCK_WRITER, 1, 1, 0) == 0


def test_writers_beyond_the_capacity_are_refused():
    twins = Twins(SMALL._replace(writers=2))
    begin(twins, GATEWAY, 1, 1, 0)
    begin(twins, GATEWAY + 1, 1, 1, 0)
    assert begin(twins, GATEWAY + 2, 1, 1, 0) == BatchFlag.WRITERS_FULL
    assert begin(twins, GATEWAY, 1, 2, 0) == 0


@pytest.mark.parametrize("writer", [-1, 0, 3, 15, 65_536])
def test_a_number_that_is_no_writers_is_not_read(writer):
    assert begin(Twins(), writer, 1, 1, 0) == BatchFlag.MALFORMED
