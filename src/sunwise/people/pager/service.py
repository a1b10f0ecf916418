"""The pager as a service: settings, the parts put together, and the roster kept up with its file."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from sunwise.chassis.clock import Clock
from sunwise.chassis.data_folder import write_private
from sunwise.chassis.secret_files import read_secret
from sunwise.people.pager.channels.courier import ChannelCourier
from sunwise.people.pager.channels.settings import ChannelSettings
from sunwise.people.pager.core.policy import Policy
from sunwise.people.pager.instance import Instance
from sunwise.people.pager.keys import Rates, group_key, metrics_token, operator_token
from sunwise.people.pager.links import Links
from sunwise.people.pager.peer import HttpPeerLink
from sunwise.people.pager.roster import Roster, RosterCopy, RosterDamaged, load_roster
from sunwise.people.pager.store import SqlJournal

ROSTER_FILE: Final = "roster.msgpack"
_SHARED_FILE: Final = "secret"
_LOOK_S: Final = 5.0
_log = logging.getLogger("sunwise.pager")


class PagerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two instances of the pager."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 7090
    """Port to listen on; 0 takes a free one."""
    tls_certificate: str = ""
    """File of the certificate chain to answer with over TLS; empty: plain HTTP."""
    tls_key: str = ""
    """File of its key."""
    public_url: str = ""
    """Where people and senders reach this instance; empty: its own address."""
    order: Annotated[int, Meta(ge=0, le=1)] = 0
    """0: sends while it lives. 1: sends when the other is silent for 10 s."""
    peer_url: str = ""
    """Where the other instance is; empty: there is none."""
    peer_timeout_s: Annotated[float, Meta(gt=0, le=30)] = 1.0
    """After so long without an answer of the other, requests are accepted on this disk alone, s."""
    secret_file: str = ""
    """What both instances prove themselves and sign links with; empty: `secret` in the data folder."""
    rate_per_s: Annotated[float, Meta(gt=0, le=10_000)] = 200.0
    """Requests a second of one integration key, in the long run."""
    rate_at_once: Annotated[int, Meta(ge=1, le=100_000)] = 2_000
    """Requests of one integration key at once."""
    policy: Policy = Policy()
    """Severities, grouping, inhibition, watchdogs."""
    channels: ChannelSettings = ChannelSettings()
    """What there is to send with."""

    @property
    def own_url(self) -> str:
        """Where this instance listens."""
        return f"{'https' if self.tls_certificate else 'http'}://{self.host}:{self.port}"


class PagerService:
    """One instance; `run` works until it is cancelled."""

    name = "pager"

    def __init__(
        self, folder: Path, *, clock: Clock, settings: PagerSettings, public_url: str
    ) -> None:
        """Opens its journal and reads it. Raises DatabaseUnusable, SecretUnusable, RosterDamaged."""
        self.settings = settings
        _warn_of_unbound(settings.policy)
        self.clock = clock
        self.secret = secret_of(folder, settings)
        self.roster = RosterCopy(load_roster(folder / ROSTER_FILE))
        self.links = Links(self.secret, public_url)
        self.rates = Rates(per_s=settings.rate_per_s, at_once=settings.rate_at_once)
        self.courier = ChannelCourier(
            settings.channels, self.roster, self.links, public_url=public_url
        )
        self.journal = SqlJournal.open(folder)
        self._roster_file = folder / ROSTER_FILE
        self._link = (
            HttpPeerLink(settings.peer_url, self.secret, timeout_s=settings.peer_timeout_s)
            if settings.peer_url
            else None
        )
        self.instance = Instance(
            self.journal,
            self.roster,
            self.courier,
            policy=settings.policy,
            clock=clock,
            order=settings.order,
            link=self._link,
            key=group_key(self.secret),
        )

    @property
    def operator_token(self) -> str:
        """What whoever can read the secret file administers with."""
        return operator_token(self.secret)

    @property
    def metrics_token(self) -> str:
        """What Prometheus shows."""
        return metrics_token(self.secret)

    async def run(self, ready: Callable[[], None]) -> None:
        """See `Service.run`."""
        following = asyncio.create_task(self._follow_roster(), name="roster")
        try:
            await self.instance.run(ready)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self.courier.close()
            if self._link is not None:
                await self._link.close()
            self.journal.close()

    async def _follow_roster(self) -> None:
        known = _stamp(self._roster_file)
        while True:
            await self.clock.sleep(_LOOK_S)
            stamp = _stamp(self._roster_file)
            if stamp == known:
                continue
            known = stamp
            try:
                roster: Roster = await asyncio.to_thread(load_roster, self._roster_file)
            except RosterDamaged as error:
                _log.error("going on with the roster that is known: %s", error)
            else:
                self.roster.replace(roster)


def secret_of(folder: Path, settings: PagerSettings) -> bytes:
    """What both instances share; made for an instance that has no other. Raises SecretUnusable."""
    if settings.secret_file:
        return read_secret(settings.secret_file)
    path = folder / _SHARED_FILE
    if not path.exists() and not settings.peer_url:
        write_private(path, secrets.token_hex(32).encode())
    return read_secret(path)


def _warn_of_unbound(policy: Policy) -> None:
    for watchdog in policy.watched:
        if not watchdog.sender:
            _log.warning(
                "watchdog %r takes its heartbeat from any sender's key, so that whoever holds one can "
                "keep it quiet: add `sender` to it, the name of the key that it comes with "
                "(sunwise pager keys lists them)",
                watchdog.name,
            )


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino
