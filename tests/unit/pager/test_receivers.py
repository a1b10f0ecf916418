"""What senders may send and what they are answered, over real HTTP and a real disk."""

import asyncio
import json

import pytest

from sunwise.people.pager.core.facts import KeyRevoked
from sunwise.people.pager.keys import Rates
from tests.unit.pager.conftest import running_instance


def webhook(*alerts, **changes):
    body = {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing",
        "receiver": "sunwise",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://am",
        "truncatedAlerts": 0,
        "alerts": list(alerts),
    }
    return {**body, **changes}


def alert(fingerprint="f1", status="firing", **labels):
    return {
        "status": status,
        "labels": {"alertname": "X", "severity": "critical", **labels},
        "annotations": {"summary": "X is wrong"},
        "startsAt": "2026-06-18T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prom",
        "fingerprint": fingerprint,
    }


def event(key, action="trigger", **changes):
    body = {
        "routing_key": key,
        "event_action": action,
        "dedup_key": "d1",
        "payload": {"summary": "disk full", "source": "db1", "severity": "critical"},
    }
    return {**body, **changes}


def bearer(key):
    return {"authorization": f"Bearer {key}"}


async def test_alertmanagers_webhook_becomes_a_page_and_its_end_closes_it(pager):
    key = await pager.new_key("am")
    sent = await pager.client.post("/v1/alertmanager", json=webhook(alert()), headers=bearer(key))
    assert sent.status_code == 202
    await pager.until(lambda: pager.courier.delivered)
    assert pager.courier.delivered[0].person.id == "ana"
    ended = webhook(alert(status="resolved"), status="resolved")
    await pager.client.post("/v1/alertmanager", json=ended, headers=bearer(key))
    assert not pager.instance.board.open_pages


async def test_pagerduty_answers_as_pagerduty_does(pager):
    key = await pager.new_key("ci")
    answer = await pager.client.post("/v2/enqueue", json=event(key))
    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "d1"}
    (page,) = pager.instance.board.open_pages
    await pager.client.post("/v2/enqueue", json=event(key, "acknowledge", payload=None))
    assert pager.instance.board.pages[page].attention.body.person == "sender:ci"
    await pager.client.post("/v2/enqueue", json=event(key, "resolve", payload=None))
    assert not pager.instance.board.open_pages


async def test_a_trigger_without_a_key_is_given_one(pager):
    key = await pager.new_key("ci")
    answers = [
        await pager.client.post("/v2/enqueue", json=event(key, dedup_key=None)) for _ in range(2)
    ]
    first, second = (answer.json()["dedup_key"] for answer in answers)
    assert first != second


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"event_action": "explode"}, "event_action"),
        ({"payload": None}, "payload"),
        ({"payload": {"summary": "s", "source": "x", "severity": "p1"}}, "severity"),
        ({"payload": {"summary": "", "source": "x", "severity": "info"}}, "summary"),
        ({"event_action": "resolve", "dedup_key": None}, "dedup_key"),
        ({"dedup_key": "x" * 256}, "dedup_key"),
        ({"routing_key": "0" * 32}, "routing_key"),
    ],
)
async def test_an_invalid_event_is_refused_with_its_reason_and_nothing_is_stored(
    pager, changes, says
):
    key = await pager.new_key("ci")
    before = dict(pager.instance.board.have)
    answer = await pager.client.post("/v2/enqueue", json={**event(key), **changes})
    assert answer.status_code == 400
    assert answer.json()["status"] == "invalid event"
    assert says in answer.json()["errors"][0]
    assert pager.instance.board.have == before


HOSTILE = [
    b"",
    b"{",
    b"[]",
    b"\xff\xfe",
    b"null",
    b'{"version":"3","groupKey":"","alerts":[]}',
    json.dumps(webhook({"status": "firing"})).encode(),
    json.dumps(webhook(alert(), alert("", status="exploded"))).encode(),
    b'{"version":"4","groupKey":"","alerts":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("path", ["/v1/alertmanager", "/v1/slo-burned", "/v2/enqueue"])
async def test_malformed_messages_are_refused_whole(pager, path, body):
    key = await pager.new_key("am")
    before = dict(pager.instance.board.have)
    answer = await pager.client.post(path, content=body, headers=bearer(key))
    assert answer.status_code == 400
    assert answer.json()
    assert pager.instance.board.have == before


async def test_deep_details_of_an_event_are_refused(pager):
    key = await pager.new_key("ci")
    deep = b'{"routing_key":"%s","event_action":"trigger","payload":{"summary":"s","source":"x",'
    deep = deep % key.encode() + b'"severity":"info","custom_details":' + b"[" * 50_000
    answer = await pager.client.post("/v2/enqueue", content=deep + b"]" * 50_000 + b"}}")
    assert answer.status_code == 400


async def test_our_own_slo_message_pages_and_ends(pager):
    key = await pager.new_key("slo")
    burned = {
        "service": "gateway",
        "slo": "orders",
        "objective": 0.999,
        "burn_rate": 14.4,
        "window_s": 3600,
        "budget_left": 0.5,
        "at_ns": 1,
    }
    answer = await pager.client.post("/v1/slo-burned", json=burned, headers=bearer(key))
    assert answer.status_code == 202
    (page,) = pager.instance.board.open_pages
    assert "14.4 times" in pager.instance.board.pages[page].head.summary
    over = {**burned, "is_burning": False}
    await pager.client.post("/v1/slo-burned", json=over, headers=bearer(key))
    assert not pager.instance.board.open_pages


@pytest.mark.parametrize("shown", [{}, bearer("x"), {"authorization": "Basic eDp5"}])
async def test_without_a_key_in_force_nothing_is_taken(pager, shown):
    answer = await pager.client.post("/v1/alertmanager", json=webhook(alert()), headers=shown)
    assert answer.status_code == 401
    assert "Bearer" in answer.json()["error"]


async def test_a_persons_key_does_not_send_and_a_revoked_one_does_nothing(pager):
    persons = await pager.new_key("ana", "")
    senders = await pager.new_key("am")
    (fact,) = [key for key in pager.instance.board.keys.values() if key.name == "am"]
    await pager.instance.submit(lambda _board, _now: [KeyRevoked(id=fact.id)])
    for key in (persons, senders):
        sent = await pager.client.post(
            "/v1/alertmanager", json=webhook(alert()), headers=bearer(key)
        )
        assert sent.status_code == 401
        assert (await pager.client.post("/v2/enqueue", json=event(key))).status_code == 400


async def test_beyond_its_rate_a_sender_is_told_when_to_come_again(tmp_path):
    async with running_instance(tmp_path, rates=Rates(per_s=0.5, at_once=2)) as pager:
        key, other = await pager.new_key("ci"), await pager.new_key("other")
        answers = [await pager.client.post("/v2/enqueue", json=event(key)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert answers[2].headers["retry-after"] == "2"
        assert answers[2].json()["status"] == "throttle exceeded"
        again = await pager.client.post(
            "/v1/alertmanager", json=webhook(alert()), headers=bearer(key)
        )
        assert again.status_code == 503  # Alertmanager gives an alert up after 429
        assert (await pager.client.post("/v2/enqueue", json=event(other))).status_code == 202


async def test_a_watchdogs_end_is_no_heartbeat(pager):
    key = await pager.new_key("am")
    over = webhook(alert(status="resolved", alertname="Watchdog"))
    await pager.client.post("/v1/alertmanager", json=over, headers=bearer(key))
    assert "prom" not in pager.instance.board.heard
    beat = webhook(alert(alertname="Watchdog"))
    await pager.client.post("/v1/alertmanager", json=beat, headers=bearer(key))
    assert "prom" in pager.instance.board.heard


async def test_alerts_that_alertmanager_left_out_are_not_lost_without_a_word(pager):
    key = await pager.new_key("am")
    body = webhook(alert(), truncatedAlerts=7)
    await pager.client.post("/v1/alertmanager", json=body, headers=bearer(key))
    (page,) = pager.instance.board.open_pages
    summaries = [each.fired.summary for each in pager.instance.board.pages[page].alerts.values()]
    assert any("left out 7" in summary for summary in summaries)


async def test_too_long_texts_are_cut_not_refused(pager):
    key = await pager.new_key("am")
    body = webhook(alert(note="x" * 5_000))
    sent = await pager.client.post("/v1/alertmanager", json=body, headers=bearer(key))
    assert sent.status_code == 202


async def test_what_was_accepted_is_there_after_a_restart(tmp_path):
    async with running_instance(tmp_path) as pager:
        key = await pager.new_key("ci")
        requests = (event(key, dedup_key=f"d{n}") for n in range(50))
        posts = (pager.client.post("/v2/enqueue", json=body) for body in requests)
        assert {answer.status_code for answer in await asyncio.gather(*posts)} == {202}
        view = pager.instance.board.shared_view()
    async with running_instance(tmp_path) as again:
        assert len(again.instance.board.open_pages) == 50
        assert view["open"] == again.instance.board.shared_view()["open"]


async def test_requests_that_come_together_share_a_commit(pager):
    key = await pager.new_key("ci")
    before = pager.instance._commits.value
    posts = (
        pager.client.post("/v2/enqueue", json=event(key, dedup_key=f"d{n}")) for n in range(60)
    )
    await asyncio.gather(*posts)
    assert pager.instance._commits.value - before < 60


async def test_a_file_readable_by_its_owner_only_holds_digests_of_keys(pager, tmp_path):
    key = await pager.new_key("ci")
    path = tmp_path / "pager.sqlite"
    assert path.stat().st_mode & 0o077 == 0
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("pager.sqlite*"))
    assert key.encode() not in stored
