"""Handoffs over HTTP, on the real store: what each reader sees and may do."""

import asyncio

import pytest
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.guard.analyses import Agreed, Analysis
from sunwise.chassis.guard.door import answer_faults
from sunwise.chassis.guard.principal import How, Principal
from sunwise.chassis.guard.rights import MATRIX, Right
from sunwise.contracts.people.facts import Evidence, FactKind, TimelineFact
from sunwise.contracts.people.incidents import Shift
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.api import handoff_router
from sunwise.people.handoff.desk import HandoffDesk
from sunwise.people.handoff.following import changes
from sunwise.people.handoff.store import HandoffStore
from tests.support.handoff_company import at, day, roster

ONE = ("ledger",)
ROTA = roster(day(ONE))
ALERT = TimelineFact(
    id="pager:1",
    kind=FactKind.ALERT,
    services=ONE,
    what="The ledger answers slowly.",
    at_ns=at(6),
    source="pager",
    evidence=Evidence(kind="alert", ref="a1", url="/people/alerts/a1"),
)


def require(right: Right):
    """A member with the rights of one: whoever the test says, or an integration."""
    assert MATRIX[right][0] is not None, "every member may"

    def principal(x_person: str = Header(default="")) -> Principal:
        return Principal(person_id=x_person or None, how=How.TOKEN)

    return principal


class Stage:
    """A server with one rota, at a time of the test's choice."""

    def __init__(self, folder) -> None:
        self.engine = open_database(folder / "handoff.db", is_derived=False)
        self.store = HandoffStore(self.engine)
        self.store.follow(changes({}, ROTA, at(1)), at(1))
        self.clock = SimulatedClock(start_ns=at(7.5))
        self.rota = ROTA
        self.shift: Shift | None = Shift(facts=(ALERT,))
        self.told: list = []
        self.agreed = Agreed()
        desk = HandoffDesk(
            self.store,
            self.clock,
            roster=lambda: self.rota,
            ask_shift=self._ask,
            tell=self.told.extend,
            blocking=asyncio.to_thread,
            agreed=lambda: self.agreed,
        )
        app = FastAPI()
        answer_faults(app)
        app.include_router(handoff_router(desk, require=require))
        self.client = TestClient(app)
        self.id = next(h.id for h in self.store.known(0).values() if h.seam.at_ns == at(8))

    async def _ask(self, _query) -> Shift | None:
        return self.shift

    def ask(self, method: str, path: str, who: str, **fields):
        url = f"/people/handoffs{path.replace('ID', self.id)}"
        return self.client.request(method, url, headers={"x-person": who}, **fields)

    def page(self, who: str) -> dict:
        answer = self.ask("GET", "/ID", who)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def stage(tmp_path):
    found = Stage(tmp_path)
    found.id = next(
        h.id
        for h in found.store.known(0).values()
        if h.seam.at_ns == at(8) and h.seam.outgoing == "ana"
    )
    yield found
    found.engine.dispose()


def test_one_request_tells_all_that_the_page_shows(stage):
    page = stage.page("bo")
    assert page["at"] == {
        "ns": at(8),
        "utc": "2026-11-27 08:00 UTC",
        "yours": "Fri 2026-11-27 09:00 Europe/Paris",
        "theirs": "Fri 2026-11-27 17:00 Asia/Tokyo",
    }
    assert page["holder"]["id"] == "ana"
    assert [(s["step"], s["person"]["id"]) for s in page["seats"]] == [
        ("incoming", "bo"),
        ("secondary", "di"),
        ("deputy", "di"),
    ]
    alerts = next(part for part in page["parts"] if part["section"] == "alerts")
    assert alerts["lines"][0]["evidence_url"] == "/people/alerts/a1"
    assert page["accept"] == {"is_allowed": True, "why_not": ""}
    assert page["edit"] == {"is_allowed": False, "why_not": "The note is ana's."}


def test_the_outgoing_reads_the_incomings_clock_beside_their_own(stage):
    page = stage.page("ana")
    assert page["at"]["yours"] == "Fri 2026-11-27 17:00 Asia/Tokyo"
    assert page["at"]["theirs"] == "Fri 2026-11-27 09:00 Europe/Paris"
    assert page["edit"]["is_allowed"]
    assert not page["accept"]["is_allowed"]


def test_write_read_accept(stage):
    written = stage.ask("PUT", "/ID/note", "ana", json={"text": "Slow disk.", "read_version": 0})
    assert written.json() == {"version": 1, "author": "ana", "text": "Slow disk."}
    early = stage.ask("POST", "/ID/accept", "bo", json={"read_version": 0})
    assert (early.status_code, early.json()["detail"]["why"]) == (409, "edited")
    page = stage.ask("POST", "/ID/accept", "bo", json={"read_version": 1}).json()
    assert (page["state"], page["note_text"]) == ("accepted", "Slow disk.")
    assert page["holds_from"] is None, "nobody has agreed that punctuality is shown"
    assert page["holder"]["id"] == "ana", "it is half past seven"
    assert page["accepted_by"]["id"] == "bo"
    assert [event.holder for event in stage.told] == ["bo"]
    second = stage.ask("POST", "/ID/accept", "di", json={"read_version": 1})
    assert (second.status_code, second.json()["detail"]["why"]) == (409, "held")


def test_when_somebody_accepted_is_shown_where_that_is_agreed_to(stage):
    stage.clock.advance_ns(at(9.25) - at(7.5))
    page = stage.ask("POST", "/ID/accept", "bo", json={"read_version": 0}).json()
    late = page["holds_from"]
    assert late is None
    stage.agreed = Agreed({(Analysis.HANDOFF_PUNCTUALITY, "country:FR"): True})
    assert stage.page("ana")["holds_from"]["ns"] == at(9.25)
    stage.rota = None
    assert stage.page("ana")["holds_from"] is None, "nobody knows whose law holds"


def test_what_was_accepted_is_shown_when_nobody_answers_any_more(stage):
    stage.ask("POST", "/ID/accept", "bo", json={"read_version": 0})
    stage.shift = None
    alerts = next(part for part in stage.page("bo")["parts"] if part["section"] == "alerts")
    assert alerts["is_known"]
    assert [line["text"] for line in alerts["lines"]] == [ALERT.what]


def test_with_rota_and_incidents_cut_off_a_duty_can_still_be_accepted(stage):
    stage.shift, stage.rota = None, None
    page = stage.page("bo")
    assert not any(part["is_known"] for part in page["parts"])
    assert page["at"]["yours"] == "Fri 2026-11-27 08:00 UTC"
    assert stage.ask("POST", "/ID/accept", "bo", json={"read_version": 0}).status_code == 200


def test_only_the_outgoing_and_whoever_leads_write_the_note(stage):
    body = {"text": "Mine.", "read_version": 0}
    refused = stage.ask("PUT", "/ID/note", "cy", json=body)
    assert (refused.status_code, refused.json()["detail"]["why"]) == (403, "not-outgoing")
    assert stage.ask("PUT", "/ID/note", "eve", json=body).status_code == 200
    versions = stage.ask("GET", "/ID/note/versions", "cy").json()
    assert [version["author"] for version in versions] == ["eve"]


def test_stepping_down_after_the_shift_declares_the_gap(stage):
    early = stage.ask("POST", "/ID/step-down", "ana")
    assert (early.status_code, early.json()["detail"]["why"]) == (409, "not-yet")
    stage.clock.advance_ns(NS_PER_HOUR)
    page = stage.ask("POST", "/ID/step-down", "ana").json()
    assert (page["state"], page["holder"]) == ("unheld", None)
    assert page["keeps_until"]["ns"] == at(8.5)


def test_a_list_holds_what_the_reader_hands_over_or_may_be_asked_to_take(stage):
    rows = stage.ask("GET", "", "bo").json()
    assert [(row["outgoing"]["id"], row["incoming"]["id"]) for row in rows] == [
        ("ana", "bo"),
        ("bo", "cy"),
    ]
    assert stage.ask("GET", "", "stranger").json() == []


def test_what_is_no_handoff_is_not_found_and_integrations_take_no_duty(stage):
    missing = stage.client.get(f"/people/handoffs/{'0' * 20}", headers={"x-person": "bo"})
    assert missing.status_code == 404
    assert stage.client.get("/people/handoffs/..", headers={"x-person": "bo"}).status_code == 404
    robot = stage.ask("POST", "/ID/accept", "", json={"read_version": 0})
    assert robot.status_code == 403
    assert stage.ask("POST", "/ID/accept", "bo", json={"read_version": -1}).status_code == 422


def test_the_evidence_of_a_holiday_says_what_the_day_is_there(stage):
    named = stage.ask("GET", "/holidays/KE/2026-12-12", "bo").json()
    assert (named["country"], named["name"]) == ("KE", "Jamhuri Day")
    assert stage.ask("GET", "/holidays/KE/2026-12-14", "bo").json()["name"] == ""
    assert stage.ask("GET", "/holidays/ZZ/2026-12-12", "bo").status_code == 404
    assert stage.ask("GET", "/holidays/KE/tomorrow", "bo").status_code == 422


def test_no_answer_says_when_somebody_was_asked_wrote_or_accepted(stage):
    stage.ask("PUT", "/ID/note", "ana", json={"text": "x", "read_version": 0})
    stage.clock.advance_ns(NS_PER_HOUR // 4)
    stage.ask("POST", "/ID/accept", "bo", json={"read_version": 1})
    said = str(stage.page("ana")) + str(stage.ask("GET", "/ID/note/versions", "ana").json())
    assert str(at(7.5)) not in said
    assert str(at(7.75)) not in said
