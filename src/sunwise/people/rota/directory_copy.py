"""The directory, as last heard over the bus; read again when there is a newer one."""

import logging
from collections.abc import Iterable
from typing import Final

import msgspec

from sunwise.chassis.bus import Bus, Message
from sunwise.chassis.directory import read_directory
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people.directory import (
    SUBJECT,
    DirectoryChanged,
    GetPseudonyms,
    Pseudonyms,
    Snapshot,
)

_log: Final = logging.getLogger("sunwise.rota")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_changed: Final = msgspec.msgpack.Decoder(DirectoryChanged).decode
_decode_pseudonyms: Final = msgspec.msgpack.Decoder(Pseudonyms).decode


class DirectoryCopy:
    """What was heard last goes on serving while nobody answers."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._newest = 0
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot | None:
        """None until it was heard once."""
        return self._snapshot

    def hear(self, message: Message) -> None:
        """There is a directory of another version."""
        try:
            self._newest = _decode_changed(message.payload).version
        except msgspec.DecodeError as error:
            _log.warning("not understood", extra={"subject": message.subject, "why": str(error)})

    async def refresh(self) -> bool:
        """Whether there is a newer one here now."""
        if self._snapshot is not None and self._snapshot.version == self._newest:
            return False
        try:
            self._snapshot = await read_directory(self._bus)
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("the directory cannot be read now", extra={"why": str(fault)})
            return False
        self._newest = max(self._newest, self._snapshot.version)
        return True

    async def pseudonyms(self, people: Iterable[str]) -> dict[str, str]:
        """By person, of those whom the directory knows. Raises Retryable and Permanent."""
        query = GetPseudonyms(people=tuple(people))
        return _decode_pseudonyms(await self._bus.request(SUBJECT, _encode(query))).of
