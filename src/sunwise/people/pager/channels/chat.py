"""Webhooks of our own, signed, and the formats of Slack, Mattermost and Matrix.

What an alert says is text there and nothing else: it calls nobody (`@channel`) and shows no link of its
own beside the one that acknowledges.
"""

import hashlib
import hmac
import re
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

from sunwise.people.pager.channels.message import Message
from sunwise.people.pager.channels.settings import Target

_ENCODE: Final = msgspec.json.encode
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()#+!|~<>-])")
_UNSEEN: Final = "\u200b"


class Post(NamedTuple):
    """A request to make."""

    method: str
    url: str
    content: bytes
    headers: dict[str, str]


def webhook(target: Target, message: Message, secret: bytes, *, now_ns: int) -> Post:
    """Our own format. The receiver checks `v1` = HMAC-SHA256 of `TIMESTAMP.BODY`, and the time."""
    content = _ENCODE(
        {
            "key": message.key,
            "page": message.page,
            "person": message.person,
            "severity": message.severity,
            "service": message.service,
            "title": message.title,
            "text": message.text,
            "acknowledge_url": message.acknowledge_url,
            "receipt_url": message.receipt_url,
            "links": message.links,
        }
    )
    stamp = str(now_ns // 1_000_000_000)
    signature = hmac.new(secret, stamp.encode() + b"." + content, hashlib.sha256).hexdigest()
    return _post(
        target.url,
        content,
        {
            "idempotency-key": message.key,
            "x-sunwise-timestamp": stamp,
            "x-sunwise-signature": f"v1={signature}",
        },
    )


def slack(target: Target, message: Message) -> Post:
    """Slack's incoming webhook, with a button."""
    text = {"type": "mrkdwn", "text": _escaped(f"*{message.title}*\n{message.text}")[:3_000]}
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Acknowledge"},
        "url": message.acknowledge_url,
    }
    blocks = [{"type": "section", "text": text}, {"type": "actions", "elements": [button]}]
    return _post(target.url, _ENCODE({"text": _escaped(message.title), "blocks": blocks}))


def mattermost(target: Target, message: Message) -> Post:
    """Mattermost's incoming webhook."""
    said = f"#### {_plain(message.title)}\n{_plain(message.text)}"
    text = f"{said[:12_000]}\n\n[Acknowledge]({message.acknowledge_url})"
    return _post(target.url, _ENCODE({"text": text, "username": "sunwise"}))


def matrix(target: Target, message: Message, secret: bytes) -> Post:
    """A Matrix room message; the transaction id makes a repeat none."""
    body = f"{message.title}\n{message.text}\nAcknowledge: {message.acknowledge_url}"
    url = f"{target.url.rstrip('/')}/send/m.room.message/{quote(message.key)}"
    headers = {"authorization": f"Bearer {secret.decode()}"}
    content = _ENCODE({"msgtype": "m.text", "body": body, "m.mentions": {}})  # nobody, not @room
    return _post(url, content, headers)._replace(method="PUT")


def _post(url: str, content: bytes, headers: dict[str, str] | None = None) -> Post:
    return Post("POST", url, content, {"content-type": "application/json", **(headers or {})})


def _escaped(text: str) -> str:
    """Slack reads these three as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    """Mattermost reads the rest as markup; an unseen space keeps `@` from calling anybody."""
    return _MARKUP.sub(r"\\\1", text).replace("@", f"@{_UNSEEN}")
