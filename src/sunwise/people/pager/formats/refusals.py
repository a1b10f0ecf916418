"""Why a message was not taken."""

from typing import Final, TypeVar

import msgspec

MAX_TEXT: Final = 1_024
MAX_LABELS: Final = 64
_MAX_NAME: Final = 128


class Malformed(ValueError):
    """Not in the format; each of `reasons` says what is wrong and where. Nothing was taken."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


_T = TypeVar("_T")


def decoded(decoder: msgspec.json.Decoder[_T], body: bytes, what: str) -> _T:
    """The message in `body`. Raises Malformed."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"not {what}: {error}") from error


def cut(text: str) -> str:
    """The text, at most MAX_TEXT long."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def cut_labels(labels: dict[str, str]) -> dict[str, str]:
    """At most MAX_LABELS of them, each cut."""
    return {name[:_MAX_NAME]: cut(labels[name]) for name in list(labels)[:MAX_LABELS]}
