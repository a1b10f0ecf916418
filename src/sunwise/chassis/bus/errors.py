"""What can go wrong on the bus, by what the caller should do.

Everything here is a `Retryable` or a `Permanent`, so a caller that does not care about the
details catches those two.
"""

from sunwise.chassis.errors import Permanent, Retryable


class Disconnected(Retryable):
    """There is no connection now; nothing was sent."""


class AppendOutcomeUnknown(Retryable):
    """No acknowledgement came: the message may be stored, may still be stored, or may not.

    Repeat only what is recognised as a repeat (a batch number, an expected sequence).
    """


class StreamFull(Retryable):
    """The stream is at its limit and refused the message; nothing was stored.

    Raise `max_bytes` or let retention free room, then try again.
    """


class NoStream(Retryable):
    """No stream takes this subject now: not provisioned yet, or without a leader."""


class NoResponder(Retryable):
    """Nobody serves this subject now."""


class RequestTimeout(Retryable):
    """Somebody serves this subject but did not answer in time."""


class WrongLastSequence(Permanent):
    """Another writer was first: the stream's last sequence was not the expected one.

    `last_seq` is what the stream said it was; read what is stored and compare.
    """

    def __init__(self, *, expected: int, last_seq: int) -> None:
        super().__init__(f"expected last sequence {expected}, the stream is at {last_seq}")
        self.expected = expected
        self.last_seq = last_seq


class NotPermitted(Permanent):
    """This user may not use this subject; nothing was sent or received."""


class MessageTooLarge(Permanent):
    """The payload is over the server's limit; split it into parts."""


class StreamMissing(Permanent):
    """The stream does not exist, or this user may not see it."""


class StreamDiffers(Permanent):
    """A stream of this name exists with other settings; it is never changed silently."""


class StreamReplaced(Permanent):
    """The stream is another one than before (its creation time differs): positions mean nothing."""


class StreamWentBack(Permanent):
    """The stream lost its tail: it ends before, or differs at, a message already handled."""


class StreamHole(Permanent):
    """Stored messages between two sequences are gone (lost or trimmed): contiguity is broken."""

    def __init__(self, stream: str, *, after_seq: int, next_seq: int) -> None:
        super().__init__(
            f"{stream}: after sequence {after_seq} comes {next_seq}; "
            "what was between is gone: restore the stream or start from a later snapshot"
        )
        self.after_seq = after_seq
        self.next_seq = next_seq
