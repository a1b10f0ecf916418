"""JetStream's answers, decoded and turned into values or errors."""

import base64
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from sunwise.chassis.bus.errors import (
    NoStream,
    StreamDiffers,
    StreamFull,
    StreamMissing,
    WrongLastSequence,
)
from sunwise.chassis.bus.headers import server_header
from sunwise.chassis.bus.protocol import StoredMessage, StreamInfo
from sunwise.chassis.errors import Permanent, Retryable

_FULL = frozenset({10077, 10023, 10047, 10122})
_AWAY = frozenset({10005, 10008, 10009, 10118})
_WRONG_LAST = frozenset({10070, 10071, 10164})
_STREAM_NOT_FOUND = 10059
_STREAM_NAME_IN_USE = 10058
_MESSAGE_NOT_FOUND = 10037
_TIME = re.compile(r"(.+?)(?:\.(\d+))?Z")


class ApiError(msgspec.Struct, frozen=True):
    """JetStream's error: `err_code` is its stable number."""

    code: int
    err_code: int = 0
    description: str = ""


class _Append(msgspec.Struct, frozen=True):
    seq: int = 0
    error: ApiError | None = None


class _State(msgspec.Struct, frozen=True):
    messages: int
    bytes: int
    first_seq: int
    last_seq: int


class StreamAnswer(msgspec.Struct, frozen=True):
    """The answer of STREAM.INFO, STREAM.CREATE and STREAM.UPDATE."""

    error: ApiError | None = None
    config: dict[str, Any] | None = None
    created: str = ""
    state: _State | None = None


class _Message(msgspec.Struct, frozen=True):
    subject: str
    seq: int
    data: str = ""
    hdrs: str = ""


class _MessageAnswer(msgspec.Struct, frozen=True):
    error: ApiError | None = None
    message: _Message | None = None


_append_decoder = msgspec.json.Decoder(_Append)
_stream_decoder = msgspec.json.Decoder(StreamAnswer)
_message_decoder = msgspec.json.Decoder(_MessageAnswer)


def append_answer(payload: bytes, *, subject: str, expected: int | None) -> int | Exception:
    """The stored sequence, or the error to raise."""
    answer = _append_decoder.decode(payload)
    if answer.error is None:
        return answer.seq
    if answer.error.err_code in _WRONG_LAST:
        said = answer.error.description.rsplit(" ", 1)[-1]
        last_seq = int(said) if said.isdigit() else -1
        return WrongLastSequence(expected=-1 if expected is None else expected, last_seq=last_seq)
    return api_failure(answer.error, what=f"append to {subject}")


def api_failure(error: ApiError, *, what: str) -> Retryable | Permanent:
    """JetStream's error as what the caller should do."""
    text = f"{what}: {error.description} ({error.err_code})"
    if error.err_code in _FULL:
        return StreamFull(text, after_s=1.0)
    if error.err_code in _AWAY or error.code == 503:
        return NoStream(text, after_s=0.2)
    if error.err_code == _STREAM_NOT_FOUND:
        return StreamMissing(text)
    if error.err_code == _STREAM_NAME_IN_USE:
        return StreamDiffers(text)
    return Permanent(text)


def stream_answer(payload: bytes, *, what: str) -> tuple[StreamInfo, dict[str, Any]]:
    """A stream's extent and configuration. Raises what `api_failure` says."""
    answer = _stream_decoder.decode(payload)
    if answer.error is not None:
        raise api_failure(answer.error, what=what)
    config, state = answer.config, answer.state
    assert config is not None, "a stream's answer holds its configuration"
    assert state is not None, "a stream's answer holds its state"
    info = StreamInfo(
        name=config["name"],
        created_ns=_parse_time_ns(answer.created),
        first_seq=state.first_seq,
        last_seq=state.last_seq,
        messages=state.messages,
        bytes=state.bytes,
        max_bytes=config.get("max_bytes", -1),
    )
    return info, config


def direct_answer(payload: bytes, raw_headers: bytes) -> StoredMessage:
    """The message inside a direct get's answer."""
    seq = server_header(raw_headers, b"Nats-Sequence")
    subject = server_header(raw_headers, b"Nats-Subject")
    assert seq is not None, "a direct get's answer holds the sequence"
    assert subject is not None, "a direct get's answer holds the subject"
    return StoredMessage(int(seq), subject.decode(), payload, raw_headers)


def leader_answer(payload: bytes, *, what: str) -> StoredMessage | None:
    """The message inside the leader's JSON answer, or None when there is none."""
    answer = _message_decoder.decode(payload)
    if answer.error is not None:
        if answer.error.err_code == _MESSAGE_NOT_FOUND:
            return None
        raise api_failure(answer.error, what=what)
    found = answer.message
    assert found is not None, "an answer without an error holds a message"
    return StoredMessage(
        found.seq, found.subject, base64.b64decode(found.data), base64.b64decode(found.hdrs)
    )


def _parse_time_ns(text: str) -> int:
    match = _TIME.fullmatch(text)
    assert match, f"JetStream's times end in Z, not {text!r}"
    seconds = int(datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp())
    return seconds * 1_000_000_000 + int((match[2] or "0").ljust(9, "0")[:9])
