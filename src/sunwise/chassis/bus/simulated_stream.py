"""A stream in memory that keeps JetStream's promises, and breaks them on demand."""

from collections.abc import Iterator

from sunwise.chassis.bus.errors import StreamFull, WrongLastSequence
from sunwise.chassis.bus.protocol import Message, StoredMessage, StreamInfo, StreamSpec
from sunwise.chassis.bus.subjects import matches

_RECORD_OVERHEAD = 30


class SimulatedStream:
    """The stored messages of one stream; sequences start at 1."""

    def __init__(self, spec: StreamSpec, *, created_ns: int) -> None:
        self.spec = spec
        self.created_ns = created_ns
        self.refusing = False
        """True: every append is refused as full."""
        self._messages: list[StoredMessage | None] = []
        self._last_by_subject: dict[str, int] = {}
        self._bytes = 0

    @property
    def last_seq(self) -> int:
        """The sequence of the last message ever stored (0: none)."""
        return len(self._messages)

    def store(self, message: Message, *, expected: int | None) -> tuple[StoredMessage, int]:
        """The stored message and its subject's previous sequence.

        Raises StreamFull and WrongLastSequence.
        """
        if expected is not None and expected != self.last_seq:
            raise WrongLastSequence(expected=expected, last_seq=self.last_seq)
        subject, payload, raw_headers = message.subject, message.payload, message.raw_headers
        size = _size(subject, payload, raw_headers)
        if self.refusing or self._bytes + size > self.spec.max_bytes:
            raise StreamFull(f"stream {self.spec.name} is full", after_s=1.0)
        stored = StoredMessage(self.last_seq + 1, subject, payload, raw_headers)
        previous = self._last_by_subject.get(subject, 0)
        self._messages.append(stored)
        self._last_by_subject[subject] = stored.seq
        self._bytes += size
        return stored, previous

    def read(self, seq: int) -> StoredMessage | None:
        """The message at `seq`, or None."""
        return self._messages[seq - 1] if 1 <= seq <= self.last_seq else None

    def read_last(self, subject: str) -> StoredMessage | None:
        """The last message under the pattern `subject`, or None."""
        for message in reversed(self._messages):
            if message is not None and matches(subject, message.subject):
                return message
        return None

    def after(self, seq: int, subject: str = ">") -> Iterator[StoredMessage]:
        """The messages under `subject` beyond `seq`, in order."""
        for i in range(seq, len(self._messages)):
            message = self._messages[i]
            if message is not None and matches(subject, message.subject):
                yield message

    def info(self) -> StreamInfo:
        """Identity and extent."""
        stored = [message for message in self._messages if message is not None]
        return StreamInfo(
            name=self.spec.name,
            created_ns=self.created_ns,
            first_seq=stored[0].seq if stored else 0,
            last_seq=self.last_seq,
            messages=len(stored),
            bytes=self._bytes,
            max_bytes=self.spec.max_bytes,
        )

    def truncate(self, last_seq: int) -> None:
        """Loses the tail: the sequence goes back, as after a torn block without an index."""
        del self._messages[last_seq:]
        self._recount()

    def punch(self, first_seq: int, last_seq: int) -> None:
        """Loses messages in the middle (both ends included); the sequence stays."""
        for seq in range(first_seq, last_seq + 1):
            self._messages[seq - 1] = None
        self._recount()

    def _recount(self) -> None:
        stored = [message for message in self._messages if message is not None]
        self._last_by_subject = {message.subject: message.seq for message in stored}
        self._bytes = sum(_size(m.subject, m.payload, m.raw_headers) for m in stored)


def _size(subject: str, payload: bytes, raw_headers: bytes) -> int:
    return _RECORD_OVERHEAD + len(subject) + len(payload) + len(raw_headers)
