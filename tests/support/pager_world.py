"""Two pager instances, their disks, the network between them, senders and people: all simulated.

Everything is drawn from one seed. An instance is killed as `kill -9` does it: at whatever it waits for,
between a commit and its answer, between sending and recording. Its disk keeps what was synced.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Retryable
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.escalation import Notify
from sunwise.people.pager.core.facts import Closed, Fact
from sunwise.people.pager.core.intake import (
    Sender,
    Signal,
    UnknownPage,
    acknowledge,
    alert_key,
    bodies_of,
)
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import Policy
from sunwise.people.pager.instance import Instance, Make
from sunwise.people.pager.peer import Batch, Have
from tests.support.pager_people import NOON_UTC, NS, usual_company

SENDER = Sender("prom", "gateway")
NO_ANSWER = (Retryable, UnknownPage)
"""What somebody who asks tries again after, at either instance."""
_PEER_TIMEOUT_S = 1.0


class JumpingClock:
    """The world's time, but with a wall clock of its own that may be wrong."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.off_ns = 0

    def now_ns(self) -> int:
        return self._clock.now_ns() + self.off_ns

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class Disk:
    """What is left after a kill."""

    def __init__(self, name: str, rng: random.Random, clock: JumpingClock) -> None:
        self.origin = f"{name}0"
        self._name, self._rng, self._clock = name, rng, clock
        self._facts: dict[str, list[Fact]] = {}
        self.about_to: Callable[[], None] = lambda: None
        """Called when something is half done: the moment to be killed."""

    def renew(self) -> None:
        self.origin = f"{self._name}{len(self._facts) + 1}"

    def copy(self) -> "Disk":
        """A backup."""
        copied = Disk(self._name, self._rng, self._clock)
        copied._facts = {origin: list(facts) for origin, facts in self._facts.items()}
        return copied

    def read(self) -> Iterator[Fact]:
        for facts in list(self._facts.values()):
            yield from list(facts)

    async def append(self, facts: Sequence[Fact]) -> None:
        self.about_to()
        await self._clock.sleep(self._rng.uniform(0.0005, 0.02))
        for fact in facts:
            of_origin = self._facts.setdefault(fact.origin, [])
            assert fact.seq == len(of_origin) + 1, "an origin's facts have no gap and no repeat"
            of_origin.append(fact)
        await self._clock.sleep(self._rng.uniform(0.0001, 0.01))

    async def replace(self, facts: Sequence[Fact]) -> None:
        self.about_to()
        await self._clock.sleep(self._rng.uniform(0.0005, 0.02))
        for fact in facts:
            self._facts[fact.origin][fact.seq - 1] = fact
        await self._clock.sleep(self._rng.uniform(0.0001, 0.01))

    async def after(self, origin: str, seq: int, limit: int) -> list[Fact]:
        await self._clock.sleep(0.0001)
        return self._facts.get(origin, [])[seq : seq + limit]


class Node:
    """An instance with its disk and clock; up or down."""

    def __init__(self, world: "World", order: int) -> None:
        self.world, self.order = world, order
        self.clock = JumpingClock(world.clock)
        self.disk = Disk("ab"[order], world.rng, self.clock)
        self.instance: Instance | None = None
        self.disk.about_to = self.perhaps_die
        self.tasks: set[asyncio.Task] = set()

    def perhaps_die(self) -> None:
        """Once in a while the instance is killed within what it does now, and comes back."""
        if self.world.malice and self.world.rng.random() < self.world.malice:
            self.world.later(self._die())

    async def _die(self) -> None:
        await self.world.clock.sleep(self.world.rng.uniform(0, 0.04))
        if self.instance is not None:
            self.kill()
            self.world.n_kills += 1
            await self.world.clock.sleep(self.world.rng.expovariate(1 / 10))
            if self.instance is None:
                self.start()

    def start(self) -> None:
        self.instance = Instance(
            self.disk,
            self.world.company,
            self,
            policy=self.world.policy,
            clock=self.clock,
            order=self.order,
            link=self,
        )
        self.spawn(self.instance.run(lambda: None))

    def spawn(self, work) -> asyncio.Task:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task) -> None:
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, NO_ANSWER):
            self.world.failures.append(error)

    def kill(self) -> None:
        self.instance = None
        for task in list(self.tasks):
            task.cancel()

    async def ask(self, work) -> object:
        """What it answers; Retryable when it is killed meanwhile."""
        task = self.spawn(work)
        try:
            return await task
        except asyncio.CancelledError:
            if not task.cancelled() or asyncio.current_task().cancelling():
                raise
            raise Retryable("the connection was reset") from None

    async def push(self, batch: Batch) -> Have:
        """The way to the other node; see `PeerLink.push`."""
        world = self.world
        other = world.nodes[1 - self.order]
        await self.clock.sleep(world.rng.uniform(0.0005, 0.05))
        if world.is_cut or other.instance is None:
            await self.clock.sleep(_PEER_TIMEOUT_S)
            raise Retryable("no route")
        world.n_pushes += 1
        if batch.facts:
            self.perhaps_die()
            other.perhaps_die()
        if world.rng.random() < 0.1:  # late and twice
            world.later(self._repeat(other, batch))
        have = await other.ask(other.instance.receive(batch))
        await self.clock.sleep(world.rng.uniform(0.0005, 0.05))
        if world.is_cut:
            raise Retryable("the answer was lost")
        return have

    async def _repeat(self, other: "Node", batch: Batch) -> None:
        await self.world.clock.sleep(self.world.rng.uniform(0.01, 5))
        if other.instance is not None and not self.world.is_cut:
            with contextlib.suppress(Retryable):
                await other.ask(other.instance.receive(batch))

    async def deliver(self, notify: Notify, board: Board, now: Moment) -> bool:
        """A channel; see `Courier.deliver`."""
        await self.clock.sleep(self.world.rng.uniform(0.01, 0.5))
        if self.world.rng.random() < self.world.refusal:
            return False
        self.world.hand_over(notify)
        self.perhaps_die()
        await self.clock.sleep(self.world.rng.uniform(0.01, 3))
        return True


class World:
    """All of it."""

    def __init__(self, seed: int, policy: Policy | None = None) -> None:
        self.rng = random.Random(seed)
        self.clock = SimulatedClock(start_ns=NOON_UTC)
        self.policy = policy or Policy(last_resort=("noa",))
        self.company = usual_company()
        self.is_cut = False
        self.refusal = 0.1
        self.malice = 0.03
        """How likely an instance is killed within a commit, a hand-over or a message."""
        self.diligence = 0.5
        """How likely somebody who got a message takes the page up."""
        self.accepted: dict[str, str] = {}
        """Alerts that were answered 202, and whether they are `firing` or `resolved`."""
        self.told: dict[str, set[str]] = {}
        """People that got a message, by page."""
        self.messages: dict[str, tuple[str, str]] = {}
        self.acknowledged: set[str] = set()
        self.n_messages = self.n_pushes = self.n_kills = 0
        self.failures: list[BaseException] = []
        self._later: set[asyncio.Task] = set()
        self.nodes = [Node(self, 0), Node(self, 1)]

    def later(self, work) -> None:
        """Something that happens beside the rest."""
        task = asyncio.ensure_future(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def end(self) -> None:
        """Both instances are killed, and nothing of this world is left waiting."""
        for node in self.nodes:
            node.kill()
        await self.clock.sleep(1)
        for task in list(self._later):
            task.cancel()

    def hand_over(self, notify: Notify) -> None:
        """A message arrives at a person."""
        person = notify.person.id
        assert person not in self.company.leave | self.company.rest, f"{person} is left in peace"
        known = self.messages.setdefault(notify.key, (notify.page, person))
        assert known == (notify.page, person), "a key stands for one message to one person"
        self.n_messages += 1
        self.told.setdefault(notify.page, set()).add(person)
        if self.rng.random() < self.diligence:
            self.later(self._take_up(notify))

    async def _take_up(self, notify: Notify) -> None:
        await self.clock.sleep(self.rng.uniform(5, 400))
        person, page = notify.person.id, notify.page
        if await self.post(lambda board, _now: [acknowledge(board, page, person)]):
            self.acknowledged.add(page)

    async def post(self, make: Make, *, tries: int = 6) -> bool:
        """Asks either instance until one says that it is durable; whether one did."""
        for _ in range(tries):
            node = self.rng.choice(self.nodes)
            if node.instance is not None:
                with contextlib.suppress(*NO_ANSWER):
                    await node.ask(node.instance.submit(make))
                    return True
            await self.clock.sleep(self.rng.uniform(0.5, 20))
        return False

    async def send(self, key: str) -> None:
        """A sender fires an alert, perhaps twice, and perhaps resolves it much later."""
        signal = Signal(key, True, key, "critical", {}, self.rng.choice("ghijk"))
        make = lambda board, now: bodies_of([signal], SENDER, board, now)  # noqa: E731
        posts = [self.post(make) for _ in range(self.rng.choice((1, 1, 2)))]
        if not any(await asyncio.gather(*posts)):
            return
        self.accepted[key] = "firing"
        if self.rng.random() < 0.3:
            await self.clock.sleep(self.rng.uniform(1, 900))
            over = signal._replace(is_firing=False)
            self.accepted[key] = "resolving"
            if await self.post(lambda board, now: bodies_of([over], SENDER, board, now)):
                self.accepted[key] = "resolved"

    async def storm(self, *, seconds: float, n_alerts: int) -> None:
        """Alerts, and everything that can go wrong, for so long."""
        chaos = [self._chaos(seconds), self._kills(seconds)]
        sends = [self._send_at(self.rng.uniform(0, seconds), f"k{n}") for n in range(n_alerts)]
        await asyncio.gather(*chaos, *sends)

    async def _send_at(self, after_s: float, key: str) -> None:
        await self.clock.sleep(after_s)
        await self.send(key)

    async def _chaos(self, seconds: float) -> None:
        until = self.clock.now_ns() + seconds * NS
        while self.clock.now_ns() < until:
            await self.clock.sleep(self.rng.expovariate(1 / 60))
            if self.rng.random() < 0.5:
                self.is_cut = not self.is_cut
            else:
                self.rng.choice(self.nodes).clock.off_ns = self.rng.randint(-3_600, 3_600) * NS
        self.is_cut, self.malice = False, 0.0

    async def _kills(self, seconds: float) -> None:
        until = self.clock.now_ns() + seconds * NS
        while self.clock.now_ns() < until:
            await self.clock.sleep(self.rng.expovariate(1 / 30))
            node = self.rng.choice(self.nodes)
            if node.instance is not None:
                node.kill()
                self.n_kills += 1
            else:
                node.start()
        for node in self.nodes:
            if node.instance is None:
                node.start()

    def closing(self, board: Board, page: str) -> Closed:
        """Somebody ends the page. Raises UnknownPage."""
        if page not in board.pages:
            raise UnknownPage(page)
        return Closed(page=page, person="noa")

    def page_of(self, board: Board, key: str) -> list:
        """The pages that hold the alert."""
        return [board.pages[id_] for id_ in board.alerts[alert_key(SENDER, key)].pages]


def calm_world(seed: int, policy: Policy | None = None) -> World:
    """Nothing fails by itself, and nobody answers: the story tells what happens."""
    world = World(seed, policy)
    world.malice = world.refusal = world.diligence = 0.0
    return world


def run_story(world: World, story: Callable[[], Awaitable[None]]) -> None:
    """Starts both instances, lets them meet, plays the story, and ends them however it went."""

    async def told() -> None:
        for node in world.nodes:
            node.start()
        await world.clock.sleep(30)
        try:
            await story()
        finally:
            for node in world.nodes:
                if node.instance is not None:
                    node.kill()
            await world.clock.sleep(1)
        assert not world.failures

    run_simulated(told, world.clock)
