"""One replica as a process of its own; on SIGTERM it prints the CPU time it has used, in s."""

import asyncio
import resource
import signal
import sys
from pathlib import Path

import uvloop

from sunwise.chassis.bus.nats_connect import connect_nats
from sunwise.exchange.engine.core import warm_up
from sunwise.exchange.engine.service import EngineService, EngineSettings
from sunwise.exchange.engine.snapshot_schedule import SnapshotSettings


def cpu_s() -> float:
    """CPU time of this process so far, s."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(url: str, seed: Path, folder: Path) -> None:
    """Runs the replica until it is told to stop."""
    bus = await connect_nats(url, user="engine", seed=seed)
    never = SnapshotSettings(every_batches=10**12, every_s=86_400)
    service = await EngineService.open(bus, folder=folder, settings=EngineSettings(snapshots=never))
    loop = asyncio.get_running_loop()
    running = loop.create_task(service.run())
    loop.add_signal_handler(signal.SIGTERM, running.cancel)
    print("started", cpu_s(), flush=True)
    await service.ready()
    print("ready", cpu_s(), flush=True)
    await asyncio.gather(running, return_exceptions=True)
    print("ended", cpu_s(), flush=True)


if __name__ == "__main__":
    warm_up()
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
