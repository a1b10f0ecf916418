"""The texts that open the door: made here, recognised by their form, kept only as a hash.

Each holds at least 149 bits of randomness, so a plain SHA-256 of it is enough at rest: there is
nothing to guess that a slow hash would protect.
"""

import hashlib
import re
import secrets
import string
from enum import StrEnum
from typing import Final

_LETTERS: Final = string.ascii_letters + string.digits
_LOWER: Final = string.ascii_lowercase + string.digits


class Kind(StrEnum):
    """What a secret is for."""

    TOKEN = "token"  # noqa: S105 - a person's, for scripts, the command line and logging in
    SESSION = "session"  # a browser's cookie
    FEED = "feed"  # an address of a calendar: reads one thing
    KEY = "key"  # an integration's: may do one thing


_PREFIX: Final = {Kind.TOKEN: "swp_", Kind.SESSION: "sws_", Kind.FEED: "swf_", Kind.KEY: "swi"}
_LONG: Final = 43  # letters and digits: 256 bits
_KEY: Final = 29  # 32 characters in all, as senders expect of a PagerDuty routing key: 149 bits
_FORM: Final = re.compile(rf"sw[psf]_[A-Za-z0-9]{{{_LONG}}}|swi[a-z0-9]{{{_KEY}}}", re.ASCII)
_KIND_OF: Final = {prefix: kind for kind, prefix in _PREFIX.items()}


def new_secret(kind: Kind) -> str:
    """A fresh secret of this kind."""
    letters, length = (_LOWER, _KEY) if kind is Kind.KEY else (_LETTERS, _LONG)
    return _PREFIX[kind] + "".join(secrets.choice(letters) for _ in range(length))


def kind_of(text: str) -> Kind | None:
    """What a text is by its form; None for what can be no secret of ours."""
    if _FORM.fullmatch(text) is None:
        return None
    return _KIND_OF[text[:3] if text.startswith("swi") else text[:4]]


def secrets_in(text: str) -> list[Kind]:
    """The kinds of all secrets that stand somewhere in a text."""
    return [kind for found in _FORM.findall(text) if (kind := kind_of(found)) is not None]


def without_secrets(text: str) -> str:
    """The text as it may stand in a log."""
    return _FORM.sub("***", text)


def digest(secret: str) -> bytes:
    """What is kept of a secret (32 bytes)."""
    return hashlib.sha256(secret.encode()).digest()
