"""User data streams: subscribing, wrapping, order, and what happens when something was missed."""

import asyncio

import pytest

from sunwise.contracts.exchange.accounts import (
    Balance,
    Execution,
    ExecutionType,
    FundsMoved,
    HoldingsChanged,
    OrderState,
    OrderStatus,
    Position,
)
from sunwise.exchange.gateway.keys.api_keys import KeyKind
from sunwise.exchange.gateway.lines.connection import LineSettings
from tests.contract.streams.venue import T_NS, answer, ask, call, running_edge, silent

QUIET = "/ws-api/v3?returnRateLimits=false"


def order(**changes) -> OrderState:
    fields = {
        "account": 9, "symbol": 0, "order_id": 17, "client_id": "mine", "side": 0, "order_type": 0,
        "time_in_force": 0, "stp": 0, "status": OrderStatus.NEW, "price_ticks": 6_183_763,
        "qty_lots": 2_000, "quote_atoms": 0, "stop_ticks": 0, "executed_lots": 0,
        "executed_quote_atoms": 0, "is_working": True, "by_quote": False, "accepted_ns": T_NS,
        "updated_ns": T_NS, "working_ns": T_NS,
    } | changes  # fmt: skip
    return OrderState(**fields)


def new(number: int, **changes) -> Execution:
    return Execution(order=order(**changes), what=ExecutionType.NEW, execution_id=number)


async def subscribed(edge, client, account: int = 9) -> int:
    told = await call(client, "userDataStream.subscribe.signature", edge.add_key(account).signed())
    return told["result"]["subscriptionId"]


async def test_events_come_wrapped_with_their_subscription():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        assert await subscribed(edge, client) == 0
        assert await subscribed(edge, client, account=10) == 1
        accounts.tell(10, FundsMoved(asset=1, amount_atoms=-150_000_000), seq=1)
        assert await answer(client) == {
            "subscriptionId": 1,
            "event": {
                "e": "balanceUpdate", "E": T_NS // 1_000_000, "a": "USDT", "d": "-1.50000000",
                "T": T_NS // 1_000_000,
            },
        }  # fmt: skip


async def test_one_takers_order_is_new_then_a_trade_a_fill_then_balances():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        await subscribed(edge, client)
        filled = {"status": OrderStatus.FILLED, "executed_lots": 2_000, "executed_quote_atoms": 5}
        fills = [
            Execution(
                order=order(**filled), what=ExecutionType.TRADE, trade_id=n, last_lots=1_000,
                last_price_ticks=6_183_763, fee_atoms=7, fee_asset=0, execution_id=n,
            )
            for n in (2, 3)
        ]  # fmt: skip
        touched = HoldingsChanged(balances=[Balance(asset=0, free_atoms=1, locked_atoms=2)])
        accounts.tell(9, new(1), *fills, touched, seq=5)
        seen = [(await answer(client))["event"] for _ in range(4)]
        assert [each.get("x", each["e"]) for each in seen] == [
            "NEW", "TRADE", "TRADE", "outboundAccountPosition",
        ]  # fmt: skip
        assert [each["I"] for each in seen[:3]] == [1, 2, 3]
        assert all(each["E"] >= each["T"] for each in seen[:3])
        assert seen[3]["B"] == [{"a": "BTC", "f": "0.00000001", "l": "0.00000002"}]


async def test_a_second_subscription_of_the_same_account_is_refused():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        signer = edge.add_key(9)
        await call(client, "userDataStream.subscribe.signature", signer.signed())
        told = await call(client, "userDataStream.subscribe.signature", signer.signed())
        assert told["error"] == {
            "code": -2035,
            "msg": "User Data Stream subscription already active.",
        }


async def test_a_session_subscribes_for_its_own_account():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        told = await call(client, "userDataStream.subscribe")
        assert (told["status"], told["error"]["code"]) == (401, -1002)
        await call(client, "session.logon", edge.add_key(9, KeyKind.ED25519).signed())
        assert (await call(client, "userDataStream.subscribe"))["result"] == {"subscriptionId": 0}
        assert (await call(client, "session.status"))["result"]["userDataStream"] is True
        accounts.tell(9, new(1), seq=1)
        assert (await answer(client))["event"]["x"] == "NEW"


async def test_logging_out_ends_the_sessions_own_subscription_only():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        await call(client, "session.logon", edge.add_key(9, KeyKind.ED25519).signed())
        await call(client, "userDataStream.subscribe")
        await subscribed(edge, client, account=10)
        assert (await call(client, "session.logout"))["status"] == 200
        ended = await answer(client)
        assert (ended["subscriptionId"], ended["event"]["e"]) == (0, "eventStreamTerminated")
        listed = (await call(client, "session.subscriptions"))["result"]
        assert listed == [{"subscriptionId": 1}]
        accounts.tell(9, new(1), seq=1)
        assert await silent(client)


async def test_unsubscribing_ends_one_or_all_and_says_so():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        for account in (9, 10, 11):
            await subscribed(edge, client, account)
        assert (await call(client, "userDataStream.unsubscribe", {"subscriptionId": 1}))[
            "result"
        ] == {}
        assert (await answer(client))["subscriptionId"] == 1
        told = await call(client, "userDataStream.unsubscribe", {"subscriptionId": 1})
        assert told["error"] == {"code": -2036, "msg": "User Data Stream subscription not active."}
        assert (await call(client, "userDataStream.unsubscribe"))["result"] == {}
        assert [(await answer(client))["subscriptionId"] for _ in range(2)] == [0, 2]
        assert await subscribed(edge, client, 9) == 3  # ids are never used again


async def test_many_connections_share_one_feed_of_an_account():
    async with running_edge() as (edge, accounts):
        async with edge.connect(QUIET) as one, edge.connect(QUIET + "&timeUnit=microsecond") as two:
            await subscribed(edge, one)
            await subscribed(edge, two)
            assert edge.feeds.subjects == ["user.0.9"]
            accounts.tell(9, new(1), seq=1)
            assert (await answer(one))["event"]["T"] == T_NS // 1_000_000
            assert (await answer(two))["event"]["T"] == T_NS // 1_000
        await asyncio.sleep(0.05)
        assert edge.feeds.subjects == []


async def test_repeated_events_are_passed_over():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        await subscribed(edge, client)
        accounts.tell(9, new(1), seq=5)
        accounts.tell(9, new(1), seq=5, previous=None)
        accounts.tell(9, new(2), seq=6, previous=Position(command_seq=5))
        assert [(await answer(client))["event"]["I"] for _ in range(2)] == [1, 2]
        assert await silent(client)


async def test_a_subscription_begins_behind_what_was_stored_before_it():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as early:
        await subscribed(edge, early)
        edge.stored = Position(command_seq=6, part=1)
        async with edge.connect(QUIET) as late:
            await subscribed(edge, late)
            for number, place in enumerate([(5, 0), (6, 0), (6, 1), (6, 2), (7, 0)], start=1):
                accounts.tell(9, new(number), seq=place[0], part=place[1])
            assert [(await answer(early))["event"]["I"] for _ in range(5)] == [1, 2, 3, 4, 5]
            assert [(await answer(late))["event"]["I"] for _ in range(2)] == [4, 5]


async def test_events_before_a_subscription_count_when_one_is_missed():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        edge.stored = Position(command_seq=5)
        await subscribed(edge, client)
        accounts.tell(9, new(1), seq=5)
        accounts.tell(9, new(3), seq=7, previous=Position(command_seq=6))
        assert (await answer(client))["event"]["e"] == "eventStreamTerminated"


@pytest.mark.parametrize("previous", [Position(command_seq=6), Position(command_seq=5, part=1)])
async def test_a_missed_event_ends_the_stream_and_the_connection(previous):
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        await subscribed(edge, client)
        accounts.tell(9, new(1), seq=5)
        accounts.tell(9, new(3), seq=7, previous=previous)
        assert (await answer(client))["event"]["I"] == 1
        ended = await answer(client)
        assert (ended["subscriptionId"], ended["event"]["e"]) == (0, "eventStreamTerminated")
        await asyncio.wait_for(client.wait_closed(), 5)
        assert client.close_code == 1001


async def test_a_restarted_accounts_service_does_not_pass_for_a_whole_stream():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        await subscribed(edge, client)
        accounts.tell(9, new(1), seq=5)
        accounts._last.clear()
        accounts.tell(9, new(3), seq=7)
        await answer(client)
        assert (await answer(client))["event"]["e"] == "eventStreamTerminated"


async def test_a_broken_connection_to_the_bus_ends_every_stream():
    async with running_edge() as (edge, _), edge.connect(QUIET) as client:
        await subscribed(edge, client)
        edge.world.cut(edge.bus.session)
        assert (await answer(client))["event"]["e"] == "eventStreamTerminated"
        await asyncio.wait_for(client.wait_closed(), 5)
        async with edge.connect(QUIET) as again:
            assert await subscribed(edge, again) == 0


async def test_answers_in_flight_come_before_an_interrupted_connection_ends():
    async with running_edge() as (edge, accounts), edge.connect(QUIET) as client:
        await subscribed(edge, client)
        accounts.tell(9, new(1), seq=5)
        await answer(client)
        edge.gate.clear()
        asking = asyncio.create_task(call(client, "account.status", edge.add_key(9).signed()))
        await asyncio.sleep(0.05)
        accounts.tell(9, new(3), seq=7, previous=Position(command_seq=6))
        assert (await asking)["event"]["e"] == "eventStreamTerminated"
        edge.gate.set()
        assert (await answer(client))["status"] == 200
        await asyncio.wait_for(client.wait_closed(), 5)


async def test_a_listen_key_opens_an_unwrapped_stream():
    async with running_edge() as (edge, accounts):
        key = edge.keys.create(9)
        assert edge.keys.create(9) == key
        async with (
            edge.connect(f"/ws/{key}") as raw,
            edge.connect(f"/stream?streams={key}") as combined,
        ):
            await ask(raw, "LIST_SUBSCRIPTIONS")
            await ask(combined, "SUBSCRIBE", "btcusdt@trade", key)
            accounts.tell(9, new(1), seq=1)
            assert (await answer(raw))["e"] == "executionReport"
            told = await answer(combined)
            assert (told["stream"], told["data"]["e"]) == (key, "executionReport")


async def test_subscribing_again_to_a_key_misses_nothing():
    async with running_edge() as (edge, accounts):
        key = edge.keys.create(9)
        async with edge.connect(f"/ws/{key}") as client:
            await ask(client, "LIST_SUBSCRIPTIONS")
            edge.stored = Position(command_seq=5)
            await ask(client, "SUBSCRIBE", key)
            accounts.tell(9, new(1), seq=5)
            assert (await answer(client))["I"] == 1


async def test_a_missed_event_ends_a_keyed_connection():
    async with running_edge() as (edge, accounts):
        client = await edge.connect(f"/ws/{edge.keys.create(9)}")
        await ask(client, "LIST_SUBSCRIPTIONS")
        accounts.tell(9, new(1), seq=5)
        accounts.tell(9, new(3), seq=7, previous=Position(command_seq=6))
        assert [(await answer(client))["e"] for _ in range(2)] == [
            "executionReport",
            "eventStreamTerminated",
        ]
        await asyncio.wait_for(client.wait_closed(), 5)
        assert client.close_code == 1001


async def test_a_keyed_stream_ends_with_its_key():
    line = LineSettings(ping_every_s=0.05, messages_per_s=1_000)
    async with running_edge(line=line) as (edge, accounts):
        key = edge.keys.create(9)
        async with edge.connect(f"/stream?streams={key}") as client:
            await ask(client, "LIST_SUBSCRIPTIONS")
            assert edge.keys.forget(key, 9)
            told = await answer(client)
            assert (told["stream"], told["data"]["e"]) == (key, "listenKeyExpired")
            accounts.tell(9, new(1), seq=5)
            assert await silent(client)


async def test_an_unknown_listen_key_is_an_invalid_stream():
    async with running_edge() as (edge, _), edge.connect("/ws") as client:
        assert (await ask(client, "SUBSCRIBE", "k" * 64))["error"]["code"] == 2
