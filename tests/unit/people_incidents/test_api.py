"""Incidents over HTTP, on the real store."""

import asyncio

import msgspec
import pytest
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.guard.door import answer_faults
from sunwise.chassis.guard.principal import How, Principal
from sunwise.contracts.people.facts import Actor, FactKind
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.incidents.api import incidents_router
from sunwise.people.incidents.desk import IncidentDesk
from sunwise.people.incidents.export import read_timeline
from sunwise.people.incidents.store import IncidentStore
from sunwise.people.incidents.timeline import ChainBroken, verify
from tests.support.handoff_company import at
from tests.unit.people_incidents.test_store import fact


def require(_right):
    def principal(x_person: str = Header(default="")) -> Principal:
        return Principal(person_id=x_person or None, how=How.TOKEN)

    return principal


class Stage:
    def __init__(self, folder) -> None:
        self.engine = open_database(folder / "incidents.db", is_derived=False)
        self.store = IncidentStore(self.engine)
        self.clock = SimulatedClock(start_ns=at(8))
        self.told: list = []
        self.knows_people = True
        self.desk = IncidentDesk(
            self.store,
            self.clock,
            ask_pseudonyms=self._names,
            tell=self.told.append,
            blocking=asyncio.to_thread,
        )
        app = FastAPI()
        answer_faults(app)
        app.include_router(incidents_router(self.desk, require=require))
        self.client = TestClient(app)

    async def _names(self, people) -> dict[str, str]:
        return {person: f"p-{person}" for person in people} if self.knows_people else {}

    def ask(self, method: str, path: str, who: str = "ana", **fields):
        url = f"/people/incidents{path}"
        return self.client.request(method, url, headers={"x-person": who}, **fields)

    def open(self) -> str:
        body = {"title": "Orders are slow", "severity": 2, "service": "ledger"}
        answer = self.ask("POST", "", json=body)
        assert answer.status_code == 201, answer.text
        return f"/{answer.json()['incident']['id']}"


@pytest.fixture
def stage(tmp_path):
    found = Stage(tmp_path)
    yield found
    found.engine.dispose()


def test_an_incident_from_its_opening_to_its_accepted_review(stage):
    incident = stage.open()
    stage.clock.advance_ns(NS_PER_HOUR // 2)
    page = stage.ask("POST", f"{incident}/roles", json={"role": "commander", "revision": 1}).json()
    assert page["roles"] == {"commander": "ana"}
    moved = stage.ask("POST", f"{incident}/state", json={"state": "resolved", "revision": 2})
    assert moved.json()["incident"]["state"] == "resolved"
    assert moved.json()["may_become"] == ["open"]
    body = {"text": "A full disk.", "read_version": 0}
    written = stage.ask("PUT", f"{incident}/review", json=body).json()
    assert (written["state"], written["version"]) == ("edited", 1)
    refused = stage.ask("POST", f"{incident}/review/accept", json={"read_version": 1})
    assert (refused.status_code, refused.json()["detail"]["why"]) == (403, "same-person")
    accepted = stage.ask("POST", f"{incident}/review/accept", "bo", json={"read_version": 1}).json()
    assert accepted["state"] == "accepted"
    assert [incident.state.value for incident in stage.told] == ["open", "open", "resolved"]


def test_a_page_shows_both_clocks_and_links_every_entry(stage):
    stage.store.record([fact("deploy", FactKind.DEPLOY, 7)], {})
    incident = stage.open()
    page = stage.ask("GET", f"{incident}?zone=Asia/Tokyo&beside=Europe/Paris").json()
    assert page["incident"]["opened"]["yours"] == "Fri 2026-11-27 17:00 Asia/Tokyo"
    assert page["incident"]["opened"]["theirs"] == "Fri 2026-11-27 09:00 Europe/Paris"
    assert [entry["kind"] for entry in page["entries"]] == ["deploy", "opened"]
    assert all(entry["evidence"]["url"] for entry in page["entries"])
    assert page["entries"][1]["person"] == "ana"
    assert page["chain_fault"] == ""


def test_an_unknown_zone_is_refused_with_those_that_are_near(stage):
    answer = stage.ask("GET", f"{stage.open()}?zone=Europe/Berlyn")
    assert answer.status_code == 422
    assert "Europe/Berlin" in answer.text


def test_without_the_directory_an_act_names_the_role_only(stage):
    stage.knows_people = False
    page = stage.ask("GET", stage.open()).json()
    assert (page["entries"][0]["role"], page["entries"][0]["person"]) == ("responder", None)


def test_nowhere_stands_who_acknowledged(stage):
    incident = stage.open()
    actor = Actor(role="primary", person="bo")
    stage.store.record([fact("k", FactKind.PAGE_ACKNOWLEDGED, 9, actor=actor)], {"bo": "p-bo"})
    for path in (incident, f"{incident}/review", f"{incident}/review.md", f"{incident}/export"):
        said = stage.ask("GET", path).text
        assert "page-acknowledged" in said.replace("\\", "")
        assert '"bo"' not in said
        assert "p-bo" not in said


def test_an_export_can_be_checked_by_anybody(stage):
    incident = stage.open()
    stage.ask("POST", f"{incident}/notes", "bo", json={"text": "Looking at the disk."})
    exported = stage.ask("GET", f"{incident}/export").content
    entries = read_timeline(exported)
    verify(entries)
    assert [entry.actor for entry in entries] == ["p-ana", "p-bo"]
    with pytest.raises(ChainBroken):
        verify(read_timeline(exported.replace(b"Looking at the disk", b"Sleeping")))
    assert msgspec.json.decode(exported)["format"] == "sunwise-incident-1"


def test_what_is_wrong_is_refused_with_a_reason(stage):
    incident = stage.open()
    stale = stage.ask("POST", f"{incident}/severity", json={"severity": 1, "revision": 9})
    assert (stale.status_code, stale.json()["detail"]["why"]) == (409, "edited")
    same = stage.ask("POST", f"{incident}/severity", json={"severity": 2, "revision": 1})
    assert "is 2 already" in same.text
    assert stage.ask("GET", "/000000000000").status_code == 404
    assert stage.ask("GET", "/nothing").status_code == 422
    robot = stage.ask("POST", f"{incident}/notes", "", json={"text": "x"})
    assert robot.status_code == 403
    body = {"title": "", "severity": 5, "service": "No Such"}
    assert stage.ask("POST", "", json=body).status_code == 422
