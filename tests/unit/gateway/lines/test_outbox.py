"""Outboxes: joined per tick, in order, bounded, fair."""

import asyncio

from sunwise.exchange.gateway.lines.outbox import SLICE, FlushQueue, Outbox


class Socket:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.outbox: Outbox | None = None
        self.full_after: int | None = None
        self.was_cut = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        if self.full_after is not None and len(self.writes) >= self.full_after:
            self.outbox.pause()

    def cut(self) -> None:
        self.was_cut = True


def opened(queue: FlushQueue, limit_bytes: int = 1_000, **changes) -> Socket:
    sock = Socket()
    vars(sock).update(changes)
    sock.outbox = Outbox(queue, sock, limit_bytes=limit_bytes, cut=sock.cut)
    return sock


async def test_frames_of_one_tick_leave_in_one_write():
    sock = opened(FlushQueue(0.0))
    for frame in (b"a", b"b", b"c"):
        sock.outbox.push(frame)
    assert sock.writes == []
    await asyncio.sleep(0)
    assert sock.writes == [b"abc"]
    assert sock.outbox.held_bytes == 0


async def test_the_first_frame_leaves_at_once_and_the_next_wait_for_the_round():
    sock = opened(FlushQueue(0.03))
    sock.outbox.push(b"a")
    await asyncio.sleep(0)
    assert sock.writes == [b"a"]
    sock.outbox.push(b"b")
    await asyncio.sleep(0.005)
    sock.outbox.push(b"c")
    assert sock.writes == [b"a"]
    await asyncio.sleep(0.05)
    assert sock.writes == [b"a", b"bc"]


async def test_a_reader_that_is_behind_keeps_its_frames_until_it_reads_again():
    sock = opened(FlushQueue(0.0), full_after=1)
    sock.outbox.push(b"a")
    await asyncio.sleep(0)
    sock.outbox.push(b"b")
    await asyncio.sleep(0)
    assert sock.writes == [b"a"]
    sock.full_after = None
    sock.outbox.resume()
    assert sock.writes == [b"a", b"b"]


async def test_a_reader_too_far_behind_is_cut_and_what_waited_is_dropped():
    sock = opened(FlushQueue(0.0), limit_bytes=10, full_after=1)
    sock.outbox.push(b"a")
    await asyncio.sleep(0)
    sock.outbox.push(b"b" * 10)
    await asyncio.sleep(0)
    assert not sock.was_cut
    sock.outbox.push(b"c")
    await asyncio.sleep(0)
    assert sock.was_cut
    sock.outbox.push(b"d")
    await asyncio.sleep(0)
    assert sock.writes == [b"a"]
    assert sock.outbox.held_bytes <= 1


async def test_one_message_longer_than_the_bound_goes_to_a_reader_that_keeps_up():
    sock = opened(FlushQueue(0.0), limit_bytes=10)
    sock.outbox.push(b"x" * 100)
    await asyncio.sleep(0)
    assert sock.writes == [b"x" * 100]


async def test_other_work_gets_its_turn_between_slices_of_a_large_audience():
    queue = FlushQueue(0.0)
    audience = [opened(queue) for _ in range(3 * SLICE)]
    for sock in audience:
        sock.outbox.push(b"a")
    turns = 0
    while not audience[-1].writes:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 3
    assert all(sock.writes == [b"a"] for sock in audience)
