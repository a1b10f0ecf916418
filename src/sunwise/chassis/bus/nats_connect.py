"""Connecting to NATS as one user, with its key."""

import asyncio
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from sunwise.chassis.bus.errors import Disconnected, NotPermitted
from sunwise.chassis.bus.nats import NatsBus
from sunwise.chassis.bus.nats_connection import DirectClient

_PING_S = 2
_RETRY_S = 0.1
_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"')

_log = logging.getLogger(__name__)


async def connect_nats(
    urls: str | Sequence[str],
    *,
    user: str,
    seed: Path | None,
    inbox_prefix: str | None = None,
    timeout_s: float = 5.0,
    gather_s: float = 0.0,
) -> NatsBus:
    """A bus connected to one of `urls` as `user`, whose key lies in the file `seed`.

    With `gather_s` it reads what comes in at most once in so long while it awaits no answer: for
    readers of many small messages, to whom a few ms do not matter.

    It reconnects by itself for as long as it takes. Raises Disconnected when no server answers
    within `timeout_s`, NotPermitted when the key is refused.
    """
    client = DirectClient(gather_s=gather_s)
    prefix = inbox_prefix or f"_INBOX_{user}"
    link = _Link(client, NatsBus(client, inbox_prefix=prefix))
    servers = [urls] if isinstance(urls, str) else list(urls)
    connecting = asyncio.ensure_future(_connect(client, link, servers, user=user, seed=seed))
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.wait((connecting, link.rejected), return_when=asyncio.FIRST_COMPLETED)
            if not link.rejected.done():
                await connecting
                await link.bus.open()
    except TimeoutError as error:
        raise Disconnected(
            f"no NATS server answers at {', '.join(servers)} ({link.last_error}): "
            "is it running, and is the URL right?",
            after_s=1.0,
        ) from error
    except FileNotFoundError as error:
        raise NotPermitted(
            f"user {user} has no key at {seed}: is the user in the table of grants?"
        ) from error
    finally:
        if not connecting.done():
            connecting.cancel()
    if link.rejected.done():
        raise NotPermitted(f"NATS refuses user {user}: {link.rejected.result()}")
    return link.bus


async def _connect(
    client: DirectClient, link: "_Link", servers: list[str], *, user: str, seed: Path | None
) -> None:
    await client.connect(
        servers=servers,
        name=user,
        nkeys_seed=str(seed) if seed else None,
        error_cb=link.on_error,
        disconnected_cb=link.on_lost,
        reconnected_cb=link.on_back,
        closed_cb=link.on_closed,
        max_reconnect_attempts=-1,
        reconnect_time_wait=_RETRY_S,  # type: ignore[arg-type]  # passed to asyncio.sleep
        ping_interval=_PING_S,
        max_outstanding_pings=2,
        pending_size=0,  # nothing is buffered for a connection that is not there
    )


class _Link:
    """nats-py's callbacks, told to the bus."""

    def __init__(self, client: DirectClient, bus: NatsBus) -> None:
        self.client = client
        self.bus = bus
        self.last_error = "no answer"
        self.rejected: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def on_error(self, error: Exception) -> None:
        text = str(error) or type(error).__name__
        self.last_error = text
        violation = _VIOLATION.search(text)
        if violation:
            _log.error("NATS refused a subject: %s", text)
            self.bus.refused(violation[2], publishing=violation[1] == "publish")
        elif "authorization violation" in text.lower() and not self.rejected.done():
            self.rejected.set_result(text)

    async def on_lost(self) -> None:
        self.bus.connection_changed(connected=False)

    async def on_back(self) -> None:
        self.bus.connection_changed(connected=True)

    async def on_closed(self) -> None:
        self.bus.connection_ended(self.last_error)
