"""`sunwise replay` as a person uses it, on the first minute of real recordings."""

import gzip
import itertools
import json
import re
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from sunwise.cli.running import find_running
from tests.support.signed_client import SignedClient

pytestmark = pytest.mark.timeout(300)

LINES = 2_500


@pytest.fixture
def recording(shared_data, tmp_path):
    """The first frames of both symbols of a day, as a recorder would have left them."""

    def cut(day, lines=LINES):
        paths = []
        for symbol in ("btcusdt", "ethusdt"):
            source = shared_data / "market" / f"binance_spot_{symbol}_{day}.ws.gz"
            paths.append(tmp_path / f"{symbol}.ws")
            with gzip.open(source, "rb") as frames:
                paths[-1].write_bytes(b"".join(itertools.islice(frames, lines)))
        return paths

    return cut


@pytest.fixture
def replay():
    """Starts `sunwise replay`; what is left of it is ended with the test."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "sunwise.cli", "replay"]
        command += ["--rest-port", "0", "--ws-port", "0", *map(str, arguments)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def finished(process):
    output, _ = process.communicate(timeout=240)
    assert "Traceback" not in output, output
    return process.returncode, output


@pytest.mark.parametrize("day", ["20240808", "20240809"])
def test_a_recording_is_replayed_exactly(compiled_engine, replay, recording, day):
    code, output = finished(replay(*recording(day), "--speed", "max"))
    assert code == 0, output
    for symbol in ("BTCUSDT", "ETHUSDT"):
        [row] = [line for line in output.splitlines() if f"│ {symbol}" in line]
        books, trades, organic, injected, others = (cell.strip() for cell in row.split("│")[2:-1])
        assert books.endswith("(100.0%)")
        assert trades.endswith("(100.0%)")
        shares = [float(re.search(r"\(([\d.]+)%\)", cell)[1]) for cell in (organic, injected)]
        assert sum(shares) == pytest.approx(100, abs=0.2)
        assert others == "0"
    assert re.search(r"[\d,]+ frames in [\d.]+ s: [\d,]+ frames/s", output)


def test_a_bot_trades_inside_the_recording(compiled_engine, replay, recording, tmp_path):
    data = tmp_path / "data"
    process = replay(*recording("20240808", 1_500), "--speed", "2", "--data", data)
    bot = threading.Thread(target=_trade, args=(data / "exchange",), daemon=True)
    bot.start()
    code, output = finished(process)
    bot.join(10)
    assert code == 0, output
    assert "Others traded with the replay's orders" in output, output


def _trade(data):
    """Buys at the market now and then, as soon as there is one."""
    deadline, client = time.monotonic() + 100, None
    while time.monotonic() < deadline:
        try:
            running = find_running(data)
            client = client or SignedClient(running.rest_url, running.demo)
            order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
            for _ in range(5):
                client.call("POST", "order", **order)
                time.sleep(0.2)
        except Exception:  # noqa: BLE001 - not up yet, empty yet, or over already
            time.sleep(0.2)
        else:
            break
    if client is not None:
        client.close()


def test_the_exchange_can_stay_with_the_last_book(compiled_engine, replay, recording, tmp_path):
    data = tmp_path / "data"
    process = replay(*recording("20240808", 400), "--speed", "max", "--data", data, "--stay")
    said = []
    for line in process.stdout:
        said.append(line)
        if "stands still now" in line:
            break
    running = find_running(data / "exchange")
    with urllib.request.urlopen(f"{running.rest_url}/api/v3/depth?symbol=BTCUSDT") as reply:
        book = json.load(reply)
    assert len(book["bids"]) == len(book["asks"]) == 100
    process.terminate()
    assert finished(process)[0] == 0, said


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"no frames here\n" * 3, [], "holds no Binance depth updates or trades"),
        (b"", [], "holds no Binance depth updates or trades"),
        (
            b'{"e":"trade","E":1,"T":1,"s":"WHATEVER","t":1,"p":"1.0","q":"1","m":true}',
            [],
            "Cannot tell base and quote of WHATEVER",
        ),
        (
            b'{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"1e5","q":"1","m":true}',
            [],
            "holds a price or quantity that is none",
        ),
        (b"{}", ["--speed", "fast"], "is neither `max` nor a number above 0"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_sentence(
    replay, tmp_path, content, options, message
):
    path = tmp_path / "frames"
    path.write_bytes(content)
    code, output = finished(replay(path, *options))
    assert code in {1, 2}
    assert message in output
    assert output.strip().splitlines()[-1].startswith("Error: ")


def test_a_missing_file_is_refused(replay, tmp_path):
    code, output = finished(replay(tmp_path / "absent"))
    assert code == 2
    assert "does not exist" in output
