"""Sends each message through the channel that it is for."""

import logging
from typing import TYPE_CHECKING, Final

import aiosmtplib
import httpx

from sunwise.chassis.errors import Permanent
from sunwise.chassis.secret_files import read_secret
from sunwise.chassis.telemetry import METRICS
from sunwise.people.pager.channels import chat
from sunwise.people.pager.channels.chat import Post
from sunwise.people.pager.channels.mail import Mail
from sunwise.people.pager.channels.message import Message, compose
from sunwise.people.pager.channels.outbound import Outbound
from sunwise.people.pager.channels.phone import PhoneConnector, TwilioConnector
from sunwise.people.pager.channels.settings import ChannelSettings, WebPush
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.escalation import Notify
from sunwise.people.pager.core.facts import ChannelKind, Contact
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.responders import Responders
from sunwise.people.pager.links import Links

if TYPE_CHECKING:
    from sunwise.people.pager.channels.web_push import Pusher

_FAULTS: Final = (OSError, ValueError, Permanent, httpx.HTTPError, aiosmtplib.SMTPException)
_OF_PEOPLE: Final = frozenset({ChannelKind.EMAIL, ChannelKind.SMS, ChannelKind.VOICE})
"""Their addresses are somebody's own; of the others the settings know more than a name."""
_log = logging.getLogger("sunwise.pager")


class NotSetUp(Permanent):
    """There is nothing to send with by this means."""


class ChannelCourier:
    """All channels that are set up."""

    def __init__(
        self, settings: ChannelSettings, responders: Responders, links: Links, *, public_url: str
    ) -> None:
        """Reads every secret. Raises SecretUnusable."""
        self._responders, self._links = responders, links
        self._targets = settings.targets
        self._secrets = {
            name: read_secret(target.secret_file)
            for name, target in settings.targets.items()
            if target.secret_file
        }
        self._mail = Mail(settings.smtp) if settings.smtp else None
        self.pusher = _pusher(settings.web_push) if settings.web_push else None
        self._push_may_be_private = bool(settings.web_push and settings.web_push.allow_private)
        self.twilio = (
            TwilioConnector(settings.twilio, public_url=public_url) if settings.twilio else None
        )
        self._phone: PhoneConnector | None = self.twilio
        self._outbound = Outbound()

    async def close(self) -> None:
        """Ends its connections."""
        await self._outbound.close()

    async def deliver(self, notify: Notify, board: Board, now: Moment) -> bool:
        """See `Courier.deliver`."""
        message = self._message(notify, board, now)
        kind = notify.contact.kind.value
        try:
            await self._send(notify.contact, message, now)
        except _FAULTS as error:
            _log.error(
                "%s refused a message of page %s: %s", kind, notify.page, _why(error, notify)
            )
            is_sent = False
        else:
            is_sent = True
        METRICS.counter(
            "sunwise_pager_messages_total",
            "Messages handed to channels.",
            channel=kind,
            taken=str(is_sent).lower(),
        ).value += 1
        return is_sent

    def _message(self, notify: Notify, board: Board, now: Moment) -> Message:
        rank = board.pages[notify.page].rank
        urls = [
            self._links.url(
                action,
                page=notify.page,
                person=notify.person.id,
                key=notify.key,
                rank=rank,
                now_ns=now.wall_ns,
            )
            for action in ("ack", "received")
        ]
        return compose(
            notify,
            board,
            now_ns=now.wall_ns,
            as_of_ns=self._responders.as_of_ns,
            urls=(urls[0], urls[1]),
        )

    async def _send(self, contact: Contact, message: Message, now: Moment) -> None:
        if contact.kind is ChannelKind.EMAIL:
            if self._mail is None:
                raise NotSetUp("no mail server is set up: [pager.channels.smtp]")
            await self._mail.send(contact.address, message, now_ns=now.wall_ns)
            return
        post, allow_private = self._post(contact, message, now)
        status, answer = await self._outbound.send(
            post.method,
            post.url,
            content=post.content,
            headers=post.headers,
            allow_private=allow_private,
        )
        if not 200 <= status < 300:
            raise ValueError(f"HTTP {status}: {answer[:200]!r}")

    def _post(self, contact: Contact, message: Message, now: Moment) -> tuple[Post, bool]:
        """The request, and whether its address may be private."""
        if contact.kind is ChannelKind.WEB_PUSH:
            if self.pusher is None:
                raise NotSetUp("web push is not set up: [pager.channels.web_push]")
            post = self.pusher.post(contact.address, message, now_ns=now.wall_ns)
            return post, self._push_may_be_private
        if contact.kind in (ChannelKind.SMS, ChannelKind.VOICE):
            if self._phone is None:
                raise NotSetUp("no telephone company is set up: [pager.channels.twilio]")
            make = self._phone.text if contact.kind is ChannelKind.SMS else self._phone.call
            return make(contact.address, message), self._phone.allow_private
        return self._post_to_target(contact, message, now)

    def _post_to_target(self, contact: Contact, message: Message, now: Moment) -> tuple[Post, bool]:
        target = self._targets.get(contact.address)
        if target is None or target.kind != contact.kind.value:
            raise NotSetUp(f"the settings name no {contact.kind.value} target {contact.address!r}")
        secret = self._secrets.get(contact.address, b"")
        if target.kind == "slack":
            post = chat.slack(target, message)
        elif target.kind == "mattermost":
            post = chat.mattermost(target, message)
        elif target.kind == "matrix":
            post = chat.matrix(target, message, secret)
        else:
            if not secret:
                raise NotSetUp(f"target {contact.address!r} has no secret_file to sign with")
            post = chat.webhook(target, message, secret, now_ns=now.wall_ns)
        return post, target.allow_private


def _why(error: BaseException, notify: Notify) -> str:
    """What is wrong, without whose address it is: nobody can be erased from a log."""
    said = repr(error)
    if notify.contact.kind in _OF_PEOPLE:
        return said.replace(notify.contact.address, "[address]")
    return said


def _pusher(settings: WebPush) -> "Pusher":
    from sunwise.people.pager.channels.web_push import Pusher  # noqa: PLC0415 - 0.4 s of imports

    return Pusher(settings)
