"""A shard that its replicas dispute halts, and goes on when an operator has settled it."""

import asyncio
import json
import time
import urllib.request

import pytest
from click.testing import CliRunner

from sunwise.cli.launched import LaunchedExchange
from sunwise.cli.operator import Operator
from sunwise.cli.settle import command
from sunwise.contracts.exchange.accounts import Position
from sunwise.exchange.engine.dissent import Dissent, StoredPoint, dissent

pytestmark = pytest.mark.timeout(240)
POINT = StoredPoint(Position(command_seq=3), b"sixteen bytes...")


async def differ(running):
    operator = await Operator.connect(running)
    await dissent(operator.bus, POINT, shard="0", said=Dissent(7, "another build"))
    await operator.close()


def settle(exchange):
    done = CliRunner().invoke(command, ["--data", str(exchange.data)])
    assert done.exit_code == 0, done.output
    return done.output


def until(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def halted(exchange):
    text = "The shard has halted. Find out who is right"
    return any(text in log.read_text() for log in (exchange.data / "logs").glob("engine*.log"))


def test_a_disputed_shard_halts_until_it_is_settled(compiled_engine, tmp_path):
    options = ["--no-liquidity", "--symbols", "BTCUSDT"]
    with LaunchedExchange.start(tmp_path / "data", options=options) as exchange:
        assert settle(exchange) == "Nothing to settle: no replica has said that it differs.\n"
        asyncio.run(differ(exchange.running))
        until(lambda: halted(exchange))
        assert "event message 3.0, where replicas 7 (build another build)" in settle(exchange)
        until(lambda: "engine is back" in exchange.output)
        exchange.new_account({"USDT": "100"})
        with urllib.request.urlopen(exchange.rest_url + "/api/v3/time", timeout=10) as reply:
            assert json.load(reply)["serverTime"]
