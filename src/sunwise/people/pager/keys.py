"""Keys of senders and of people: shown once, kept as digests, revocable, and a rate for each."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Final

from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import KeyMade
from sunwise.people.pager.core.moments import Moment

_NS: Final = 1_000_000_000
_MAX_BUCKETS: Final = 10_000
_KEY_BYTES: Final = 16  # 32 hexadecimal digits, as PagerDuty's clients expect of a routing key


def new_key(name: str, service: str = "") -> tuple[str, KeyMade]:
    """A secret, shown here and never again, and the fact that makes it valid."""
    secret = secrets.token_hex(_KEY_BYTES)
    return secret, KeyMade(
        id=secrets.token_hex(6), digest=_digest(secret), name=name, service=service
    )


def find_key(board: Board, secret: str) -> KeyMade | None:
    """The key that the secret opens, unless it is revoked."""
    key = board.keys.get(_digest(secret))
    return None if key is None or key.id in board.revoked_keys else key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def operator_token(secret: bytes) -> str:
    """What administers the instances that share this secret."""
    return hmac.new(secret, b"operator", hashlib.sha256).hexdigest()


def metrics_token(secret: bytes) -> str:
    """What reads the metrics of the instances that share this secret, and nothing else."""
    return hmac.new(secret, b"metrics", hashlib.sha256).hexdigest()


def group_key(secret: bytes) -> bytes:
    """What `Board.key` is at the instances that share this secret."""
    return hmac.new(secret, b"groups", hashlib.sha256).digest()


def told_key(secret: bytes, key: str) -> str:
    """What others know a message or a call by: the same for the same one, from either instance.

    The pager's own keys are made of a page, a step and a person: whoever knows the first two could try
    who the third is.
    """
    return hmac.new(secret, f"told {key}".encode(), hashlib.sha256).hexdigest()[:32]


class Rates:
    """A bucket for each key: so many requests at once, refilled at a rate."""

    def __init__(self, *, per_s: float, at_once: int) -> None:
        self._per_s = per_s
        self._at_once = at_once
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, key: str, now: Moment) -> float:
        """0 when the request is within the rate, else after how many seconds it will be."""
        level, since_ns = self._buckets.pop(key, (float(self._at_once), now.steady_ns))
        level = min(self._at_once, level + (now.steady_ns - since_ns) / _NS * self._per_s)
        wait_s = 0.0 if level >= 1 else (1 - level) / self._per_s
        self._buckets[key] = (level if wait_s else level - 1, now.steady_ns)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return wait_s
