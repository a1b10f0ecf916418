"""PyPI's matching engines on the same flow, each in its own environment, as far as each goes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.engine import peer_driver
from benchmarks.engine.flow import Flow
from benchmarks.peer_packages import PeerMissing, installed
from sunwise.contracts.exchange.records import CommandKind, OrderType, TimeInForce

PURE_PYTHON: Final = ("matching-engine", "order-matching", "lightmatchingengine")
_PINS: Final = Path(__file__).with_name("peers.txt")
_DRIVER: Final = Path(peer_driver.__file__)


class PeerRun(NamedTuple):
    """What a peer did, and the CPU time that it took."""

    commands: int
    cpu_ns: int
    trades: int
    lots: int

    @property
    def cpu_us(self) -> float:
        """CPU µs per command."""
        return self.cpu_ns / self.commands / 1000


def names() -> list[str]:
    """The peers, in the order of the file of pins."""
    return [name for name, _, _ in _pins()]


def write_flow(flow: Flow, path: Path) -> int:
    """Writes the orders and cancels of a plain flow for `peer_driver`; returns how many."""
    columns = _columns(flow)
    path.write_bytes(columns.tobytes())
    return len(columns)


def run(name: str, flow_path: Path, seconds: float) -> PeerRun:
    """The peer over the flow, for at most these seconds of CPU time. Raises PeerMissing."""
    oldest, requirements = next(pin[1:] for pin in _pins() if pin[0] == name)
    python = installed(requirements, oldest) / "python"
    command = [str(python), str(_DRIVER), name, str(flow_path), str(seconds)]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60 + 10 * seconds
        )
    except subprocess.TimeoutExpired as late:
        raise PeerMissing(f"{name} did not end within {late.timeout:.0f} s") from late
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerMissing(f"{name} failed ({ran.returncode}): {last}")
    return PeerRun(**json.loads(ran.stdout))


def _pins() -> Iterator[tuple[str, tuple[int, int], list[str]]]:
    for line in _PINS.read_text().splitlines():
        if not line.startswith("#"):
            name, version, *requirements = line.split()
            major, minor = version.split(".")
            yield name, (int(major), int(minor)), requirements


def _columns(flow: Flow) -> np.ndarray:
    """One row of `peer_driver.Row` for each order and cancel."""
    kind = flow.commands["kind"]
    commands = flow.commands[(kind == CommandKind.PLACE) | (kind == CommandKind.CANCEL)]
    target = flow.target[(kind == CommandKind.PLACE) | (kind == CommandKind.CANCEL)]
    is_market = commands["order_type"] == OrderType.MARKET
    assert not (commands["order_type"] > OrderType.MARKET).any(), "not a plain flow"
    return np.stack(
        [
            commands["kind"] == CommandKind.CANCEL,
            commands["symbol"],
            commands["account"],
            commands["side"],
            is_market,
            is_market | (commands["time_in_force"] == TimeInForce.IOC),
            commands["price_ticks"],
            commands["qty_lots"],
            target,
        ],
        axis=1,
    ).astype(np.int64)
