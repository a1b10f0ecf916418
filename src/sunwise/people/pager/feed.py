"""Between the bus and a pager, while there is a bus: keeps its roster file new, publishes its events.

A process beside the pager, not a part of it: when the bus is the incident this one stands still, and
the pager goes on with what is in its file.
"""

import asyncio
import logging
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import Clock
from sunwise.chassis.directory import read_directory
from sunwise.chassis.duty.table import read_duty
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people import directory, duty
from sunwise.contracts.people.pager import EVENTS, PagerEvent, WakeUpCredited
from sunwise.people.pager.roster import Roster, save_roster
from sunwise.people.pager.wake_ups import WakeUp

_LOOK_S: Final = 10.0
_REPEAT_S: Final = 6 * 3_600.0
"""Wake-ups are told again so often: the bus forgets what nobody hears, the ledger takes a key once."""
_TIMEOUT_S: Final = 5.0
_NS: Final = 1_000_000_000
_log = logging.getLogger("sunwise.pager.feed")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_pseudonyms: Final = msgspec.msgpack.Decoder(directory.Pseudonyms).decode


class PagerFeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps one pager and the bus in touch."""

    url: str = "http://127.0.0.1:7090"
    """Where the pager is."""
    secret_file: str
    """The secret that the pager has."""
    roster_file: str
    """`roster.msgpack` in the pager's data folder."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a pager answers when asked what happened."""

    events: tuple[PagerEvent, ...]
    wake_ups: tuple[WakeUp, ...]
    next: str


Ask = Callable[[str], Told]
"""Asks the pager what happened behind a cursor; blocks. Raises Retryable."""


class PagerFeed:
    """One feed; `run` works until it is cancelled."""

    name = "pager_feed"

    def __init__(self, bus: Bus, ask: Ask, roster_file: Path, clock: Clock) -> None:
        self._bus, self._ask, self._file, self._clock = bus, ask, roster_file, clock
        self._snapshot: directory.Snapshot | None = None
        self._table: duty.DutyTable | None = None
        self._cursor = ""
        self._began_ns = clock.monotonic_ns()

    async def run(self, ready: Callable[[], None]) -> None:
        """See `Service.run`."""
        ready()
        while True:
            for step in (self.write_roster, self.tell):
                try:
                    await step()
                except (Retryable, Permanent, msgspec.DecodeError, OSError) as fault:
                    _log.warning("put off: %s", fault)
            await self._clock.sleep(_LOOK_S)

    async def write_roster(self) -> None:
        """Writes what directory and rota say now. Raises what the bus raises."""
        self._snapshot = await read_directory(self._bus, known=self._snapshot)
        self._table = await read_duty(self._bus, known=self._table)
        roster = Roster(
            as_of_ns=min(self._clock.now_ns(), self._table.as_of_ns),
            table=self._table,
            directory=self._snapshot,
        )
        await asyncio.to_thread(save_roster, self._file, roster)

    async def tell(self) -> None:
        """Publishes what happened since it was asked last. Raises what the bus and the pager raise."""
        if self._clock.monotonic_ns() - self._began_ns > _REPEAT_S * _NS:
            self._cursor, self._began_ns = "", self._clock.monotonic_ns()
        while True:
            told = await asyncio.to_thread(self._ask, self._cursor)
            credited = await self._credits(told.wake_ups)
            for event in (*told.events, *credited):
                self._bus.publish(f"{EVENTS}.{_tag(event)}", _encode(event))
            if told.next == self._cursor:
                return
            self._cursor = told.next

    async def _credits(self, wake_ups: tuple[WakeUp, ...]) -> list[WakeUpCredited]:
        """Who was woken, under the name that the ledger has for them; none who was erased."""
        people = tuple({wake_up.person for wake_up in wake_ups})
        if not people:
            return []
        query = directory.GetPseudonyms(people=people)
        answer = await self._bus.request(directory.SUBJECT, _encode(query))
        names = _decode_pseudonyms(answer).of
        return [
            WakeUpCredited(
                key=each.key,
                pseudonym=names[each.person],
                service=each.service,
                at_ns=each.at_ns,
            )
            for each in wake_ups
            if each.person in names
        ]


def ask_pager(url: str, operator_token: str) -> Ask:
    """Asks the pager at `url` over HTTP."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(after: str) -> Told:
        request = urllib.request.Request(  # noqa: S310 - the address is the settings' own
            f"{url.rstrip('/')}/v1/events?after={after}",
            headers={"authorization": f"Bearer {operator_token}"},
        )
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as answer:
                return msgspec.json.decode(answer.read(), type=Told)
        except OSError as error:
            raise Retryable(f"the pager at {url} does not answer: {error}") from error

    return ask


def _tag(event: PagerEvent) -> Any:  # noqa: ANN401 - msgspec's own
    return event.__struct_config__.tag
