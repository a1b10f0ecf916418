"""10,000 alerts in a minute through two pagers: `python -m benchmarks.pager.run [--short]`."""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx

from benchmarks.pager.load import Outcome, send
from benchmarks.report import Figure, publish
from sunwise.chassis.http import HttpServer, Request, Responder
from tests.support.pager_process import PagerProcess, pager_processes

_PER_PAGE: Final = 20
_SEED: Final = 20_261_127
_SETTLE_S: Final = 60.0
_METHOD: Final = """Two instances as processes, each with its own SQLite file (synchronous=FULL) on one
    disk of this machine, replicating to each other over HTTP; the load generator and the receiver of the
    pages are one more process, so that four busy processes share the cores. PagerDuty events at the
    moments of a Poisson process, to both instances in turn over 64 kept connections. Accept: from the
    moment an event was due to its 202, which comes when both disks have it. Page: from the moment the
    first alert of a page was due to the whole webhook at its receiver, signed, over HTTP on loopback; what
    a mail server or a telephone company adds is not in it. Storm: alerts of one cause in twenty share a
    page. Apart: each alert is a page of its own, the worst case. One run of each; no outlier removed."""


class Receiver:
    """Keeps when the page of each first alert came, and how many came again."""

    def __init__(self) -> None:
        self.came_s: dict[str, float] = {}
        self.repeats = 0

    def handle(self, request: Request, responder: Responder) -> None:
        """Answers 200."""
        name = json.loads(request.body)["title"].rpartition(" ")[2]
        if name in self.came_s:
            self.repeats += 1
        self.came_s.setdefault(name, time.monotonic())
        responder.respond(200, b"{}")


def main() -> None:
    """Prints the table and writes the results."""
    n, seconds = (1_000, 6.0) if "--short" in sys.argv else (10_000, 60.0)
    figures = [Figure("load of the machine by others, before", os.getloadavg()[0], "processes")]
    for title, per_page in (("storm", _PER_PAGE), ("apart", 1)):
        figures += asyncio.run(_measured(title, n, seconds, per_page=per_page))
    publish("pager-short" if n < 10_000 else "pager", _METHOD, figures)


async def _measured(title: str, n: int, seconds: float, *, per_page: int) -> list[Figure]:
    receiver = Receiver()
    server = HttpServer(receiver)
    await server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return await _run(
                title, Path(folder), receiver, (n, seconds, per_page), port=server.port
            )
    finally:
        await server.stop()


async def _run(
    title: str, folder: Path, receiver: Receiver, load: tuple[int, float, int], *, port: int
) -> list[Figure]:
    n, seconds, per_page = load
    secret = folder / "hook-secret"
    secret.touch(0o600)
    secret.write_text("hush")
    channels = (
        f'[pager.channels.targets.ops]\nkind = "webhook"\nurl = "http://127.0.0.1:{port}/"\n'
        f'allow_private = true\nsecret_file = "{secret}"\n'
    )
    policy = 'rate_per_s = 1000\nrate_at_once = 20000\n[pager.policy]\ngroup_by = ["cause"]\n'
    with pager_processes(folder, n=2, channels=channels, policy=policy) as pagers:
        key = await _prepare(pagers)
        events = [(f"a{at}", _event(key, at, per_page)) for at in range(n)]
        ports = [int(pager.url.rpartition(":")[2]) for pager in pagers]
        cpu_s = _cpu_s(pagers)
        outcome = await send(ports, events, seconds=seconds, seed=_SEED)
        await _settled(receiver, n // per_page)
        used_s = _cpu_s(pagers) - cpu_s
        open_alerts = [await asyncio.to_thread(pager.get, "/healthz") for pager in pagers]
    return _figures(
        title,
        outcome,
        receiver,
        cpu_s=used_s,
        open_alerts=[each["open_alerts"] for each in open_alerts],
    )


async def _prepare(pagers: list[PagerProcess]) -> str:
    """Both know each other, Ana's webhook, and the key that is returned."""
    first = pagers[0]
    ana = await asyncio.to_thread(first.new_key, "ana")
    key: str = await asyncio.to_thread(first.new_key, "load", "gateway")
    async with httpx.AsyncClient(trust_env=False) as client:
        ways = [{"kind": "webhook", "address": "ops"}]
        headers = {"authorization": f"Bearer {ana}"}
        (
            await client.put(f"{first.url}/v1/contacts", json=ways, headers=headers)
        ).raise_for_status()
    for pager in pagers:
        while True:
            health = await asyncio.to_thread(pager.get, "/healthz")
            if health["peer_reachable"] and health["keys"] == 2:
                break
            await asyncio.sleep(0.2)
    return key


def _event(key: str, at: int, per_page: int) -> dict[str, object]:
    return {
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": f"a{at}",
        "payload": {
            "summary": f"Something is wrong: a{at}",
            "source": f"host{at % 300}",
            "severity": "critical",
            "custom_details": {"cause": f"c{at % max(1, 10_000 // per_page)}", "note": "x" * 200},
        },
    }


async def _settled(receiver: Receiver, n_pages: int) -> None:
    until_s = time.monotonic() + _SETTLE_S
    while len(receiver.came_s) < n_pages and time.monotonic() < until_s:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def _cpu_s(pagers: list[PagerProcess]) -> float:
    ticks = 0
    for pager in pagers:
        fields = Path(f"/proc/{pager.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _figures(
    title: str, outcome: Outcome, receiver: Receiver, *, cpu_s: float, open_alerts: list[int]
) -> list[Figure]:
    accept_ms = [1e3 * (at_s - outcome.due_s[name]) for name, at_s in outcome.accepted_s.items()]
    page_ms = [1e3 * (at_s - outcome.due_s[name]) for name, at_s in receiver.came_s.items()]
    accepted = len(outcome.accepted_s)
    return [
        Figure(f"{title}: accepted of {len(outcome.due_s):,}", accepted, "alerts"),
        Figure(f"{title}: on both disks before 202", 100 * outcome.replicated / accepted, "%"),
        Figure(f"{title}: accepted and not open on an instance", accepted - min(open_alerts),
               "alerts", "<= 0"),
        Figure(f"{title}: accept p50", _quantile(accept_ms, 0.5), "ms"),
        Figure(f"{title}: accept p99", _quantile(accept_ms, 0.99), "ms"),
        Figure(f"{title}: accept slowest", max(accept_ms), "ms"),
        Figure(f"{title}: pages that arrived", len(page_ms), "pages"),
        Figure(f"{title}: pages that arrived again", receiver.repeats, "pages"),
        Figure(f"{title}: page p50", _quantile(page_ms, 0.5), "ms"),
        Figure(f"{title}: page p99", _quantile(page_ms, 0.99), "ms"),
        Figure(f"{title}: CPU of both instances, an alert", 1e3 * cpu_s / accepted, "ms"),
    ]  # fmt: skip


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


if __name__ == "__main__":
    main()
