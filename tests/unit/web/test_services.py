"""Who is on duty for one service, as the page of an incident asks."""

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


def test_one_service_says_who_is_on_duty_for_it_now(client):
    found = client.get("/pages/services/ledger").json()
    turns = {turn["role"]: (turn["person"]["id"], turn["then"]["id"]) for turn in found["turns"]}
    assert turns == {"primary": ("ana", "bo"), "secondary": ("eve", "di")}


def test_a_service_that_the_directory_does_not_have_is_refused_in_words(client):
    answer = client.get("/pages/services/legder")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "The directory has no service legder."


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
