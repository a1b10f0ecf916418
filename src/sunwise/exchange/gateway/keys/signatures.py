"""Checks signatures of requests: HMAC-SHA256, RSA PKCS#1 v1.5 with SHA-256, Ed25519.

A verifier holds the key's secret or public part; nothing else does, and nothing prints it.
Sources: RFC 2104 (HMAC), RFC 8017 8.2 (RSASSA-PKCS1-v1_5), RFC 8032 with the validation rules of
ZIP-215 (Ed25519), faqs/api_key_types.md of the API docs.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final, Protocol

import ed25519_zebra
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from sunwise.exchange.gateway.keys.api_keys import KeyKind

_BLOCK: Final = 64  # bytes of a SHA-256 block
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_RSA_BITS: Final = (2_048, 4_096)
_PADDING: Final = padding.PKCS1v15()


class Verifier(Protocol):
    """Knows one key."""

    def verify(self, payload: bytes, signature: str) -> bool:
        """Whether `signature`, as the client sent it, is that of the payload."""
        ...


class HmacVerifier:
    """Two SHA-256 states that have taken in the padded secret: less than half of hmac's cost."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) > _BLOCK:
            secret = hashlib.sha256(secret).digest()
        padded = secret.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER))
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def digest(self, payload: bytes) -> str:
        """The HMAC as lower-case hex."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(payload)
        outer.update(inner.digest())
        return outer.hexdigest()

    def verify(self, payload: bytes, signature: str) -> bool:
        """Hex in either case, compared in constant time."""
        return signature.isascii() and hmac.compare_digest(self.digest(payload), signature.lower())


class RsaVerifier:
    """A public key of 2,048 to 4,096 bits; signatures in base64."""

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self._key = key

    def verify(self, payload: bytes, signature: str) -> bool:
        """Base64, case-sensitive."""
        raw = _from_base64(signature)
        if raw is None:
            return False
        try:
            self._key.verify(raw, payload, _PADDING, hashes.SHA256())
        except InvalidSignature:
            return False
        return True


class Ed25519Verifier:
    """A public key; signatures in base64. 40 to 70 µs of CPU each."""

    def __init__(self, public: bytes) -> None:
        self._public = public

    def verify(self, payload: bytes, signature: str) -> bool:
        """Base64, case-sensitive."""
        raw = _from_base64(signature)
        return raw is not None and ed25519_zebra.ed_verify(raw, payload, self._public) is True


def verifier_of(kind: KeyKind, material: bytes) -> Verifier:
    """The verifier for an HMAC secret, or for a public key in PEM.

    Raises ValueError that says what is wrong with the key.
    """
    if kind is KeyKind.HMAC:
        if len(material) < 16:
            raise ValueError("an HMAC secret has at least 16 bytes")
        return HmacVerifier(material)
    try:
        key = serialization.load_pem_public_key(material)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the key must be a public key in PEM (PKCS#8)") from None
    if kind is KeyKind.RSA:
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError("the PEM holds no RSA key")
        if not _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
            raise ValueError(f"an RSA key has 2048 to 4096 bits, not {key.key_size}")
        return RsaVerifier(key)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise ValueError("the PEM holds no Ed25519 key")  # noqa: TRY004 - the value's kind, not ours
    return Ed25519Verifier(key.public_bytes_raw())


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
