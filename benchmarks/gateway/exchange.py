"""This exchange as the thing under test: one symbol, many funded accounts, no limits, nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.gateway.load import Door
from benchmarks.gateway.orders import Credentials, rest_requests, websocket_frames
from sunwise.cli.exchange import Exchange, ExchangeSettings
from sunwise.cli.market_plan import DEMO, dozen
from sunwise.contracts.exchange.records import Capacity

_N_ACCOUNTS = 50
_PLENTY = 10**16  # atoms of each asset: enough for every order of a run
# As in production the gateway is alone, so that its own CPU is seen.
_PROCESSES = {
    "engine": ("engine", "clock"),
    "models": ("market_data", "accounts", "history", "desk"),
    "gateway": ("gateway",),
}
_MANY_ORDERS = 1_000_000  # the peer has no limit of open orders


@dataclass
class UnderTest:
    """A running exchange and whom to trade as."""

    rest: Door
    websocket_api: Door
    credentials: list[Credentials]
    pids: dict[str, int]  # by process: nats-server and those of _PROCESSES


@asynccontextmanager
async def running(folder: Path, *, max_batch_commands: int = 256) -> AsyncIterator[UnderTest]:
    """An exchange with its data in `folder`; `max_batch_commands` 1 is the worst case."""
    environment = {
        "SUNWISE_GATEWAY_LIMITS_ENABLED": "false",
        "SUNWISE_GATEWAY_MAX_BATCH_COMMANDS": str(max_batch_commands),
    }
    settings = ExchangeSettings(
        data=folder, rest_port=0, ws_port=0, environment=environment, processes=_PROCESSES
    )
    plan = dozen(["BTCUSDT"], with_liquidity=False)
    funds = {asset.name: _PLENTY for asset in plan.assets}
    plan = msgspec.structs.replace(
        plan,
        symbols=[msgspec.structs.replace(s, max_num_orders=_MANY_ORDERS) for s in plan.symbols],
        accounts={DEMO: funds, **{f"load {i}": funds for i in range(_N_ACCOUNTS)}},
        capacities={**plan.capacities, **_room_for(2_000_000)},
    )
    exchange = Exchange(settings, plan, report=print, liquidity=False)
    try:
        reached = await exchange.start()
        keys = [
            await exchange.operator.create_key(exchange.accounts[f"load {i}"])
            for i in range(_N_ACCOUNTS)
        ]
        traders = [Credentials(key.api_key, key.api_secret) for key in keys]
        yield UnderTest(
            rest=Door(_address(reached.rest_url), partial(rest_requests, traders)),
            websocket_api=Door(
                _address(reached.ws_url), partial(websocket_frames, traders), "/ws-api/v3"
            ),
            credentials=traders,
            pids=reached.children,
        )
    finally:
        await exchange.stop()


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.partition("://")[2].partition(":")
    return host, int(port)


def _room_for(n_orders: int) -> dict[int, int]:
    return {Capacity.ORDERS: n_orders, Capacity.CLIENT_IDS: 2 * n_orders}
