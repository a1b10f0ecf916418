"""What an attacker, or a broken client, sends to a pager, and that it goes on paging."""

import json
import time

import httpx
import pytest
from msgspec.structs import replace

from sunwise.contracts.people.directory import Role
from sunwise.people.pager.api import pager_api
from sunwise.people.pager.bugs import alone
from sunwise.people.pager.core.facts import Cleared, Silenced, Unstorable
from sunwise.people.pager.core.policy import Policy
from sunwise.people.pager.core.responders import Shift
from sunwise.people.pager.peer import PATH, SIGNATURE, PeerRefused, read_batch
from sunwise.people.pager.service import PagerService, PagerSettings
from tests.support.pager_people import NOON_UTC, Stage, firing, resolved, told
from tests.support.pager_roster import roster_around
from tests.unit.pager.test_api import front, running

__all__ = ["front"]


async def test_a_signature_that_is_no_ascii_is_refused_and_ends_nothing(pager):
    headers = {SIGNATURE.encode(): b"\xe9"}
    answer = await pager.client.post(PATH, content=b"x", headers=headers)
    assert answer.status_code == 403
    with pytest.raises(PeerRefused):
        read_batch(b"secret", b"x", headers)


async def test_a_bug_in_one_request_ends_that_one_alone(pager, monkeypatch):
    def broken(*_args):
        raise RuntimeError("a bug")

    monkeypatch.setattr("sunwise.people.pager.receivers.find_key", broken)
    key = {"authorization": "Bearer x"}
    broke = await pager.client.post("/v1/slo-burned", json={}, headers=key)
    assert broke.status_code == 500
    monkeypatch.undo()
    assert (await pager.client.post("/v1/slo-burned", json={})).status_code == 401


async def test_a_bug_behind_a_page_ends_that_request_alone(front, monkeypatch):
    monkeypatch.setattr(type(front.service.instance), "is_active", lambda _self: 1 / 0)
    transport = httpx.ASGITransport(alone(pager_api(front.service)))
    async with httpx.AsyncClient(transport=transport, base_url="http://pager.example") as client:
        assert (await client.get("/healthz")).status_code == 500


@pytest.mark.parametrize(
    "address",
    ["a" * 2_049, "\ud800"],
    ids=["longer than a fact can be read with", "half of a surrogate pair"],
)
async def test_what_could_not_be_read_again_is_not_stored(tmp_path, address):
    async with running(tmp_path, PagerSettings()) as front:
        ana = await front.key("ana")
        body = json.dumps([{"kind": "email", "address": address}]).encode()
        headers = {**ana, "content-type": "application/json"}
        answer = await front.client.put("/v1/contacts", content=body, headers=headers)
        assert answer.status_code == 422
        await front.fire()  # it goes on
    again = PagerService(
        tmp_path, clock=front.service.clock, settings=PagerSettings(), public_url="http://x"
    )
    assert len(again.instance.board.open_pages) == 1
    again.journal.close()


async def test_a_time_beyond_all_bounds_is_refused(front):
    ana = await front.key("ana")
    wish = {"labels": {"a": "b"}, "for_s": 60, "why": "x", "from_ns": 10**30}
    assert (await front.client.post("/v1/silences", json=wish, headers=ana)).status_code == 422
    silence = Silenced(id="x", labels={"a": "b"}, from_ns=0, until_ns=2**70, person="ana", why="x")
    with pytest.raises(Unstorable):
        await front.store(silence)
    await front.store(Cleared(alert="x"))


@pytest.mark.parametrize("wrong", [b"NaN", b'"\\ud800"', b"1e999"])
async def test_a_refusal_repeats_nothing_that_was_sent(front, wrong):
    ana = await front.key("ana")
    headers = {**ana, "content-type": "application/json"}
    page = await front.fire()
    answer = await front.client.post(
        f"/v1/pages/{page}/reassign", content=b'{"to":' + wrong + b"}", headers=headers
    )
    assert (answer.status_code, "input" in answer.text) == (422, False)


async def test_whoever_has_left_does_not_act_by_a_key_that_is_left_over(front):
    ana = await front.key("ana")
    assert (await front.client.get("/v1/pages", headers=ana)).status_code == 200
    roster = roster_around(time.time_ns())
    people = [replace(each, active=each.id != "ana") for each in roster.directory.people]
    directory = replace(roster.directory, people=tuple(people))
    front.service.roster.replace(replace(roster, directory=directory))
    assert (await front.client.get("/v1/pages", headers=ana)).status_code == 401


def test_what_the_pager_says_itself_finds_room_in_any_storm():
    stage = Stage(policy=Policy(max_open_alerts=100))
    for number in range(100):
        stage.signal(firing(f"f{number}"))
    stage.company.shifts.append(Shift("ana", "gateway", Role.PRIMARY, NOON_UTC + 1))
    assert "ana" in told(stage.run(1))
    assert stage.board.n_open_alerts > 100
    stage.signal(resolved("f1"))
    assert stage.board.n_open_alerts == 100
