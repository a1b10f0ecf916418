"""What waits for somebody, gathered from every service that knows of something."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard import Principal
from sunwise.web.seen import Seen

KEPT: Final = "handoff-kept"
"""A duty that is over by plan, and that nobody has taken yet."""
PAGE: Final = "page"
WAIT_S: Final = 2.0
"""Whoever has not said by then what waits is left out, and the page says so."""


@dataclass(frozen=True)
class Act:
    """What the reader may do about it at once."""

    label: str
    path: str
    """Of this server: a POST without a body does it."""


@dataclass(frozen=True)
class Waiting:
    """Something that waits for the reader."""

    kind: str
    """handoff, handoff-kept, swap, approval, page."""
    title: str
    detail: str
    link: str
    """Path of this server, or what a sender of alerts gave, http(s); empty: there is no more to see."""
    at_ns: int | None = None
    """When it is due."""
    with_person: Seen | None = None
    """Whose clock stands beside the reader's."""
    is_urgent: bool = False
    act: Act | None = None


@dataclass(frozen=True)
class Waits:
    """All that waits for somebody, and what could not be asked."""

    items: list[Waiting]
    not_asked: list[str]
    """Such as "handoffs": not the same as nothing."""


Asked = Callable[[Principal], Awaitable[list[Waiting]]]
"""What waits for whoever reads, of one kind. May raise Retryable and Permanent faults."""


class WaitingRoom:
    """Asks every service at once what waits for somebody, and waits for none of them for long."""

    def __init__(self, asked: Mapping[str, Asked]) -> None:
        """`asked`: by what the page calls those things, such as "handoffs"."""
        self._asked = asked

    async def __call__(self, principal: Principal) -> Waits:
        """What waits, the urgent first, then the soonest."""
        answers = await asyncio.gather(*(self._of(ask, principal) for ask in self._asked.values()))
        items = _once([item for answer in answers for item in answer or ()])
        items.sort(key=lambda item: (not item.is_urgent, item.at_ns or 0, item.title))
        silent = [name for name, answer in zip(self._asked, answers, strict=True) if answer is None]
        return Waits(items=items, not_asked=silent)

    async def _of(self, ask: Asked, principal: Principal) -> list[Waiting] | None:
        try:
            async with asyncio.timeout(WAIT_S):
                return await ask(principal)
        except (Retryable, Permanent, TimeoutError):
            return None


def _once(items: list[Waiting]) -> list[Waiting]:
    """Without the pages about what waits here anyhow: that is urgent instead of there twice."""
    links = {item.link for item in items if item.kind != PAGE}
    paged = {_path(item.link) for item in items if item.kind == PAGE}
    kept = [item for item in items if item.kind != PAGE or _path(item.link) not in links]
    return [
        replace(item, is_urgent=True) if item.kind != PAGE and item.link in paged else item
        for item in kept
    ]


def _path(address: str) -> str:
    """Of an address of any host."""
    return f"/{address.partition('://')[2].partition('/')[2]}"
