"""Incidents as a service: takes facts from the bus, answers what happened in a shift."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Annotated, Final

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.queries import QueryDesk
from sunwise.chassis.retention import Retention
from sunwise.contracts.people import directory, facts, incidents
from sunwise.contracts.people.directory import GetPseudonyms, Id, Pseudonyms
from sunwise.contracts.people.facts import FactRecorded, TimelineFact
from sunwise.contracts.people.incidents import (
    GetShift,
    Incident,
    IncidentChanged,
    IncidentOpened,
    OpenIncident,
    Shift,
)
from sunwise.people.incidents.desk import Blocking, IncidentDesk
from sunwise.people.incidents.store import IncidentStore

_BATCH: Final = 500
_LONGEST_QUEUE: Final = 50_000
_log: Final = logging.getLogger("sunwise.incidents")

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_fact: Final = msgspec.msgpack.Decoder(TimelineFact).decode
_decode_wanted: Final = msgspec.msgpack.Decoder(OpenIncident).decode
_decode_pseudonyms: Final = msgspec.msgpack.Decoder(Pseudonyms).decode

Waiting = tuple[TimelineFact, asyncio.Future[bool]]


class IncidentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Facts and incidents."""

    kept_days: Annotated[float, msgspec.Meta(ge=35)] = 400.0
    """Days for which facts are kept; those in timelines stay with their incident."""


class IncidentService:
    """One of any number on one database; `run` works until it is cancelled."""

    name = "incidents"

    def __init__(
        self,
        bus: Bus,
        store: IncidentStore,
        clock: Clock,
        *,
        settings: IncidentSettings | None = None,
        blocking: Blocking = asyncio.to_thread,
    ) -> None:
        self._bus = bus
        self._settings = settings or IncidentSettings()
        self._store = store
        self._clock = clock
        self._blocking = blocking
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue(_LONGEST_QUEUE)
        self._pseudonyms: dict[Id, str] = {}
        self.desk = IncidentDesk(
            store, clock, ask_pseudonyms=self._names_of, tell=self._tell, blocking=blocking
        )

    async def run(self, ready: Callable[[], None]) -> None:
        """Takes facts, many in one transaction when many come, and answers."""
        async with AsyncExitStack() as stack:
            told = await self._bus.subscribe(facts.SUBJECT, self._hear_fact, group="incidents")
            stack.push_async_callback(told.close)
            recording = await self._bus.serve(facts.RECORD, self._record, group="incidents")
            stack.push_async_callback(recording.close)
            opening = await self._bus.serve(incidents.OPEN, self._open, group="incidents")
            stack.push_async_callback(opening.close)
            asked = await QueryDesk.open(
                self._bus, incidents.SUBJECT, kind=GetShift, barrier=_at_once, answer=self._answer
            )
            stack.push_async_callback(asked.close)
            ready()
            retention = Retention(
                self._clock,
                self._store.forget,
                kept_days=self._settings.kept_days,
                blocking=self._blocking,
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._store_all())
                tasks.create_task(retention.run())

    async def _store_all(self) -> None:
        while True:
            await self._store_batch()

    async def _store_batch(self) -> None:
        batch = [await self._waiting.get()]
        while len(batch) < _BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        told = [fact for fact, _ in batch]
        named = await self._names_of(_people(told))
        try:
            are_new = await self._blocking(self._store.record, told, named)
        except Retryable as fault:
            for _, done in batch:
                if not done.done():
                    done.set_exception(Retryable(str(fault), after_s=fault.after_s))
            return
        for (_, done), is_new in zip(batch, are_new, strict=True):
            if not done.done():
                done.set_result(is_new)

    async def _record(self, message: Message) -> bytes:
        try:
            fact = _decode_fact(message.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Permanent(f"this is no fact: {error}") from error
        done = self._enqueue(fact)
        if done is None:
            raise Retryable("too many facts are waiting to be stored", after_s=1.0)
        return _encode(FactRecorded(id=fact.id, is_new=await done))

    async def _open(self, message: Message) -> bytes:
        """An incident for a page, once however often it asks."""
        try:
            wanted = _decode_wanted(message.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Permanent(f"this opens no incident: {error}") from error
        incident, is_new = await self._blocking(self._store.open_for, wanted)
        if is_new:
            self._tell(incident)
        return _encode(IncidentOpened(id=incident.id, is_new=is_new))

    def _hear_fact(self, message: Message) -> None:
        try:
            fact = _decode_fact(message.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.warning("this is no fact", extra={"why": str(error)})
            return
        self._take(fact)

    def _take(self, fact: TimelineFact) -> None:
        """A fact that nobody waits for: lost where the store fails, as its sender was told."""
        done = self._enqueue(fact)
        if done is None:
            _log.error("a fact is lost: too many are waiting", extra={"fact": fact.id})
            return
        done.add_done_callback(_log_loss)

    def _enqueue(self, fact: TimelineFact) -> asyncio.Future[bool] | None:
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((fact, done))
        except asyncio.QueueFull:
            return None
        return done

    async def _names_of(self, people: Iterable[Id]) -> Mapping[Id, str]:
        """Their pseudonyms by the directory; those of whom it says nothing are left out."""
        wanted = set(people)
        missing = tuple(sorted(wanted - self._pseudonyms.keys()))
        if missing:
            try:
                query = _encode(GetPseudonyms(people=missing))
                answer = await self._bus.request(directory.SUBJECT, query)
                self._pseudonyms.update(_decode_pseudonyms(answer).of)
            except (Retryable, Permanent, msgspec.DecodeError) as fault:
                _log.warning("entries will name a role only", extra={"why": str(fault)})
        return {person: name for person, name in self._pseudonyms.items() if person in wanted}

    def forget_name(self, person: Id) -> None:
        """Nobody learns from here on whom their pseudonym meant."""
        self._pseudonyms.pop(person, None)

    def _tell(self, incident: Incident) -> None:
        changed = IncidentChanged(incident=incident, at_ns=self._clock.now_ns())
        self._bus.publish(incidents.CHANGED, _encode(changed))

    async def _answer(self, query: GetShift) -> Shift:
        shift: Shift = await self._blocking(self._store.shift, query)
        return shift


def _people(told: Iterable[TimelineFact]) -> set[Id]:
    return {
        fact.actor.person
        for fact in told
        if fact.actor is not None and fact.actor.person is not None
    }


def _log_loss(done: asyncio.Future[bool]) -> None:
    if not done.cancelled() and (fault := done.exception()) is not None:
        _log.error("a fact is lost", extra={"why": str(fault)})


async def _at_once() -> None:
    """SQL is the truth: there is nothing to wait for."""
