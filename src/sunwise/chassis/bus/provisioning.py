"""Making a shard's streams, and noticing that a store lost some of what it held.

nats-server says nothing about a damaged block: it comes up with a shorter stream. About a damaged
description it warns in its log and comes up without the stream, which would then be made anew and
empty. So what was there is written down beside the store, and compared at the next start.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from sunwise.chassis.bus.errors import StreamMissing
from sunwise.chassis.bus.protocol import StreamAdmin, StreamInfo, StreamSpec
from sunwise.chassis.data_folder import write_private
from sunwise.chassis.errors import Permanent


class StoreDamaged(Permanent):
    """The store holds less than it did; the message says what is gone and what to do."""


class _Extent(msgspec.Struct, frozen=True):
    created_ns: int
    last_seq: int


_ADVICE = (
    "The disk or the data folder was damaged, or an older copy was put in place. Restore the newest "
    "backup of the data folder, or start on a new one."
)


class Provisioning:
    """Streams `specs`, with what is known of them in the file `record`."""

    def __init__(self, admin: StreamAdmin, *, specs: Sequence[StreamSpec], record: Path) -> None:
        self._admin = admin
        self._specs = specs
        self._record = record

    async def provide(self) -> list[StreamInfo]:
        """The streams, made if they never were. Idempotent.

        Raises StoreDamaged if one is gone or shorter than it was, StreamDiffers if one has other
        settings, Retryable if the server cannot tell now.
        """
        known = self._known()
        for spec in self._specs:
            if spec.name in known:
                await self._compare(spec.name, known[spec.name])
        infos = [await self._admin.ensure_stream(spec) for spec in self._specs]
        self._write(infos)
        return infos

    async def remember(self) -> None:
        """Writes down how far the streams reach now; call it now and then, and at the end."""
        self._write([await self._admin.stream_info(spec.name) for spec in self._specs])

    async def _compare(self, name: str, known: _Extent) -> None:
        try:
            info = await self._admin.stream_info(name)
        except StreamMissing as error:
            raise StoreDamaged(f"Stream {name} is gone from the store. {_ADVICE}") from error
        if info.created_ns != known.created_ns:
            raise StoreDamaged(f"Stream {name} is not the one that was here. {_ADVICE}")
        if info.last_seq < known.last_seq:
            raise StoreDamaged(
                f"Stream {name} ends at {info.last_seq}, but reached {known.last_seq} before. "
                + _ADVICE
            )

    def _known(self) -> dict[str, _Extent]:
        try:
            return msgspec.json.decode(self._record.read_bytes(), type=dict[str, _Extent])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise StoreDamaged(
                f"{self._record} is damaged ({error}). If the rest of the data folder is sound, "
                "delete this file and start again."
            ) from error

    def _write(self, infos: Sequence[StreamInfo]) -> None:
        extents = {info.name: _Extent(info.created_ns, info.last_seq) for info in infos}
        write_private(self._record, msgspec.json.encode(self._known() | extents))
