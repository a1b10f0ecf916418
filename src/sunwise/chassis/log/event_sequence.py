"""Whether an event message is the next one: by position and chain, never by EVT's own sequence."""

from typing import Final

import msgspec

from sunwise.chassis.log.errors import LogBroken
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import GENESIS_CHAIN, EventMessage, chained

BEFORE_ALL: Final = Position(command_seq=0, part=0)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a reader stands; store it in one transaction with what was derived."""

    position: Position
    """Of the last event message applied."""
    chain: bytes
    """At that message."""
    is_last: bool
    """Whether its batch is complete with it."""
    evt_seq: int
    """EVT's own sequence of it: a hint where to look, never a position."""
    created_ns: int
    """EVT's identity."""


class EventSequence:
    """The last event message seen, and what may follow it."""

    def __init__(self, start: Checkpoint | None = None) -> None:
        self.position = start.position if start else BEFORE_ALL
        self.chain = start.chain if start else GENESIS_CHAIN
        self.is_last = start.is_last if start else True

    def take(self, message: EventMessage) -> bool:
        """True for the next message, which is now the last one seen; False for a repeat.

        Raises LogBroken for anything else. Cost: about 4 µs and 1 µs a kB.
        """
        position = Position(command_seq=message.command_seq, part=message.part)
        if position <= self.position and self.position != BEFORE_ALL:
            if position == self.position and message.chain != self.chain:
                raise LogBroken(
                    f"{_at(position)} is not what it was: the log was written anew. Rebuild what "
                    "was derived from it"
                )
            return False
        if position != self._following():
            raise LogBroken(
                f"after {_at(self.position)} came {_at(position)}: events between are gone. "
                "Restore EVT from its archive"
            )
        if message.previous_chain != self.chain or chained(message).chain != message.chain:
            raise LogBroken(
                f"{_at(position)} does not continue the chain: its bytes, or those before it, "
                "were changed"
            )
        self.position, self.chain, self.is_last = position, message.chain, message.is_last
        return True

    def _following(self) -> Position:
        at = self.position
        if self.is_last:
            return Position(command_seq=at.command_seq + 1, part=0)
        return Position(command_seq=at.command_seq, part=at.part + 1)


def _at(position: Position) -> str:
    return f"event message {position.command_seq}.{position.part}"
