"""What the clock says, and how far it may move time."""

from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.log import EventMessage
from sunwise.contracts.exchange.records import CommandKind
from sunwise.exchange.clock.ticking import ClockSettings, Ticker

S = 1_000_000_000
NOW = 1_700_000_000 * S


def said(record):
    command = COMMAND_CODECS["control"].unpack(record)
    assert command.kind == CommandKind.CLOCK
    return command.wall_ns


def newest(time_ns):
    return EventMessage(7, 2, 1, 16, 1, 1, time_ns, bytes(16), bytes(range(16)), b"")


def test_the_first_clock_of_a_log_says_the_time_as_it_is():
    assert said(Ticker(ClockSettings()).next_record(NOW, None)) == NOW


def test_one_clock_moves_time_by_at_most_its_step():
    ticker = Ticker(ClockSettings(max_step_s=10))
    said(ticker.next_record(NOW, None))
    ticker.carried_out()
    assert said(ticker.next_record(NOW + 3600 * S, None)) == NOW + 10 * S


def test_a_restarted_clock_goes_on_from_the_logs_time():
    ticker = Ticker(ClockSettings(max_step_s=10))
    assert said(ticker.next_record(NOW, newest(NOW - 3600 * S))) == NOW - 3590 * S


def test_after_a_pause_the_next_clock_follows_at_once_until_time_is_made_up():
    ticker = Ticker(ClockSettings(max_step_s=10))
    count = 0
    while ticker.is_behind(NOW):
        ticker.next_record(NOW, newest(NOW - 95 * S))
        ticker.carried_out()
        count += 1
    assert count == 9
    assert said(ticker.next_record(NOW, newest(NOW))) == NOW


def test_a_wall_clock_that_steps_back_does_not_move_time_back():
    ticker = Ticker(ClockSettings())
    ticker.next_record(NOW, None)
    ticker.carried_out()
    assert said(ticker.next_record(NOW - 5 * S, None)) == NOW


def test_a_clock_that_was_not_carried_out_is_not_counted():
    ticker = Ticker(ClockSettings(max_step_s=10))
    ticker.next_record(NOW, None)
    ticker.carried_out()
    ticker.next_record(NOW + 100 * S, None)
    assert said(ticker.next_record(NOW + 100 * S, None)) == NOW + 10 * S


def test_orders_that_run_ahead_do_not_make_time_run_away():
    ticker = Ticker(ClockSettings())
    for tick in range(50):
        now_ns = NOW + tick * S // 10
        assert said(ticker.next_record(now_ns, newest(now_ns + S))) == now_ns
        ticker.carried_out()


def test_it_attests_the_newest_event_message():
    command = COMMAND_CODECS["control"].unpack(Ticker(ClockSettings()).next_record(NOW, newest(1)))
    assert (command.attested_seq, command.attested_part) == (7, 2)
    halves = (command.attested_chain_0, command.attested_chain_1)
    assert b"".join(h.to_bytes(8, "little", signed=True) for h in halves) == bytes(range(16))
