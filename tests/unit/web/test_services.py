"""Who is on duty for some services, as incidents ask; where a page that waits leads to."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.duty.holding import as_planned
from sunwise.chassis.guard import How, Principal
from sunwise.chassis.guard.door import answer_faults
from sunwise.cli.people_pager import PagerDesk, pages_waiting
from sunwise.web.api import Sources, web_routers
from tests.support.handoff_company import at, company, day
from tests.support.pages_stage import StageBoard
from tests.support.stage_pager import StagePager

BO = Principal(person_id="bo", how=How.TOKEN)


@pytest.fixture
def client():
    clock = SimulatedClock(start_ns=at(7.5))
    sources = Sources(
        snapshot=company,
        board=StageBoard(day(), clock),
        now_ns=clock.now_ns,
        waits=None,
        held=as_planned,
    )
    app = FastAPI()
    answer_faults(app)
    for router in web_routers(sources, require=lambda _right: lambda: BO):
        app.include_router(router)
    return TestClient(app)


def test_services_say_who_is_on_duty_for_them_now_and_unknown_ones_are_left_out(client):
    [found] = client.get("/pages/services?of=ledger&of=legder").json()
    turns = {turn["role"]: (turn["person"]["id"], turn["then"]["id"]) for turn in found["turns"]}
    assert turns == {"primary": ("ana", "bo"), "secondary": ("eve", "di")}


def test_without_ids_every_service_is_told_and_too_many_ids_are_refused(client):
    assert [each["id"] for each in client.get("/pages/services").json()] == ["ledger", "matching"]
    many = "&".join(f"of=s{number}" for number in range(51))
    assert client.get(f"/pages/services?{many}").status_code == 422


@pytest.mark.parametrize(
    ("links", "leads_to"),
    [
        (["https://wiki.example.com/ledger"], "https://wiki.example.com/ledger"),
        (["javascript:alert(1)"], f"/evidence/page/{'a' * 20}"),
        ([], f"/evidence/page/{'a' * 20}"),
    ],
)
async def test_a_page_that_waits_leads_to_what_its_sender_gave_or_to_itself(links, leads_to):
    pager = StagePager()
    pager.fire("a" * 20, "Orders are not answered", at(7))
    pager.pages["a" * 20]["links"] = links
    [waiting] = await pages_waiting(PagerDesk(pager), company)(BO)
    assert waiting.link == leads_to
