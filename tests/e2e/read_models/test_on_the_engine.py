"""Read models behind the real engine on a real bus, held against the oracle fed with the same log."""

import asyncio

import pytest

from sunwise.contracts.exchange.accounts import GetBalances, GetOpenOrders, GetOrder
from sunwise.contracts.exchange.history import GetFills, GetOrders
from sunwise.contracts.exchange.market_data import DepthChanged, Feed, GetDepth, GetTickers
from tests.e2e.read_models.whole_shard import WholeShard
from tests.oracle.state import ASK, BID
from tests.support.read_model_stage import eventually

ACCOUNTS = range(2, 10)
READ_MODELS = ("accounts", "market_data", "history")


@pytest.fixture
async def shard(tmp_path, new_database, seed):
    shard = WholeShard(tmp_path, database=new_database())
    await shard.open(seed)
    yield shard
    await shard.close()
    assert not shard.failures, shard.failures


async def check(shard: WholeShard) -> None:
    """Everything that can be asked is what the oracle says."""
    await shard.settle()
    n_trades = 0
    replies = {a: await shard.ask("accounts", GetBalances(account=a)) for a in ACCOUNTS}
    orders = {a: await shard.ask("accounts", GetOpenOrders(account=a)) for a in ACCOUNTS}
    tickers = (await shard.ask("market", GetTickers())).tickers
    symbols = range(len(tickers))
    depths = [await shard.ask("market", GetDepth(symbol=s, limit=5_000)) for s in symbols]
    fills = [
        fill
        for account in ACCOUNTS
        for symbol in symbols
        for fill in (
            await shard.ask("history", GetFills(account=account, symbol=symbol, limit=1_000))
        ).fills
    ]
    oracle = await shard.truth()
    for (account, asset), balance in oracle.balances.items():
        if account in replies:
            held = {b.asset: (b.free_atoms, b.locked_atoms) for b in replies[account].balances}
            assert held.get(asset, (0, 0)) == (balance.free, balance.locked)
    shown = {(o.symbol, o.order_id, o.executed_lots) for r in orders.values() for o in r.orders}
    assert shown == {
        (symbol, order_id, order.executed_lots)
        for (symbol, order_id), order in oracle.open_by_id.items()
    }
    for symbol, depth, ticker in zip(oracle.symbols, depths, tickers, strict=True):
        for side, shown_levels in ((BID, depth.bids), (ASK, depth.asks)):
            book = symbol.books[side]
            assert shown_levels == [
                (price, sum(order.remaining_lots for order in book.queues[price]))
                for price in book.from_best()
            ]
        assert depth.last_update_id == symbol.last_update_id
        assert ticker.trades == symbol.last_trade_id
        n_trades += symbol.last_trade_id
    assert len(fills) == 2 * n_trades


async def test_every_read_model_says_what_the_oracle_says(shard):
    for name in READ_MODELS:
        await shard.start(name)
    for _ in range(3):
        await shard.trade(25)
        await check(shard)


async def test_restarts_of_read_models_lose_nothing(shard):
    for name in READ_MODELS:
        await shard.start(name)
    for name in READ_MODELS:
        await shard.trade(15)
        await shard.end(name)
        await shard.trade(15)
        await shard.start(name)
        await check(shard)


async def test_a_killed_server_interrupts_and_changes_nothing(shard):
    for name in READ_MODELS:
        await shard.start(name)
    await shard.trade(20)
    shard.server.kill()
    await shard.start_server()
    await asyncio.sleep(0.5)
    await shard.trade(20)
    await check(shard)


async def test_who_asks_after_his_command_was_answered_sees_what_it_did(shard):
    for name in READ_MODELS:
        await shard.start(name)
    await shard.trade(30)
    n_found = 0
    for account in ACCOUNTS:
        for symbol in range(3):
            past = await shard.ask("history", GetOrders(account=account, symbol=symbol))
            for order in past.orders:
                query = GetOrder(account=account, symbol=symbol, order_id=order.order_id)
                assert (await shard.ask("accounts", query)).orders == [order]
                n_found += 1
    assert n_found > 20


async def test_depth_events_rebuild_the_engines_book(shard):
    await shard.start("market_data")
    await shard.trade(60)
    await shard.settle()
    oracle = await shard.truth()
    for symbol in oracle.symbols:
        last_id = symbol.last_update_id
        await eventually(lambda s=symbol.index, i=last_id: newest_id(shard, s) == i)
        sides, told_id = ({}, {}), 0
        for event in depth_events(shard, symbol.index):
            assert event.first_update_id == told_id + 1 or told_id == 0
            told_id = event.last_update_id
            sides[0].update(event.bids)
            sides[1].update(event.asks)
        for side, levels in ((BID, sides[0]), (ASK, sides[1])):
            book = symbol.books[side]
            true = {p: sum(o.remaining_lots for o in book.queues[p]) for p in book.prices}
            assert {price: lots for price, lots in levels.items() if lots} == true


def depth_events(shard: WholeShard, symbol: int) -> list[DepthChanged]:
    return shard.told(f"md.0.{symbol}.{Feed.DEPTH}", list[DepthChanged])


def newest_id(shard: WholeShard, symbol: int) -> int:
    events = depth_events(shard, symbol)
    return events[-1].last_update_id if events else 0
