"""A real CalDAV server takes the rota's calendar and gives it back whole."""

import os
import subprocess
import sys
import time

import httpx
import msgspec
import pytest
from icalendar import Calendar

from sunwise.chassis.ports import settled_port
from sunwise.people.rota.calendars import calendar, entries
from sunwise.people.rota.kept import State
from sunwise.people.rota.units import units_of
from tests.support.rota_company import NOW, company, days_of, draft, turn


@pytest.fixture
def radicale(tmp_path):
    """The address of an empty server."""
    port = settled_port("127.0.0.1")
    command = [
        *(sys.executable, "-m", "radicale", "--config", ""),
        *("--server-hosts", f"127.0.0.1:{port}", "--auth-type", "none"),
        *("--storage-filesystem-folder", str(tmp_path), "--rights-type", "authenticated"),
    ]
    server = subprocess.Popen(command, env={**os.environ, "RADICALE_CONFIG": ""})
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            httpx.get(url)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait()


def made(number, *turns):
    return msgspec.structs.replace(
        draft(*turns), version=number, state=State.PUBLISHED, created_ns=NOW + number * 10**9
    )


def test_radicale_takes_a_teams_calendar_and_its_next_version(radicale):
    units = {unit.id: unit for unit in units_of(company())}
    first = made(1, *days_of(28))
    changed = made(2, turn(0, 8, "eve"), *days_of(28)[1:])
    with httpx.Client(auth=("core", "core"), base_url=radicale) as client:
        for versions, sequence in (([first], 0), ([first, changed], 1)):
            sent = calendar("On duty: Core", entries(versions), units, {"eve": "Eve"})
            answer = client.put(
                "/core/rota/", content=sent, headers={"content-type": "text/calendar"}
            )
            assert answer.status_code == 201, answer.text
            kept = Calendar.from_ical(client.get("/core/rota/").text).walk("VEVENT")
            ours = Calendar.from_ical(sent).walk("VEVENT")
            assert {facts(event) for event in kept} == {facts(event) for event in ours}
            assert len(kept) == 84
            assert max(event["sequence"] for event in kept) == sequence


def facts(event):
    names = ("uid", "sequence", "status", "summary")
    times = (event[name].to_ical() for name in ("dtstart", "dtend", "dtstamp"))
    return (*(str(event[name]) for name in names), *times)
