"""What each channel sends, to receivers that are really there; and where nothing is ever sent."""

import base64
import hashlib
import hmac
import json
import logging
import os
from email import message_from_bytes
from email.policy import default
from urllib.parse import parse_qs

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sunwise.chassis.secret_files import SecretUnusable, read_secret
from sunwise.people.pager.channels import chat
from sunwise.people.pager.channels.courier import ChannelCourier
from sunwise.people.pager.channels.message import Message
from sunwise.people.pager.channels.outbound import AddressRefused, Outbound, is_public
from sunwise.people.pager.channels.settings import ChannelSettings, Smtp, Target, Twilio, WebPush
from sunwise.people.pager.core.facts import ChannelKind, Contact, ContactsSet
from sunwise.people.pager.links import Links
from tests.support.pager_channels import http_receiver, mail_server
from tests.support.pager_people import Stage, firing

URL = "https://pager.example"


def stage_with(kind, address):
    stage = Stage()
    contact = Contact(kind=kind, address=address)
    stage.tell(ContactsSet(person="ana", contacts=(contact,)))
    stage.signal(firing())
    (notify,) = stage.desk.tick(stage.now).notify
    return stage, notify


async def deliver(settings, kind, address):
    stage, notify = stage_with(kind, address)
    courier = ChannelCourier(settings, stage.company, Links(b"s", URL), public_url=URL)
    try:
        return await courier.deliver(notify, stage.board, stage.now), notify
    finally:
        await courier.close()


def secret_file(tmp_path, content):
    path = tmp_path / f"secret-{len(content)}"
    path.touch(0o600)
    path.write_text(content)
    return str(path)


async def test_mail_has_one_id_however_often_it_is_sent_and_says_how_old_duty_is():
    async with mail_server() as (mailbox, port):
        smtp = Smtp(host="127.0.0.1", port=port, sender="pager@example.net", security="none")
        for _ in range(2):
            sent, notify = await deliver(
                ChannelSettings(smtp=smtp), ChannelKind.EMAIL, "ana@example.net"
            )
            assert sent
    first, second = (message_from_bytes(mail.content, policy=default) for mail in mailbox.mails)
    assert first["Message-ID"] == second["Message-ID"] == f"<{notify.key}@example.net>"
    assert first["To"] == "ana@example.net"
    assert "[critical] gateway: k1 is wrong" in first["Subject"]
    text = first.get_content()
    assert "you are on duty as primary" in text
    assert "as of 18 Jun 12:00 UTC" in text
    assert f"{URL}/a/" in text


async def test_a_webhook_is_signed_with_its_time_and_names_its_key(tmp_path):
    async with http_receiver() as (receiver, url):
        target = Target(
            kind="webhook",
            url=f"{url}/hook",
            secret_file=secret_file(tmp_path, "hush"),
            allow_private=True,
        )
        sent, notify = await deliver(
            ChannelSettings(targets={"ops": target}), ChannelKind.WEBHOOK, "ops"
        )
    (request,) = receiver.requests
    stamp = request.headers[b"x-sunwise-timestamp"]
    expected = hmac.new(b"hush", stamp + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers[b"x-sunwise-signature"] == f"v1={expected}".encode()
    assert request.headers[b"idempotency-key"] == notify.key.encode()
    assert json.loads(request.body)["person"] == "ana"
    assert sent


@pytest.mark.parametrize(
    ("kind", "path", "has"),
    [
        ("slack", "/hook", '"type":"button"'),
        ("mattermost", "/hook", "[Acknowledge](https://pager.example/a/"),
        ("matrix", "/rooms/r/send/m.room.message/", "m.text"),
    ],
)
async def test_chats_get_their_own_format_with_a_way_to_acknowledge(tmp_path, kind, path, has):
    async with http_receiver() as (receiver, url):
        where = "/rooms/r" if kind == "matrix" else "/hook"
        secret = secret_file(tmp_path, "token")
        target = Target(kind=kind, url=url + where, secret_file=secret, allow_private=True)
        sent, _ = await deliver(ChannelSettings(targets={"t": target}), ChannelKind(kind), "t")
    (request,) = receiver.requests
    assert sent
    assert request.path.decode().startswith(path)
    assert has in request.body.decode()
    assert "https://pager.example/a/" in request.body.decode()
    assert (request.method == "PUT") == (kind == "matrix")


@pytest.mark.parametrize("kind", ["slack", "mattermost", "matrix"])
def test_what_an_alert_says_calls_nobody_in_a_chat_and_is_no_link(kind):
    said = "<!channel> @channel @room [Acknowledge](https://evil.example)"
    message = Message(
        key="k",
        page="p",
        person="ana",
        severity="critical",
        service="gateway",
        title=said,
        text=said,
        acknowledge_url="https://pager.example/a/x",
        receipt_url="",
    )
    target = Target(kind=kind, url="https://chat.example")
    more = (b"token",) if kind == "matrix" else ()
    sent = json.loads(getattr(chat, kind)(target, message, *more).content)
    if kind == "matrix":
        assert sent["m.mentions"] == {}
        return
    whole = json.dumps(sent, ensure_ascii=False)
    assert "<!channel>" not in whole
    assert "](https://evil" not in whole or kind == "slack"  # which has another form for links
    assert ("@channel" in whole) == (kind == "slack")  # which calls nobody without the brackets


async def test_twilio_sends_an_sms_with_a_code_and_calls_with_a_digit(tmp_path):
    async with http_receiver() as (receiver, url):
        receiver.status = 201
        twilio = Twilio(
            account="AC1",
            token_file=secret_file(tmp_path, "tok"),
            number="+100",
            url=url,
            allow_private=True,
        )
        for kind in (ChannelKind.SMS, ChannelKind.VOICE):
            assert (await deliver(ChannelSettings(twilio=twilio), kind, "+351"))[0]
    sms, call = receiver.requests
    assert sms.path == b"/2010-04-01/Accounts/AC1/Messages.json"
    assert sms.headers[b"authorization"] == b"Basic " + base64.b64encode(b"AC1:tok")
    form = parse_qs(sms.body.decode())
    assert form["To"] == ["+351"]
    assert "Reply ACK " in form["Body"][0]
    assert form["StatusCallback"][0].startswith(f"{URL}/v1/twilio/status?")
    assert call.path.endswith(b"/Calls.json")
    assert "Press 1 to acknowledge" in parse_qs(call.body.decode())["Twiml"][0]


async def test_web_push_is_readable_by_the_browser_alone_and_signed(tmp_path):
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    auth = os.urandom(16)
    text = [base64.urlsafe_b64encode(raw).rstrip(b"=").decode() for raw in (public, auth)]
    async with http_receiver() as (receiver, url):
        receiver.status = 201
        subscription = {"endpoint": f"{url}/push", "keys": {"p256dh": text[0], "auth": text[1]}}
        push = WebPush(
            key_file=str(tmp_path / "vapid.pem"),
            subject="mailto:ops@example.net",
            hosts=("127.0.0.1",),
            allow_private=True,
        )
        sent, notify = await deliver(
            ChannelSettings(web_push=push), ChannelKind.WEB_PUSH, json.dumps(subscription)
        )
    (request,) = receiver.requests
    clear = http_ece.decrypt(
        request.body, private_key=private, auth_secret=auth, version="aes128gcm"
    )
    assert sent
    assert json.loads(clear)["key"] == notify.key
    assert request.headers[b"authorization"].startswith(b"vapid t=")
    assert request.headers[b"topic"] == notify.key.encode()


async def test_a_push_service_that_the_settings_do_not_name_is_never_asked(tmp_path):
    async with http_receiver() as (receiver, url):
        push = WebPush(
            key_file=str(tmp_path / "vapid.pem"), subject="mailto:x@y.z", allow_private=True
        )
        keys = {"p256dh": "B" * 87, "auth": "a" * 22}
        subscription = {"endpoint": f"{url}/push", "keys": keys}
        sent, _ = await deliver(
            ChannelSettings(web_push=push), ChannelKind.WEB_PUSH, json.dumps(subscription)
        )
    assert not sent
    assert receiver.requests == []


@pytest.mark.parametrize("kind", list(ChannelKind))
async def test_what_is_not_set_up_refuses_so_that_the_next_channel_is_used(kind):
    sent, _ = await deliver(ChannelSettings(), kind, "somewhere")
    assert not sent


async def test_no_log_holds_the_address_of_a_chat(caplog):
    caplog.set_level(logging.INFO)
    async with http_receiver() as (receiver, url):
        target = Target(kind="slack", url=f"{url}/services/T0/B0/hush", allow_private=True)
        settings = ChannelSettings(targets={"t": target})
        assert (await deliver(settings, ChannelKind.SLACK, "t"))[0]
        receiver.status = 404
        assert not (await deliver(settings, ChannelKind.SLACK, "t"))[0]
    assert "HTTP 404" in caplog.text
    assert "hush" not in caplog.text


async def test_no_log_holds_the_address_of_a_person(caplog):
    async with mail_server() as (mailbox, port):
        mailbox.refuses = True
        smtp = Smtp(host="127.0.0.1", port=port, sender="pager@example.net", security="none")
        settings = ChannelSettings(smtp=smtp)
        sent, notify = await deliver(settings, ChannelKind.EMAIL, "ana@example.net")
    assert not sent
    assert "550" in caplog.text
    assert notify.page in caplog.text
    assert "ana@" not in caplog.text


async def test_an_answer_that_is_no_yes_is_a_refusal_and_redirects_lead_nowhere(tmp_path):
    async with http_receiver() as (receiver, url), http_receiver() as (elsewhere, other):
        target = Target(kind="slack", url=url, allow_private=True)
        receiver.status, receiver.headers = 302, f"location: {other}\r\n".encode()
        sent, _ = await deliver(ChannelSettings(targets={"t": target}), ChannelKind.SLACK, "t")
    assert not sent
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest",
        "https://user@example.com/",
        "http://example.com/",
        "file:///etc/passwd",
        "https:///nothing",
    ],
)
async def test_addresses_that_are_not_public_are_refused(url):
    outbound = Outbound()
    with pytest.raises(AddressRefused):
        await outbound.send("POST", url, content=b"", headers={})
    await outbound.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_what_a_public_address_is(address, public):
    assert is_public(address) is public


def test_a_secret_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "s"
    path.write_text("x")
    path.chmod(0o644)
    with pytest.raises(SecretUnusable, match="chmod 600"):
        read_secret(path)
    with pytest.raises(SecretUnusable, match="cannot read"):
        read_secret(tmp_path / "none")
