"""What people fire, answer and set through the people plane's door, at the real application."""

import asyncio
import json

import pytest

from sunwise.people.pager.channels.settings import ChannelSettings, WebPush
from sunwise.people.pager.client import FOR_PERSON
from sunwise.people.pager.core.facts import Acknowledged, ChannelKind
from sunwise.people.pager.roster import Roster
from sunwise.people.pager.service import PagerSettings
from tests.unit.pager.test_api import running

P256DH = "B" * 87
SUBSCRIPTION = json.dumps(
    {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": P256DH, "auth": "a" * 22}}
)
PAGE = {"service": "gateway", "summary": "Orders are not answered"}


@pytest.fixture
async def front(tmp_path):
    push = WebPush(key_file=str(tmp_path / "vapid.pem"), subject="mailto:x@example.net")
    async with running(tmp_path, PagerSettings(channels=ChannelSettings(web_push=push))) as it:
        yield it


def asking(front, person):
    """As the people plane asks for somebody who came in by its door."""
    return {**front.operator, FOR_PERSON: person}


async def post(front, path, person, content=None):
    return await front.client.post(path, json=content, headers=asking(front, person))


async def mine(front, person):
    answer = await front.client.get("/v1/pages?mine=true", headers=asking(front, person))
    return [page["id"] for page in answer.json()]


async def shown(front, page, person):
    return (await front.client.get(f"/v1/pages/{page}", headers=asking(front, person))).json()


async def told(front, page, n=1):
    async with asyncio.timeout(5):
        while len(front.board.pages[page].sent) < n:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_only_the_operator_asks_for_somebody_else(front):
    page = (await post(front, "/v1/pages", "mia", PAGE)).json()["page"]
    sender = await front.key("prometheus", "gateway")
    for shown in ({}, sender, {"authorization": "Bearer x"}):
        headers = {**shown, FOR_PERSON: "ana"}
        done = await front.client.post(f"/v1/pages/{page}/acknowledge", headers=headers)
        assert done.status_code == 401
    kenji = await front.key("kenji")
    await front.client.post(f"/v1/pages/{page}/acknowledge", headers={**kenji, FOR_PERSON: "ana"})
    assert front.board.pages[page].attention.body.person == "kenji"


async def test_a_page_by_hand_is_one_for_one_key_and_says_who_asks(front):
    content = {**PAGE, "severity": "error", "key": "k-1"}
    answers = [await post(front, "/v1/pages", "mia", content) for _ in range(2)]
    first, second = (answer.json()["page"] for answer in answers)
    assert first == second
    page = front.board.pages[first]
    assert (page.service, page.head.severity) == ("gateway", "error")
    assert page.head.summary == "Orders are not answered (mia asks)"
    await told(front, first)
    shown = await front.client.get(f"/v1/pages/{first}", headers=asking(front, "mia"))
    [attempt, *_] = shown.json()["told"]
    assert attempt == {"person": "ana", "channel": "email", "is_sent": False}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"service": "nothing"}, "knows no service 'nothing'"),
        ({"severity": "awful"}, "take critical, error, "),
        ({"severity": "reach-test"}, "no severity 'reach-test'"),
    ],
)
async def test_a_page_that_cannot_be_is_refused_with_what_can(front, changed, said):
    refused = await post(front, "/v1/pages", "mia", {**PAGE, **changed})
    assert refused.status_code == 422
    assert said in refused.json()["detail"]
    assert not front.board.open_pages


async def test_before_any_roster_came_nobody_is_paged_by_hand(front):
    front.service.roster.replace(Roster(as_of_ns=0))
    refused = await post(front, "/v1/pages", "mia", PAGE)
    assert refused.status_code == 503


async def test_a_page_needs_whoever_has_the_duty_until_somebody_holds_it(front):
    page = (await post(front, "/v1/pages", "kenji", PAGE)).json()["page"]
    assert [await mine(front, each) for each in ("ana", "noa")] == [[page], [page]]
    assert await mine(front, "tui") == []
    await post(front, f"/v1/pages/{page}/acknowledge", "noa")
    assert await mine(front, "ana") == []
    assert await mine(front, "noa") == [page], "whoever holds it ends it"
    await post(front, f"/v1/pages/{page}/close", "noa")
    assert await mine(front, "noa") == []


async def test_a_page_is_told_to_be_theirs_whom_it_asks_or_whose_service_it_is(front):
    page = (await post(front, "/v1/pages", "tui", PAGE)).json()["page"]
    theirs = [(await shown(front, page, each))["is_yours"] for each in ("ana", "mia", "tui")]
    assert theirs == [True, True, False]


async def test_what_nobody_could_be_told_of_needs_its_owners(front):
    page = (await post(front, "/v1/pages", "tui", PAGE)).json()["page"]
    assert await mine(front, "kenji") == [page], "no channel is set up: nobody was told"
    assert await mine(front, "tui") == []


async def test_a_test_of_ones_own_reach_ends_when_confirmed_and_alarms_nobody(front, monkeypatch):
    page = (await post(front, "/v1/reach-tests", "kenji")).json()["page"]
    assert front.board.pages[page].assignee[1] == "kenji"
    await told(front, page)
    assert await mine(front, "kenji") == [], "it is answered where it arrives"
    await front.store(Acknowledged(page=page, person="kenji", rank=0))
    async with asyncio.timeout(5):
        while front.board.open_pages:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    late = (await post(front, "/v1/reach-tests", "mia")).json()["page"]
    front.board.pages[late].opened_ns -= 3_600 * 10**9
    async with asyncio.timeout(5):
        while late in front.board.open_pages:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert not front.board.open_pages, "nobody is alarmed of a test that somebody wanted"
    assert (await post(front, "/v1/reach-tests", "nobody")).status_code == 422


async def ways(front, person):
    answer = await front.client.get("/v1/contacts", headers=asking(front, person))
    return [each["kind"] for each in answer.json()]


async def browser(front, method, subscription=SUBSCRIPTION):
    return await front.client.request(
        method,
        "/v1/browsers",
        json={"subscription": subscription},
        headers=asking(front, "ana"),
    )


async def test_a_browser_becomes_the_first_way_and_mail_stays_behind_it(front):
    key = (await front.client.get("/v1/push-key", headers=asking(front, "ana"))).json()["key"]
    assert len(key) == 87, "65 bytes of an uncompressed point"
    for _ in range(2):
        assert (await browser(front, "PUT")).status_code == 200
    assert await ways(front, "ana") == ["web-push", "email"]
    assert await ways(front, "noa") == ["email"]
    await browser(front, "DELETE")
    assert await ways(front, "ana") == ["email"]
    assert ChannelKind.WEB_PUSH not in {
        each.kind for each in front.board.contacts["ana"].body.contacts
    }


@pytest.mark.parametrize(
    "subscription",
    [
        "{}",
        "not json",
        SUBSCRIPTION.replace("fcm.googleapis.com", "127.0.0.1"),
        SUBSCRIPTION.replace(P256DH, "short"),
    ],
)
async def test_what_is_no_subscription_is_no_way(front, subscription):
    assert (await browser(front, "PUT", subscription)).status_code == 422
    assert await ways(front, "ana") == ["email"]
