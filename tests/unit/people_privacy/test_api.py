"""All that is held of somebody, and erasing them, behind the real door."""

import httpx
import pytest
from fastapi import FastAPI

from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard import OPERATOR, Right, Role
from sunwise.chassis.guard.api import guard_router
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Door, Guard, answer_faults
from sunwise.people.privacy.api import privacy_router
from sunwise.people.privacy.proposing import ErasureProposing
from tests.support.personal_plane import ANA, PersonalPlane

pytestmark = pytest.mark.asyncio
HERE = "http://127.0.0.1:7080"


class Site:
    def __init__(self, plane: PersonalPlane) -> None:
        self.plane = plane
        guard = Guard(plane.guard, clock=plane.clock, origins=Origins([HERE]))
        proposing = ErasureProposing(
            plane.erasures(),
            plane.holders,
            guard=plane.guard,
            two_people=plane.two_people,
            traces_of=plane.directory.traces,
        )
        app = FastAPI()
        answer_faults(app)
        app.include_router(guard_router(guard, plane.two_people))
        app.include_router(
            privacy_router(plane.privacy, plane.holders, proposing, require=guard.require)
        )
        self.door = Door(app, guard.origins)

    def as_(self, who: str) -> httpx.AsyncClient:
        token, _ = self.plane.guard.issue_token(who, "test", by=OPERATOR)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.door),
            base_url=HERE,
            headers={"authorization": f"Bearer {token}"},
        )


@pytest.fixture
def site(tmp_path):
    plane = PersonalPlane(tmp_path)
    plane.fill()
    yield Site(plane)
    plane.close()


async def agreed(site, who, change):
    body = {"content_hash": change["content_hash"]}
    return await site.as_(who).post(f"/changes/{change['id']}/approve", json=body)


async def test_nobody_is_erased_by_one_person(site):
    asked = await site.as_("bo").delete(f"/privacy/people/{ANA}")
    assert (asked.status_code, asked.json()["state"]) == (202, "proposed")
    assert site.plane.privacy.newest() == []
    assert (await agreed(site, "bo", asked.json())).status_code == 403
    assert (await agreed(site, "cy", asked.json())).json()["state"] == "applied"
    for _ in range(3):
        site.plane.erasures().look()
        site.plane.clock.advance_ns(1)
    [done] = (await site.as_("bo").get("/privacy/erasures")).json()
    assert done["done_ns"]
    assert done["person"] == ""
    one = (await site.as_("bo").get(f"/privacy/erasures/{done['id']}")).json()
    assert {step["holder"] for step in one["steps"]} == set(site.plane.holders)
    assert site.plane.traces_on_disk() == []
    acts = [each["act"] for each in (await site.as_("cy").get("/audit")).json()["entries"]]
    assert "person.erase" in acts


async def test_nobody_comes_to_be_alone_by_erasing_the_other(site):
    asked = await site.as_("bo").delete("/privacy/people/cy")
    assert asked.status_code == 202
    assert "cy" in site.plane.guard.holders(Right.PEOPLE_ERASE)


async def test_the_last_administrator_is_not_erased(site):
    site.plane.guard.withdraw("cy", Role.ADMINISTRATOR, by=OPERATOR)
    refused = await site.as_("bo").delete("/privacy/people/bo")
    assert refused.status_code == 422
    assert "appoint another first" in refused.json()["detail"]


async def test_whom_nobody_knows_is_told_before_anybody_is_asked(site):
    refused = await site.as_("bo").delete("/privacy/people/anna.silva")
    assert refused.status_code == 422
    assert "look at the spelling" in refused.json()["detail"]


async def test_everybody_has_what_is_held_of_them_and_nobody_elses(site):
    assert (await site.as_(ANA).get("/privacy/people/bo")).status_code == 403
    assert (await site.as_(ANA).delete(f"/privacy/people/{ANA}")).status_code == 403
    assert (await site.as_(ANA).get("/privacy/erasures")).status_code == 403
    own = await site.as_(ANA).get(f"/privacy/people/{ANA}")
    assert own.status_code == 200
    assert set(own.json()["services"]) == set(site.plane.holders)
    assert (await site.as_(ANA).get("/privacy/inventory")).json()["directory_leave"]["retention"]


async def test_an_export_that_is_not_whole_says_so(site):
    class Down:
        def export(self, _traces, *, is_own):
            raise Retryable(f"down {is_own}")

    site.plane.holders["rota"] = Down()
    own = await site.as_(ANA).get(f"/privacy/people/{ANA}")
    assert own.status_code == 206
    assert own.json()["services"]["rota"] == {"unanswered": "down True"}
