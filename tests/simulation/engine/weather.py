"""Faults at random times, by seed. Everything is healed when a storm has passed."""

import asyncio

from sunwise.chassis.bus.simulated_server import Faults

CALM = Faults(delay_s=(0.0, 0.002), sync_s=(0.0, 0.002))


class Storm:
    """Breaks things in `world` for a while."""

    def __init__(self, world, kinds):
        self.world = world
        self.rng = world.rng
        self.kinds = kinds
        self.log = []
        world.server.faults = CALM

    async def blow(self, n_faults):
        """So many faults, one after another or overlapping."""
        under_way = []
        for _ in range(n_faults):
            await asyncio.sleep(self.rng.uniform(0.0, 0.6))
            kind = self.rng.choice(self.kinds)
            self.log.append(kind)
            fault = getattr(self, kind)()
            task = asyncio.get_running_loop().create_task(fault)
            if self.rng.random() < 0.5:
                await task
            under_way.append(task)
        await asyncio.gather(*under_way)
        self.world.server.faults = CALM

    async def _a_while(self, most=2.0):
        await asyncio.sleep(self.rng.choice([0.0, 0.01, 0.2, most]) * self.rng.random())

    async def kill_engine(self):
        await self._kill(self.rng.choice([n for n in self.world.processes if "engine" in n]))

    async def kill_gateway(self):
        await self._kill(self.rng.choice(self.world.gateways))

    async def kill_clock(self):
        await self._kill("clock")

    async def kill_all_engines(self):
        names = [name for name in self.world.processes if "engine" in name]
        await asyncio.gather(*(self._kill(name) for name in names))

    async def _kill(self, name):
        process = self.world.processes[name]
        process.kill()
        await asyncio.gather(process.task, return_exceptions=True)
        await self._a_while()
        if process.task.done():  # nobody else has started it again meanwhile
            process.start()

    async def cut_connection(self):
        self.rng.choice(list(self.world.processes.values())).bus.cut()

    async def stop_and_continue(self):
        """SIGSTOP as the others see it: silent, then back with what it knew."""
        bus = self.rng.choice(list(self.world.processes.values())).bus
        bus.cut(hold=True)
        await self._a_while(6.0)
        if bus not in self.world.corpses:
            bus.release()

    async def kill_server(self):
        if self.world.server.up:
            self.world.server.kill()
            await self._a_while()
            self.world.server.start()

    async def fill_commands(self):
        await self._fill("CMD_0")

    async def fill_events(self):
        await self._fill("EVT_0")

    async def _fill(self, name):
        stream = self.world.server.streams[name]
        stream.refusing = True
        await self._a_while(3.0)
        stream.refusing = False

    async def disturb(self):
        rng = self.rng
        self.world.server.faults = Faults(
            delay_s=(0.0, rng.choice([0.0, 0.001, 0.02])),
            sync_s=(0.0, rng.choice([0.0, 0.001, 0.02])),
            drop_live=rng.choice([0.0, 0.05, 0.3]),
            drop_ack=rng.choice([0.0, 0.05, 0.3]),
            drop_delivery=rng.choice([0.0, 0.02]),
        )
        await self._a_while(3.0)
        self.world.server.faults = CALM


EVERY_FAULT = tuple(name for name in vars(Storm) if not name.startswith("_") and name != "blow")
