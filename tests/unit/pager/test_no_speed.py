"""What leaves a pager tells that a page was acknowledged, never how fast anybody is."""

import ast
import asyncio
from pathlib import Path

import msgspec
from msgspec.structs import replace

from sunwise.contracts.people import pager
from sunwise.contracts.people.pager import (
    IncidentWanted,
    PageAcknowledged,
    PageNotified,
    PageOpened,
)
from sunwise.people.pager.core.facts import Acknowledged, Fact, Notified
from sunwise.people.pager.core.intake import Sender, bodies_of
from sunwise.people.pager.core.policy import (
    SEVERITIES,
    Policy,
    Severity,
    SeverityTable,
    Step,
    Target,
)
from sunwise.people.pager.events import events_of
from sunwise.people.pager.page_facts import facts_of
from sunwise.people.pager.wake_ups import wake_ups_of
from tests.unit.pager.test_forgetting import client_of, fill, firing, running

PEOPLE = {"person", "pseudonym", "by", "who", "held_by", "holder", "to", "assignee"}
QUARTER_NS = 15 * 60 * 10**9


async def told(folder, *bodies):
    """The events of a page that Ana holds, with these facts beside."""
    async with running(folder) as service:
        page = await fill(service)
        for body in bodies:
            await service.instance.submit(lambda _b, _n, body=body: [body(page)])
        return events_of(list(service.journal.read()), service.instance.board, secret=b"s")


def notified(page):
    about = {"person": "ana.silva", "is_sent": True, "woke": True}
    return Notified(page=page, key="k", channel="email-3f2a91", **about)


async def test_an_acknowledgement_is_told_to_the_quarter_of_an_hour(tmp_path):
    async with running(tmp_path) as service:
        page = await fill(service)
        board, facts = service.instance.board, list(service.journal.read())
    opened_ns = board.pages[page].opened_at_ns
    quarter_ns = opened_ns - opened_ns % QUARTER_NS + 3 * QUARTER_NS
    for taken_ns in (quarter_ns, quarter_ns + 1, quarter_ns + QUARTER_NS - 1):
        assert acknowledged(facts, board, taken_ns).at_ns == quarter_ns
    soon = acknowledged(facts, board, opened_ns + 1)
    assert soon.at_ns == opened_ns, "never before its page"
    [fact] = list(facts_of(soon))
    assert (fact.at_ns, fact.actor) == (opened_ns, None)
    assert fact.kind == "page-acknowledged"


def acknowledged(facts, board, taken_ns):
    """What is told when that fact of these is of this time."""
    moved = [
        replace(each, at_ns=taken_ns) if isinstance(each.body, Acknowledged) else each
        for each in facts
    ]
    [done] = [
        each for each in events_of(moved, board, secret=b"s") if isinstance(each, PageAcknowledged)
    ]
    return done


async def test_nobody_is_known_by_their_channel(tmp_path):
    events = await told(tmp_path, notified)
    channels = {each.channel for each in events if isinstance(each, PageNotified)}
    assert channels == {"email"}
    assert "ana" not in repr(events)


async def test_nobody_reckons_from_the_key_of_a_message_to_whom_it_went(tmp_path):
    async with running(tmp_path) as service:
        page = await fill(service)
        await service.instance.submit(lambda _b, _n: [notified(page)])
        facts, board = list(service.journal.read()), service.instance.board
    by_secret = {
        secret: [
            each.key
            for each in (
                *events_of(facts, board, secret=secret),
                *wake_ups_of(facts, board, secret=secret),
            )
            if hasattr(each, "key")
        ]
        for secret in (b"one", b"other")
    }
    own = {
        key
        for each in facts
        if isinstance(each.body, Notified)
        for key in (each.body.key, each.body.call)
    }
    assert by_secret[b"one"]
    assert own.isdisjoint(by_secret[b"one"])
    assert set(by_secret[b"one"]).isdisjoint(by_secret[b"other"])


async def test_a_page_of_the_worst_severity_wants_one_incident_and_others_want_none(tmp_path):
    async with running(tmp_path) as service:
        for key, severity, group in (("1", "critical", "a"), ("2", "P1", "a"), ("3", "error", "b")):
            signal = firing(key)._replace(severity=severity, group=group)
            await service.instance.submit(
                lambda b, now, signal=signal: bodies_of([signal], Sender("am", "gateway"), b, now)
            )
        events = events_of(list(service.journal.read()), service.instance.board, secret=b"s")
    [wanted] = [each for each in events if isinstance(each, IncidentWanted)]
    opened = [each for each in events if isinstance(each, PageOpened)]
    assert (wanted.page, wanted.severity) == (opened[0].page, 1)
    assert len(opened) == 2


def test_the_severity_table_says_which_pages_open_an_incident():
    own = Severity(name="sev2", steps=(Step(to=Target.PRIMARY),), incident=2)
    none = replace(own, name="sev1", incident=0)
    table = SeverityTable(Policy(severities=(none, own, *SEVERITIES)))
    assert [table.incident(name) for name in ("sev1", "sev2", "critical")] == [0, 2, 0]
    assert SeverityTable(Policy()).incident("critical") == 1


def test_no_event_has_a_person_beside_a_time_but_the_credit_of_a_night():
    kinds = [kind for kind in vars(pager).values() if _is_event(kind)]
    named = {
        kind.__name__
        for kind in kinds
        if PEOPLE & set(kind.__struct_fields__) and "at_ns" in kind.__struct_fields__
    }
    assert named == {"WakeUpCredited"}, "of which the ledger keeps the four weeks alone"
    assert len(kinds) > 4


def _is_event(kind):
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


async def test_no_answer_about_a_page_tells_when_somebody_answered(tmp_path):
    async with running(tmp_path) as service, client_of(service) as client:
        page = await fill(service)
        key = (await client.post("/v1/keys", json={"name": "bo"})).json()["key"]
        headers = {"authorization": f"Bearer {key}"}
        facts = [each for each in service.journal.read() if isinstance(each.body, Acknowledged)]
        [acknowledged] = facts
        assert isinstance(acknowledged, Fact)
        await asyncio.sleep(0)
        for path in (f"/v1/pages/{page}", "/v1/pages"):
            answer = (await client.get(path, headers=headers)).text
            assert "ana.silva" in answer, "who holds it is no secret"
            assert str(acknowledged.at_ns) not in answer
        shown = {"authorization": f"Bearer {service.metrics_token}"}
        metrics = (await client.get("/metrics", headers=shown)).text
        assert "sunwise_pager" in metrics
        assert "ana" not in metrics


def test_no_metric_of_the_people_plane_has_a_person_for_a_label():
    source = Path(__file__).resolve().parents[3] / "src" / "sunwise"
    found = [
        f"{path.name}:{node.lineno}"
        for place in ("people", "web", "chassis/guard", "chassis/duty")
        for path in (source / place).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"counter", "gauge", "histogram", "labels"}
        and {keyword.arg for keyword in node.keywords} & PEOPLE
    ]
    assert found == []
