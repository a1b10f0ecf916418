"""What accounts are told, in which order and how often."""

from sunwise.contracts.exchange.accounts import (
    Execution,
    ExecutionType,
    FundsMoved,
    HoldingsChanged,
    OrderStatus,
)
from sunwise.contracts.exchange.log import (
    FIRST_GATEWAY_WRITER,
    GENESIS_CHAIN,
    BatchFlag,
    EventMessage,
)
from sunwise.contracts.exchange.records import EventFlag, EventKind, ExpiryReason, Side
from sunwise.exchange.accounts.model import Accounts
from tests.support.event_rows import ALICE, BOB, funds, listed_symbol, order_event, prevented, trade


def message(*records: bytes, seq: int = 1, part: int = 0, last: bool = True) -> EventMessage:
    flags = BatchFlag.LAST if last else 0
    place = (seq, part, flags, FIRST_GATEWAY_WRITER, 1, seq, 1_000 * seq)
    return EventMessage(*place, GENESIS_CHAIN, GENESIS_CHAIN, b"".join(records))


def fresh() -> Accounts:
    model = Accounts()
    model.apply(message(listed_symbol(0), seq=0))
    return model


def told(model: Accounts, *records: bytes, **place) -> dict[int, list]:
    return {row.account: row.events for row in model.apply(message(*records, **place))}


def shape(events: list) -> list:
    return [event.what if isinstance(event, Execution) else type(event) for event in events]


def resting_sell(order_id: int = 1, *, account: int = BOB, lots: int = 5, index: int = 0) -> bytes:
    return order_event(
        EventKind.ACCEPTED, account=account, order_id=order_id, side=Side.SELL, price_ticks=100,
        qty_lots=lots, locked_atoms=lots, update_id=order_id, flags=EventFlag.ON_BOOK,
        command_index=index,
    )  # fmt: skip


def taking_buy(order_id: int = 9, *, lots: int = 5, **fields) -> bytes:
    return order_event(
        EventKind.ACCEPTED, account=ALICE, order_id=order_id, side=Side.BUY, price_ticks=100,
        qty_lots=lots, **fields,
    )  # fmt: skip


def test_a_taker_is_told_new_then_each_trade_then_its_balances_once():
    model = fresh()
    told(model, resting_sell(1, lots=2), resting_sell(2, lots=3, index=1))
    events = told(
        model,
        taking_buy(9),
        trade(ALICE, 9, BOB, 1, lots=2, trade_id=1, taker_executed=2, maker_executed=2),
        trade(ALICE, 9, BOB, 2, lots=3, trade_id=2, taker_executed=5, maker_executed=3),
        seq=2,
    )
    new, filled = ExecutionType.NEW, ExecutionType.TRADE
    assert shape(events[ALICE]) == [new, filled, filled, HoldingsChanged]
    assert shape(events[BOB]) == [filled, filled, HoldingsChanged]
    assert [balance.asset for balance in events[ALICE][-1].balances] == [0, 1]
    statuses = [event.order.status for event in events[ALICE][:3]]
    assert statuses == [OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED]
    assert [event.is_maker for event in events[BOB][:2]] == [True, True]


def test_balances_are_told_once_for_each_command_of_a_batch():
    events = told(fresh(), resting_sell(1, index=0), resting_sell(2, index=1))
    new = ExecutionType.NEW
    assert shape(events[BOB]) == [new, HoldingsChanged, new, HoldingsChanged]


def test_a_command_that_goes_on_in_the_next_message_tells_balances_at_its_end():
    model = fresh()
    told(model, resting_sell(1, lots=2), resting_sell(2, lots=3, index=1))
    first = trade(ALICE, 9, BOB, 1, lots=2, trade_id=1, taker_executed=2, maker_executed=2)
    second = trade(ALICE, 9, BOB, 2, lots=3, trade_id=2, taker_executed=5, maker_executed=3)
    assert told(model, taking_buy(9), first, seq=2, last=False) == {}
    assert not model.is_between_batches
    events = told(model, second, seq=2, part=1)
    assert shape(events[ALICE]) == [0, ExecutionType.TRADE, ExecutionType.TRADE, HoldingsChanged]
    assert model.is_between_batches


def test_a_cancel_is_told_with_the_id_of_its_request():
    model = fresh()
    told(model, resting_sell(1))
    cancel = order_event(
        EventKind.CANCELED, account=BOB, order_id=1, side=Side.SELL, price_ticks=100, qty_lots=5,
        request_client_id="please", flags=EventFlag.ON_BOOK, update_id=2,
    )  # fmt: skip
    events = told(model, cancel, seq=2)[BOB]
    assert shape(events) == [ExecutionType.CANCELED, HoldingsChanged]
    assert events[0].request_client_id == "please"
    assert events[0].order.status == OrderStatus.CANCELED


def test_an_order_expired_by_self_trade_prevention_is_told_once_with_what_prevented_it():
    model = fresh()
    told(model, resting_sell(1, account=ALICE))
    end = order_event(
        EventKind.EXPIRED, account=ALICE, order_id=1, side=Side.SELL, price_ticks=100, qty_lots=5,
        reject=ExpiryReason.SELF_TRADE_PREVENTION, flags=EventFlag.ON_BOOK, update_id=2,
    )  # fmt: skip
    events = told(model, taking_buy(9), prevented(ALICE, 9, ALICE, 1, lots=4, match_id=7), end)
    ended = events[ALICE][1]
    assert shape(events[ALICE]) == [ExecutionType.NEW, ExecutionType.PREVENTED, HoldingsChanged]
    assert ended.order.status == OrderStatus.EXPIRED_IN_MATCH
    assert (ended.counter_order_id, ended.last_lots) == (9, 4)
    assert (ended.order.prevented_match_id, ended.order.prevented_lots) == (7, 4)


def test_a_market_order_that_spent_its_quote_is_told_filled_by_its_last_trade():
    model = fresh()
    told(model, resting_sell(1, lots=2))
    by_quote = {"lots": 0, "quote_atoms": 250, "flags": EventFlag.BY_QUOTE}
    spent = order_event(
        EventKind.EXPIRED, account=ALICE, order_id=9, side=Side.BUY, executed_lots=2,
        executed_quote_atoms=200, reject=ExpiryReason.QUOTE_SPENT, **by_quote_fields(by_quote),
    )  # fmt: skip
    events = told(
        model,
        taking_buy(9, **by_quote),
        trade(ALICE, 9, BOB, 1, lots=2, trade_id=1, taker_executed=2, maker_executed=2),
        spent,
        seq=2,
    )[ALICE]
    assert shape(events) == [ExecutionType.NEW, ExecutionType.TRADE, HoldingsChanged]
    assert events[1].order.status == OrderStatus.FILLED
    assert events[1].last_lots == 2


def by_quote_fields(terms: dict) -> dict:
    return {"quote_atoms": terms["quote_atoms"], "flags": terms["flags"]}


def test_a_triggered_stop_is_a_command_of_its_own():
    model = fresh()
    stop = {"account": ALICE, "side": Side.BUY, "price_ticks": 90, "qty_lots": 1, "stop_ticks": 95}
    told(model, order_event(EventKind.ACCEPTED, order_id=3, **stop))
    assert not model.accounts[ALICE].open[3 << 20].is_working
    flags = EventFlag.FROM_TRIGGER | EventFlag.WORKING
    events = told(
        model,
        order_event(EventKind.TRIGGERED, order_id=3, flags=flags, working_ns=2_000, **stop),
        order_event(EventKind.RESTED, order_id=3, flags=flags, working_ns=2_000, **stop),
        taking_buy(9),
        seq=2,
    )[ALICE]
    triggered, new = ExecutionType.TRIGGERED, ExecutionType.NEW
    assert shape(events) == [triggered, HoldingsChanged, new, HoldingsChanged]
    assert events[0].order.is_working
    assert events[0].order.working_ns == 2_000


def test_a_credit_is_told_with_its_sign_and_the_balance():
    model = fresh()
    events = told(model, funds("CREDIT", ALICE, 0, amount=70, free=70))[ALICE]
    assert events[0] == FundsMoved(asset=0, amount_atoms=70)
    assert events[1].balances[0].free_atoms == 70
    events = told(model, funds("DEBIT", ALICE, 0, amount=30, free=40), seq=2)[ALICE]
    assert events[0] == FundsMoved(asset=0, amount_atoms=-30)


def test_the_house_and_the_fee_account_are_told_nothing():
    model = fresh()
    told(model, resting_sell(1, lots=2))
    fill = trade(
        ALICE, 9, BOB, 1, lots=2, trade_id=1, taker_executed=2, maker_executed=2, taker_fee=1
    )
    events = told(model, funds("DEPOSIT", 0, 0, amount=5, free=5), taking_buy(9), fill, seq=2)
    assert sorted(events) == [ALICE, BOB]
    assert model.accounts[1].balances == {1: (1, 0)}


def test_execution_ids_rise_by_one_whether_told_or_not():
    loud, quiet = fresh(), fresh()
    rows = [resting_sell(1, lots=2), resting_sell(2, lots=3, index=1)]
    loud.apply(message(*rows))
    quiet.apply(message(*rows), tells=False)
    fills = [
        taking_buy(9),
        trade(ALICE, 9, BOB, 1, lots=2, trade_id=1, taker_executed=2, maker_executed=2),
    ]
    from_loud, from_quiet = told(loud, *fills, seq=2), told(quiet, *fills, seq=2)
    assert from_loud == from_quiet
    assert from_loud[BOB][0].execution_id == 3
