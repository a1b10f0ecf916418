"""How far handoff's events are in the rotas: the last one, by its number and by what it said.

A number alone tells nothing of a handoff that was restored from a backup: it counts on from a lower one
and gives the same numbers to other events. What the last event said is kept as a keyed digest.
"""

import hashlib
import hmac
from typing import Final

import msgspec
from sqlalchemy import Engine, select

from sunwise.chassis.db import StoredPosition, read_position, write_position
from sunwise.contracts.people.handoff import HandoffEvent
from sunwise.people.rota.tables import HEAD

_HANDOFF: Final = "rota.handoff"
_encode: Final = msgspec.msgpack.Encoder().encode


class Heard:
    """The newest of handoff's events that is in the rotas. Its methods block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def seq(self) -> int:
        """Its number; 0 before the first."""
        with self._engine.connect() as connection:
            found = read_position(connection, _HANDOFF)
        return 0 if found is None else found.seq

    def is_it(self, event: HandoffEvent) -> bool:
        """Whether this is the event that was heard last, and not another of its number."""
        with self._engine.connect() as connection:
            found = read_position(connection, _HANDOFF)
        if found is None or found.seq != event.seq:
            return False
        return hmac.compare_digest(found.checkpoint, self._mark(event))

    def set(self, event: HandoffEvent) -> None:
        """Everything up to this event is in the rotas."""
        position = StoredPosition(created_ns=0, seq=event.seq, checkpoint=self._mark(event))
        with self._engine.begin() as connection:
            write_position(connection, _HANDOFF, position)

    def _mark(self, event: HandoffEvent) -> bytes:
        with self._engine.connect() as connection:
            key = bytes(connection.execute(select(HEAD.c.ledger_key)).scalar_one())
        return hmac.new(key, b"handoff " + _encode(event), hashlib.sha256).digest()
