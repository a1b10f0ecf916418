"""A real instance on a disk of its own, behind its real door."""

import asyncio
import contextlib

import httpx
import pytest

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.http import HttpLimits, HttpServer
from sunwise.people.pager.core.policy import Policy, Watchdog
from sunwise.people.pager.instance import Instance
from sunwise.people.pager.keys import Rates, new_key
from sunwise.people.pager.receivers import Receivers
from sunwise.people.pager.store import SqlJournal
from tests.support.pager_people import usual_company

SECRET = b"shared"
POLICY = Policy(
    watchdogs=(Watchdog(name="prom", service="gateway", labels={"alertname": "Watchdog"}),)
)


class NotThere:
    """Answers what no sender asks."""

    def handle(self, request, responder):
        responder.respond(404, b"{}")


class Courier:
    """Takes every message, and keeps it."""

    def __init__(self):
        self.delivered = []

    async def deliver(self, notify, board, now):
        self.delivered.append(notify)
        return True


class Running:
    """An instance and how to ask it."""

    def __init__(self, instance, courier, server, client):
        self.instance, self.courier, self.server, self.client = instance, courier, server, client

    async def new_key(self, name, service="gateway"):
        """A key of a sender; of a person without a service."""
        secret, fact = new_key(name, service)
        await self.instance.submit(lambda _board, _now: [fact])
        return secret

    async def until(self, holds):
        """Waits until it holds."""
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running_instance(folder, *, rates=None):
    """One instance that has no other."""
    journal = SqlJournal.open(folder)
    courier = Courier()
    instance = Instance(journal, usual_company(), courier, policy=POLICY, clock=SystemClock())
    rates = rates or Rates(per_s=100, at_once=1_000)
    door = Receivers(instance, secret=SECRET, rates=rates, pages=NotThere())
    server = HttpServer(door, limits=HttpLimits(max_body_bytes=4_194_304))
    ready = asyncio.Event()
    task = asyncio.create_task(instance.run(ready.set))
    await ready.wait()
    await server.start()
    url = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        try:
            yield Running(instance, courier, server, client)
        finally:
            await server.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            journal.close()


@pytest.fixture
async def pager(tmp_path):
    """One instance on a fresh disk."""
    async with running_instance(tmp_path) as running:
        yield running
