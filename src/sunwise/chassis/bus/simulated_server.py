"""The server side of the simulated bus: streams, routing, permissions, faults. Seeded."""

import asyncio
import random
from collections.abc import Callable, Sequence

import msgspec

from sunwise.chassis.bus.errors import NoStream, StreamFull, StreamMissing, WrongLastSequence
from sunwise.chassis.bus.headers import encode_headers
from sunwise.chassis.bus.protocol import Message, StoredMessage, StreamSpec
from sunwise.chassis.bus.simulated_delivery import SimulatedDelivery
from sunwise.chassis.bus.simulated_link import Link
from sunwise.chassis.bus.simulated_stream import SimulatedStream
from sunwise.chassis.bus.subjects import covers, mapped, matches
from sunwise.chassis.nats_server.permissions import OPERATOR, Grant

_RECONNECT_S = 0.1

Outcome = int | Exception
"""Of an append: the sequence, or why not."""
Reply = Callable[[bytes | Exception], None]
"""Takes an answer back to whoever asked."""
Receive = Callable[[Message, Reply | None], None]


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong, and how often. Times in s as (least, most); chances from 0 to 1."""

    delay_s: tuple[float, float] = (0.0, 0.0)
    """Each way between a client and the server."""
    sync_s: tuple[float, float] = (0.0, 0.0)
    """Storing one message."""
    drop_live: float = 0.0
    """A live message (published, republished, request, answer) vanishes."""
    drop_ack: float = 0.0
    """A stored message's acknowledgement vanishes."""
    drop_delivery: float = 0.0
    """A stream's delivery skips a message."""


class Interest(msgspec.Struct, frozen=True, eq=False):
    """A subscription, as the server knows it."""

    pattern: str
    group: str
    receive: Receive


class Session:
    """One client's connection, seen from the server."""

    def __init__(
        self,
        user: str,
        rng: random.Random,
        *,
        on_lost: Callable[[], None],
        on_back: Callable[[], None],
    ) -> None:
        self.user = user
        self.on_lost = on_lost
        self.on_back = on_back
        self.connected = True
        self.held = False
        """True: stays cut until the test lets it go."""
        self.up = Link(rng)
        self.down = Link(rng)
        self.interests: list[Interest] = []
        self.deliveries: list[SimulatedDelivery] = []

    def lose(self) -> None:
        """Everything under way is gone; deliveries end, subscriptions wait for the reconnect."""
        if not self.connected:
            return
        self.connected = False
        self.up.cut()
        self.down.cut()
        for delivery in self.deliveries:
            delivery.stop()
        self.deliveries.clear()
        self.on_lost()


class SimulatedServer:
    """Holds streams and routes messages. `grants` None: everybody may do everything."""

    def __init__(self, *, seed: int, grants: Sequence[Grant] | None = None) -> None:
        self.rng = random.Random(seed)  # noqa: S311  (a simulation, not a secret)
        self.faults = Faults()
        self.up = True
        self.streams: dict[str, SimulatedStream] = {}
        self.sessions: list[Session] = []
        self._grants = None if grants is None else {grant.user: grant for grant in grants}
        self._disk = Link(self.rng)
        self._created = 0

    # --- what tests do to it ---

    def kill(self) -> None:
        """Dies like kill -9: connections break; of what was being stored, a prefix survives."""
        self.up = False
        for session in self.sessions:
            session.lose()
        storing = self._disk.cut()
        for finish in storing[: self.rng.randint(0, len(storing))]:
            finish()

    def start(self) -> None:
        """Comes back with what was stored; clients reconnect a moment later."""
        self.up = True
        asyncio.get_running_loop().call_later(_RECONNECT_S, self._reconnect)

    def cut(self, session: Session, *, hold: bool = False) -> None:
        """Breaks one connection; it comes back by itself unless held."""
        session.held = hold
        session.lose()
        asyncio.get_running_loop().call_later(_RECONNECT_S, self._reconnect)

    def release(self, session: Session) -> None:
        """Lets a held connection come back."""
        session.held = False
        self._reconnect()

    def _reconnect(self) -> None:
        for session in self.sessions:
            if self.up and not session.connected and not session.held:
                session.connected = True
                session.on_back()

    # --- permissions ---

    def may_publish(self, user: str, subject: str) -> bool:
        """True if `user` may publish, append or send a request to `subject`."""
        grant = self._grant(user)
        return grant is None or any(matches(pattern, subject) for pattern in grant.publish)

    def may_subscribe(self, user: str, pattern: str) -> bool:
        """True if `user` may listen to everything under `pattern`."""
        grant = self._grant(user)
        return grant is None or any(
            covers(allowed, pattern) for allowed in (*grant.subscribe, *grant.serve)
        )

    def may_read(self, user: str, stream: str) -> bool:
        """True if `user` may read `stream`."""
        grant = self._grant(user)
        return grant is None or user == OPERATOR or stream in grant.read_streams

    def _grant(self, user: str) -> Grant | None:
        if self._grants is None:
            return None
        return self._grants.get(user, Grant(user=user))

    # --- streams ---

    def make_stream(self, spec: StreamSpec) -> SimulatedStream:
        """A new, empty stream (also in place of an old one of that name)."""
        self._created += 1
        self.streams[spec.name] = SimulatedStream(spec, created_ns=self._created)
        return self.streams[spec.name]

    def stream(self, name: str) -> SimulatedStream:
        """The stream `name`. Raises StreamMissing."""
        if name not in self.streams:
            raise StreamMissing(f"stream {name} does not exist")
        return self.streams[name]

    def store(
        self, message: Message, *, expected: int | None, reply: Callable[[Outcome], None]
    ) -> None:
        """Stores after the sync delay, in the order of the calls, then acknowledges."""
        stream = self._stream_taking(message.subject)
        if stream is None:
            reply(NoStream(f"no stream takes {message.subject} now"))
            return
        self._disk.send(
            lambda: self._finish_store(stream, message, expected, reply),
            delay_s=self.faults.sync_s,
        )

    def _stream_taking(self, subject: str) -> SimulatedStream | None:
        for stream in self.streams.values():
            if any(matches(pattern, subject) for pattern in stream.spec.subjects):
                return stream
        return None

    def _finish_store(
        self,
        stream: SimulatedStream,
        message: Message,
        expected: int | None,
        reply: Callable[[Outcome], None],
    ) -> None:
        try:
            stored, previous = stream.store(message, expected=expected)
        except (WrongLastSequence, StreamFull) as error:
            reply(error)
            return
        if not self._chance(self.faults.drop_ack):
            reply(stored.seq)
        for session in self.sessions:
            for delivery in session.deliveries:
                if delivery.stream is stream:
                    delivery.pump()
        self._republish(stream, stored, previous)

    def _republish(self, stream: SimulatedStream, stored: StoredMessage, previous: int) -> None:
        if stream.spec.republish is None:
            return
        source, destination = stream.spec.republish
        copy = mapped(stored.subject, source=source, destination=destination)
        if copy is not None:
            headers = {
                "Nats-Stream": stream.spec.name,
                "Nats-Subject": stored.subject,
                "Nats-Sequence": str(stored.seq),
                "Nats-Last-Sequence": str(previous),
            }
            added = encode_headers(headers)
            raw_headers = stored.raw_headers[:-2] + added.partition(b"\r\n")[2] or added
            self.route(Message(copy, stored.payload, raw_headers), None)

    # --- live messages ---

    def publish(self, message: Message) -> None:
        """Hands a live message to whoever listens."""
        self.route(message, None)

    def route(self, message: Message, reply: Reply | None) -> bool:
        """Hands `message` to everybody interested; False if nobody is."""
        groups: dict[tuple[str, str], list[tuple[Session, Interest]]] = {}
        found = False
        for session in self.sessions:
            for interest in session.interests:
                if session.connected and matches(interest.pattern, message.subject):
                    found = True
                    if interest.group:
                        key = (interest.pattern, interest.group)
                        groups.setdefault(key, []).append((session, interest))
                    else:
                        self._hand_over(session, interest, message, reply)
        for members in groups.values():
            self._hand_over(*self.rng.choice(members), message, reply)
        return found

    def _hand_over(
        self, session: Session, interest: Interest, message: Message, reply: Reply | None
    ) -> None:
        if not self._chance(self.faults.drop_live):
            session.down.send(
                lambda: interest.receive(message, reply) if interest in session.interests else None,
                delay_s=self.faults.delay_s,
            )

    def _chance(self, chance: float) -> bool:
        return chance > 0 and self.rng.random() < chance

    def skips_delivery(self) -> bool:
        """True if a delivery shall skip its next message."""
        return self._chance(self.faults.drop_delivery)

    def drops_live(self) -> bool:
        """True if a live message shall vanish."""
        return self._chance(self.faults.drop_live)
