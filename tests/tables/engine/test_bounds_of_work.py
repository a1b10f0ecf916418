"""What bounds the work of one command: fills, cancels; and what happens at the bound."""

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.records import EventFlag, EventKind, ExpiryReason, TimeInForce
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.engine.core import Capacities
from tests.support.engine_commands import (
    ALICE,
    BOB,
    CAROL,
    OrderType,
    SelfTradePrevention,
    SymbolStatus,
    buy,
    cancel_all,
    list_symbol,
    sell,
    set_status,
)
from tests.support.engine_twins import market_of_two

MAX_FILLS = 512
ROOMY = Capacities(16, 64, 2_000, 2_000, 8_000, 2_000, 4, 8, 64, 8)


def deep_market(n_orders, account=ALICE):
    """`n_orders` asks of one lot each, one tick apart from 100 up."""
    twins = market_of_two(capacities=ROOMY, max_num_orders=5_000)
    twins.send(*[sell(account, 100 + place, 1) for place in range(n_orders)])
    return twins


def kinds(events):
    return [EventKind(event.kind) for event in events]


def test_a_taker_that_meets_more_than_the_cap_expires_with_the_rest():
    twins = deep_market(MAX_FILLS + 1)
    events = unpack_events(twins.send(buy(BOB, 10_000, 600)))
    assert kinds(events) == [
        EventKind.ACCEPTED, *[EventKind.TRADE] * MAX_FILLS, EventKind.EXPIRED,
    ]  # fmt: skip
    last = events[-1]
    assert (last.reject, last.executed_lots) == (ExpiryReason.FILL_CAP, MAX_FILLS)
    assert last.locked_atoms == 0
    twins.check_state()


def test_a_taker_that_the_cap_just_fills_is_done():
    twins = deep_market(MAX_FILLS + 1)
    assert kinds(unpack_events(twins.send(buy(BOB, 10_000, MAX_FILLS))))[-1] == EventKind.TRADE


def test_a_taker_at_the_cap_with_nothing_more_to_take_rests():
    twins = deep_market(MAX_FILLS)
    assert kinds(unpack_events(twins.send(buy(BOB, 10_000, 600))))[-1] == EventKind.RESTED
    twins.check_state()


def test_a_fill_or_kill_beyond_the_cap_is_killed():
    twins = deep_market(MAX_FILLS + 1)
    fok = TimeInForce.FOK
    killed = unpack_events(twins.send(buy(BOB, 10_000, MAX_FILLS + 1, time_in_force=fok)))
    assert kinds(killed) == [EventKind.ACCEPTED, EventKind.EXPIRED]
    filled = unpack_events(twins.send(buy(BOB, 10_000, MAX_FILLS, time_in_force=fok)))
    assert kinds(filled)[-1] == EventKind.TRADE


def test_prevented_matches_count_for_the_cap():
    twins = deep_market(MAX_FILLS + 1, account=BOB)
    taker = buy(BOB, 10_000, 600, stp=SelfTradePrevention.EXPIRE_MAKER)
    events = unpack_events(twins.send(taker))
    assert kinds(events).count(EventKind.PREVENTED) == MAX_FILLS
    assert events[-1].reject == ExpiryReason.FILL_CAP
    assert len(events) == 2 * MAX_FILLS + 2  # the most that one command can say
    twins.check_state()


def test_cancel_all_stops_at_its_bound_and_says_that_there_are_more():
    twins = deep_market(MAX_FILLS + 1)
    twins.send(sell(CAROL, 100, 1))
    first = unpack_events(twins.send(cancel_all(ALICE)))
    assert kinds(first) == [EventKind.CANCELED] * MAX_FILLS
    more = [bool(event.flags & EventFlag.MORE) for event in first]
    assert more == [False] * (MAX_FILLS - 1) + [True]
    (last,) = unpack_events(twins.send(cancel_all(ALICE)))
    assert not last.flags & EventFlag.MORE
    twins.check_state()


def test_cancel_all_of_just_the_bound_says_no_more():
    twins = deep_market(MAX_FILLS)
    events = unpack_events(twins.send(cancel_all(ALICE)))
    assert not any(event.flags & EventFlag.MORE for event in events)


def test_cancel_all_goes_over_the_accounts_symbols_in_order_of_first_use():
    twins = market_of_two(capacities=ROOMY)
    twins.admin(list_symbol(name="SECOND"))
    orders = [(1, 100), (0, 101), (1, 102)]
    twins.send(*[sell(ALICE, price, 1, symbol=symbol) for symbol, price in orders])
    events = unpack_events(twins.send(cancel_all(ALICE, flags=4)))
    assert [(event.symbol, event.price_ticks) for event in events] == [(1, 100), (1, 102), (0, 101)]


def test_stops_that_a_halt_caught_trigger_when_the_symbol_trades_again():
    twins = market_of_two(capacities=ROOMY)
    stop = OrderType.STOP_LOSS_LIMIT
    stops = [buy(BOB, 50, 1, order_type=stop, stop_ticks=101 + place) for place in range(10)]
    twins.send(*stops, sell(ALICE, 110, 1), buy(CAROL, 110, 1))
    halted = twins.admin(set_status(SymbolStatus.HALT))  # eight trigger before it
    assert kinds(halted).count(EventKind.TRIGGERED) == 8
    assert twins.tick() == []
    (told,) = twins.admin(set_status(SymbolStatus.TRADING))
    assert told.kind == EventKind.SYMBOL_STATUS_SET
    assert kinds(twins.tick()) == [EventKind.TRIGGERED, EventKind.RESTED] * 2
    twins.check_state()


def test_while_stops_wait_for_their_turn_all_prices_since_decide_what_would_trigger():
    twins = market_of_two(capacities=ROOMY)
    stop = OrderType.STOP_LOSS_LIMIT
    stops = [buy(BOB, 50, 1, order_type=stop, stop_ticks=101 + place) for place in range(30)]
    late = buy(BOB, 50, 1, order_type=stop, stop_ticks=115, symbol_version=1)
    twins.send(*stops, sell(ALICE, 130, 1), buy(CAROL, 130, 1), buy(CAROL, 90, 1))
    # Eight trigger before each command: when the late stop comes, six wait still.
    events = unpack_events(twins.send(sell(ALICE, 90, 1), late))
    assert events[-1].reject == Reject.WOULD_TRIGGER_IMMEDIATELY
    twins.tick()
    (accepted,) = unpack_events(twins.send(late))
    assert accepted.kind == EventKind.ACCEPTED
    twins.check_state()
