"""What two instances say to each other: facts, and how far each has come."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, Protocol

import httpx
import msgspec

from sunwise.chassis.errors import Retryable
from sunwise.people.pager.core.facts import Fact

PATH: Final = "/peer/v1/facts"
SIGNATURE: Final = "x-sunwise-signature"
MAX_FACTS: Final = 2_000


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that the other instance may not have; of each origin in order and without a gap."""

    order: int
    """The sender's: two instances of the same order are a mistake in their settings."""
    facts: tuple[Fact, ...] = ()
    have: dict[str, int] = {}
    """What the sender has."""


class Have(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: what the other instance has on its disk now."""

    have: dict[str, int]


class PeerLink(Protocol):
    """The way to the other instance."""

    async def push(self, batch: Batch) -> Have:
        """Hands facts over; on return they are on the other's disk. Raises Retryable."""
        ...


class HttpPeerLink:
    """The other instance over HTTP. Both sides prove that they know the shared secret.

    Each message is signed, and the answer's signature covers that of its question: repeating either
    does no harm, and no clock is needed to tell.
    """

    def __init__(self, url: str, secret: bytes, *, timeout_s: float) -> None:
        self._url = url.rstrip("/") + PATH
        self._secret = secret
        self._client = httpx.AsyncClient(timeout=timeout_s, trust_env=False)

    async def push(self, batch: Batch) -> Have:
        """See `PeerLink.push`."""
        body = msgspec.msgpack.encode(batch)
        signature = sign(self._secret, body)
        try:
            answer = await self._client.post(
                self._url, content=body, headers={SIGNATURE: signature}
            )
        except httpx.HTTPError as error:
            raise Retryable(f"the other pager does not answer: {error!r}") from error
        expected = sign(self._secret, signature.encode() + answer.content)
        if answer.status_code != 200 or not _is_signature(
            expected, answer.headers.get(SIGNATURE, "")
        ):
            raise Retryable(
                f"the other pager refuses (HTTP {answer.status_code}): do both have one secret?"
            )
        return msgspec.msgpack.decode(answer.content, type=Have)

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.aclose()


class PeerRefused(ValueError):
    """What came is not from the other instance, or not readable."""


def read_batch(secret: bytes, body: bytes, headers: Mapping[bytes, bytes]) -> Batch:
    """The batch in a request. Raises PeerRefused."""
    shown = headers.get(SIGNATURE.encode(), b"").decode("latin-1")
    if not _is_signature(sign(secret, body), shown):
        raise PeerRefused("the signature does not fit: do both instances have one secret?")
    try:
        return msgspec.msgpack.decode(body, type=Batch)
    except msgspec.DecodeError as error:
        raise PeerRefused(f"not readable ({error}): do both run releases that fit?") from error


def write_answer(secret: bytes, have: Have, headers: Mapping[bytes, bytes]) -> tuple[bytes, str]:
    """Body and signature of the answer to a request with these headers."""
    body = msgspec.msgpack.encode(have)
    return body, sign(secret, headers.get(SIGNATURE.encode(), b"") + body)


def sign(secret: bytes, content: bytes) -> str:
    """HMAC-SHA256, as hexadecimal digits."""
    return hmac.new(secret, content, hashlib.sha256).hexdigest()


def _is_signature(expected: str, shown: str) -> bool:
    """Whether they are equal; as bytes, since what is shown may be no ASCII."""
    return hmac.compare_digest(expected.encode(), shown.encode("utf-8", "surrogateescape"))
