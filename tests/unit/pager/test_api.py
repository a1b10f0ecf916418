"""What people and operators can do, through the real application."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import time

import httpx
import pytest

from sunwise.chassis.clock import SystemClock
from sunwise.people.pager.api import pager_api
from sunwise.people.pager.channels.settings import ChannelSettings, Twilio
from sunwise.people.pager.core.facts import ChannelKind, Contact, ContactsSet
from sunwise.people.pager.core.intake import Sender, bodies_of
from sunwise.people.pager.core.policy import Policy, Watchdog
from sunwise.people.pager.roster import save_roster
from sunwise.people.pager.service import ROSTER_FILE, PagerService, PagerSettings
from tests.support.pager_people import firing
from tests.support.pager_roster import roster_around

URL = "http://pager.example"


class Front:
    """A running pager and a client of its application."""

    def __init__(self, service, client):
        self.service, self.client = service, client
        self.board = service.instance.board

    async def store(self, *bodies):
        await self.service.instance.submit(lambda _board, _now: bodies)

    async def fire(self, **labels):
        sender = Sender("am", "gateway")
        signal = firing(**labels)
        await self.service.instance.submit(
            lambda board, now: bodies_of([signal], sender, board, now)
        )
        (page,) = self.board.open_pages
        return page

    async def key(self, name, service=""):
        made = await self.client.post(
            "/v1/keys", json={"name": name, "service": service}, headers=self.operator
        )
        return {"authorization": f"Bearer {made.json()['key']}"}

    @property
    def operator(self):
        return {"authorization": f"Bearer {self.service.operator_token}"}

    def link(self, page, action="ack", person="ana"):
        now_ns = time.time_ns()
        url = self.service.links.url(
            action, page=page, person=person, key="k", rank=0, now_ns=now_ns
        )
        return url.removeprefix(URL)


@contextlib.asynccontextmanager
async def running(folder, settings):
    save_roster(folder / ROSTER_FILE, roster_around(time.time_ns()))
    service = PagerService(folder, clock=SystemClock(), settings=settings, public_url=URL)
    ready = asyncio.Event()
    task = asyncio.create_task(service.run(ready.set))
    await ready.wait()
    transport = httpx.ASGITransport(pager_api(service))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield Front(service, client)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def front(tmp_path):
    async with running(tmp_path, PagerSettings()) as it:
        yield it


async def test_a_link_acknowledges_once_and_only_by_its_button(front):
    page = await front.fire()
    path = front.link(page)
    shown = await front.client.get(path)
    assert "I hold it" in shown.text
    assert front.board.pages[page].attention is None
    assert "you hold it" in (await front.client.post(path)).text
    assert front.board.pages[page].attention.body.person == "ana"
    again = await front.client.post(path)
    assert "already" in again.text
    assert again.headers["referrer-policy"] == "no-referrer"


async def test_a_forged_torn_or_old_link_does_nothing(front):
    page = await front.fire()
    path = front.link(page)
    old = front.service.links.url(
        "ack", page=page, person="ana", key="k", rank=0, now_ns=time.time_ns() - 90_000 * 10**9
    )
    for bad in (path[:-3], path.replace("a/", "a/A"), "/a/%00", "/a/x", old.removeprefix(URL)):
        assert (await front.client.post(bad)).status_code == 410
    assert front.board.pages[page].attention is None


async def test_a_link_works_at_the_instance_that_does_not_know_the_page_yet(front):
    assert "you hold it" in (await front.client.post(front.link("f" * 20))).text


async def test_a_receipt_link_confirms_and_acknowledges_nothing(front):
    page = await front.fire()
    await front.client.post(front.link(page, "received"))
    assert front.board.pages[page].received == {"k"}
    assert front.board.pages[page].attention is None


async def test_a_person_takes_snoozes_reassigns_and_closes(front):
    page = await front.fire()
    mine = await front.key("ana")
    (listed,) = (await front.client.get("/v1/pages", headers=mine)).json()
    assert (listed["held_by"], listed["severity"]) == (None, "critical")
    for act, content in (
        ("acknowledge", None),
        ("snooze", {"for_s": 60}),
        ("reassign", {"to": "kenji"}),
        ("close", None),
    ):
        done = await front.client.post(f"/v1/pages/{page}/{act}", json=content, headers=mine)
        assert done.status_code == 200, done.text
    assert front.board.pages[page].assignee[1] == "kenji"
    assert not front.board.open_pages


async def test_who_holds_a_page_is_shown_and_never_since_when(front):
    page = await front.fire()
    mine = await front.key("ana")
    await front.client.post(f"/v1/pages/{page}/acknowledge", headers=mine)
    shown = (await front.client.get(f"/v1/pages/{page}", headers=mine)).json()
    assert shown["held_by"] == "ana"
    assert {name for name in shown if name.endswith("_ns")} == {"opened_ns", "duty_as_of_ns"}


@pytest.mark.parametrize("content", [{"for_s": 0}, {"for_s": 90_000}, {"for_s": "x"}, {}])
async def test_a_snooze_is_bounded(front, content):
    page = await front.fire()
    mine = await front.key("ana")
    done = await front.client.post(f"/v1/pages/{page}/snooze", json=content, headers=mine)
    assert done.status_code == 422


async def test_silences_are_bounded_shown_and_ended(front):
    mine = await front.key("ana")
    wanted = {"labels": {"region": "eu"}, "for_s": 3_600, "why": "move"}
    too_long = await front.client.post(
        "/v1/silences", json={**wanted, "for_s": 604_801}, headers=mine
    )
    made = (await front.client.post("/v1/silences", json=wanted, headers=mine)).json()
    (shown,) = (await front.client.get("/v1/silences", headers=mine)).json()
    assert too_long.status_code == 422
    assert shown["why"] == "move"
    await front.client.delete(f"/v1/silences/{made['id']}", headers=mine)
    assert (await front.client.get("/v1/silences", headers=mine)).json() == []


async def test_strangers_senders_and_revoked_keys_see_nothing(front):
    sender = await front.key("am", "gateway")
    mine = await front.key("ana")
    (key,) = [each.id for each in front.board.keys.values() if each.name == "ana"]
    await front.client.delete(f"/v1/keys/{key}", headers=front.operator)
    for headers in ({}, sender, mine, {"authorization": "Bearer x"}):
        assert (await front.client.get("/v1/pages", headers=headers)).status_code == 401
    for headers in ({}, sender):
        assert (await front.client.get("/v1/keys", headers=headers)).status_code == 401


async def test_what_is_unknown_is_404_and_says_so(front):
    mine = await front.key("ana")
    for act in ("acknowledge", "close"):
        done = await front.client.post(f"/v1/pages/none/{act}", headers=mine)
        assert done.status_code == 404
    page = await front.fire()
    to = {"to": "stranger"}
    done = await front.client.post(f"/v1/pages/{page}/reassign", json=to, headers=mine)
    assert done.status_code == 422


async def test_events_are_told_once_and_name_nobody(front):
    await front.fire()
    first = (await front.client.get("/v1/events", headers=front.operator)).json()
    assert first["events"][0]["type"] == "opened"
    behind = await front.client.get(
        "/v1/events", params={"after": first["next"]}, headers=front.operator
    )
    names = str(first["events"]) + str(behind.json()["events"])
    assert not re.search(r"\b(ana|noa|kenji)\b", names)


async def test_health_says_who_sends_and_how_old_duty_is(front):
    health = (await front.client.get("/healthz")).json()
    assert health["active"]
    assert health["duty_as_of_ns"] > 0


async def test_metrics_are_for_whoever_shows_their_token_and_it_opens_nothing_else(front):
    shown = {"authorization": f"Bearer {front.service.metrics_token}"}
    for wrong in ({}, front.operator, {"authorization": "Bearer x"}):
        assert (await front.client.get("/metrics", headers=wrong)).status_code == 401
    answer = await front.client.get("/metrics", headers=shown)
    assert "sunwise_pager_commits_total" in answer.text
    assert (await front.client.get("/v1/events", headers=shown)).status_code == 401


async def test_a_new_roster_file_is_taken_up(front, tmp_path, monkeypatch):
    monkeypatch.setattr("sunwise.people.pager.service._LOOK_S", 0.05)
    task = asyncio.create_task(front.service._follow_roster())
    await asyncio.sleep(0.1)
    save_roster(tmp_path / ROSTER_FILE, roster_around(time.time_ns(), primary="mia"))
    async with asyncio.timeout(5):
        while front.service.roster.who("gateway", "primary", time.time_ns()) != "mia":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    task.cancel()


def signed(path, fields):
    text = URL + path + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(b"tok", text.encode(), hashlib.sha1).digest()
    return {"x-twilio-signature": base64.b64encode(digest).decode()}


async def test_sms_and_calls_confirm_and_acknowledge_when_signed(tmp_path):
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("tok")
    twilio = Twilio(account="AC1", token_file=str(token), number="+1", url="https://twilio.test")
    (tmp_path / "data").mkdir()
    settings = PagerSettings(channels=ChannelSettings(twilio=twilio))
    async with running(tmp_path / "data", settings) as front:
        page = await front.fire()
        sms = Contact(kind=ChannelKind.SMS, address="+351")
        await front.store(ContactsSet(person="ana", contacts=(sms,)))
        status = f"/v1/twilio/status?page={page}&key=k"
        fields = {"MessageStatus": "delivered"}
        await front.client.post(status, data=fields, headers=signed(status, fields))
        assert front.board.pages[page].received == {"k"}
        fields = {"From": "+351", "Body": f"ack {page[:6]}"}
        forged = await front.client.post("/v1/twilio/sms", data=fields, headers=signed("/", fields))
        assert forged.status_code == 403
        assert front.board.pages[page].attention is None
        headers = signed("/v1/twilio/sms", fields)
        await front.client.post("/v1/twilio/sms", data=fields, headers=headers)
        assert front.board.pages[page].attention.body.person == "ana"
        digits = f"/v1/twilio/digits?page={page}&key=k&person=noa"
        fields = {"Digits": "1"}
        await front.client.post(digits, data=fields, headers=signed(digits, fields))
        assert front.board.pages[page].attention.body.person == "noa"


async def test_no_key_may_have_the_pagers_own_name(front):
    made = await front.client.post("/v1/keys", json={"name": "pager"}, headers=front.operator)
    assert made.status_code == 422


async def test_a_watchdog_that_any_key_keeps_quiet_is_warned_of_and_goes_on(tmp_path, caplog):
    labels = {"alertname": "Watchdog"}
    bound = Watchdog(name="bound", service="gateway", labels={"a": "b"}, sender="am")
    loose = Watchdog(name="prom", service="gateway", labels=labels)
    settings = PagerSettings(policy=Policy(watchdogs=(bound, loose)))
    async with running(tmp_path, settings) as front:
        sender, beat = Sender("whoever", "gateway"), firing("w", **labels)
        await front.service.instance.submit(
            lambda board, now: bodies_of([beat], sender, board, now)
        )
        assert "prom" in front.board.heard
    (said,) = [each.getMessage() for each in caplog.records if "watchdog" in each.getMessage()]
    assert "'prom'" in said
    assert "add `sender`" in said
