"""One replica of the engine as a process of its own: `python -m tests.e2e.engine.replica ...`."""

import asyncio
import logging
import sys
from pathlib import Path

from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.exchange.engine.core import warm_up
from sunwise.exchange.engine.outbox import OutboxSettings
from sunwise.exchange.engine.service import EngineService, EngineSettings
from sunwise.exchange.engine.snapshot_schedule import SnapshotSettings


async def main(url: str, seed: Path, folder: Path, numbers: list[int]) -> None:
    bus = await connect_nats(url, user="engine", seed=seed)
    every_batches, replica, n_replicas = numbers
    settings = EngineSettings(
        replica=replica,
        n_replicas=n_replicas,
        outbox=OutboxSettings(takeover_after_s=0.1),
        snapshots=SnapshotSettings(every_batches=every_batches, every_s=2.0),
    )
    service = await EngineService.open(bus, folder=folder, settings=settings)
    running = asyncio.create_task(service.run())
    ready = asyncio.create_task(service.ready())
    await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
    print("ready", flush=True)
    await running


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    warm_up()
    numbers = [int(argument) for argument in sys.argv[4:]]
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), numbers))
