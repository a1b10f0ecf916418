"""Links by which a message is acknowledged without signing in: signed, for one use, for a day.

Both instances sign with one secret, so a link works at either. Opening one changes nothing, since
mail servers open links to look at them; the button on the page that it shows does.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

import msgspec

from sunwise.people.pager.core.facts import digest

PATH: Final = "/a/"
_LASTS_S: Final = 86_400
_SIGNATURE_BYTES: Final = 16
_NS: Final = 1_000_000_000


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What a link allows."""

    action: str
    """`ack` or `received`."""
    page: str
    person: str
    key: str
    """Of the message that it was in."""
    rank: int
    """Of the page's severity, as the person was told."""
    until_s: int

    @property
    def id(self) -> str:
        """Stands for this link among those used up."""
        return digest("link", self.action, self.key, self.until_s)


class LinkRefused(ValueError):
    """The link was not made here, or its day is over."""


class Links:
    """Makes and reads links."""

    def __init__(self, secret: bytes, public_url: str) -> None:
        self._secret = hmac.new(secret, b"links", hashlib.sha256).digest()
        self._public_url = public_url.rstrip("/")

    def url(self, action: str, *, page: str, person: str, key: str, rank: int, now_ns: int) -> str:
        """The address of a new link."""
        link = Link(action, page, person, key, rank, now_ns // _NS + _LASTS_S)
        content = msgspec.msgpack.encode(link)
        token = base64.urlsafe_b64encode(self._sign(content) + content).rstrip(b"=").decode()
        return f"{self._public_url}{PATH}{token}"

    def read(self, token: str, *, now_ns: int) -> Link:
        """What the link allows. Raises LinkRefused."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise LinkRefused("This link is not complete.") from error
        signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(self._sign(content), signature):
            raise LinkRefused("This link was not made here.")
        link = msgspec.msgpack.decode(content, type=Link)
        if now_ns // _NS > link.until_s:
            raise LinkRefused("This link's day is over: open the page from the list.")
        return link

    def _sign(self, content: bytes) -> bytes:
        return hmac.new(self._secret, content, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
