"""Two pager instances around the real core, their disks, and the network between them: all simulated.

What `sunwise.people.pager.instance` does with a loop, this does with an agenda, so that hours in which
nothing is due cost nothing: commit, hand over to the other, answer; decide, send, record. An instance
is killed as `kill -9` does it, also between any two of these; its disk keeps what was committed. While
both are up and not cut off from each other the heartbeats are not played: each has just heard the other.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from benchmarks.year.agenda import NS, Agenda
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.desk import Desk, Work, outcome
from sunwise.people.pager.core.escalation import Notify
from sunwise.people.pager.core.facts import Body, Fact, Fired, Notified, Received
from sunwise.people.pager.core.intake import Busy, UnknownPage
from sunwise.people.pager.core.liveness import PEER_ALARM_S, TAKEOVER_S, PeerWatch
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import REACH_TEST, Policy
from sunwise.people.pager.core.responders import Responders
from sunwise.people.pager.core.vectors import exceeds

Make = Callable[[Board, Moment], Sequence[Body]]
_TICK_NS: Final = NS
_WORK_NS: Final = NS // 10
_HEAR_OUT_S: Final = 10.0
_PEER_TIMEOUT_S: Final = 1.0


class Weather(NamedTuple):
    """How often what goes wrong, in days; 0 for never."""

    kill_days: float = 20.0
    """Between two kills of an instance, on average."""
    twin_kill_days: float = 60.0
    """Between two kills of both at once."""
    cut_days: float = 10.0
    """Between two cuts of the network between them."""
    malice: float = 0.001
    """How likely an instance dies within one commit, hand-over or message about an incident."""
    refusal: float = 0.02
    """How likely a channel refuses a message."""
    no_receipt: float = 0.1
    """How likely a message comes without a receipt."""


CALM: Final = Weather(0, 0, 0, 0, 0, 0)


class Node:
    """One instance with its disk; up or down."""

    def __init__(self, order: int, agenda: Agenda, pagers: "Pagers") -> None:
        self.order = order
        self.origin = "ab"[order]
        self.disk: dict[str, list[Fact]] = {}
        self.life = 0
        """Counts starts: what was begun in another life is never ended."""
        self.is_up = False
        self._agenda = agenda
        self._pagers = pagers
        self._next_ns: int | None = None
        self._wanted: dict[str, int] = {}
        self._hears_out_until_ns = 0

    def now(self) -> Moment:
        """The moment, by a clock that is right."""
        return Moment(self._agenda.now_ns, self._agenda.now_ns)

    def start(self) -> None:
        """Reads the disk; decides once it knows what the other knows, or after a while."""
        now = self.now()
        self.life += 1
        self.is_up = True
        self._next_ns = None
        self.board = Board(self._pagers.policy)
        self.peer = PeerWatch(self.order, has_peer=True, now=now)
        self.desk = Desk(self.board, self._pagers.responders, self.peer, now=now)
        self.desk.learn(self.read(), now, is_replay=True)
        other = self._pagers.other(self)
        self._wanted = dict(other.board.have) if self._pagers.reaches(self, other) else {}
        self._hears_out_until_ns = now.steady_ns + round(_HEAR_OUT_S * NS)
        self.wake(now.steady_ns + _TICK_NS)

    def read(self) -> Iterator[Fact]:
        """The disk, those of one origin in order."""
        for origin in sorted(self.disk):
            yield from self.disk[origin]

    def kill(self) -> None:
        """Nothing is left but the disk."""
        self.is_up = False
        self.life += 1

    def commit(self, bodies: Sequence[Body]) -> list[Fact]:
        """Stored and learned, numbered as this instance's own."""
        now = self.now()
        facts = self.board.author(self.origin).write(list(bodies), now.wall_ns)
        self.receive(facts)
        return facts

    def receive(self, facts: Sequence[Fact]) -> None:
        """Stored and learned."""
        for fact in facts:
            of_origin = self.disk.setdefault(fact.origin, [])
            assert fact.seq == len(of_origin) + 1, "an origin's facts have no gap and no repeat"
            of_origin.append(fact)
        self.desk.learn(facts, self.now())
        self.wake(self._agenda.now_ns + _WORK_NS)

    def missing(self, have: dict[str, int]) -> list[Fact]:
        """What whoever has that much lacks."""
        return [
            fact for origin, facts in self.disk.items() for fact in facts[have.get(origin, 0) :]
        ]

    def wake(self, at_ns: int) -> None:
        """Looks at what is due, then or before."""
        if self._next_ns is None or at_ns < self._next_ns:
            self._next_ns = at_ns
            self._agenda.at(at_ns, self._woken, at_ns, self.life)

    def tick(self) -> Work:
        """What is due now; called at least whenever something is."""
        if self._agenda.now_ns < self._hears_out_until_ns and exceeds(
            self._wanted, self.board.have
        ):
            self.wake(self._agenda.now_ns + _TICK_NS)
            return Work([], [])
        self._hears_out_until_ns = 0
        now = self.now()
        if self._pagers.reaches(self, self._pagers.other(self)):
            self.peer.hear(now)
        work = self.desk.tick(now)
        self._wake_again(now)
        return work

    def _wake_again(self, now: Moment) -> None:
        due_ns = self.desk.next_look_ns()
        if due_ns is not None and self.desk.is_active(now):
            self.wake(max(now.steady_ns + 1, -(-due_ns // _TICK_NS) * _TICK_NS))
        silent_s = self.peer.silent_s(now)
        for bound_s in (TAKEOVER_S, PEER_ALARM_S):
            if 0 < silent_s < bound_s:
                self.wake(now.steady_ns + round((bound_s - silent_s) * NS) + _TICK_NS)

    def _woken(self, at_ns: int, life: int) -> None:
        if life == self.life and at_ns == self._next_ns:
            self._next_ns = None
            self._pagers.work_of(self)


class Pagers:
    """Both of them. `hand_over(notify, fired)` gives a message, and what it is about, to a person."""

    def __init__(
        self,
        agenda: Agenda,
        responders: Responders,
        policy: Policy,
        *,
        random: Random,
        weather: Weather,
        hand_over: Callable[[Notify, Fired], None],
    ) -> None:
        self.policy = policy
        self.responders = responders
        self.facts_committed: Callable[[Sequence[Fact], Board], None] = lambda _facts, _board: None
        """Told of what an instance has stored first."""
        self.is_cut = False
        self.n_kills = self.n_messages = self.n_accepted_alone = 0
        self._agenda, self._random, self._weather = agenda, random, weather
        self._hand_over = hand_over
        self.nodes = [Node(order, agenda, self) for order in (0, 1)]
        for node in self.nodes:
            node.start()
        self._begin_weather()

    def other(self, node: Node) -> Node:
        """The other instance."""
        return self.nodes[1 - node.order]

    def reaches(self, one: Node, two: Node) -> bool:
        """Whether they hear each other."""
        return one.is_up and two.is_up and not self.is_cut

    def look(self) -> None:
        """Both look at what is due: at least once an hour, and before their roster changes."""
        for node in self.nodes:
            if node.is_up:
                self.work_of(node)

    # --- whoever asks ---

    def post(self, make: Make, done: Callable[[], None], *, is_watched: bool = True) -> None:
        """Asks either instance until one says that it is durable; then `done()`.

        `is_watched`: malice may strike.
        """
        node = self._random.choice(self.nodes)
        self._agenda.after(self._latency_s(), self._arrive, node, make, (done, is_watched))

    def _arrive(self, node: Node, make: Make, asked: tuple[Callable[[], None], bool]) -> None:
        again = (self._post_again, make, asked)
        if not node.is_up:
            self._agenda.after(self._random.uniform(0.5, 20), *again)
            return
        try:
            bodies = make(node.board, node.now())
        except (UnknownPage, Busy):
            self._agenda.after(self._random.uniform(0.5, 20), *again)
            return
        facts = self._commit(node, bodies, is_watched=asked[1])
        if not facts:
            self._agenda.after(self._random.uniform(5, 20), *again)
            return
        wait_s = 2 * self._latency_s() if self.reaches(node, self.other(node)) else _PEER_TIMEOUT_S
        self._agenda.after(wait_s, self._answer, (node, node.life, facts[-1]), make, asked)

    def _post_again(self, make: Make, asked: tuple[Callable[[], None], bool]) -> None:
        self.post(make, asked[0], is_watched=asked[1])

    def _answer(
        self, stored: tuple[Node, int, Fact], make: Make, asked: tuple[Callable[[], None], bool]
    ) -> None:
        node, life, last = stored
        if node.life != life:
            self._agenda.after(self._random.uniform(5, 20), self._post_again, make, asked)
            return
        other = self.other(node)
        if self.reaches(node, other):
            if other.board.have.get(last.origin, 0) < last.seq:
                self._agenda.after(self._latency_s(), self._answer, stored, make, asked)
                return
        else:
            self.n_accepted_alone += 1
        asked[0]()

    # --- an instance at work ---

    def work_of(self, node: Node) -> None:
        """What is due at an instance now."""
        while (work := node.tick()).notify or work.bodies:
            for notify in work.notify:
                self._agenda.after(
                    self._random.uniform(0.01, 0.5), self._deliver, node, node.life, notify
                )
            if not work.bodies:
                return
            self._commit(node, work.bodies, is_watched=False)

    def _commit(self, node: Node, bodies: Sequence[Body], *, is_watched: bool) -> list[Fact]:
        """Nothing when the instance died before it was stored."""
        if is_watched and self._dies(node):
            return []
        facts = node.commit(bodies)
        self.facts_committed(facts, node.board)
        self._agenda.after(self._latency_s(), self._replicate, node)
        if is_watched:
            self._dies(node)
        return facts

    def _replicate(self, node: Node) -> None:
        other = self.other(node)
        if self.reaches(node, other):
            facts = node.missing(other.board.have)
            if facts:
                other.receive(facts)

    def _deliver(self, node: Node, life: int, notify: Notify) -> None:
        if node.life != life:
            return
        fired = node.board.pages[notify.page].head
        is_sent = self._random.random() >= self._weather.refusal
        if is_sent:
            self.n_messages += 1
            self._hand_over(notify, fired)
        is_watched = fired.severity != REACH_TEST
        if is_watched and self._dies(node):
            return
        bodies: list[Body] = [outcome(notify, is_sent=is_sent)]
        if is_sent and self._random.random() >= self._weather.no_receipt:
            bodies.append(Received(page=notify.page, key=notify.key))
        delay_s = self._random.uniform(0.01, 0.3)
        self._agenda.after(delay_s, self._record, node, life, bodies)

    def _record(self, node: Node, life: int, bodies: list[Body]) -> None:
        sent = bodies[0]
        if node.life == life and isinstance(sent, Notified):
            self._commit(node, bodies, is_watched=False)
            node.desk.settle(sent.key)

    # --- what goes wrong ---

    def _begin_weather(self) -> None:
        for node in self.nodes:
            self._each(self._weather.kill_days, self._kill, node)
        self._each(self._weather.twin_kill_days, self._kill_both)
        self._each(self._weather.cut_days, self._cut)

    def _each(self, days: float, call: Callable[..., None], *args: object) -> None:
        """Again and again, at random."""

        def strike() -> None:
            call(*args)
            self._each(days, call, *args)

        if days:
            self._agenda.after(self._random.expovariate(1 / days) * 86_400, strike)

    def _kill_both(self) -> None:
        for node in self.nodes:
            self._kill(node)

    def _dies(self, node: Node) -> bool:
        if self._random.random() < self._weather.malice:
            self._kill(node)
        return not node.is_up

    def _kill(self, node: Node) -> None:
        if not node.is_up:
            return
        self.n_kills += 1
        other = self.other(node)
        if self.reaches(node, other):
            self._last_heard(other)
        node.kill()
        is_long = self._random.random() < 0.1
        self._agenda.after(self._random.expovariate(1 / (7_200 if is_long else 60)), self._up, node)

    def _up(self, node: Node) -> None:
        node.start()
        self._meet()

    def _cut(self) -> None:
        if not self.is_cut:
            if self.reaches(*self.nodes):
                for node in self.nodes:
                    self._last_heard(node)
            self.is_cut = True
            self._agenda.after(self._random.expovariate(1 / 300), self._mend)

    def _mend(self) -> None:
        self.is_cut = False
        self._meet()

    def _last_heard(self, node: Node) -> None:
        """The other falls silent now."""
        node.peer.hear(node.now())
        for bound_s in (TAKEOVER_S, PEER_ALARM_S):
            self._agenda.after(bound_s + 1, self._look_at, node, node.life)

    def _look_at(self, node: Node, life: int) -> None:
        if node.life == life:
            self.work_of(node)

    def _meet(self) -> None:
        """They tell each other what they know, with the next heartbeat."""
        wait_s = self._random.uniform(0.1, 2)
        for node in self.nodes:
            self._agenda.after(wait_s, self._replicate, node)
            self._agenda.after(wait_s + 1, self._look_at, node, node.life)

    def _latency_s(self) -> float:
        return self._random.uniform(0.001, 0.05)
