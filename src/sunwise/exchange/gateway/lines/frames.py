"""WebSocket frames that a server sends, and messages put together from those it receives.

Both know RFC 6455 and nothing of what the payloads mean.
"""

import struct
from enum import IntEnum
from typing import Final

MAX_FRAGMENTS: Final = 1_024
_FINAL_TEXT: Final = 0x81  # FIN and opcode 1
_LENGTH_16: Final = struct.Struct(">BBH").pack
_LENGTH_64: Final = struct.Struct(">BBQ").pack


class Opcode(IntEnum):
    """Opcodes of RFC 6455, section 5.2."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class CloseCode(IntEnum):
    """Why a connection ends (RFC 6455, section 7.4.1), as far as this server says it."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    INVALID_TEXT = 1007
    POLICY = 1008
    TOO_BIG = 1009


class Violation(Exception):
    """The peer broke the protocol: close with this code and reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code: Final = code
        self.reason: Final = reason


def text_frame(payload: bytes) -> bytes:
    """The payload (UTF-8) as one whole text frame of a server: unmasked."""
    size = len(payload)
    if size < 126:
        return bytes((_FINAL_TEXT, size)) + payload
    if size < 65_536:
        return _LENGTH_16(_FINAL_TEXT, 126, size) + payload
    return _LENGTH_64(_FINAL_TEXT, 127, size) + payload


class MessageAssembler:
    """Puts fragments of text messages together, at most `max_bytes` a message.

    Control frames may come between fragments (RFC 6455, section 5.4) and are not for this class.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._open = False

    def add(self, opcode: int, payload: bytes, *, final: bool) -> bytes | None:
        """The whole message when this fragment ends it, valid UTF-8. Raises Violation."""
        if opcode == Opcode.BINARY:
            raise Violation(CloseCode.UNSUPPORTED, "Text frames only")
        if (opcode == Opcode.CONTINUATION) != self._open:
            raise Violation(CloseCode.PROTOCOL_ERROR, "Fragments out of order")
        if self._size + len(payload) > self._max_bytes:
            raise Violation(CloseCode.TOO_BIG, "Payload too long")
        if len(self._parts) >= MAX_FRAGMENTS:
            raise Violation(CloseCode.POLICY, "Too many fragments")
        if self._open or not final:
            self._parts.append(payload)
            self._size += len(payload)
            self._open = not final
            if not final:
                return None
            payload = b"".join(self._parts)
            self._parts, self._size = [], 0
        return _checked(payload)


def _checked(payload: bytes) -> bytes:
    if not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise Violation(CloseCode.INVALID_TEXT, "Invalid UTF-8") from None
    return payload
