"""Debian's Alertmanager and PagerDuty's own client send; pages arrive and end acknowledged."""

import asyncio
import contextlib
import json
import re
import shutil
import ssl
import subprocess
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import httpx
import pagerduty
import pytest

from sunwise.chassis.child_process import dying_with_parent
from tests.e2e.pager.conftest import LAST_RESORT
from tests.support.pager_process import free_ports, own_certificate, pager_processes, until

ALERTMANAGER = shutil.which("prometheus-alertmanager")
CONFIG = """
route:
  receiver: sunwise
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: sunwise
    webhook_configs:
      - url: {url}/v1/alertmanager
        send_resolved: true
        http_config:
          authorization:
            credentials: {key}
"""


def text_of(mail):
    return message_from_bytes(mail.content, policy=default)


async def press(url):
    """Opens the link, as mail servers do, and then presses its button."""
    async with httpx.AsyncClient(trust_env=False) as client:
        assert "I hold it" in (await client.get(url)).text
        return (await client.post(url)).text


@contextlib.asynccontextmanager
async def alertmanager(folder, pager_url, key):
    (port,) = free_ports(1)
    config = folder / "alertmanager.yml"
    config.write_text(CONFIG.format(url=pager_url, key=key))
    command = [ALERTMANAGER, f"--config.file={config}", f"--storage.path={folder / 'am'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(dying_with_parent(command), stdout=log, stderr=log)  # noqa: ASYNC220 - from the main thread, so that it dies with us
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False
        ) as client:
            async with asyncio.timeout(20):
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        if (await client.get("/-/ready")).status_code == 200:
                            break
                    await asyncio.sleep(0.05)
            yield client
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.skipif(
    ALERTMANAGER is None, reason="needs Alertmanager: apt install prometheus-alertmanager"
)
async def test_a_real_alertmanager_pages_the_primary_and_hears_of_the_end(tmp_path, mailbox, hook):
    channels = mailbox.settings + hook.settings
    with pager_processes(tmp_path, channels=channels, policy=LAST_RESORT) as (pager,):
        ana = await asyncio.to_thread(pager.new_key, "ana")
        async with httpx.AsyncClient(trust_env=False) as client:
            ways = [{"kind": "webhook", "address": "ops"}, {"kind": "email", "address": "a@x.net"}]
            headers = {"authorization": f"Bearer {ana}"}
            await client.put(f"{pager.url}/v1/contacts", json=ways, headers=headers)
        key = await asyncio.to_thread(pager.new_key, "am", "gateway")
        async with alertmanager(tmp_path, pager.url, key) as am:
            labels = {"alertname": "GatewayDown", "severity": "critical"}
            alert = {"labels": labels, "annotations": {"summary": "Orders are not answered"}}
            await am.post("/api/v2/alerts", json=[alert])
            (request,) = await until(lambda: hook.requests)
            message = json.loads(request.body)
            assert message["person"] == "ana"
            assert "Orders are not answered" in message["title"]
            assert "you hold it" in await press(message["acknowledge_url"])
            (page,) = await asyncio.to_thread(pager.get, "/v1/pages", ana)
            assert page["held_by"] == "ana"
            ended = {**alert, "endsAt": datetime.now(UTC).isoformat()}
            await am.post("/api/v2/alerts", json=[ended])

            await until(lambda: pager.get("/healthz")["open_pages"] == 0)


@pytest.fixture
def tls(tmp_path):
    """PagerDuty's client speaks nothing else."""
    return own_certificate(tmp_path)


def pagerduty_client(key, pager, tls):
    return pagerduty.EventsApiV2Client(
        key, base_url=pager.url, verify=ssl.create_default_context(cafile=str(tls[0]))
    )


async def test_pagerdutys_own_client_triggers_acknowledges_and_resolves(tmp_path, mailbox, tls):
    settings = {"channels": mailbox.settings, "policy": LAST_RESORT, "tls": tls}
    with pager_processes(tmp_path, **settings) as (pager,):
        key = await asyncio.to_thread(pager.new_key, "ci", "gateway")
        ana = await asyncio.to_thread(pager.new_key, "ana")
        client = pagerduty_client(key, pager, tls)
        dedup_key = await asyncio.to_thread(
            client.trigger, "Disk is full", "db1", custom_details={"disk": "/var"}
        )
        (mail,) = await until(lambda: mailbox.mails)
        assert "Disk is full" in text_of(mail)["Subject"]
        assert mail.rcpt_tos == ["ana@example.net"]
        await asyncio.to_thread(client.acknowledge, dedup_key)
        (page,) = await asyncio.to_thread(pager.get, "/v1/pages", ana)
        assert page["held_by"] == "sender:ci"
        assert await asyncio.to_thread(client.resolve, dedup_key) == dedup_key
        assert await asyncio.to_thread(pager.get, "/v1/pages", ana) == []
        wrong = pagerduty_client("0" * 32, pager, tls)
        with pytest.raises(pagerduty.HttpError, match="400"):
            await asyncio.to_thread(wrong.trigger, "x", "y")
        wrong.close()
        client.close()


async def test_the_mails_link_acknowledges(tmp_path, mailbox):
    with pager_processes(tmp_path, channels=mailbox.settings, policy=LAST_RESORT) as (pager,):
        key = await asyncio.to_thread(pager.new_key, "ci", "gateway")
        payload = {"summary": "Disk is full", "source": "db1", "severity": "critical"}
        event = {"routing_key": key, "event_action": "trigger", "payload": payload}
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(f"{pager.url}/v2/enqueue", json=event)).status_code == 202
        (mail,) = await until(lambda: mailbox.mails)
        link = re.search(r"Acknowledge: (\S+)", text_of(mail).get_content())[1]
        assert "you hold it" in await press(link)
