"""`sunwise up` as a person uses it: it trades, it survives, it stops, it goes on."""

import json
import os
import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from sunwise.cli.launched import LaunchedExchange
from sunwise.cli.status import memory_bytes

pytestmark = pytest.mark.timeout(240)


def get(exchange, path):
    with urllib.request.urlopen(exchange.rest_url + path, timeout=10) as reply:
        return json.load(reply)


def until(condition, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_market_lives_and_the_first_trade_is_printed(lively_exchange):
    line = until(lambda: re.search(r"First trade after [\d.]+ s: (\S+) ", lively_exchange.output))
    assert get(lively_exchange, f"/api/v3/trades?symbol={line[1]}")
    tops = get(lively_exchange, "/api/v3/ticker/bookTicker")
    assert len(tops) == 12
    for top in tops:
        bid, ask = float(top["bidPrice"]), float(top["askPrice"])
        tick = max(2.5e-6 * bid, 10.0 ** -len(top["bidPrice"].rstrip("0").partition(".")[2]))
        assert 0 < bid < ask <= bid * 1.0008 + 3 * tick, top
    book = get(lively_exchange, "/api/v3/depth?symbol=BTCUSDT&limit=20")
    assert len(book["bids"]) >= 5
    assert len(book["asks"]) >= 5


def test_the_book_moves(lively_exchange):
    before = get(lively_exchange, "/api/v3/depth?symbol=BTCUSDT")["lastUpdateId"]
    until(lambda: get(lively_exchange, "/api/v3/depth?symbol=BTCUSDT")["lastUpdateId"] > before + 3)


def test_cross_rates_agree(lively_exchange):
    tops = {each["symbol"]: each for each in get(lively_exchange, "/api/v3/ticker/bookTicker")}
    middle = {
        name: (float(top["bidPrice"]) + float(top["askPrice"])) / 2 for name, top in tops.items()
    }
    assert middle["ETHBTC"] == pytest.approx(middle["ETHUSDT"] / middle["BTCUSDT"], rel=2e-3)


def test_keys_and_addresses_are_printed_once(lively_exchange):
    demo = lively_exchange.running.demo
    for value in (demo.api_key, demo.api_secret, lively_exchange.rest_url):
        assert lively_exchange.output.count(value) == (2 if value.startswith("http") else 1)
    for path in lively_exchange.data.glob("logs/*.log"):
        assert demo.api_secret not in path.read_text()
    for path in (*lively_exchange.data.glob("keys/*"), lively_exchange.data / "running.json"):
        assert path.stat().st_mode & 0o077 == 0


def test_all_processes_together_take_less_than_700_mb(lively_exchange):
    running = lively_exchange.refresh()
    used = {name: memory_bytes(pid) >> 20 for name, pid in running.children.items()}
    used["supervisor"] = memory_bytes(running.pid) >> 20
    print(used, sum(used.values()))
    assert sum(used.values()) < 700


@pytest.mark.parametrize("name", ["engine", "edge", "liquidity", "nats-server"])
def test_a_crashed_process_is_started_again_and_the_market_goes_on(lively_exchange, name):
    pid = lively_exchange.refresh().children[name]
    os.kill(pid, signal.SIGKILL)
    said = until(lambda: f"{name} is back." in lively_exchange.output, timeout_s=60)
    assert said
    assert (
        f"{name} ended" in lively_exchange.output or f"{name} was ended" in lively_exchange.output
    )

    def newest():
        try:
            return get(lively_exchange, "/api/v3/depth?symbol=BTCUSDT")["lastUpdateId"]
        except OSError:
            return None

    lively_exchange.refresh()
    before = until(newest, timeout_s=60)
    until(lambda: (newest() or 0) > before + 3, timeout_s=60)
    until(lambda: lively_exchange.refresh().children[name] != pid)


def test_a_killed_supervisor_leaves_nothing_behind(compiled_engine, tmp_path):
    exchange = LaunchedExchange.start(tmp_path / "data", options=["--symbols", "BTCUSDT"])
    pids = [exchange.pid, *exchange.running.children.values()]
    assert len(pids) == 5
    exchange.kill()
    until(lambda: not any(is_alive(pid) for pid in pids), timeout_s=10)
    exchange.stop()


def test_ctrl_c_stops_everything_and_the_next_start_goes_on(compiled_engine, tmp_path):
    options = ["--no-liquidity", "--symbols", "BTCUSDT"]
    first = LaunchedExchange.start(tmp_path / "data", options=options)
    account = first.new_account({"BTC": "1.5"}).account
    pids = list(first.running.children.values())
    demo = first.running.demo
    assert first.stop() == 0
    assert "Stopped." in first.output
    assert not any(is_alive(pid) for pid in pids)
    assert not (tmp_path / "data" / "running.json").exists()
    with LaunchedExchange.start(tmp_path / "data", options=options) as second:
        assert second.running.demo == demo
        assert second.new_account().account == account + 1
        [symbol] = get(second, "/api/v3/exchangeInfo")["symbols"]
        assert symbol["symbol"] == "BTCUSDT"


def test_the_same_seed_gives_the_same_orders(compiled_engine, tmp_path):
    def orders(name, seed):
        options = ["--symbols", "BTCUSDT,ETHBTC", "--seed", str(seed), "--speed", "10"]
        with LaunchedExchange.start(tmp_path / name, options=options) as exchange:
            return {
                symbol: until(lambda symbol=symbol: _maker_orders(exchange, symbol), 60)
                for symbol in ("BTCUSDT", "ETHBTC")
            }

    first = orders("one", 5)
    assert orders("two", 5) == first
    assert orders("three", 6) != first


def _maker_orders(exchange, symbol, n=60):
    """The first orders of a symbol's maker: side, price and quantity; None while there are fewer."""
    from sunwise.cli.pytest_plugin import _signed
    from sunwise.cli.running import DemoKey

    kept = json.loads((exchange.data / "keys" / f"liquidity-maker-{symbol}.json").read_text())
    path = "/api/v3/allOrders"
    rows = _signed(exchange.rest_url, DemoKey(**kept), "GET", path, symbol=symbol, orderId="0")
    if len(rows) < n:
        return None
    return [(row["side"], row["price"], row["origQty"]) for row in rows[:n]]
