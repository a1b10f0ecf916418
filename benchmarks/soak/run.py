"""`make soak`: ten million commands, engine against oracle.

`python -m benchmarks.soak.run [--commands N]`
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.engine.flow import realistic
from benchmarks.engine.numba_core import NumbaCore
from benchmarks.engine.shape import Shape
from benchmarks.report import Figure, publish
from benchmarks.soak.against_oracle import Batches, Header, Soaked, soak
from sunwise.contracts.exchange.log import MAX_BATCH_COMMANDS
from sunwise.exchange.engine.core import Capacities, event_buffer, warm_up
from tests.support.engine_commands import START_NS, clock
from tests.support.engine_flow import Flow

METHOD: Final = """
Two flows, half of the commands each, one exchange for the whole of each. Hostile: three symbols,
close prices, colliding ids, spoilt records, administration in between, tables that fill up.
Realistic: four symbols, 1,000 accounts, 40,000 resting orders, prices by a power law. Every batch
goes through the core and the naive exchange of tests/oracle, and their events are compared byte by
byte; the core is audited every 250,000 commands (money conserved to the atom). Then the core replays
the flow from zero, and from a snapshot of the middle, to the same state hash. The first difference
stops the run, and no figures are written.
"""
_HOSTILE: Final = Capacities(64, 256, 400, 400, 2_000, 5_000, 5, 8, 200, 8)


class Spool:
    """Batches kept in a file, to be read again and again."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "batches"
        self._headers: list[tuple[Header, int]] = []
        self._file = self._path.open("wb")

    def add(self, header: Header, records: bytes) -> None:
        """Keeps one batch."""
        self._headers.append((header, len(records)))
        self._file.write(records)

    def batches(self) -> Iterator[tuple[Header, bytes]]:
        """All batches in their order."""
        self._file.flush()
        with self._path.open("rb") as file:
            for header, size in self._headers:
                yield header, file.read(size)


def hostile(spool: Spool, n_commands: int, seed: int) -> Batches:
    """The flow of the property tests, over and over."""
    flow, numbers, now_ns, done = Flow(seed), dict[int, int](), START_NS, 0

    def keep(writer: int, records: list[bytes | None]) -> None:
        numbers[writer] = numbers.get(writer, 0) + 1
        written = [clock(now_ns) if record is None else record for record in records]
        spool.add((writer, 1, numbers[writer], now_ns), b"".join(written))

    for writer, records in flow.setup():
        keep(writer, records)
    while done < n_commands:
        writer, records, step_ns = flow.batch(60)
        now_ns += step_ns
        done += len(records)
        keep(writer, records)
    return spool.batches


def everyday(n_commands: int, seed: int) -> tuple[Capacities, Batches]:
    """The flow of the engine's benchmark, in batches of the log's size."""
    shape = Shape(n_commands, seed=seed)
    flow = realistic(shape, NumbaCore(shape.capacities()), event_buffer(65_536))
    rows = flow.batches(MAX_BATCH_COMMANDS).tolist()
    words = flow.commands["words"]

    def batches() -> Iterator[tuple[Header, bytes]]:
        for writer, epoch, batch_no, batch_ns, first, end in rows:
            yield (writer, epoch, batch_no, batch_ns), words[first:end].tobytes()

    return shape.capacities(), batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    half = arguments.commands // 2
    print(f"seed {arguments.seed}")
    warm_up()
    soaked = {}
    with tempfile.TemporaryDirectory() as folder:
        batches = hostile(Spool(Path(folder)), half, arguments.seed)
        soaked["hostile"] = soak("hostile", _HOSTILE, batches, progress=print)
    capacities, batches = everyday(half, arguments.seed)
    soaked["realistic"] = soak("realistic", capacities, batches, progress=print)
    publish("soak", METHOD, [*_figures(soaked)])


def _figures(soaked: dict[str, Soaked]) -> Iterator[Figure]:
    total = sum(one.n_commands for one in soaked.values())
    yield Figure("commands through engine and oracle", total, "commands", ">= 10000000")
    for name, one in soaked.items():
        yield Figure(f"{name}: events equal byte for byte", one.n_events, "events")
        yield Figure(f"{name}: audits passed, money exact", one.n_audits, "audits")
        yield Figure(f"{name}: replays that met the same hash", one.n_replays, "replays", "== 2")
        yield Figure(f"{name}: took", one.seconds, "s")


if __name__ == "__main__":
    main()
