"""Clients that trade through kills, and the check that nothing was lost or doubled.

Clients send orders and, when no answer comes, send the same order again under the same client
order id until they know. In the end the exchange must hold each acknowledged order exactly once,
none that was never sent, all money, and a log from which everything can be recomputed.
"""

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from typing import NamedTuple

from sunwise.cli.audit import audit_log
from sunwise.cli.launched import LaunchedExchange
from sunwise.cli.operator import Operator
from tests.support.signed_client import Refused, SignedClient, Unanswered

KILLED = ("engine", "edge", "nats-server")
DUPLICATE, UNKNOWN_OUTCOMES = -2010, {-1000, -1001, -1006, -1007, -1008, -1016}
SYMBOL = "BTCUSDT"


@contextmanager
def unlimited_exchange(folder):
    """An exchange of one symbol with no makers and no limits."""
    with LaunchedExchange.start(
        folder,
        options=["--no-liquidity", "--symbols", SYMBOL],
        environment={"SUNWISE_GATEWAY_LIMITS_ENABLED": "false"},
    ) as running:
        yield running


class Trader(threading.Thread):
    """Places one order after another and insists on an answer to each."""

    def __init__(self, exchange, number, *, seed):
        super().__init__(daemon=True)
        self.key = exchange.new_account({"USDT": "1000000", "BTC": "100"})
        self.client = SignedClient(exchange.rest_url, self.key)
        self.number = number
        self.dice = random.Random(f"{seed}/{number}")
        self.acknowledged: list[str] = []
        self.repeated = 0
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.place(f"t{self.number}-{len(self.acknowledged)}")
        except Exception as failure:  # noqa: BLE001 - told by the test
            self.failure = failure

    def place(self, client_id):
        side = self.dice.choice(["BUY", "SELL"])
        order = {
            "symbol": SYMBOL,
            "side": side,
            "type": "LIMIT",
            "timeInForce": self.dice.choice(["GTC", "IOC"]),
            "price": f"{60_000 + self.dice.randint(-50, 50)}.00",
            "quantity": f"0.{self.dice.randint(100, 900):05d}",
            "newClientOrderId": client_id,
        }
        attempts = 0
        while True:
            attempts += 1
            try:
                answer = self.client.call("POST", "order", **order)
            except Unanswered:
                time.sleep(0.05)
            except Refused as refusal:
                if refusal.code == DUPLICATE and "Duplicate" in refusal.message and attempts > 1:
                    self.repeated += 1
                    break
                if "MAX_NUM_ORDERS" in refusal.message:
                    self.cancel_all()
                elif refusal.code not in UNKNOWN_OUTCOMES:
                    raise
                time.sleep(0.05)
            else:
                assert answer["clientOrderId"] == client_id
                break
        self.acknowledged.append(client_id)

    def cancel_all(self):
        """Makes room: an account may have 200 orders open. Nobody need know whether it worked."""
        with suppress(Unanswered, Refused):
            self.client.call("DELETE", "openOrders", symbol=SYMBOL)


def kill_and_wait(exchange, name, *, timeout_s=60.0):
    before = exchange.refresh().children[name]
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + timeout_s
    while exchange.refresh().children.get(name) in (None, before):
        assert time.monotonic() < deadline, f"{name} was not started again: {exchange.output}"
        time.sleep(0.1)


def storm(exchange, *, kills, seed):
    traders = [Trader(exchange, number, seed=seed) for number in range(4)]
    dice = random.Random(seed)
    for trader in traders:
        trader.start()
    for turn in range(kills):
        time.sleep(dice.uniform(0.5, 2.0))
        kill_and_wait(exchange, KILLED[turn % len(KILLED)])
        assert not any(trader.failure for trader in traders), [t.failure for t in traders]
    calm_until = time.monotonic() + 60
    counts = [len(trader.acknowledged) for trader in traders]
    while any(len(t.acknowledged) <= n for t, n in zip(traders, counts, strict=True)):
        assert time.monotonic() < calm_until, f"no orders after the last kill: {exchange.output}"
        assert not any(trader.failure for trader in traders), [t.failure for t in traders]
        time.sleep(0.1)
    for trader in traders:
        trader.stopping.set()
    for trader in traders:
        trader.join(60)
        assert trader.failure is None, trader.failure
        assert not trader.is_alive()
    return traders


class Verdict(NamedTuple):
    """What was found after a storm; money and log were held to account too."""

    acknowledged: int
    repeated: int  # answers that were lost, and found by sending the order again
    lost: int
    doubled: int
    unsent: int  # in the history, but no trader was told of it


def judge(exchange, traders):
    """Holds the history against what the traders were told. AssertionError when money is off."""
    lost = doubled = unsent = 0
    totals = {"BTC": 0.0, "USDT": 0.0}
    for trader in traders:
        rows = trader.client.all_orders(SYMBOL)
        found = Counter(row["clientOrderId"] for row in rows)
        told = set(trader.acknowledged)
        lost += len(told - found.keys())
        unsent += len(found.keys() - told)
        doubled += sum(count - 1 for count in found.values())
        account = trader.client.call("GET", "account")
        for balance in account["balances"]:
            totals[balance["asset"]] += float(balance["free"]) + float(balance["locked"])
        trader.client.close()
    # fees leave the accounts: at most 0.1 % of what each received
    assert 4 * 100 * 0.98 < totals["BTC"] <= 400
    assert 4 * 1_000_000 * 0.98 < totals["USDT"] <= 4_000_000
    asyncio.run(_audit(exchange))
    acknowledged = sum(len(trader.acknowledged) for trader in traders)
    repeated = sum(trader.repeated for trader in traders)
    return Verdict(acknowledged, repeated, lost, doubled, unsent)


async def _audit(exchange):
    operator = await Operator.connect(exchange.refresh())
    try:
        audit = await audit_log(operator.bus, shard="0")
    finally:
        await operator.close()
    assert audit.result.commands > 0
