"""Orders on their way: what reaches the engine, and what the client is told of it."""

import asyncio

import pytest

from sunwise.chassis.log.errors import Fenced, NotAccepted, OutcomeUnknown, Overloaded
from sunwise.contracts.exchange.codec import EVENT_CODECS
from sunwise.contracts.exchange.records import (
    CommandFlag,
    CommandKind,
    EventFlag,
    EventKind,
    ExpiryReason,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from sunwise.contracts.exchange.rejects import Reject
from tests.support.fake_gateway import catalog, symbol
from tests.unit.gateway.conftest import ACCOUNT


async def test_a_limit_order_becomes_one_command(gateway):
    await gateway.order(
        newClientOrderId="mine-1", strategyId=7, strategyType=1_000_001,
        selfTradePreventionMode="EXPIRE_BOTH",
    )  # fmt: skip
    (command,) = gateway.writer.commands
    assert command.kind == CommandKind.PLACE
    assert (command.account, command.symbol, command.symbol_version) == (ACCOUNT, 0, 1)
    assert (command.side, command.order_type) == (Side.BUY, OrderType.LIMIT)
    assert (command.time_in_force, command.stp) == (
        TimeInForce.GTC,
        SelfTradePrevention.EXPIRE_BOTH,
    )
    assert (command.price_ticks, command.qty_lots) == (6_100_000, 100)
    assert (command.client_id, command.strategy_id, command.strategy_type) == (
        "mine-1",
        7,
        1_000_001,
    )
    assert (command.quote_atoms, command.stop_ticks, command.order_id) == (0, 0, 0)


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"type": "MARKET", "quantity": "2"}, {"order_type": OrderType.MARKET, "qty_lots": 200_000}),
        (
            {"type": "MARKET", "quoteOrderQty": "100.5"},
            {"flags": CommandFlag.BY_QUOTE, "quote_atoms": 10_050_000_000, "qty_lots": 0},
        ),
        (
            {"type": "LIMIT_MAKER", "quantity": "1", "price": "5"},
            {"order_type": OrderType.LIMIT_MAKER, "price_ticks": 500},
        ),
        (
            {"type": "STOP_LOSS_LIMIT", "quantity": "1", "price": "5", "stopPrice": "4.99", "timeInForce": "IOC"},
            {"order_type": OrderType.STOP_LOSS_LIMIT, "stop_ticks": 499, "time_in_force": TimeInForce.IOC},
        ),
        (
            {"type": "TAKE_PROFIT_LIMIT", "quantity": "1", "price": "5", "stopPrice": "6", "timeInForce": "FOK"},
            {"order_type": OrderType.TAKE_PROFIT_LIMIT, "stop_ticks": 600, "time_in_force": TimeInForce.FOK},
        ),
        ({"type": "LIMIT", "quantity": "1", "price": "5", "timeInForce": "GTC", "icebergQty": "0"}, {"qty_lots": 100_000}),
    ],
)  # fmt: skip
async def test_every_type_of_order_is_decoded(gateway, params, wanted):
    answer = await gateway.call("POST", "/api/v3/order", symbol="BTCUSDT", side="SELL", **params)
    assert answer.status == 200
    (command,) = gateway.writer.commands
    assert {name: getattr(command, name) for name in wanted} == wanted
    assert command.side == Side.SELL


async def test_an_order_without_an_id_gets_one_of_its_own(gateway):
    for _ in range(2):
        await gateway.order()
    ids = {command.client_id for command in gateway.writer.commands}
    assert len(ids) == 2
    assert all(len(each) == 22 for each in ids)


async def test_a_resting_order_is_answered_in_full(gateway):
    answer = await gateway.order(newClientOrderId="mine")
    time = gateway.now_ms
    assert answer.json == {
        "symbol": "BTCUSDT", "orderId": 1, "orderListId": -1, "clientOrderId": "mine",
        "transactTime": time, "price": "61000.00000000", "origQty": "0.00100000",
        "executedQty": "0.00000000", "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000", "status": "NEW", "timeInForce": "GTC",
        "type": "LIMIT", "side": "BUY", "workingTime": time, "selfTradePreventionMode": "NONE",
        "fills": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({}, "FULL"),
        ({"type": "MARKET", "price": None, "timeInForce": None}, "FULL"),
        ({"type": "LIMIT_MAKER", "timeInForce": None}, "ACK"),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "61000"}, "ACK"),
        ({"newOrderRespType": "ACK"}, "ACK"),
        ({"newOrderRespType": "RESULT"}, "RESULT"),
        ({"type": "LIMIT_MAKER", "timeInForce": None, "newOrderRespType": "FULL"}, "FULL"),
    ],
)
async def test_the_response_type_has_binances_defaults(gateway, params, kind):
    shown = (await gateway.order(**params)).json
    fields = {"ACK": 5, "RESULT": 16, "FULL": 17}[kind]
    assert len(shown) - ("stopPrice" in shown) == fields
    assert ("fills" in shown) == (kind == "FULL")


def filled(gateway, *fills, closing=()):
    """A step of the script: accepted, these (price, lots, fee), then these records."""

    def step(command):
        records = [gateway.writer.accepted(command)]
        order_id = gateway.writer._order_id
        for number, (price, lots, fee) in enumerate(fills, 1):
            records.append(
                gateway.writer.trade(
                    taker_order_id=order_id, price_ticks=price, qty_lots=lots,
                    quote_atoms=price * lots * 10, trade_id=100 + number, taker_fee_atoms=fee,
                )
            )  # fmt: skip
        records += [record(order_id) for record in closing]
        return gateway.writer.outcome(*records)

    gateway.writer.script.append(step)


def expired(reason, order_id=None):
    def record(own):
        return EVENT_CODECS["order"].pack(
            kind=EventKind.EXPIRED, reject=reason, order_id=order_id or own
        )

    return record


async def test_fills_are_listed_with_their_commission(gateway):
    filled(gateway, (6_099_900, 60, 600), (6_100_000, 40, 401))
    shown = (await gateway.order()).json
    assert shown["status"] == "FILLED"
    assert shown["executedQty"] == "0.00100000"
    assert shown["cummulativeQuoteQty"] == "60.99940000"
    assert shown["fills"] == [
        {"price": "60999.00000000", "qty": "0.00060000", "commission": "0.00000600",
         "commissionAsset": "BTC", "tradeId": 101},
        {"price": "61000.00000000", "qty": "0.00040000", "commission": "0.00000401",
         "commissionAsset": "BTC", "tradeId": 102},
    ]  # fmt: skip


async def test_a_seller_pays_commission_in_the_quote_asset(gateway):
    filled(gateway, (6_100_000, 100, 6_100_000))
    (fill,) = (await gateway.order(side="SELL")).json["fills"]
    assert (fill["commission"], fill["commissionAsset"]) == ("0.06100000", "USDT")


async def test_a_partial_fill_that_rests_is_partially_filled(gateway):
    filled(gateway, (6_100_000, 30, 300))
    shown = (await gateway.order()).json
    assert (shown["status"], shown["executedQty"]) == ("PARTIALLY_FILLED", "0.00030000")
    assert "expiryReason" not in shown


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (ExpiryReason.IMMEDIATE_OR_CANCEL, "UNFILLED_IOC_QUANTITY_EXPIRED"),
        (ExpiryReason.FILL_OR_KILL, "UNFILLED_FOK_ORDER_EXPIRED"),
        (ExpiryReason.NO_LIQUIDITY, "INSUFFICIENT_LIQUIDITY"),
        (ExpiryReason.FILL_CAP, "EXCHANGE_CANCELED"),
        (ExpiryReason.PRICE_BOUND, "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"),
    ],
)
async def test_an_order_that_expires_says_why(gateway, reason, shown):
    filled(gateway, (6_100_000, 30, 300), closing=[expired(reason)])
    answer = await gateway.order(timeInForce="IOC")
    assert answer.status == 200
    assert (answer.json["status"], answer.json["expiryReason"]) == ("EXPIRED", shown)


async def test_an_order_by_quote_that_spent_its_money_is_filled(gateway):
    filled(gateway, (6_100_000, 16, 16), closing=[expired(ExpiryReason.QUOTE_SPENT)])
    answer = await gateway.order(
        type="MARKET", price=None, timeInForce=None, quantity=None, quoteOrderQty="10"
    )
    shown = answer.json
    assert (shown["status"], shown["origQty"]) == ("FILLED", "0.00016000")
    assert shown["origQuoteOrderQty"] == "10.00000000"
    assert "expiryReason" not in shown


async def test_self_trade_prevention_is_a_status_of_its_own(gateway):
    prevented = EVENT_CODECS["trade"].pack(kind=EventKind.PREVENTED, qty_lots=100, trade_id=9)
    filled(
        gateway,
        closing=[lambda _: prevented, expired(ExpiryReason.SELF_TRADE_PREVENTION)],
    )
    shown = (await gateway.order(selfTradePreventionMode="EXPIRE_TAKER")).json
    assert shown["status"] == "EXPIRED_IN_MATCH"
    assert (shown["preventedMatchId"], shown["preventedQuantity"]) == (9, "0.00100000")


async def test_a_maker_that_expires_in_the_same_command_is_another_order(gateway):
    filled(
        gateway, (6_100_000, 100, 1),
        closing=[expired(ExpiryReason.SELF_TRADE_PREVENTION, order_id=77)],
    )  # fmt: skip
    assert (await gateway.order()).json["status"] == "FILLED"


async def test_a_stop_shows_its_price_and_does_not_work_yet(gateway):
    gateway.writer.script.append(
        lambda command: gateway.writer.outcome(gateway.writer.accepted(command, working_ns=0))
    )
    answer = await gateway.order(
        type="STOP_LOSS_LIMIT", stopPrice="60000", newOrderRespType="RESULT", strategyId=3
    )
    shown = answer.json
    assert (shown["stopPrice"], shown["workingTime"], shown["strategyId"]) == (
        "60000.00000000",
        -1,
        3,
    )


async def test_times_are_microseconds_when_asked_for(gateway):
    for unit in ("MICROSECOND", "microsecond"):
        answer = await gateway.call(
            "POST", "/api/v3/order", headers={"x_mbx_time_unit": unit}, symbol="BTCUSDT",
            side="BUY", type="MARKET", quantity="1",
        )  # fmt: skip
        assert answer.json["transactTime"] == gateway.clock.now_ns() // 1_000
        assert answer.json["workingTime"] == gateway.clock.now_ns() // 1_000
    answer = await gateway.ask("GET", "/api/v3/time", x_mbx_time_unit="NANOSECOND")
    message = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    assert answer.refusal == (400, -1194, message)


REFUSALS = {
    Reject.EXPIRED_COMMAND: (400, -1021, "Timestamp for this request is outside of the recvWindow."),
    Reject.UNKNOWN_ACCOUNT: (400, -2010, "This action is disabled on this account."),
    Reject.SYMBOL_HALTED: (400, -1013, "Market is closed."),
    Reject.SYMBOL_CANCEL_ONLY: (400, -1013, "Market is closed."),
    Reject.PRICE_FILTER: (400, -1013, "Filter failure: PRICE_FILTER"),
    Reject.LOT_SIZE: (400, -1013, "Filter failure: LOT_SIZE"),
    Reject.MARKET_LOT_SIZE: (400, -1013, "Filter failure: MARKET_LOT_SIZE"),
    Reject.MIN_NOTIONAL: (400, -1013, "Filter failure: NOTIONAL"),
    Reject.MAX_NOTIONAL: (400, -1013, "Filter failure: NOTIONAL"),
    Reject.PERCENT_PRICE_BY_SIDE: (400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Reject.MAX_NUM_ORDERS: (400, -1013, "Filter failure: MAX_NUM_ORDERS"),
    Reject.DUPLICATE_CLIENT_ID: (400, -2010, "Duplicate order sent."),
    Reject.WOULD_TRIGGER_IMMEDIATELY: (400, -2010, "Order would trigger immediately."),
    Reject.WOULD_TAKE: (400, -2010, "Order would immediately match and take."),
    Reject.INSUFFICIENT_FUNDS: (400, -2010, "Account has insufficient balance for requested action."),
    Reject.NO_LIQUIDITY: (400, -2010, "Order book liquidity is less than symbol minimum quantity."),
}  # fmt: skip


@pytest.mark.parametrize("reject", REFUSALS, ids=lambda reject: reject.name)
async def test_a_refusal_of_the_engine_has_binances_code_and_message(gateway, reject):
    gateway.writer.script.append(gateway.writer.rejected(reject))
    assert (await gateway.order()).refusal == REFUSALS[reject]


@pytest.mark.parametrize("reject", [r for r in Reject if 100 <= r <= 108 and r not in (106, 107)])
async def test_a_full_exchange_says_that_nothing_was_done(gateway, reject):
    gateway.writer.script.append(gateway.writer.rejected(reject))
    answer = await gateway.order()
    assert answer.refusal[:2] == (503, -1008)
    assert "nothing was done" in answer.refusal[2]
    assert answer.headers["retry-after"] == "1"


async def test_an_unknown_outcome_is_binances_timeout(gateway):
    gateway.writer.script.append(lambda _: OutcomeUnknown("no answer"))
    message = (
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown."
    )
    assert (await gateway.order()).refusal == (504, -1007, message)


@pytest.mark.parametrize("fault", [NotAccepted("disk full"), Overloaded("8192 wait")])
async def test_an_order_that_was_surely_not_placed_is_refused_clearly(gateway, fault):
    step = fault if isinstance(fault, Overloaded) else lambda _: fault
    gateway.writer.script.append(step)
    answer = await gateway.order()
    assert answer.refusal[:2] == (503, -1008)
    assert answer.refusal[2].startswith("Server is currently overloaded with other requests.")
    assert (await gateway.order()).headers["x-mbx-order-count-10s"] == "1"  # it did not count


async def test_a_gateway_that_was_fenced_places_nothing(gateway):
    gateway.writer.script.append(Fenced("another instance"))
    assert (await gateway.order()).refusal[:2] == (503, -1001)


async def test_new_terms_of_a_symbol_are_used_at_once(gateway):
    gateway.writer.script.append(gateway.writer.rejected(Reject.STALE_SYMBOL_VERSION))
    waiting = asyncio.create_task(gateway.order(quantity="0.0010"))
    await asyncio.sleep(0)
    assert gateway.writer.commands
    gateway.catalog.symbols[0] = symbol(0, "BTCUSDT", 0, version=2, base_atoms_per_lot=10_000)
    gateway.catalog.version += 1
    answer = await waiting
    assert (answer.status, answer.json["origQty"]) == (200, "0.00100000")
    stale, fresh = gateway.writer.commands
    assert (stale.symbol_version, stale.qty_lots) == (1, 100)
    assert (fresh.symbol_version, fresh.qty_lots) == (2, 10)


async def test_a_symbol_that_stays_stale_is_an_internal_error(gateway, monkeypatch):
    monkeypatch.setattr("sunwise.exchange.gateway.endpoints.trading._CATALOG_STEPS", 2)
    gateway.writer.script.append(gateway.writer.rejected(Reject.STALE_SYMBOL_VERSION))
    assert (await gateway.order()).refusal[:2] == (503, -1001)


# ---- cancels ----


async def test_a_cancel_by_order_id_tells_both_client_ids(gateway):
    answer = await gateway.call(
        "DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=42, newClientOrderId="cancel-1"
    )
    (command,) = gateway.writer.commands
    assert (command.kind, command.order_id, command.flags) == (CommandKind.CANCEL, 42, 0)
    shown = answer.json
    assert (shown["origClientOrderId"], shown["clientOrderId"]) == ("mine", "cancel-1")
    assert (shown["orderId"], shown["status"], shown["orderListId"]) == (42, "CANCELED", -1)
    assert shown["transactTime"] == gateway.now_ms
    assert "workingTime" not in shown


async def test_a_cancel_by_client_id_names_it(gateway):
    await gateway.call("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="that-one")
    (command,) = gateway.writer.commands
    assert (command.flags, command.target_client_id, command.order_id) == (
        CommandFlag.BY_CLIENT_ID, "that-one", 0,
    )  # fmt: skip


@pytest.mark.parametrize("restriction", ["ONLY_NEW", "ONLY_PARTIALLY_FILLED"])
@pytest.mark.parametrize(
    ("named", "by_name"),
    [({"orderId": 42}, 0), ({"origClientOrderId": "that-one"}, CommandFlag.BY_CLIENT_ID)],
)
async def test_a_restricted_cancel_leaves_the_choice_to_the_engine(
    gateway, restriction, named, by_name
):
    """One command checks and cancels: nothing can be executed in between."""
    cancel = {"symbol": "BTCUSDT", "cancelRestrictions": restriction} | named
    gateway.writer.script.append(gateway.writer.rejected(Reject.CANCEL_RESTRICTED))
    refused = await gateway.call("DELETE", "/api/v3/order", **cancel)
    message = "Order was not canceled due to cancel restrictions."
    assert refused.refusal == (400, -2011, message)
    assert (await gateway.call("DELETE", "/api/v3/order", **cancel)).json["status"] == "CANCELED"
    asked = {command.flags for command in gateway.writer.commands}
    assert asked == {CommandFlag[restriction] | by_name}


async def test_a_cancel_may_come_in_the_body(gateway):
    text = gateway.signed({"symbol": "BTCUSDT", "orderId": 3})
    answer = await gateway.ask("DELETE", "/api/v3/order", text.encode(), x_mbx_apikey="k" * 64)
    assert answer.json["orderId"] == 3


async def test_a_cancel_of_nothing_is_unknown(gateway):
    gateway.writer.script.append(gateway.writer.rejected(Reject.UNKNOWN_ORDER))
    answer = await gateway.call("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=1)
    assert answer.refusal == (400, -2011, "Unknown order sent.")
    assert answer.headers["x-mbx-used-weight"] == "1"


async def test_a_bug_in_the_answer_to_a_cancel_ends_that_call_only(gateway, caplog):
    writer = gateway.writer
    writer.script.append(lambda command: writer.outcome(writer.accepted(command)))
    answer = await gateway.call("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=1)
    assert answer.refusal[:2] == (500, -1000)
    assert "cancel_order met a bug" in caplog.text


async def test_a_cancel_by_two_ids_that_disagree_cancels_nothing(gateway):
    gateway.bus.answers["order"] = lambda query: {
        "type": "orders", "position": [1, 0], "orders": [],
    }  # fmt: skip
    answer = await gateway.call(
        "DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=1, origClientOrderId="other"
    )
    assert answer.refusal == (400, -2011, "Unknown order sent.")
    assert gateway.writer.commands == []


async def test_cancel_all_goes_on_until_nothing_is_left(gateway):
    for flags in (EventFlag.MORE, EventFlag.MORE, 0):

        def step(command, flags=flags):
            last = gateway.writer.canceled(command, flags=flags)
            return gateway.writer.outcome(gateway.writer.canceled(command, order_id=1), last)

        gateway.writer.script.append(step)
    answer = await gateway.call("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert len(answer.json) == 6
    kinds = {command.kind for command in gateway.writer.commands}
    assert kinds == {CommandKind.CANCEL_ALL}
    assert len({row["clientOrderId"] for row in answer.json}) == 1


async def test_cancel_all_with_none_open_is_unknown(gateway):
    gateway.writer.script.append(gateway.writer.rejected(Reject.UNKNOWN_ORDER))
    answer = await gateway.call("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert answer.refusal == (400, -2011, "Unknown order sent.")


# ---- tests of orders ----


async def test_a_test_order_goes_nowhere(gateway):
    params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    answer = await gateway.call("POST", "/api/v3/order/test", **params)
    assert (answer.status, answer.raw) == (200, b"{}")
    assert gateway.writer.commands == []
    rates = await gateway.call(
        "POST", "/api/v3/order/test", computeCommissionRates="true", **params
    )
    assert rates.json["standardCommissionForOrder"] == {
        "maker": "0.00100000",
        "taker": "0.00100000",
    }
    assert rates.headers["x-mbx-used-weight"] == "21"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"price": "1000000.01"}, "PRICE_FILTER"),
        ({"price": "0"}, "PRICE_FILTER"),
        ({"quantity": "9000.00001"}, "LOT_SIZE"),
        ({"quantity": "0"}, "LOT_SIZE"),
        ({"quantity": "0.00001"}, "NOTIONAL"),
        ({"quantity": "9000", "price": "10000"}, "NOTIONAL"),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quantity": "101"}, "MARKET_LOT_SIZE"),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "0"}, "PRICE_FILTER"),
    ],
)  # fmt: skip
async def test_a_test_order_is_held_against_the_filters(gateway, changes, name):
    plain = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.00100", "price": "61000.00",
    }  # fmt: skip
    answer = await gateway.call("POST", "/api/v3/order/test", **(plain | changes))
    assert answer.refusal == (400, -1013, f"Filter failure: {name}")


async def test_symbols_may_be_unicode(make_gateway):
    gateway = make_gateway(catalog(symbol(0, "测试USDT", 0)))
    answer = await gateway.order(symbol="测试USDT")
    assert answer.json["symbol"] == "测试USDT"
