"""`make bench-startup`: from the command to the first trade, cold and warm, and the memory of it.

`python -m benchmarks.startup.run [--repeats N]`
"""

import argparse
import contextlib
import os
import re
import select
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.gateway.processes import command_line, descendants
from benchmarks.report import Figure, publish
from sunwise.cli.launched import LaunchedExchange

METHOD: Final = """
`make run` with a fresh data folder on free ports, everything installed. Cold: an empty kernel
cache, so that the engine is compiled first; warm: the cache that the cold start left. Time is from
starting `make` to the line that tells the first trade on the feed. Memory is the proportional set
size (shared pages are split among those who share them) of all processes of the exchange, 20 s
after the first trade of the cold start, with makers and takers at work on twelve symbols. The
fixture's time is what the pytest plugin waits for: an exchange without liquidity, ready for orders.
"""
_ROOT: Final = Path(__file__).resolve().parents[2]
_PATIENCE_S: Final = 180.0
_SETTLED_S: Final = 20.0
_TRADE: Final = re.compile(rb"First trade after")
_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class NoTrade(RuntimeError):
    """The start ended or took too long; the message holds what it printed."""


@dataclass
class Started:
    """A running exchange."""

    first_trade_s: float
    process: "subprocess.Popen[bytes]"

    def memory(self) -> dict[str, int]:
        """Proportional set size by process, bytes."""
        sizes: dict[str, int] = {}
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                name = _name(command_line(pid))
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                sizes[name] = sizes.get(name, 0) + 1024 * int(_PSS.findall(text)[0])
        return sizes


def _name(command: str) -> str:
    """`sunwise run engine clock` is called engine."""
    if "nats-server" in command:
        return "nats-server"
    words = command.partition("sunwise.cli run ")[2].split()
    if words:
        return words[0]
    return "supervisor" if "sunwise up" in command else "make and shell"


@contextmanager
def started(folder: Path, cache: Path) -> Iterator[Started]:
    """`make run` until its first trade. Raises NoTrade."""
    options = f"--data {folder} --rest-port 0 --ws-port 0"
    process = subprocess.Popen(
        ["make", "--no-print-directory", "run", f"ARGS={options}"],
        cwd=_ROOT, env={**os.environ, "SUNWISE_CACHE_DIR": str(cache)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield Started(_wait_for_trade(process), process)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def _wait_for_trade(process: "subprocess.Popen[bytes]") -> float:
    began_s, said = time.monotonic(), b""
    assert process.stdout is not None
    while time.monotonic() - began_s < _PATIENCE_S:
        if not select.select([process.stdout], [], [], 1.0)[0]:
            continue
        said += os.read(process.stdout.fileno(), 65_536)
        if _TRADE.search(said):
            return time.monotonic() - began_s
        if process.poll() is not None:
            break
    raise NoTrade(said.decode(errors="replace"))


def _start_for_a_test(folder: Path, cache: Path) -> float:
    """How long the pytest plugin waits for an exchange in a fresh folder, s."""
    environment = {"SUNWISE_CACHE_DIR": str(cache)}
    began_s = time.monotonic()
    with LaunchedExchange.start(folder, options=["--no-liquidity"], environment=environment):
        return time.monotonic() - began_s


def measure(repeats: int) -> list[Figure]:
    """Cold once, then warm starts on fresh folders."""
    with tempfile.TemporaryDirectory(prefix="sunwise-startup-") as name:
        root = Path(name)
        with started(root / "cold", root / "cache") as exchange:
            cold_s = exchange.first_trade_s
            time.sleep(_SETTLED_S)
            memory = exchange.memory()
        warm, plugin = [], []
        for number in range(repeats):
            with started(root / f"warm{number}", root / "cache") as exchange:
                warm.append(exchange.first_trade_s)
            plugin.append(_start_for_a_test(root / f"plugin{number}", root / "cache"))
    return [
        Figure("command to first trade, cold", cold_s, "s", "< 30"),
        Figure("command to first trade, warm", statistics.median(warm), "s", "< 5"),
        Figure("the same, slowest", max(warm), "s"),
        Figure("fixture sunwise_exchange, warm", statistics.median(plugin), "s", "< 2"),
        Figure("memory of sunwise up", sum(memory.values()) / 1e6, "MB", "< 700"),
        *(Figure(f"memory of {who}", size / 1e6, "MB") for who, size in memory.items()),
    ]


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="warm starts")
    arguments = parser.parse_args()
    publish("startup", METHOD, measure(arguments.repeats))


if __name__ == "__main__":
    main()
