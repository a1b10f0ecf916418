"""Facts over HTTP: bounded, told twice the same, visible where they were told."""

import pytest
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient

from sunwise.chassis.guard.door import answer_faults
from sunwise.chassis.guard.principal import How, Principal
from sunwise.contracts.people.facts import FactKind
from sunwise.people.incidents.facts_api import MAX_TOLD, facts_router
from tests.support.evidence import behind
from tests.support.handoff_company import at
from tests.unit.people_incidents.test_api import Stage
from tests.unit.people_incidents.test_store import fact, shift

DEPLOY = {
    "id": "build-42",
    "kind": "deploy",
    "services": ["ledger"],
    "what": "Ledger 4.2 is deployed.",
    "at": "2026-11-27T09:00:00+02:00",
    "url": "https://ci.example.com/builds/42",
}


def require(_right):
    def principal(x_sender: str = Header(default="CI, main")) -> Principal:
        return Principal(person_id=None, sender=x_sender, how=How.KEY)

    return principal


@pytest.fixture
def stage(tmp_path):
    found = Stage(tmp_path)
    app = FastAPI()
    answer_faults(app)
    app.include_router(
        facts_router(found.desk, require=require, services=lambda: frozenset({"ledger"}))
    )
    found.facts = TestClient(app)
    yield found
    found.engine.dispose()


def tell(stage, *facts, sender: str = "CI, main"):
    return stage.facts.post("/v1/facts", json={"facts": facts}, headers={"x-sender": sender})


def test_a_deploy_is_told_once_however_often_it_comes(stage):
    first = tell(stage, DEPLOY)
    assert first.status_code == 200, first.text
    url = "/evidence/fact/ci-main:build-42"
    assert first.json() == {
        "facts": [{"id": "ci-main:build-42", "is_new": True, "url": url}],
        "unknown_services": [],
    }
    again = tell(stage, {**DEPLOY, "what": "Something else."})
    assert not again.json()["facts"][0]["is_new"]
    [kept] = shift(stage.store, 6, 8).facts
    assert (kept.what, kept.at_ns, kept.source) == (DEPLOY["what"], at(7), "ci-main")
    shown = stage.facts.get(behind(url)).json()
    assert (shown["what"], shown["url"]) == (DEPLOY["what"], DEPLOY["url"])


def test_two_senders_that_choose_the_same_id_tell_two_facts(stage):
    planned = {**DEPLOY, "kind": "deploy-planned", "at": "2026-11-27T01:00:00Z"}
    tell(stage, planned, sender="one")
    tell(stage, {**DEPLOY, "id": "build-43", "ref": "build-42"}, sender="two")
    kinds = [each.kind for each in shift(stage.store, 6, 8).facts]
    assert kinds == [FactKind.DEPLOY_PLANNED, FactKind.DEPLOY], "the plan of another is not ended"


def test_what_ends_a_question_shares_its_reference(stage):
    asked = {**DEPLOY, "id": "q-1", "kind": "approval", "ref": "q", "at": "2026-11-27T01:00:00Z"}
    tell(stage, asked)
    assert [each.kind for each in shift(stage.store, 6, 8).facts] == [FactKind.APPROVAL]
    tell(stage, {**asked, "id": "q-2", "kind": "approval-decided", "at": "2026-11-27T05:00:00Z"})
    assert shift(stage.store, 6, 8).facts == ()


def test_a_fact_without_evidence_elsewhere_is_its_own(stage):
    tell(stage, {**DEPLOY, "url": "", "at": None})
    [kept] = shift(stage.store, 8, 9).facts
    assert kept.at_ns == at(8), "now"
    assert stage.facts.get(behind(kept.evidence.url)).json()["id"] == kept.id
    stage.store.record([fact("a/b c%", FactKind.ALERT, 8)], {})
    found = next(f for f in shift(stage.store, 8, 9).facts if f.source == "test")
    assert stage.facts.get(behind(found.evidence.url)).json()["id"] == "a/b-c%"


def test_services_that_the_directory_does_not_have_are_named(stage):
    told = tell(stage, {**DEPLOY, "services": ["ledger", "legder"]})
    assert told.json()["unknown_services"] == ["legder"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"kind": "page"}, "nobody tells page here, but approval"),
        ({"kind": "nonsense"}, "deploy-planned"),
        ({"services": ["No Such"]}, "services"),
        ({"services": []}, "services"),
        ({"what": ""}, "what"),
        ({"what": "x" * 501}, "what"),
        ({"at": "2026-11-27T09:00:00"}, "with its offset"),
        ({"at": "2020-01-01T00:00:00Z"}, "35 days ago"),
        ({"at": "9999-01-01T00:00:00Z"}, "366 days ahead"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"id": "two words"}, "id"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_nothing_is_stored(stage, wrong, why):
    refused = tell(stage, DEPLOY, {**DEPLOY, "id": "second", **wrong})
    assert refused.status_code == 422
    assert why in refused.text
    assert shift(stage.store, 0, 24).facts == ()


def test_too_many_at_once_are_refused_and_an_unknown_fact_is_not_found(stage):
    assert tell(stage, *[DEPLOY] * (MAX_TOLD + 1)).status_code == 422
    assert stage.facts.get("/v1/facts/ci-main:none").status_code == 404
