"""The directory over HTTP, behind the real door: who may do what, alone or with somebody else."""

import httpx
import pytest
from fastapi import FastAPI

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.guard import OPERATOR, GuardStore, Role, TwoPeople
from sunwise.chassis.guard.api import guard_router
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Door, Guard, answer_faults
from sunwise.people.directory.api import directory_router
from sunwise.people.directory.proposing import Proposing
from tests.support.people import START_NS, around_the_clock, new_store, person, says, service, team

pytestmark = pytest.mark.asyncio
HERE = "http://127.0.0.1:7080"


class Site:
    def __init__(self, folder) -> None:
        clock = SimulatedClock(start_ns=START_NS)
        self.guards = GuardStore.open(folder / "guard.db", clock)
        self.engine = open_database(folder / "directory.db", is_derived=False)
        self.store = new_store(self.engine)
        guard = Guard(self.guards, clock=clock, origins=Origins([HERE]))
        two_people = TwoPeople(self.guards, clock)
        app = FastAPI()
        answer_faults(app)
        app.include_router(guard_router(guard, two_people))
        proposing = Proposing(self.store, two_people)
        app.include_router(
            directory_router(self.store, require=guard.require, proposing=proposing, clock=clock)
        )
        self.door = Door(app, guard.origins)

    def members(self, team_id: str) -> tuple[str, ...]:
        return next(each.members for each in self.store.snapshot().teams if each.id == team_id)

    def as_(self, who: str, *roles: Role) -> httpx.AsyncClient:
        for role in roles:
            self.guards.grant(who, role, by=OPERATOR)
        token, _ = self.guards.issue_token(who, "test", by=OPERATOR)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.door),
            base_url=HERE,
            headers={"authorization": f"Bearer {token}"},
        )


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    made.store.apply(says(*around_the_clock(), team("web", "p5", lead="p5")), author="x")
    yield made
    made.engine.dispose()
    made.guards.close()


async def test_a_page_of_people_says_its_version_and_how_many_there_are(site):
    page = (await site.as_("p0").get("/directory/people?limit=2&offset=1")).json()
    assert (page["version"], page["total"]) == (1, 6)
    assert [each["id"] for each in page["people"]] == ["p1", "p2"]
    found = (await site.as_("p0").get("/directory/services?q=match")).json()
    assert [each["team"] for each in found["services"]] == ["core"]


async def test_one_object_tells_who_says_what_of_it_and_what_is_wrong(site):
    found = (await site.as_("p0").get("/directory/services/matching")).json()
    assert found["said"]["manual"]["tier"] == "24x7-one"
    assert found["problems"] == []
    assert (await site.as_("p0").get("/directory/hubs/moon")).status_code == 404


async def test_exemptions_and_emergency_hours_are_for_oneself_and_planners(site):
    site.store.apply(says(person("zoe", exempt={"no_nights": True})), author="x")
    for who, roles, is_seen in (
        ("p0", (), False),
        ("zoe", (), True),
        ("pia", (Role.PLANNER,), True),
    ):
        client = site.as_(who, *roles)
        found = (await client.get("/directory/people/zoe")).json()
        listed = (await client.get("/directory/people?q=zoe")).json()["people"][0]
        assert found["person"]["exempt"].get("no_nights", False) is is_seen
        assert listed["exempt"].get("no_nights", False) is is_seen
        assert bool(found["said"]) is is_seen
        status = (await client.get("/directory/history/people/zoe")).status_code
        assert (status == 200) is is_seen


async def test_people_change_their_own_zone_and_nothing_that_is_not_theirs(site):
    own = site.as_("p0")
    moved = await own.patch("/directory/people/p0", json={"said": {"zone": "Asia/Seoul"}})
    assert moved.json()["changes"][0]["new"] == "Asia/Seoul"
    p0 = site.store.snapshot().people[0]
    assert (p0.zone, p0.country) == ("Asia/Seoul", "FR")
    for path, said in (
        ("people/p0", {"country": "US"}),
        ("people/p1", {"zone": "Asia/Seoul"}),
        ("teams/web", {"name": "W"}),
        ("services/matching", {"runbook": "x"}),
        ("hubs/moon", {"name": "M"}),
    ):
        answer = await own.patch(f"/directory/{path}", json={"said": said})
        assert answer.status_code == 403, path
    assert (await own.delete("/directory/people/p0")).status_code == 403


async def test_a_lead_changes_the_team_and_its_services(site):
    lead = site.as_("p5", Role.LEAD)
    page = {"said": {"name": "Page", "team": "web", "tier": "daylight"}}
    assert (await lead.patch("/directory/services/page", json=page)).status_code == 200
    assert (await lead.patch("/directory/teams/web", json={"said": {"name": "Web!"}})).is_success
    taken = {"said": {"team": "web"}}
    assert (await lead.patch("/directory/services/matching", json=taken)).status_code == 403
    given = {"said": {"team": "core"}}
    assert (await lead.patch("/directory/services/page", json=given)).status_code == 403


async def test_owners_and_tiers_around_the_clock_take_two_people(site):
    pia, pol = site.as_("pia", Role.PLANNER), site.as_("pol", Role.PLANNER)
    wanted = {"said": {"tier": "daylight"}}
    asked = await pia.patch("/directory/services/matching", json=wanted)
    assert asked.status_code == 202
    assert asked.json()["summary"] == "service matching: tier from '24x7-one' to 'daylight'"
    assert site.store.version() == 1
    path = f"/changes/{asked.json()['proposal']}/approve"
    seen = {"content_hash": asked.json()["content_hash"]}
    assert (await pia.post(path, json=seen)).status_code == 403
    assert (await pol.post(path, json=seen)).json()["state"] == "applied"
    assert site.store.snapshot().services[0].tier == "daylight"
    assert site.store.versions()[0].author == "pia"


async def test_who_joins_a_team_that_runs_something_around_the_clock_takes_two_people(site):
    pia, pol = site.as_("pia", Role.PLANNER), site.as_("pol", Role.PLANNER)
    site.store.apply(says(person("pia")), author="x")
    wanted = {"said": {"members": [*site.members("core"), "pia"]}}
    asked = await pia.patch("/directory/teams/core", json=wanted)
    assert asked.status_code == 202
    assert asked.json()["summary"] == "team core: members with pia"
    assert "pia" not in site.members("core")
    path = f"/changes/{asked.json()['proposal']}/approve"
    seen = {"content_hash": asked.json()["content_hash"]}
    assert (await pol.post(path, json=seen)).json()["state"] == "applied"
    assert "pia" in site.members("core")


async def test_what_was_approved_is_not_applied_to_something_else(site):
    pia, pol = site.as_("pia", Role.PLANNER), site.as_("pol", Role.PLANNER)
    asked = await pia.patch("/directory/services/matching", json={"said": {"tier": "daylight"}})
    site.store.apply(says(service("matching", "core", "best-effort")), author="x")
    path = f"/changes/{asked.json()['proposal']}/approve"
    answer = await pol.post(path, json={"content_hash": asked.json()["content_hash"]})
    assert (answer.json()["state"], "propose it again" in answer.json()["outcome"]) == (
        "failed",
        True,
    )


async def test_imports_are_dry_runs_until_they_are_told_otherwise(site):
    planner = site.as_("pia", Role.PLANNER)
    files = {"people.csv": "id,name,email,zone,country\nzoe,Zoe,z@x.y,UTC,FR\n"}
    dry = await planner.post("/directory/imports/csv", json={"files": files})
    assert dry.json()["is_applied"] is False
    assert {each["verb"] for each in dry.json()["changes"]} == {"added"}
    assert site.store.version() == 1
    wet = {"files": files, "dry_run": False, "expected_version": dry.json()["base_version"]}
    assert (await planner.post("/directory/imports/csv", json=wet)).json()["is_applied"]
    late = await planner.post("/directory/imports/csv", json=wet)
    assert (late.status_code, "no longer at 1" in late.json()["detail"]) == (409, True)
    assert (await site.as_("p0").post("/directory/imports/csv", json=wet)).status_code == 403


async def test_a_dry_run_shows_what_would_refuse_it(site):
    files = {"services.csv": "id,name,owner,tier\napi,API,cores,daylight\n"}
    request = {"files": files}
    answer = await site.as_("pia", Role.PLANNER).post("/directory/imports/csv", json=request)
    (refusal,) = answer.json()["refusals"]
    assert (refusal["place"], refusal["rule"]) == ("services.csv:2", "dangling")
    wet = await site.as_("pia").post("/directory/imports/csv", json=request | {"dry_run": False})
    assert (wet.status_code, "services.csv:2" in wet.json()["detail"]) == (422, True)


async def test_leave_is_entered_by_oneself_or_ones_lead_and_seen_by_them_alone(site):
    days = {"add": [{"person": "p5", "first": "2027-01-04", "last": "2027-01-08"}]}
    assert (await site.as_("p0").post("/directory/leave", json=days)).status_code == 403
    assert (await site.as_("p5").post("/directory/leave", json=days)).json()["is_applied"]
    again = await site.as_("p5").post(
        "/directory/leave", json={"add": [days["add"][0] | {"last": "2027-01-09"}]}
    )
    assert (again.status_code, "overlaps" in again.json()["detail"]) == (422, True)
    assert (await site.as_("p0").get("/directory/leave")).json()["leave"] == []
    assert len((await site.as_("p5").get("/directory/leave")).json()["leave"]) == 1
    reason = {"add": [days["add"][0] | {"reason": "ill"}]}
    back = await site.as_("p5").post("/directory/leave", json={"remove": days["add"]})
    assert back.json()["leave_removed"] == days["add"]
    assert (await site.as_("p5").post("/directory/leave", json=reason)).is_success
    assert "ill" not in str(site.store.state().leave)


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 422), (b'{"files":{}}', 422), (b'{"files":{"x.csv":1}}', 422), (b'{"fils":{}}', 422),
     (b"[" * 100_000, 422)],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_says_why(site, content, status):
    answer = await site.as_("pia", Role.PLANNER).post(
        "/directory/imports/csv", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_versions_and_problems_are_there_to_be_read(site):
    client = site.as_("p0")
    assert (await client.get("/directory/versions")).json()[0]["version"] == 1
    assert (await client.get("/directory/problems")).json() == []
    changes = (await client.get("/directory/history/services/matching")).json()
    assert {each["version"] for each in changes} == {1}


async def test_scorecards_are_there_to_be_read(site):
    (card,) = (await site.as_("p0").get("/directory/scorecards")).json()
    assert (card["service"], card["bus_factor"]) == ("matching", 6)
