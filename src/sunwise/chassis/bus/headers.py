"""Reading a message's header block without building a dictionary: about 0.2 µs a value."""

from collections.abc import Mapping

_FIRST_LINE = b"NATS/1.0"
_END = b"\r\n"


def header(raw_headers: bytes, name: bytes) -> bytes | None:
    """The value of the first header `name` (exact case), or None."""
    start = raw_headers.find(b"\r\n" + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    return raw_headers[start : raw_headers.index(_END, start)].strip()


def server_header(raw_headers: bytes, name: bytes) -> bytes | None:
    """The value of the last header `name`, or None.

    The server adds its own lines behind the stored ones, so the last is its word; an earlier one of
    the same name is whatever a writer chose to store.
    """
    start = raw_headers.rfind(b"\r\n" + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    return raw_headers[start : raw_headers.index(_END, start)].strip()


def status(raw_headers: bytes) -> int:
    """The inline status of a server's control message (404, 503, 100, ...), 0 if it has none."""
    code = raw_headers[len(_FIRST_LINE) + 1 : len(_FIRST_LINE) + 4]
    return int(code) if code.isdigit() else 0


def encode_headers(headers: Mapping[str, str]) -> bytes:
    """The block to send; a newline in a name or value is refused with ValueError."""
    lines = [_FIRST_LINE]
    for name, value in headers.items():
        if any(mark in name + value for mark in "\r\n") or ":" in name:
            raise ValueError(f"header {name!r} holds a newline or a colon in its name")
        lines.append(f"{name}: {value}".encode())
    return _END.join(lines) + _END + _END


def append_headers(headers: Mapping[str, str] | None, *, expected_last_seq: int | None) -> bytes:
    """The block of an append: the writer's headers and the fence; b"" for neither."""
    if expected_last_seq is not None:
        fence = {"Nats-Expected-Last-Sequence": str(expected_last_seq)}
        headers = {**headers, **fence} if headers else fence
    return encode_headers(headers) if headers else b""
