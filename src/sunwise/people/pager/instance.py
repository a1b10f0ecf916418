"""One of the two instances at work: commits, replicates, answers, decides, sends.

Accepting: requests that come while a commit runs form the next one (group commit); what is committed
goes to the other instance; then each request is answered. When the other does not answer in
`peer_timeout_s`, requests are answered on this disk alone until it does.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.personal import Traces
from sunwise.chassis.telemetry import METRICS
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.desk import Desk, outcome
from sunwise.people.pager.core.escalation import Notify
from sunwise.people.pager.core.facts import Body, Fact, demand_readable
from sunwise.people.pager.core.forgetting import without
from sunwise.people.pager.core.liveness import PeerWatch
from sunwise.people.pager.core.moments import Moment, Timekeeper
from sunwise.people.pager.core.policy import Policy
from sunwise.people.pager.core.responders import Responders
from sunwise.people.pager.core.retention import Stage, needless, pruned
from sunwise.people.pager.core.vectors import exceeds
from sunwise.people.pager.peer import MAX_FACTS, Batch, Have, PeerLink
from sunwise.people.pager.recent import Recent
from sunwise.people.pager.store import Journal

TICK_S: Final = 1.0
HEARTBEAT_S: Final = 2.0
_MAX_BATCH: Final = 2_000  # requests in one commit
_MAX_WAITING: Final = 20_000
_HEAR_OUT_TICKS: Final = 10
_NS: Final = 1_000_000_000
_AT_ONCE: Final = 64  # messages being sent
_log = logging.getLogger("sunwise.pager")

Make = Callable[[Board, Moment], Sequence[Body]]
"""Turns a request into what is to be stored, knowing all that is committed."""


class Courier(Protocol):
    """Sends messages to people."""

    async def deliver(self, notify: Notify, board: Board, now: Moment) -> bool:
        """Whether the channel took the message. Never raises what the world may do to it."""
        ...


class Accepted(msgspec.Struct, frozen=True):
    """A request is durable."""

    is_replicated: bool
    """Whether on both disks; otherwise on this one alone, the other being out of reach."""


class _Request:
    __slots__ = ("future", "make", "received", "seq")

    def __init__(self, make: Make | None, received: Sequence[Fact] = ()) -> None:
        self.make = make
        self.received = received
        self.future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self.seq = 0

    def settle(self, *, is_replicated: bool) -> None:
        if not self.future.done():
            self.future.set_result(Accepted(is_replicated))

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Instance:
    """A pager. `run` works until it is cancelled."""

    def __init__(
        self,
        journal: Journal,
        responders: Responders,
        courier: Courier,
        *,
        policy: Policy,
        clock: Clock,
        order: int = 0,
        link: PeerLink | None = None,
        key: bytes = b"",
    ) -> None:
        """Reads the journal: blocking, for as long as that takes. `key`: see `Board`."""
        self.order = order
        self._journal, self._courier, self._clock, self._link = journal, courier, clock, link
        self._time = Timekeeper(clock)
        now = self.now()
        self.board = Board(policy, key=key)
        self.peer = PeerWatch(order, has_peer=link is not None, now=now)
        self.desk = Desk(self.board, responders, self.peer, now=now)
        self.desk.learn(journal.read(), now, is_replay=True)
        self._recent = Recent()
        self._waiting: list[_Request] = []
        self._unreplicated: list[_Request] = []
        self._wanted, self._committed, self._work = (asyncio.Event() for _ in range(3))
        self._prune_due = asyncio.Event()
        self._peer_has: dict[str, int] | None = None
        """None: out of reach."""
        self._deliveries: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._commits = METRICS.counter("sunwise_pager_commits_total", "Transactions synced.")
        self._alone = METRICS.counter(
            "sunwise_pager_accepted_alone_total", "Requests answered on one disk alone."
        )

    def now(self) -> Moment:
        """The present moment."""
        return self._time.now()

    @property
    def is_peer_reachable(self) -> bool:
        """Whether requests wait for the other instance's disk."""
        return self._peer_has is not None

    def is_active(self) -> bool:
        """Whether this instance sends."""
        return self.desk.is_active(self.now())

    async def submit(self, make: Make) -> Accepted:
        """Returns when what `make` gives is durable.

        Raises what `make` raises (then nothing is stored), or Retryable.
        """
        return await self._queue(_Request(make))

    async def receive(self, batch: Batch) -> Have:
        """Takes the other instance's facts; what it answers is on this disk."""
        if batch.order == self.order:
            raise ValueError(f"both instances have order {self.order}: give one 0, the other 1")
        self.peer.hear(self.now())
        if batch.facts:
            await self._queue(_Request(None, batch.facts))
        return Have(have=dict(self.board.have))

    async def naming(self, traces: Traces) -> list[Fact]:
        """Every fact of the journal that names the person."""
        return await self._journal.naming(without(traces))

    async def forget(self, traces: Traces) -> int:
        """How many facts named the person; neither memory nor journal does from then on.

        Where the other instance still does it is asked for itself: what it hands over meanwhile is
        forgotten when this one is asked again.
        """
        forget = without(traces)
        self.board.forget(forget)
        self._recent.forget(forget)
        return await self._journal.forget(forget)

    async def _queue(self, request: _Request) -> Accepted:
        if len(self._waiting) >= _MAX_WAITING:
            raise Retryable("too much is waiting for the disk", after_s=1.0)
        self._waiting.append(request)
        self._wanted.set()
        return await request.future

    async def run(self, ready: Callable[[], None]) -> None:
        """Works. The first instance hears the second out before it sends anything."""
        loops: list[Callable[[], Coroutine[Any, Any, None]]] = [
            self._commit_forever,
            self._decide_forever,
            self._prune_forever,
        ]
        if self._link is not None:
            await self._greet(self._link)
            loops.append(partial(self._replicate_forever, self._link))
        ready()
        tasks = [asyncio.ensure_future(loop()) for loop in loops]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in (*tasks, *self._deliveries):
                task.cancel()
            await asyncio.gather(*tasks, *self._deliveries, return_exceptions=True)

    # --- accepting ---------------------------------------------------------------------------

    async def _commit_forever(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
                await self._commit(batch)

    async def _commit(self, batch: list[_Request]) -> None:
        facts = self._facts_of(batch)
        try:
            if facts:
                await self._journal.append(facts)
        except Retryable as error:  # the disk is full: nothing of it is stored, the senders repeat
            _log.critical("nothing can be accepted: %s", error)
            for request in batch:
                request.fail(error)
            await self._clock.sleep(error.after_s)
            return
        self._commits.value += 1
        self._recent.add(facts)
        self.desk.learn(facts, self.now())
        self._work.set()
        for request in batch:
            if request.make is None or not self.is_peer_reachable:
                self._alone.value += request.make is not None and self._link is not None
                request.settle(is_replicated=False)
            else:
                self._unreplicated.append(request)
        self._committed.set()

    def _facts_of(self, batch: list[_Request]) -> list[Fact]:
        now = self.now()
        origin = self._journal.origin
        author = self.board.author(origin)
        facts: list[Fact] = []
        have = dict(self.board.have)
        for request in batch:
            if request.make is None:
                facts += _news(request.received, have)
                continue
            try:
                bodies = list(request.make(self.board, now))
                demand_readable(bodies)
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                request.fail(error)
                continue
            written = author.write(bodies, now.wall_ns)
            facts += written
            request.seq = written[-1].seq if written else 0
        return facts

    # --- the other instance ------------------------------------------------------------------

    async def _greet(self, link: PeerLink) -> None:
        await self._replicate_once(link)
        has = (self._peer_has or {}).get(self._journal.origin, 0)
        if has > self.board.have.get(self._journal.origin, 0):
            _log.warning("this journal is older than what the other instance has of it")
            self._journal.renew()

    async def _hear_out(self) -> None:
        """Returns once this instance knows what the other knew at the start, or after a while."""
        wanted = dict(self._peer_has or {})
        for _ in range(_HEAR_OUT_TICKS):
            if not exceeds(wanted, self.board.have):
                return
            await self._clock.sleep(TICK_S)
        _log.error("the other instance does not hand over what it has: going on without")

    async def _replicate_forever(self, link: PeerLink) -> None:
        beat_ns = self.now().steady_ns
        while True:
            await self._wait(self._committed, beat_ns)
            self._committed.clear()
            now_ns = self.now().steady_ns
            if now_ns >= beat_ns:
                beat_ns = now_ns + int(HEARTBEAT_S * _NS)
            elif not self.is_peer_reachable:  # asked again with the next heartbeat
                continue
            while await self._replicate_once(link) and self._is_ahead():
                pass

    async def _wait(self, event: asyncio.Event, until_ns: int) -> None:
        """Returns when the event is set, or at that moment of the steady clock."""
        left_s = (until_ns - self.now().steady_ns) / _NS
        if left_s <= 0:
            return
        waits = [
            asyncio.ensure_future(self._clock.sleep(left_s)),
            asyncio.ensure_future(_until(event)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _replicate_once(self, link: PeerLink) -> bool:
        """Hands over what the other lacks; whether it answered."""
        facts = await self._missing()
        batch = Batch(order=self.order, facts=tuple(facts), have=dict(self.board.have))
        try:
            answer = await link.push(batch)
        except Retryable as error:
            if self.is_peer_reachable:
                _log.error("accepting alone: %s", error)
            self._peer_has = None
        else:
            if not self.is_peer_reachable:
                _log.info("the other instance answers")
            self._peer_has = answer.have
            self.peer.hear(self.now())
        self._settle_replicated()
        return self.is_peer_reachable

    def _settle_replicated(self) -> None:
        has = self._peer_has
        reached = None if has is None else has.get(self._journal.origin, 0)
        later = []
        for request in self._unreplicated:
            if reached is None or request.seq <= reached:
                self._alone.value += reached is None
                request.settle(is_replicated=reached is not None)
            else:
                later.append(request)
        self._unreplicated = later

    def _is_ahead(self) -> bool:
        has = self._peer_has or {}
        return any(seq > has.get(origin, 0) for origin, seq in self.board.have.items())

    async def _missing(self) -> list[Fact]:
        """The next facts that the other instance does not have, as far as is known."""
        if self._peer_has is None:
            return []  # a heartbeat; its answer says what is missing
        facts: list[Fact] = []
        for origin, seq in self.board.have.items():
            has = self._peer_has.get(origin, 0)
            if seq > has and len(facts) < MAX_FACTS:
                room = MAX_FACTS - len(facts)
                found = self._recent.after(origin, has, room)
                if found is None:
                    found = await self._journal.after(origin, has, room)
                facts += found
        return facts

    # --- deciding and sending ----------------------------------------------------------------

    async def _decide_forever(self) -> None:
        await self._hear_out()
        while True:
            work = self.desk.tick(self.now())
            for notify in work.notify:
                task = asyncio.ensure_future(self._deliver(notify))
                self._deliveries.add(task)
                task.add_done_callback(self._deliveries.discard)
            if work.is_prune_due:
                self._prune_due.set()
            if work.bodies:
                await self._record(work.bodies)
                continue
            await self._wait(self._work, self.now().steady_ns + int(TICK_S * _NS))
            self._work.clear()

    async def _deliver(self, notify: Notify) -> None:
        try:
            async with self._room:
                is_sent = await self._delivered(notify)
            await self._record([outcome(notify, is_sent=is_sent)])
        finally:
            self.desk.settle(notify.key)

    async def _delivered(self, notify: Notify) -> bool:
        try:
            return await self._courier.deliver(notify, self.board, self.now())
        except Exception:  # noqa: BLE001 - see below; logged with its trace
            # A message that cannot be made must not stop the others, nor be tried for ever: the
            # person's next channel gets it, and then the next person.
            _log.exception("a bug in sending a message of page %s", notify.page)
            return False

    # --- keeping no longer -------------------------------------------------------------------

    async def _prune_forever(self) -> None:
        while True:
            await self._prune_due.wait()
            self._prune_due.clear()
            try:
                await self._prune()
            except Retryable as error:
                _log.error("old facts are kept for now: %s", error)

    async def _prune(self) -> None:
        """Takes out of memory and journal what was kept for long enough.

        Whoever does not know yet that something ended must still be able to hear it: so nothing goes
        that the other instance lacks, or while it is out of reach or knows more than this one.
        """
        if not self._may_prune():
            return
        self.desk.prune(self.now())
        found = await self._needless()
        for stage in Stage:
            facts = [pruned(fact) for of, fact in found if of is stage]
            for first in range(0, len(facts), MAX_FACTS):
                if not self._may_prune():
                    return
                await self._journal.replace(facts[first : first + MAX_FACTS])
                self._recent.clear()

    async def _needless(self) -> list[tuple[Stage, Fact]]:
        found: list[tuple[Stage, Fact]] = []
        for origin in list(self.board.have):
            seq, last = 0, self._on_both(origin)
            while seq < last:
                facts = await self._journal.after(origin, seq, min(MAX_FACTS, last - seq))
                found += needless(facts, self.board, self.now())
                seq = facts[-1].seq if facts else last
        return found

    def _may_prune(self) -> bool:
        if self._link is None:
            return True
        return self._peer_has is not None and not exceeds(self._peer_has, self.board.have)

    def _on_both(self, origin: str) -> int:
        """The last of this origin's facts that is on both disks; of the one disk, if there is one."""
        have = self.board.have[origin]
        return have if self._link is None else min(have, (self._peer_has or {}).get(origin, 0))

    async def _record(self, bodies: list[Body]) -> None:
        """Stores these; when the disk refuses, what they are about is found due again."""
        try:
            await self._queue(_Request(lambda _board, _now: bodies))
        except Retryable as error:
            _log.error("not recorded, so it is done again: %s", error)


async def _until(event: asyncio.Event) -> None:
    await event.wait()


def _news(received: Sequence[Fact], have: dict[str, int]) -> list[Fact]:
    """Those facts that follow without a gap on what is there; `have` then covers them."""
    news = []
    for fact in received:
        if fact.seq == have.get(fact.origin, 0) + 1:
            have[fact.origin] = fact.seq
            news.append(fact)
    return news
