"""Live subjects of the bus, each subscribed once for as long as anybody here listens.

A feed is opened by its first listener and closed by its last; opening is retried while the bus is
away. Live messages are at most once: what a feed missed shows in the ids of what comes after.
"""

import asyncio

from sunwise.chassis.bus import Bus, Message, MessageCallback, Subscription
from sunwise.chassis.errors import Retryable
from sunwise.exchange.gateway.streams.tasks import Tasks


class _Feed:
    """One subject and everybody who listens to it."""

    def __init__(self, subject: str, opened: asyncio.Future[None]) -> None:
        self.subject = subject
        self.opened = opened
        self.listeners: list[MessageCallback] = []
        self.subscription: Subscription | None = None

    def deliver(self, message: Message) -> None:
        for listener in tuple(self.listeners):
            listener(message)


class Feeds:
    """The gateway's live subscriptions."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._feeds: dict[str, _Feed] = {}
        self._tasks = Tasks()

    @property
    def subjects(self) -> list[str]:
        """Subjects that somebody listens to now."""
        return list(self._feeds)

    def listen(self, subject: str, listener: MessageCallback) -> asyncio.Future[None]:
        """Calls `listener` with every message from when the returned future is done."""
        feed = self._feeds.get(subject)
        if feed is None:
            feed = _Feed(subject, asyncio.get_running_loop().create_future())
            self._feeds[subject] = feed
            self._tasks.spawn(self._open(feed))
        feed.listeners.append(listener)
        return feed.opened

    def leave(self, subject: str, listener: MessageCallback) -> None:
        """Ends one `listen` with the same arguments; the subject is left with its last one."""
        feed = self._feeds[subject]
        feed.listeners.remove(listener)
        if not feed.listeners:
            del self._feeds[subject]
            self._tasks.spawn(self._close(feed))

    async def close(self) -> None:
        """Leaves every subject."""
        for feed in self._feeds.values():
            feed.listeners.clear()
            self._tasks.spawn(self._close(feed))
        self._feeds.clear()
        await self._tasks.drain()

    async def _open(self, feed: _Feed) -> None:
        while feed.listeners and feed.subscription is None:
            try:
                feed.subscription = await self._bus.subscribe(feed.subject, feed.deliver)
            except Retryable as fault:
                await asyncio.sleep(fault.after_s)
        if not feed.opened.done():
            feed.opened.set_result(None)
        if not feed.listeners:
            await self._close(feed)

    async def _close(self, feed: _Feed) -> None:
        subscription, feed.subscription = feed.subscription, None
        if subscription is not None:
            await subscription.close()
