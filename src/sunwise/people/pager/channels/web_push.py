"""Web push to a browser: encrypted for it (RFC 8291), signed with our own key (RFC 8292)."""

import base64
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pywebpush import Vapid, WebPusher

from sunwise.chassis.secret_files import read_secret
from sunwise.people.pager.channels.chat import Post
from sunwise.people.pager.channels.message import Message
from sunwise.people.pager.channels.outbound import AddressRefused
from sunwise.people.pager.channels.settings import WebPush

_TTL_S: Final = 3_600
_TOKEN_S: Final = 12 * 3_600
_MAX_TEXT: Final = 2_000  # push services take about 4 kB encrypted
_BASE64URL: Final = r"^[A-Za-z0-9_-]+=*$"


class SubscriptionKeys(msgspec.Struct, frozen=True):
    """What messages are encrypted for, base64url."""

    p256dh: Annotated[str, msgspec.Meta(min_length=80, max_length=100, pattern=_BASE64URL)]
    auth: Annotated[str, msgspec.Meta(min_length=16, max_length=40, pattern=_BASE64URL)]


class Subscription(msgspec.Struct, frozen=True):
    """What a browser's `PushSubscription.toJSON()` holds."""

    endpoint: Annotated[str, msgspec.Meta(max_length=1_500)]
    keys: SubscriptionKeys


class Pusher:
    """Makes the requests of web push messages."""

    def __init__(self, settings: WebPush) -> None:
        self._settings = settings
        self._vapid = _key(Path(settings.key_file))

    @property
    def public_key(self) -> str:
        """What a browser subscribes with: the point of our key, base64url (RFC 8292, 3.2)."""
        point = self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    def read(self, address: str) -> Subscription:
        """The subscription. Raises ValueError for what is none, and AddressRefused."""
        subscription = msgspec.json.decode(address, type=Subscription)
        host = urlsplit(subscription.endpoint).hostname or ""
        if not any(fnmatchcase(host, pattern) for pattern in self._settings.hosts):
            raise AddressRefused(f"{host} is no push service that the settings name")
        return subscription

    def post(self, address: str, message: Message, *, now_ns: int) -> Post:
        """The request. Raises ValueError for what is no subscription, and AddressRefused."""
        subscription = self.read(address)
        parts = urlsplit(subscription.endpoint)
        payload = msgspec.json.encode(
            {
                "title": message.title,
                "text": message.text[:_MAX_TEXT],
                "acknowledge_url": message.acknowledge_url,
                "receipt_url": message.receipt_url,
                "key": message.key,
            }
        )
        encoded = WebPusher(msgspec.to_builtins(subscription)).encode(
            payload, content_encoding="aes128gcm"
        )
        claims = {
            "sub": self._settings.subject,
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": now_ns // 1_000_000_000 + _TOKEN_S,
        }
        headers = {
            **self._vapid.sign(claims),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(_TTL_S),
            "urgency": "high",
            "topic": message.key,  # a repeat replaces what has not arrived yet
        }
        assert encoded is not None, "there is a payload"
        return Post("POST", subscription.endpoint, encoded["body"], headers)


def _key(path: Path) -> Vapid:
    if not path.exists():
        fresh = Vapid()
        fresh.generate_keys()
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(fresh.private_pem())
    found = Vapid.from_pem(read_secret(path))
    assert isinstance(found, Vapid), "made from a private key"
    return found
