"""The load generator for order entry over the WebSocket API.

A connection carries many requests at once; a reply is told by its id. As over
HTTP, closed loop and open loop (latency from due time).
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import picows

from benchmarks.gateway.load import Outcome, Pacer, due_times

_ID: Final = b'"id":'
_ACCEPTED: Final = b'"status":200'
NextMessage = Callable[[], tuple[int, bytes]]  # a request's id, unique, and the message


class Client(picows.WSListener):
    """One connection to the WebSocket API."""

    def __init__(self, outcome: Outcome, answered: Callable[["Client"], None]) -> None:
        """Note each answer in `outcome`, then call `answered`."""
        self._outcome = outcome
        self._answered = answered
        self._sent_ns: dict[int, int] = {}
        self._transport: picows.WSTransport

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def send(self, request_id: int, message: bytes, since_ns: int) -> None:
        """Send a request whose latency counts from `since_ns`."""
        self._sent_ns[request_id] = since_ns
        self._transport.send(picows.WSMsgType.TEXT, message)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Note one answer."""
        if frame.msg_type == picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            return
        reply = frame.get_payload_as_bytes()
        at = reply.find(_ID) + len(_ID)
        since_ns = self._sent_ns.pop(int(reply[at : reply.find(b",", at)]))
        self._outcome.note(since_ns, reply, accepted=_ACCEPTED in reply[:64])
        self._answered(self)

    def close(self) -> None:
        """Close without ceremony."""
        self._transport.disconnect()


async def closed_loop(
    url: str, next_message: NextMessage, *, in_flight: int, seconds: float, connections: int = 16
) -> Outcome:
    """Keep `in_flight` requests going for that long, spread over the connections."""
    outcome = Outcome()
    deadline = time.monotonic_ns() + int(seconds * 1e9)
    idle = asyncio.Event()
    busy = in_flight

    def send(client: Client) -> None:
        client.send(*next_message(), time.monotonic_ns())

    def answered(client: Client) -> None:
        nonlocal busy
        if time.monotonic_ns() < deadline:
            send(client)
            return
        busy -= 1
        if not busy:
            idle.set()

    clients = await _connected(url, outcome, answered, min(connections, in_flight))
    outcome.started_ns = time.monotonic_ns()
    for i in range(in_flight):
        send(clients[i % len(clients)])
    await asyncio.wait_for(idle.wait(), seconds + 30)
    outcome.ended_ns = time.monotonic_ns()
    _close(clients)
    return outcome


async def open_loop(
    url: str,
    next_message: NextMessage,
    *,
    per_second: float,
    seconds: float,
    connections: int = 16,
    seed: int = 1,
) -> Outcome:
    """Send at Poisson times; latency counts from the time each order was due."""
    outcome = Outcome()
    due = list(due_times(per_second, seconds, seed))
    n_sent = n_answered = 0
    finished = asyncio.Event()

    def answered(_: Client) -> None:
        nonlocal n_answered
        n_answered += 1
        if n_answered == len(due):
            finished.set()

    clients = await _connected(url, outcome, answered, connections)
    outcome.started_ns = time.monotonic_ns()

    def send_due() -> None:
        nonlocal n_sent
        now = time.monotonic_ns() - outcome.started_ns
        while n_sent < len(due) and due[n_sent] <= now:
            since = outcome.started_ns + due[n_sent]
            clients[n_sent % len(clients)].send(*next_message(), since)
            n_sent += 1
        if n_sent < len(due):
            pacer.set(outcome.started_ns + due[n_sent])

    pacer = Pacer(send_due)
    send_due()
    await asyncio.wait_for(finished.wait(), seconds + 60)
    outcome.ended_ns = time.monotonic_ns()
    pacer.close()
    _close(clients)
    return outcome


async def _connected(
    url: str, outcome: Outcome, answered: Callable[[Client], None], n_clients: int
) -> list[Client]:
    clients = []
    for _ in range(n_clients):
        _, client = await picows.ws_connect(lambda: Client(outcome, answered), url)
        assert isinstance(client, Client)
        clients.append(client)
    return clients


def _close(clients: list[Client]) -> None:
    for client in clients:
        client.close()
