"""The directory, as last heard over the bus; read again when there is a newer one."""

import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

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


class HeardDirectory(NamedTuple):
    """The directory, and what it cannot know."""

    snapshot: Snapshot
    n_erased: int = 0
    """How many erasures there had been when it was asked for: it may name whoever was erased later."""


class DirectoryCopy:
    """What was heard last goes on serving while nobody answers."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._newest = 0
        self._heard: HeardDirectory | None = None

    def heard(self) -> HeardDirectory | None:
        """None until it was heard once."""
        return self._heard

    def hear(self, message: Message) -> None:
        """There is a directory of another version."""
        try:
            self._newest = _decode_changed(message.payload).version
        except msgspec.DecodeError as error:
            _log.warning("not understood", extra={"subject": message.subject, "why": str(error)})

    async def refresh(self, n_erased: int) -> bool:
        """Whether there is a newer one here now; `n_erased`: how many erasures there were before."""
        if self._is_newest(n_erased):
            return False
        try:
            snapshot = await read_directory(self._bus)
        except (Retryable, Permanent, msgspec.DecodeError) as fault:
            _log.warning("the directory cannot be read now", extra={"why": str(fault)})
            return False
        self._heard = HeardDirectory(snapshot, n_erased)
        self._newest = max(self._newest, snapshot.version)
        return True

    def _is_newest(self, n_erased: int) -> bool:
        heard = self._heard
        return heard is not None and (heard.snapshot.version, heard.n_erased) == (
            self._newest,
            n_erased,
        )

    async def pseudonyms(self, people: Iterable[str]) -> dict[str, str]:
        """By person, of those whom the directory knows. Raises Retryable and Permanent."""
        query = GetPseudonyms(people=tuple(people))
        return _decode_pseudonyms(await self._bus.request(SUBJECT, _encode(query))).of
