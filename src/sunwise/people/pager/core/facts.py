"""What happened, as it is stored, replicated and added up. A fact never changes.

An origin is one database file of one instance; it numbers its facts from 1 without a gap. Fields are
only added, with defaults: an instance of the release before must read them.
"""

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from sunwise.people.pager.core.vectors import Vector

MAX_LABELS: Final = 64
MAX_TEXT: Final = 1_024
Text = Annotated[str, Meta(max_length=MAX_TEXT)]


class Fired(Struct, frozen=True, kw_only=True, tag="fired"):
    """A sender says that something is wrong; repeated while it is."""

    alert: str
    """Deduplication key, within its sender."""
    page: str
    group: str
    generation: int
    """Of the group's pages, from 1."""
    service: str
    severity: str
    summary: str
    labels: dict[str, str] = {}
    links: tuple[str, ...] = ()
    sender: str = ""
    assignee: str | None = None
    """Who is asked before whoever is on duty."""


class Cleared(Struct, frozen=True, kw_only=True, tag="cleared"):
    """A sender says that it is over: what was fired before, as far as its author knew."""

    alert: str
    seen: Vector = {}


class Acknowledged(Struct, frozen=True, kw_only=True, tag="acknowledged"):
    """Somebody holds the page, as bad as it is now."""

    page: str
    person: str
    rank: int
    """Of the page's severity; 0 is the worst."""
    link: str = ""
    """The signed link that was used up for it."""


class Closed(Struct, frozen=True, kw_only=True, tag="closed"):
    """The page is over, as far as its author knew."""

    page: str
    person: str | None = None
    """None: every alert was cleared."""
    seen: Vector = {}


class Snoozed(Struct, frozen=True, kw_only=True, tag="snoozed"):
    """Somebody wants to hear of the page again later."""

    page: str
    person: str
    for_s: Annotated[float, Meta(gt=0, le=86_400)]


class Reassigned(Struct, frozen=True, kw_only=True, tag="reassigned"):
    """The page is for somebody else now."""

    page: str
    to: str
    person: str


class Notified(Struct, frozen=True, kw_only=True, tag="notified"):
    """A channel took the message for a person, or refused it."""

    page: str
    key: str
    person: str
    channel: str
    is_sent: bool
    woke: bool = False
    call: str = ""
    """The messages of one call of one person: what is sent through several channels has one."""


class Received(Struct, frozen=True, kw_only=True, tag="received"):
    """A channel, or the person, says that the message has come."""

    page: str
    key: str


class Silenced(Struct, frozen=True, kw_only=True, tag="silenced"):
    """For a while alerts with these labels page nobody: maintenance, or noise."""

    id: str
    labels: dict[str, str]
    """All of them, equal; never empty."""
    from_ns: int
    until_ns: int
    person: str
    why: Text


class Unsilenced(Struct, frozen=True, kw_only=True, tag="unsilenced"):
    """The silence is over before its time."""

    id: str
    person: str


class Heard(Struct, frozen=True, kw_only=True, tag="heard"):
    """The heartbeat of a watchdog came."""

    watchdog: str


class ChannelKind(StrEnum):
    """By what means a person is reached."""

    WEB_PUSH = "web-push"
    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    MATTERMOST = "mattermost"
    MATRIX = "matrix"
    SMS = "sms"
    VOICE = "voice"


class Contact(Struct, frozen=True, kw_only=True):
    """One way to reach a person."""

    kind: ChannelKind
    address: Annotated[str, Meta(max_length=2_048)]
    """E-mail address, phone number, push subscription as JSON, or the name of a configured target."""

    @property
    def channel(self) -> str:
        """Names the way, without telling the address."""
        return f"{self.kind.value}-{digest(self.address)[:6]}"


class ContactsSet(Struct, frozen=True, kw_only=True, tag="contacts"):
    """How a person wants to be reached, the first way first."""

    person: str
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=8)]


class KeyMade(Struct, frozen=True, kw_only=True, tag="key"):
    """A sender may send, or a person may act, with a secret of which only the digest is kept."""

    id: str
    digest: str
    """SHA-256 of the secret, hexadecimal."""
    name: str
    """Of the sender, or the person's id."""
    service: str = ""
    """Of a sender's alerts that name none; empty for a person's key."""


class KeyRevoked(Struct, frozen=True, kw_only=True, tag="key-revoked"):
    """The key opens nothing any more."""

    id: str


class Pruned(Struct, frozen=True, kw_only=True, tag="pruned"):
    """What was said here is over, and was kept for long enough."""


Body = (
    Fired
    | Cleared
    | Acknowledged
    | Closed
    | Snoozed
    | Reassigned
    | Notified
    | Received
    | Silenced
    | Unsilenced
    | Heard
    | ContactsSet
    | KeyMade
    | KeyRevoked
    | Pruned
)


class Fact(Struct, frozen=True, kw_only=True, array_like=True):
    """A body with who stored it first, and when."""

    origin: str
    seq: Annotated[int, Meta(ge=1)]
    stamp: int
    """Above that of every fact its author knew: later facts have higher stamps, whatever clocks say."""
    at_ns: int
    """The author's wall clock."""
    body: Body

    @property
    def rank(self) -> tuple[int, str, int]:
        """A total order in which whatever knew of another comes after it."""
        return self.stamp, self.origin, self.seq


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_body: Final[msgspec.msgpack.Decoder[Body]] = msgspec.msgpack.Decoder(Body)


class Unstorable(ValueError):
    """It could be written, but never read again; the message says what is wrong with it."""


def demand_readable(bodies: Iterable[Body]) -> None:
    """Returns if each can be read back from what would be stored. Raises Unstorable.

    One that cannot would keep both instances from ever starting again.
    """
    for body in bodies:
        try:
            _decode_body.decode(_encode(body))
        except (msgspec.ValidationError, OverflowError, UnicodeEncodeError) as error:
            raise Unstorable(str(error)) from error


def digest(*parts: str | int, key: bytes = b"") -> str:
    """20 characters that stand for these parts; with a key nobody else can try which parts they are."""
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=10, key=key).hexdigest()


def page_id(group: str, generation: int) -> str:
    """The same on both instances for the same page."""
    return digest("page", group, generation)


class Author:
    """Numbers an origin's facts. What it writes counts only once it is committed."""

    def __init__(self, origin: str, have: Vector, stamp: int) -> None:
        self._origin = origin
        self._have = dict(have)
        self._stamp = stamp

    def write(self, bodies: list[Body], at_ns: int) -> list[Fact]:
        """The bodies as this origin's next facts; what ends something ends all that is known here.

        A page that closes because nothing fires ends nothing: what comes in meanwhile must stay open.
        """
        return [self._fact(body, at_ns) for body in bodies]

    def _fact(self, body: Body, at_ns: int) -> Fact:
        if isinstance(body, Cleared) or (isinstance(body, Closed) and body.person):
            body = msgspec.structs.replace(body, seen=dict(self._have))
        seq = self._have.get(self._origin, 0) + 1
        self._stamp += 1
        self._have[self._origin] = seq
        return Fact(origin=self._origin, seq=seq, stamp=self._stamp, at_ns=at_ns, body=body)
