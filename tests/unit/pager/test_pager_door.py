"""The chassis' way to the pager, against a real instance behind its real door."""

import asyncio

import pytest
from msgspec.structs import replace

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard.crossing import OriginUnusable
from sunwise.chassis.pager_door import Alert, PagerDoor
from tests.support.pager_process import free_ports

PAGES = "https://people.example.com"
ASKED = Alert(
    key="handoff/h1/asked/mia",
    group="handoff/h1/asked/mia",
    severity="handoff",
    service="gateway",
    summary="Accept gateway as primary.",
    path="/handoff/h1",
    person="mia",
)


def url_of(pager) -> str:
    return f"http://127.0.0.1:{pager.server.port}"


async def test_one_who_is_named_is_told_alone_and_only_once(pager):
    key = await pager.new_key("alarms", "people")
    [nobody] = free_ports(1)
    door = PagerDoor([f"http://127.0.0.1:{nobody}", url_of(pager)], key, pages_url=PAGES)
    await asyncio.to_thread(door.fire, ASKED)
    await pager.until(lambda: pager.courier.delivered)
    await asyncio.to_thread(door.fire, ASKED)
    await asyncio.sleep(0.1)
    assert [each.person.id for each in pager.courier.delivered] == ["mia"]
    [page] = [pager.instance.board.pages[each] for each in pager.instance.board.open_pages]
    assert (page.service, page.head.summary) == ("gateway", ASKED.summary)
    assert page.head.links == (f"{PAGES}/handoff/h1",)
    await asyncio.to_thread(door.resolve, [ASKED.key])
    assert not pager.instance.board.open_pages


async def test_a_key_of_any_length_is_taken_and_ended(pager):
    """A gap's key names a team, a person and a time: ids may be long."""
    door = PagerDoor([url_of(pager)], await pager.new_key("alarms", "people"), pages_url=PAGES)
    long = replace(ASKED, key=f"gap/{'t' * 64}/secondary/{10**18}/{'p' * 64}")
    await asyncio.to_thread(door.fire, long)
    assert len(pager.instance.board.open_pages) == 1
    await asyncio.to_thread(door.resolve, [long.key])
    assert not pager.instance.board.open_pages


async def test_a_refusal_says_what_to_do_and_a_silent_pager_is_tried_again(pager):
    door = PagerDoor([url_of(pager)], "no-key", pages_url=PAGES)
    with pytest.raises(Permanent, match="sunwise pager new-key"):
        await asyncio.to_thread(door.fire, ASKED)
    [nobody] = free_ports(1)
    silent = PagerDoor([f"http://127.0.0.1:{nobody}"], "key", pages_url=PAGES)
    with pytest.raises(Retryable, match="does not answer"):
        await asyncio.to_thread(silent.fire, ASKED)


def test_a_key_does_not_cross_a_network_in_the_clear():
    with pytest.raises(OriginUnusable):
        PagerDoor(["http://pager.example.com"], "key", pages_url=PAGES)
