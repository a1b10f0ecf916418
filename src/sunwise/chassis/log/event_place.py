"""Where in EVT a position stands now: EVT's own sequences may have moved."""

from sunwise.chassis.bus import Bus, StoredMessage, StreamInfo
from sunwise.chassis.errors import Retryable
from sunwise.chassis.log.errors import LogBroken
from sunwise.chassis.log.event_sequence import BEFORE_ALL, EventSequence
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import Damaged, EventMessage, decode_events


def decode_stored(stream: str, stored: StoredMessage) -> EventMessage:
    """The event message in `stored`. Raises LogBroken when its bytes are damaged."""
    try:
        return decode_events(stored.payload)
    except Damaged as error:
        raise LogBroken(
            f"{stream} holds a damaged message at sequence {stored.seq} ({error}): restore the "
            "stream from its archive"
        ) from error


async def newest_position(bus: Bus, stream: str) -> Position:
    """Of the newest event message stored, BEFORE_ALL when there is none. Raises Retryable, LogBroken."""
    info = await bus.stream_info(stream)
    if not info.messages:
        return BEFORE_ALL
    stored = await bus.read(stream, info.last_seq)
    if stored is None:
        raise Retryable(f"{stream} has lost its end while it was read", after_s=0.1)
    return _position(stream, stored)


async def find_place(bus: Bus, stream: str, sequence: EventSequence, *, hint_seq: int) -> int:
    """The stream sequence to read on from (exclusive) to meet all that follows `sequence`.

    `hint_seq` is where its last message stood. When that message is not there any more (its tail
    was lost, and perhaps written anew), the newest one at or before it is looked up. Raises
    Retryable, and LogBroken when the message is there with another chain.
    """
    info = await bus.stream_info(stream)
    if sequence.position == BEFORE_ALL or not info.messages:
        return info.first_seq - 1 if info.messages else info.last_seq
    stored = await bus.read(stream, hint_seq) if hint_seq else None
    if stored is None or _position(stream, stored) != sequence.position:
        stored = await newest_up_to(bus, stream, info, position=sequence.position)
    if stored is None:
        return info.first_seq - 1
    sequence.take(decode_stored(stream, stored))  # it was seen before: only checks the chain
    following = await bus.read_next(stream, stored.seq + 1)
    return max(info.last_seq, stored.seq) if following is None else following.seq - 1


async def newest_up_to(
    bus: Bus, stream: str, info: StreamInfo, *, position: Position
) -> StoredMessage | None:
    """The newest stored message at or before `position`. Cost: log2(messages) reads."""
    low, high = info.first_seq, info.last_seq
    newest = None
    while low <= high:
        middle = (low + high) // 2
        found = await bus.read_next(stream, middle)
        if found is None or found.seq > high or _position(stream, found) > position:
            high = middle - 1
        else:
            newest = found
            low = found.seq + 1
    return newest


def _position(stream: str, stored: StoredMessage) -> Position:
    message = decode_stored(stream, stored)
    return Position(command_seq=message.command_seq, part=message.part)
