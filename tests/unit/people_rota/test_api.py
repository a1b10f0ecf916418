"""The rota over HTTP, behind the real door: who sees, plans, publishes, swaps and agrees."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.guard import OPERATOR, GuardStore, How, Principal, TwoPeople
from sunwise.chassis.guard import Role as GuardRole
from sunwise.chassis.guard.analyses import Agreement, Analyses, Analysis
from sunwise.chassis.guard.api import guard_router
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Guard, answer_faults, refuse_open_routes
from sunwise.contracts.people.directory import Role as Duty
from sunwise.contracts.people.directory import Tier
from sunwise.people.rota.api import rota_router
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.kept import State
from sunwise.people.rota.ledger import Entry
from sunwise.people.rota.mending import Mending
from sunwise.people.rota.proposing import RotaProposing
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.tables import LEDGER
from sunwise.people.rota.taking import Taking
from sunwise.people.rota.units import units_of
from sunwise.people.rota.views import RotaViews
from tests.support.rota_company import (
    DAY,
    NOW,
    UNIT,
    WINDOW,
    company,
    draft,
    solve,
    turn,
)

pytestmark = pytest.mark.asyncio
ADMINISTRATOR = GuardRole.ADMINISTRATOR
HOUR = DAY // 24
NEXT = WINDOW + 28 * DAY


class Stage:
    """One server; `as_` is a client with somebody's personal token."""

    def __init__(self, database, guard_database, snapshot) -> None:
        self.clock = SimulatedClock(start_ns=NOW)
        guard_store = GuardStore(guard_database, self.clock)
        self.guard = Guard(
            guard_store, clock=self.clock, origins=Origins(["http://127.0.0.1:7080"])
        )
        two_people = TwoPeople(guard_store, self.clock)
        self.store = RotaStore(database, self.clock)
        self.store.set_units(units_of(snapshot))
        self.desk = RotaDesk(
            self.store,
            self.clock,
            heard=lambda: HeardDirectory(snapshot),
            pseudonyms=_pseudonyms,
            solve=solve,
        )
        self.app = FastAPI()
        answer_faults(self.app)
        self.app.include_router(guard_router(self.guard, two_people))
        self.app.include_router(
            rota_router(
                RotaViews(self.desk, agreed=Analyses(self.guard.store).agreed),
                Mending(self.desk),
                RotaProposing(self.desk, two_people),
                taking=Taking(self.desk, guard_store.audit),
                require=self.guard.require,
                feed=self.guard.feed(),
            )
        )
        refuse_open_routes(self.app, open_paths={"/login", "/openapi.json", "/docs", "/redoc",
                                                 "/docs/oauth2-redirect"})  # fmt: skip

    def audited(self, act: str) -> list:
        return [each for each in self.guard.store.audit.entries() if each.act == act]

    def as_(self, person: str, *roles: GuardRole) -> httpx.AsyncClient:
        for role in roles:
            self.guard.store.grant(person, role, by=OPERATOR)
        secret, _ = self.guard.store.issue_token(person, "test", by=OPERATOR)
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 1))
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1:7080",
            headers={"authorization": f"Bearer {secret}"},
        )

    def publish(self, *turns, window_ns=WINDOW):
        kept = self.store.save_draft(draft(*turns, window_ns=window_ns))
        self.store.publish(kept, kept.turns)


async def _pseudonyms(people):
    return {person: f"x-{person}" for person in people}


@pytest.fixture
def stage(database, guard_database, request):
    return Stage(database, guard_database, getattr(request, "param", company()))


async def asked(answer: httpx.Response, status: int = 200):
    assert answer.status_code == status, answer.text
    return answer.json()


async def job_of(client: httpx.AsyncClient, path: str, body: object):
    """What the job that this asks for comes to."""
    answer = await client.post(path, json=body)
    job = await asked(answer, 202)
    assert answer.headers["location"] == job["address"]
    for _ in range(8):
        job = await asked(await client.get(job["address"], params={"wait_s": 8}))
        if job["state"] != "running":
            break
    assert job["state"] == "done", job["problem"]
    return job["result"]


async def test_a_page_shows_a_shift_on_both_clocks_and_everybodys_nights(stage):
    stage.publish(turn(0, 8, "ana"), turn(8, 16, "bo"), turn(16, 24, None))
    async with stage.as_("cy", GuardRole.MEMBER) as client:
        query = {"from_ns": NOW, "until_ns": NOW + DAY}
        page = await asked(await client.get(f"/people/rota/units/{UNIT}", params=query))
    second = page["shifts"][1]
    assert second["local_start"] == "2026-11-27T09:00+01:00"
    assert second["their_start"] == "2026-11-27T17:00+09:00"
    assert second["taken_from"] == "ana"
    assert page["n_open_gaps"] == 1
    tokyo = next(seat for seat in page["people"] if seat["id"] == "ana")
    assert tokyo["nights"] == [[NOW + 13 * HOUR, NOW + 22 * HOUR]]
    assert page["figures"][str(WINDOW)]["inputs"]["directory_version"] == 1


async def test_figures_of_people_are_shown_where_that_is_agreed_to(stage):
    stage.publish(turn(0, 8, "bo"), turn(8, 22, "ana"), turn(22, 24, None))
    query = {"from_ns": NOW, "until_ns": NOW + DAY}
    facts = {"reference": "BV 1", "agreed_by": "works council", "agreed_on": "2026-11-01"}

    async def page():
        async with stage.as_("cy", GuardRole.MEMBER) as client:
            return await asked(await client.get(f"/people/rota/units/{UNIT}", params=query))

    def nights(page):
        return [shift["night_h"] for shift in page["shifts"]]

    analyses = Analyses(stage.guard.store)
    found = await page()
    assert nights(found) == [None, None, None]
    assert found["burdens"][str(WINDOW)]["gini"] == 0.0
    for analysis, place, is_allowed in (
        (Analysis.NIGHTS_PER_PERSON, "country:JP", True),
        (Analysis.BURDEN_OF_TEAM, "country:FR", False),
    ):
        agreement = Agreement(analysis=analysis, place=place, is_allowed=is_allowed, **facts)
        analyses.enter(agreement, by=OPERATOR)
    found = await page()
    assert nights(found) == [None, 9.0, None], "of whose legal seat it is"
    assert found["burdens"] is None, "somebody of the team is in France"
    assert "gini" not in str(found["figures"])


async def test_a_draft_around_the_clock_takes_two_people(stage):
    async with (
        stage.as_("eve", GuardRole.PLANNER) as eve,
        stage.as_("bo", GuardRole.PLANNER) as bo,
    ):
        page = await job_of(eve, f"/people/rota/units/{UNIT}/plan", {"at_ns": NEXT})
        body = {"window_ns": NEXT, "version": page["drafts"][str(NEXT)]}
        answer = await eve.post(f"/people/rota/units/{UNIT}/publish", json=body)
        change = (await asked(answer, 202))["change"]
        assert stage.store.windows(State.PUBLISHED) == set()
        seen = await asked(await bo.get(f"/changes/{change}"))
        assert "Publish the rota of Ledger" in seen["summary"]
        approve = {"content_hash": seen["content_hash"]}
        alone = await eve.post(f"/changes/{change}/approve", json=approve)
        assert alone.status_code == 403
        done = await asked(await bo.post(f"/changes/{change}/approve", json=approve))
    assert done["state"] == "applied"
    assert stage.store.windows(State.PUBLISHED) == {(UNIT, NEXT)}


@pytest.mark.parametrize("stage", [company(tier=Tier.DAYLIGHT)], indirect=True)
async def test_a_daylight_rota_is_published_by_whoever_leads_the_team(stage):
    unit = "core.daylight"
    async with stage.as_("eve", GuardRole.LEAD) as eve, stage.as_("bo", GuardRole.LEAD) as bo:
        page = await job_of(eve, f"/people/rota/units/{unit}/plan", {"at_ns": NEXT})
        body = {"window_ns": NEXT, "version": page["drafts"][str(NEXT)]}
        other = await bo.post(f"/people/rota/units/{unit}/publish", json=body)
        assert other.status_code == 403
        found = await asked(await eve.post(f"/people/rota/units/{unit}/publish", json=body))
    assert found["state"] == "published"


async def test_what_comes_sooner_than_notice_allows_is_a_gap_until_the_persons_own_yes(stage):
    async with stage.as_("eve", GuardRole.PLANNER) as eve, stage.as_("cy") as cy:
        page = await job_of(eve, f"/people/rota/units/{UNIT}/plan", {})
        body = {"window_ns": WINDOW, "version": page["drafts"][str(WINDOW)]}
        found = await asked(await eve.post(f"/people/rota/units/{UNIT}/publish", json=body))
        mine = next(change for change in found["asked"] if change["waits_for"] == ["cy"])
        gaps = await asked(await cy.get("/people/rota/gaps"))
        assert mine["changes"][0]["start_ns"] in {gap["start_ns"] for gap in gaps}
        path = f"/people/rota/changes/{mine['id']}/answer"
        assert (await eve.post(path, json={"is_yes": True})).status_code == 422
        done = await asked(await cy.post(path, json={"is_yes": True}))
    assert done["state"] == "applied"
    held = {t.start_ns for t in stage.store.find(UNIT, WINDOW).turns if t.person == "cy"}
    assert {piece["start_ns"] for piece in mine["changes"]} <= held


async def test_a_swap_is_shown_first_and_waits_for_the_others_yes(stage):
    stage.publish(turn(24, 32, "ana"), turn(32, 40, "bo"))
    name = {"unit": UNIT, "at_ns": NOW + DAY}
    async with stage.as_("ana") as ana, stage.as_("fay") as fay:
        body = {"mine": name, "taker": "fay", "is_dry": True}
        shown = await asked(await ana.post("/people/rota/swap", json=body))
        assert shown["changes"][0]["after"] == "fay"
        assert await asked(await fay.get("/people/rota/changes")) == []
        offered = await asked(await ana.post("/people/rota/swap", json=body | {"is_dry": False}))
        assert offered["waits_for"] == ["fay"]
        assert stage.store.find(UNIT, WINDOW).turns[0].person == "ana"
        [waiting] = await asked(await fay.get("/people/rota/changes"))
        path = f"/people/rota/changes/{waiting['id']}/answer"
        assert (await asked(await fay.post(path, json={"is_yes": True})))["state"] == "applied"
    assert stage.store.find(UNIT, WINDOW).turns[0][3:5] == ("fay", True)


async def test_nobody_offers_somebody_elses_shift(stage):
    stage.publish(turn(24, 32, "ana"))
    async with stage.as_("bo") as bo:
        body = {"mine": {"unit": UNIT, "at_ns": NOW + DAY}, "taker": "bo"}
        refused = await bo.post("/people/rota/swap", json=body)
    assert refused.status_code == 422
    assert "your own shift" in refused.text


@pytest.mark.parametrize(("hour", "begins"), [(0, -4), (1, 1)])
async def test_a_shift_that_runs_or_begins_within_the_hour_is_taken_at_once(stage, hour, begins):
    stage.publish(turn(begins, begins + 8, "ana"))
    async with stage.as_("bo") as bo:
        body = {"shift": {"unit": UNIT, "at_ns": NOW + hour * HOUR}}
        shown = await asked(await bo.post("/people/rota/take", json=body | {"is_dry": True}))
        assert (shown["waits_for"], shown["is_emergency"]) == ([], True)
        assert [t.person for t in stage.store.find(UNIT, WINDOW).turns] == ["ana"]
        assert stage.audited("duty.take") == []
        done = await asked(await bo.post("/people/rota/take", json=body))
    assert (done["state"], done["agreed"]) == ("applied", ["bo"])
    taken = stage.store.find(UNIT, WINDOW).turns[-1]
    assert (taken.person, taken.start_ns, taken.is_actual) == ("bo", NOW + hour * HOUR, True)
    [entry] = stage.audited("duty.take")
    assert done["id"] in entry.detail
    assert "ana" not in entry.subject


async def test_what_was_taken_and_not_audited_is_audited_once_with_the_next_start(stage):
    """As when the process was killed between the two databases."""
    stage.publish(turn(-4, 4, "ana"), turn(8, 16, "cy"))
    taking = Taking(stage.desk, stage.guard.store.audit)
    done = await stage.desk.take(UNIT, Duty.PRIMARY, NOW, by="bo")
    assert stage.audited("duty.take") == []
    for _ in range(2):
        await taking.write_missing()
        [entry] = stage.audited("duty.take")
    assert done.id in entry.detail
    by_themselves = Principal(person_id="eve", how=How.TOKEN)
    await taking.take(by_themselves, (UNIT, Duty.PRIMARY, NOW))
    await taking.write_missing()
    second, first = stage.audited("duty.take")
    assert (first.actor, second.subject) == (entry.actor, entry.actor)
    stage.guard.store.audit.verify()


async def test_nobody_takes_in_an_emergency_what_the_law_forbids_them(stage):
    stage.publish(turn(-10, 0, "bo"), turn(0, 8, "ana"))
    async with stage.as_("bo") as bo, stage.as_("zed") as zed:
        body = {"shift": {"unit": UNIT, "at_ns": NOW}}
        refused = await bo.post("/people/rota/take", json=body)
        stranger = await zed.post("/people/rota/take", json=body)
    assert (refused.status_code, stranger.status_code) == (422, 422)
    assert [t.person for t in stage.store.find(UNIT, WINDOW).turns] == ["bo", "ana"]
    assert stage.audited("duty.take") == []


async def test_whoever_takes_a_shift_that_is_not_near_asks_whoever_loses_it(stage):
    stage.publish(turn(2, 4, "ana"))
    async with stage.as_("bo") as bo, stage.as_("ana") as ana:
        body = {"shift": {"unit": UNIT, "at_ns": NOW + 2 * HOUR}}
        change = await asked(await bo.post("/people/rota/take", json=body))
        assert (change["state"], change["waits_for"]) == ("open", ["ana"])
        assert not change["is_emergency"]
        path = f"/people/rota/changes/{change['id']}/answer"
        done = await asked(await ana.post(path, json={"is_yes": True}))
    assert done["state"] == "applied"
    turns = stage.store.find(UNIT, WINDOW).turns
    assert [(t.person, t.start_ns) for t in turns] == [("bo", NOW + 2 * HOUR)]


async def test_a_gap_is_taken_at_once(stage):
    stage.publish(turn(-4, 4, None))
    async with stage.as_("bo") as bo:
        body = {"shift": {"unit": UNIT, "at_ns": NOW}}
        done = await asked(await bo.post("/people/rota/take", json=body))
    assert done["state"] == "applied"
    assert stage.store.find(UNIT, WINDOW).turns[-1][3] == "bo"


async def test_nobody_takes_what_the_law_forbids_them(stage):
    stage.publish(turn(0, 8, "bo"), turn(8, 18, "ana"))
    async with stage.as_("bo") as bo, stage.as_("zed") as zed:
        body = {"shift": {"unit": UNIT, "at_ns": NOW + 9 * HOUR}}
        refused = await bo.post("/people/rota/take", json=body)
        stranger = await zed.post("/people/rota/take", json=body)
    assert (refused.status_code, stranger.status_code) == (422, 422)
    assert "bo would be on duty for too long in one piece" in refused.text
    assert "zed does not own these services" in stranger.text


async def test_a_gap_is_accepted_by_name_by_whoever_may_publish(stage):
    stage.publish(turn(24, 32, None))
    async with stage.as_("eve", GuardRole.LEAD) as eve, stage.as_("bo") as bo:
        body = {"unit": UNIT, "at_ns": NOW + DAY}
        assert (await bo.post("/people/rota/gaps/accept", json=body)).status_code == 403
        page = await asked(await eve.post("/people/rota/gaps/accept", json=body))
        assert await asked(await eve.get("/people/rota/gaps")) == []
    assert page["shifts"][0]["gap_owner"] == "eve"


async def test_the_ledger_is_read_by_oneself_alone(stage):
    for who in ("x-ana", "x-bo"):
        entry = Entry(window_ns=WINDOW, pseudonym=who, kind="duty", points=7, what=who)
        stage.store.book([entry])
    async with stage.as_("ana") as ana:
        rows = await asked(await ana.get("/people/rota/ledger"))
    assert [row["points"] for row in rows] == [7]
    assert set(rows[0]) == {"seq", "window_ns", "kind", "points"}


async def test_a_feed_is_read_by_its_address_until_it_is_revoked(stage):
    stage.publish(turn(24, 32, "ana"), turn(32, 40, "bo"))
    async with stage.as_("ana") as ana:
        made = await asked(await ana.post("/feeds", json={"shows": "me"}), 201)
        path = f"/people/rota/feeds/{made['secret']}.ics"
        bare = httpx.AsyncClient(transport=ana._transport, base_url=str(ana.base_url))
        answer = await bare.get(path)
        assert answer.headers["content-type"].startswith("text/calendar")
        assert answer.text.count("BEGIN:VEVENT") == 1
        await ana.delete(f"/credentials/{made['credential']['id']}")
        assert (await bare.get(path)).status_code == 404


async def test_the_chain_of_the_ledger_is_looked_at_by_administrators(stage):
    stage.store.book([Entry(window_ns=WINDOW, pseudonym="x", kind="duty", points=1, what="a")])
    path = "/people/rota/ledger/verified"
    async with stage.as_("eve", GuardRole.LEAD) as eve, stage.as_("ada", ADMINISTRATOR) as ada:
        assert (await eve.get(path)).status_code == 403
        assert await asked(await ada.get(path)) == {"n_rows": 1}
        with stage.store.engine.begin() as connection:
            connection.execute(update(LEDGER).values(points=2))
        broken = await ada.get(path)
        assert broken.status_code == 422
        assert "changed from outside at row 1" in broken.text


async def test_what_there_is_not_says_where_to_look(stage):
    async with stage.as_("ana") as ana:
        for path in ("units/nothing", "teams/nothing", f"units/{UNIT}/drafts/{WINDOW}"):
            answer = await ana.get(f"/people/rota/{path}")
            assert answer.status_code == 422, path
        query = {"from_ns": NOW, "until_ns": NOW + 100 * DAY}
        answer = await ana.get(f"/people/rota/units/{UNIT}", params=query)
        assert "at most 92 days" in answer.text


async def test_an_absence_shows_its_consequences_before_it_counts(stage):
    later = NEXT + 14 * DAY
    async with stage.as_("bo") as bo, stage.as_("eve", GuardRole.LEAD) as eve:
        draft_ = await stage.desk.plan(UNIT, NEXT)
        stage.store.publish(draft_, draft_.turns)
        body = {"from_ns": later, "until_ns": later + 5 * DAY}
        [shown] = await job_of(bo, "/people/rota/absences", body)
        assert shown["vacated"]
        assert shown["services"] == ["ledger", "matching"]
        assert shown["change"]["id"] == ""
        assert stage.store.closures(NOW) == []
        others = body | {"person": "ana", "is_dry": True}
        assert (await bo.post("/people/rota/absences", json=others)).status_code == 403
        await job_of(eve, "/people/rota/absences", others)
        [done] = await job_of(bo, "/people/rota/absences", body | {"is_dry": False})
        assert done["change"]["waits_for"]
        again = await job_of(eve, f"/people/rota/units/{UNIT}/replan", {"at_ns": later})
        assert again[0]["vacated"] == []


async def test_a_place_is_lost_by_whoever_plans_for_all(stage):
    body = {"place": "JP", "from_ns": NOW, "until_ns": NOW + 7 * DAY}
    async with stage.as_("eve", GuardRole.LEAD) as eve, stage.as_("bo", GuardRole.PLANNER) as bo:
        assert (await eve.post("/people/rota/lost", json=body)).status_code == 403
        assert await job_of(bo, "/people/rota/lost", body) == []
        backwards = body | {"until_ns": NOW}
        assert (await bo.post("/people/rota/lost", json=backwards)).status_code == 422


async def test_a_journey_names_a_zone_that_there_is(stage):
    body = {"zone": "Europe/Berlyn", "from_ns": NOW, "until_ns": NOW + DAY, "is_dry": False}
    async with stage.as_("bo") as bo:
        refused = await bo.post("/people/rota/journeys", json=body)
        assert refused.status_code == 422
        assert "Europe/Berlin" in refused.text
        await job_of(bo, "/people/rota/journeys", body | {"zone": "Asia/Tokyo"})
    assert [each.zone for each in stage.store.journeys(NOW)] == ["Asia/Tokyo"]


async def test_a_job_is_followed_and_ended_by_whoever_asked_and_by_planners(stage):
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def slow(job):
        begun.set()
        await let_go.wait()
        return await solve(job)

    stage.desk.solve = slow
    async with (
        stage.as_("eve", GuardRole.LEAD) as eve,
        stage.as_("bo", GuardRole.PLANNER) as bo,
        stage.as_("cy") as cy,
    ):
        path = f"/people/rota/units/{UNIT}/plan"
        job = await asked(await eve.post(path, json={"at_ns": NEXT}), 202)
        again = await asked(await eve.post(path, json={"at_ns": NEXT}), 202)
        assert again["id"] == job["id"], "who asks twice waits for one"
        other = await bo.post(path, json={"at_ns": NEXT})
        assert (other.status_code, "wait for that" in other.text) == (409, True)
        assert (await cy.get(job["address"])).status_code == 403
        assert (await cy.delete(job["address"])).status_code == 403
        await begun.wait()
        assert (await asked(await bo.get(job["address"])))["state"] == "running"
        ended = await asked(await bo.delete(job["address"]))
        assert (ended["state"], ended["result"]) == ("cancelled", None)
        assert stage.store.windows(State.DRAFT) == set(), "nothing half-done"
        lost = await eve.get("/people/rota/jobs/00000000-1")
        assert (lost.status_code, "started anew" in lost.text) == (410, True)
        unknown = await eve.get(f"{job['address']}9")
        assert unknown.status_code == 404


async def test_a_job_that_cannot_be_done_says_what_to_change(stage):
    async with stage.as_("eve", GuardRole.LEAD) as eve:
        path = f"/people/rota/units/{UNIT}/plan"
        job = await asked(await eve.post(path, json={"at_ns": NOW - 60 * DAY}), 202)
        job = await asked(await eve.get(job["address"], params={"wait_s": 8}))
        assert (job["state"], job["problem"][:15]) == ("failed", "Plan a window t")


async def test_instants_beyond_all_calendars_are_refused(stage):
    async with stage.as_("eve", GuardRole.ADMINISTRATOR) as eve:
        for far in (2**63 - 1, 10**30):
            for path in (
                f"/people/rota/units/{UNIT}?from_ns={far}",
                f"/people/rota/units/{UNIT}/drafts/{far}",
                f"/audit?before_seq={far + 1}",
            ):
                assert (await eve.get(path)).status_code == 422, path
            plan = await eve.post(f"/people/rota/units/{UNIT}/plan", json={"at_ns": far})
            assert plan.status_code == 422
