"""Somebody who is erased is in no fact of an instance, in memory or on its disk, and pages go on."""

import asyncio
import contextlib
import time

import httpx
import pytest

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.personal import Traces
from sunwise.cli.people_holders import NoPager, PagerHolder, pager_holders
from sunwise.people.pager.api import pager_api
from sunwise.people.pager.client import PagersSettings
from sunwise.people.pager.core.facts import (
    Acknowledged,
    ChannelKind,
    Contact,
    ContactsSet,
    Reassigned,
    Silenced,
)
from sunwise.people.pager.core.intake import Sender, bodies_of
from sunwise.people.pager.events import events_of
from sunwise.people.pager.roster import save_roster
from sunwise.people.pager.service import ROSTER_FILE, PagerService, PagerSettings
from sunwise.people.pager.wake_ups import wake_ups_of
from tests.support.pager_people import firing
from tests.support.pager_roster import roster_around

ANA = Traces(person="ana.silva", words=("Ana Silva", "ana.silva@example.com"))
ADDRESS = "+49 30 555 0100"


@contextlib.asynccontextmanager
async def running(folder):
    save_roster(folder / ROSTER_FILE, roster_around(time.time_ns()))
    service = PagerService(
        folder, clock=SystemClock(), settings=PagerSettings(), public_url="http://pager.example"
    )
    ready = asyncio.Event()
    task = asyncio.create_task(service.run(ready.set))
    await ready.wait()
    try:
        yield service
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def fill(service):
    """A page that Ana holds, her contacts, her key, and a word about her in an alert."""
    instance = service.instance
    signal = firing("k1", why="ask Ana Silva")
    await instance.submit(lambda b, now: bodies_of([signal], Sender("am", "gateway"), b, now))
    (page,) = instance.board.open_pages
    phone = Contact(kind=ChannelKind.SMS, address=ADDRESS)
    for body in (
        ContactsSet(person="ana.silva", contacts=(phone,)),
        Reassigned(page=page, to="ana.silva", person="bo"),
        Acknowledged(page=page, person="ana.silva", rank=0),
        Silenced(
            id="s", labels={"a": "b"}, from_ns=0, until_ns=1, person="bo", why="for Ana Silva"
        ),
    ):
        await instance.submit(lambda _b, _now, body=body: [body])
    return page


def client_of(service):
    transport = httpx.ASGITransport(pager_api(service))
    headers = {"authorization": f"Bearer {service.operator_token}"}
    return httpx.AsyncClient(transport=transport, base_url="http://pager", headers=headers)


def on_disk(folder):
    return b"".join(path.read_bytes() for path in folder.glob("pager.sqlite*"))


def content(*, is_own=False):
    return {"traces": {"person": ANA.person, "words": list(ANA.words)}, "is_own": is_own}


async def test_an_erased_person_is_in_no_fact_and_their_key_opens_nothing(tmp_path):
    async with running(tmp_path) as service, client_of(service) as client:
        page = await fill(service)
        key = (await client.post("/v1/keys", json={"name": "ana.silva"})).json()["key"]
        hers = {"authorization": f"Bearer {key}"}
        assert (await client.get("/v1/pages", headers=hers)).status_code == 200
        erased = await client.post("/v1/personal/erase", json=content())
        assert erased.json()["gone"]["pager_facts"] >= 6
        for trace in (b"ana.silva", b"Ana Silva", ADDRESS.encode()):
            assert trace not in on_disk(tmp_path)
        board = service.instance.board
        assert "ana.silva" not in repr(board.shared_view())
        assert board.pages[page].attention.body.person == "erased", "the page is still held"
        assert (await client.get("/v1/pages", headers=hers)).status_code == 401
        again = await client.post("/v1/personal/erase", json=content())
        assert again.json()["gone"] == {}
        before = board.shared_view()
    async with running(tmp_path) as service:
        after = service.instance.board.shared_view()
        assert {**after, "have": 0, "stamp": 0} == {**before, "have": 0, "stamp": 0}
        assert {page, *service.instance.board.open_pages} == {page}


async def test_the_people_plane_alone_may_ask(tmp_path):
    async with running(tmp_path) as service, client_of(service) as client:
        for path in ("export", "erase"):
            nobody = {"authorization": "Bearer x"}
            answer = await client.post(f"/v1/personal/{path}", json=content(), headers=nobody)
            assert answer.status_code == 401
            bad = await client.post(f"/v1/personal/{path}", content=b"{")
            assert bad.status_code == 422


async def test_when_somebody_answered_is_told_to_themselves_alone(tmp_path):
    async with running(tmp_path) as service, client_of(service) as client:
        await fill(service)
        own = (await client.post("/v1/personal/export", json=content(is_own=True))).json()
        other = (await client.post("/v1/personal/export", json=content())).json()
    kinds = [row["fact"]["type"] for row in own["pager_facts"]]
    assert {"acknowledged", "contacts", "reassigned"} <= set(kinds)
    assert all(row["fact"]["at_ns"] for row in own["pager_facts"])
    assert [row["fact"]["type"] for row in other["pager_facts"]] == kinds
    assert all({"at_ns", "stamp"}.isdisjoint(row["fact"]) for row in other["pager_facts"])


async def test_what_others_are_told_of_pages_is_the_same_without_the_person(tmp_path):
    async with running(tmp_path) as service:
        await fill(service)
        journal, board = service.journal, service.instance.board
        before = events_of(list(journal.read()), board, secret=b"s")
        await service.instance.forget(ANA)
        facts = list(journal.read())
        assert [type(each) for each in events_of(facts, board, secret=b"s")] == [
            type(each) for each in before
        ]
        assert {each.person for each in wake_ups_of(facts, board, secret=b"s")} <= {"erased"}


async def test_from_what_a_page_is_called_nobody_can_try_who_was_asked(tmp_path):
    """Timelines keep it for ever, and senders group by who is asked: `handoff/h1/asked/ana`."""
    names = []
    for company in ("one", "other"):  # each has a secret of its own
        (tmp_path / company).mkdir()
        async with running(tmp_path / company) as service, client_of(service) as client:
            await fill(service)
            made = await client.post("/v1/keys", json={"name": "bo"})
            answer = await client.post(
                "/v1/silences",
                json={"labels": {"a": "b"}, "for_s": 60, "why": "tests", "from_ns": 1},
                headers={"authorization": f"Bearer {made.json()['key']}"},
            )
            names.append((*service.instance.board.open_pages, answer.json()["id"]))
    (page, silence), (other_page, other_silence) = names
    assert page != other_page
    assert silence != other_silence


def test_an_instance_that_is_down_is_asked_again_later(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s" * 64)
    secret.chmod(0o600)
    settings = PagersSettings(
        urls="http://127.0.0.1:1, http://127.0.0.1:2", secret_file=str(secret)
    )
    holders = pager_holders(settings)
    assert list(holders) == ["pager http://127.0.0.1:1", "pager http://127.0.0.1:2"]
    for holder in holders.values():
        assert isinstance(holder, PagerHolder)
        with pytest.raises(Retryable, match="does not answer"):
            holder.erase(ANA)


def test_where_no_pager_is_known_the_report_says_so():
    (holder,) = pager_holders(PagersSettings()).values()
    assert isinstance(holder, NoPager)
    assert "was not asked" in holder.erase(ANA).remains["pager_facts"]
    assert holder.export(ANA, is_own=True) == {}
