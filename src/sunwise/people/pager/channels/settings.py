"""How the means of sending are set up. Secrets lie in files of their own, readable by their owner."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

_PUSH_HOSTS: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    "*.notify.windows.com",
)


class Smtp(Struct, frozen=True, kw_only=True):
    """The mail server that takes messages in."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65_535)] = 587
    sender: str
    """Address that messages come from."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password_file: str = ""


class Target(Struct, frozen=True, kw_only=True):
    """Where a webhook or chat message goes. Contacts name it; they never hold an address."""

    kind: Literal["webhook", "slack", "mattermost", "matrix"]
    url: str
    """For Matrix that of the room: https://HOST/_matrix/client/v3/rooms/ROOM."""
    secret_file: str = ""
    """Signs webhooks; Matrix's access token."""
    allow_private: bool = False
    """Whether it may be at an address that is not public."""


class Twilio(Struct, frozen=True, kw_only=True):
    """The account that sends SMS and calls."""

    account: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,64}$")]
    token_file: str
    number: str
    """That messages come from, +E.164."""
    url: str = "https://api.twilio.com"
    allow_private: bool = False


class WebPush(Struct, frozen=True, kw_only=True):
    """Web push with our own key (RFC 8292)."""

    key_file: str
    """Private key, PEM; made when it is not there."""
    subject: str
    """Who is behind it, mailto:..."""
    hosts: tuple[str, ...] = _PUSH_HOSTS
    """Push services: browsers hand subscriptions in, so no other host is ever asked."""
    allow_private: bool = False


class ChannelSettings(Struct, frozen=True, kw_only=True):
    """What there is to send with; what is not set up refuses, and the next channel is used."""

    smtp: Smtp | None = None
    targets: dict[str, Target] = {}
    twilio: Twilio | None = None
    web_push: WebPush | None = None
