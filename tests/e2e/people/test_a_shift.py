"""A shift from its page to the next holder, through everything that `people up` runs."""

import json
import tomllib
import urllib.request
from typing import Any

import pytest

from sunwise.cli.people_client import PeopleClient
from sunwise.contracts.people.directory import Role, Tier
from sunwise.daylight.zones import NS_PER_HOUR
from tests.support.evidence import behind
from tests.support.mail_thread import mail_thread
from tests.support.people_in_process import PeopleInProcess, asked, people_in_process
from tests.support.rota_company import NOW, company, turn

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]
CI = "https://ci.example.com/builds/42"
COMPANY = company(tier=Tier.TWO_ROLES)
TURNS = tuple(
    turn(24 * n + begins, 24 * n + ends, who, role=role)
    for n in range(2)
    for role, turns in (
        (Role.PRIMARY, (("fay", 0, 8), ("bo", 8, 16), ("cy", 16, 24))),
        (Role.SECONDARY, (("hal", 0, 4), ("eve", 4, 12), (None, 12, 20), ("di", 20, 24))),
    )
    for who, begins, ends in turns
)


def at(hour: float) -> int:
    return NOW + round(hour * NS_PER_HOUR)


def fire(plane: PeopleInProcess, key: str) -> int:
    """The service's own monitoring: an objective burns."""
    burned = {
        "service": "ledger",
        "slo": "orders-available",
        "objective": 0.999,
        "burn_rate": 14.4,
        "window_s": 3600,
        "budget_left": 0.5,
        "at_ns": plane.clock.now_ns(),
    }
    request = urllib.request.Request(
        f"{plane.pager_url}/v1/slo-burned",
        data=json.dumps(burned).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def status(client: PeopleClient, path: str) -> int:
    """What a browser of this person gets there."""
    kept = client.credentials
    request = urllib.request.Request(
        kept.url + path.partition("#")[0], headers={"authorization": f"Bearer {kept.token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def links_in(found: Any) -> set[str]:
    """Every address of evidence in an answer; a fact without one fails."""
    if isinstance(found, list):
        return set().union(*map(links_in, found))
    if not isinstance(found, dict):
        return set()
    links = {found[name] for name in ("evidence_url",) if name in found}
    if {"kind", "ref", "url"} <= found.keys():
        links.add(found["url"])
    assert "" not in links, found
    return links.union(*map(links_in, found.values()))


async def follow(client: PeopleClient, links: set[str]) -> None:
    assert links
    for link in links - {CI}:
        assert link.startswith("/"), link
        for address in {link, behind(link)}:
            assert await asked(status, client, address) == 200, address


def section(page: dict, name: str) -> list[str]:
    [part] = [part for part in page["parts"] if part["section"] == name]
    assert part["is_known"], name
    return [line["text"] for line in part["lines"]]


def told(mails, who: str, words: str) -> list[str]:
    """What somebody was mailed with these words."""
    texts = (mail.get_body().get_content() for mail in mails.to(f"{who}@example.com"))
    return [text for text in texts if words in text]


async def acknowledged_incident(plane: PeopleInProcess, fay: PeopleClient, mails) -> str:
    """A page fires, finds the primary in her afternoon, is held and becomes an incident."""
    key = await asked(plane.pagers.ask, "POST", "/v1/keys", content={"name": "slo", "service": "x"})
    assert await asked(fire, plane, key["key"]) == 202
    await plane.within(lambda: told(mails, "fay", "orders-available burns its budget"))
    found = await asked(fay.get, "/pager/pages", mine="true")
    [page] = [each for each in found if "orders-available" in each["summary"]]
    await asked(fay.post, f"/pager/pages/{page['id']}/acknowledge", None)
    opened = await asked(
        fay.post,
        "/people/incidents",
        {"title": "Orders are slow", "severity": 2, "service": "ledger"},
    )
    return opened["incident"]["id"]


async def told_by_others(fay: PeopleClient) -> None:
    """CI deploys, and a change of the service's deputy waits for a second person."""
    key = await asked(fay.post, "/keys", {"name": "ci", "right": "facts.tell"})
    kept = fay.credentials
    ci = PeopleClient(type(kept)(url=kept.url, token=key["secret"]))
    deploy = {
        "id": "42",
        "kind": "deploy",
        "services": ["ledger"],
        "what": "Ledger 4.2.",
        "url": CI,
    }
    assert (await asked(ci.post, "/v1/facts", {"facts": [deploy]}))["unknown_services"] == []
    changed = {"said": {"deputy": "di"}}
    proposed = await asked(fay.patch, "/directory/services/ledger", changed)
    assert not proposed["is_applied"]


async def test_a_shift_ends_and_the_secondary_holds_what_the_incoming_did_not_accept(tmp_path):
    with mail_thread() as mails:
        channels = tomllib.loads(mails.toml)["pager"]["channels"]
        async with people_in_process(
            tmp_path, COMPANY, TURNS, start_ns=at(6), channels=channels
        ) as plane:
            plane.appoint("fay", "bo")
            await live_through(plane, mails)


async def live_through(plane: PeopleInProcess, mails) -> None:
    fay, bo, eve = [await asked(plane.as_, who) for who in ("fay", "bo", "eve")]
    await plane.within(lambda: plane.pagers.ask("GET", "/healthz")["duty_as_of_ns"])
    incident = await acknowledged_incident(plane, fay, mails)
    await told_by_others(fay)

    for who in ("bo", "fay"):  # the lead, and who plans
        await plane.within(lambda who=who: told(mails, who, "Nobody is on duty as secondary"))
    await plane.until(at(7.2))
    [waiting] = await plane.within(
        lambda: [row for row in bo.get("/people/handoffs") if row["waits_for_you"]]
    )
    await the_draft_holds_it(plane, bo, waiting["id"], incident)

    await plane.until(at(8.05))
    await plane.within(lambda: told(mails, "bo", "Asked: the incoming"))
    await plane.until(at(8.45))
    assert told(mails, "eve", "Accept ledger, matching as primary") == []
    await plane.until(at(8.5))
    [mail] = await plane.within(lambda: told(mails, "eve", "Asked: the secondary"))
    assert f"{plane.url}/handoff/{waiting['id']}" in mail

    page = await asked(eve.get, f"/people/handoffs/{waiting['id']}")
    assert (page["holder"]["id"], page["accept"]["is_allowed"]) == ("fay", True)
    meanwhile = await asked(eve.get, "/duty/ledger")
    assert (meanwhile["standing"], meanwhile["person"]) == ("kept", "fay")
    assert meanwhile["planned"] == "bo"
    taken = await asked(
        eve.post, f"/people/handoffs/{waiting['id']}/accept", {"read_version": page["note_version"]}
    )
    assert taken["holder"]["id"] == "eve"
    await it_is_eves(plane, eve, incident)


async def the_draft_holds_it(
    plane: PeopleInProcess, reader: PeopleClient, handoff: str, incident: str
) -> None:
    """Everything that happened in the shift, each with evidence that the reader can open."""

    def drafted():
        page = reader.get(f"/people/handoffs/{handoff}")
        return page if section(page, "approvals") and section(page, "objectives") else None

    page = await plane.within(drafted)
    by_page, by_hand = section(page, "open-incidents")
    assert by_page.startswith("Severity 1, open: ")
    assert "orders-available" in by_page
    assert by_hand == "Severity 2, open: Orders are slow"
    assert any("orders-available" in text for text in section(page, "alerts"))
    assert any("orders-available" in text for text in section(page, "objectives"))
    assert section(page, "changes") == ["Ledger 4.2."]
    assert section(page, "approvals") == ["A change of the directory waits for a second person."]
    gaps = [text for text in section(page, "risks") if "Nobody is on duty as secondary" in text]
    assert len(gaps) == 2, "of both services"
    links = links_in(page)
    assert CI in links
    assert f"/incidents/{incident}" in links
    await follow(reader, links)


async def it_is_eves(plane: PeopleInProcess, eve: PeopleClient, incident: str) -> None:
    """Rota, scorecard and pager know who holds it; the review's facts can all be opened."""
    duty = await plane.within(
        lambda: found if (found := eve.get("/duty/ledger"))["person"] == "eve" else None
    )
    assert duty["standing"] == "actual"
    owned = await plane.within(
        lambda: found if (found := eve.get("/owners/ledger"))["is_handoff_fresh"] else None
    )
    assert owned["handoff_age_h"] == 0
    await plane.within(
        lambda: not [page for page in eve.get("/pager/pages") if "Accept" in page["summary"]]
    )
    review = await asked(eve.get, f"/people/incidents/{incident}/review")
    assert review["timeline"]
    assert all(fact["evidence"] for fact in review["summary"] + review["timeline"])
    await follow(eve, links_in(review) - {CI})
    whole = await asked(eve.get, f"/people/incidents/{incident}")
    assert whole["chain_fault"] == ""
    await follow(eve, links_in(whole) - {CI})
