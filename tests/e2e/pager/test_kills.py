"""`kill -9` of real instances under load: nothing that was accepted is lost."""

import asyncio
import contextlib

import httpx

from sunwise.people.pager.core.facts import Fired
from sunwise.people.pager.core.intake import Sender, alert_key
from sunwise.people.pager.store import SqlJournal
from tests.e2e.pager.conftest import LAST_RESORT
from tests.support.pager_process import pager_processes, until

N = 400
SENDER = Sender("load", "gateway")


def event(key, name):
    payload = {"summary": name, "source": "load", "severity": "critical"}
    return {"routing_key": key, "event_action": "trigger", "dedup_key": name, "payload": payload}


async def load(pagers, key, accepted, *, prefix):
    """Sends to the pagers in turn; keeps what was answered 202, and whether it was replicated."""
    limits = httpx.Limits(max_connections=16)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=5) as client:

        async def send(n):
            name = f"{prefix}{n}"
            url = f"{pagers[n % len(pagers)].url}/v2/enqueue"
            with contextlib.suppress(httpx.HTTPError):
                answer = await client.post(url, json=event(key, name))
                if answer.status_code == 202:
                    accepted[name] = answer.headers["x-sunwise-replicated"]

        await asyncio.gather(*(send(n) for n in range(N)))


def fired_in(folder):
    journal = SqlJournal.open(folder)
    try:
        return {fact.body.alert for fact in journal.read() if isinstance(fact.body, Fired)}
    finally:
        journal.close()


def lost(accepted, folder):
    known = fired_in(folder)
    return [name for name in accepted if alert_key(SENDER, name) not in known]


async def test_killed_under_load_and_started_again_it_has_all_that_it_accepted(tmp_path):
    with pager_processes(tmp_path, policy=LAST_RESORT) as (pager,):
        key = await asyncio.to_thread(pager.new_key, "load", "gateway")
        accepted = {}
        for round_ in range(3):
            sending = asyncio.create_task(load([pager], key, accepted, prefix=f"r{round_}-"))
            n_before = len(accepted)
            while len(accepted) < n_before + N // 4:  # noqa: ASYNC110 - as load goes on
                await asyncio.sleep(0.005)
            pager.kill()
            await sending
            assert len(accepted) < n_before + N, "it was killed in the middle"
            await asyncio.to_thread(pager.start)
            health = await asyncio.to_thread(pager.get, "/healthz")
            assert health["open_alerts"] >= len(accepted)
    assert lost(accepted, pager.data) == []


async def test_what_both_have_survives_the_loss_of_one_machine(tmp_path):
    with pager_processes(tmp_path, n=2, policy=LAST_RESORT) as pagers:
        first, second = pagers
        key = await asyncio.to_thread(first.new_key, "load", "gateway")
        for pager in pagers:
            await until(lambda p=pager: p.get("/healthz")["peer_reachable"])
        await until(lambda: second.get("/healthz")["keys"] == 1)
        accepted = {}
        sending = asyncio.create_task(load(pagers, key, accepted, prefix="x"))
        while len(accepted) < N // 4:  # noqa: ASYNC110 - as load goes on
            await asyncio.sleep(0.005)
        first.kill()  # and its disk is never seen again
        await sending
        survived = {
            name: replicated for name, replicated in accepted.items()
            if replicated == "yes" or int(name[1:]) % 2 == 1
        }  # fmt: skip
        assert "yes" in accepted.values()
        second.stop()
        assert lost(survived, second.data) == []
