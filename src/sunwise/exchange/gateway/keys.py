"""API keys: who a request speaks for, what it may do and how its signature is checked."""

from enum import Enum, IntFlag

from msgspec import Struct


class KeyKind(Enum):
    """How requests of this key are signed."""

    HMAC = "HMAC"
    RSA = "RSA"
    ED25519 = "ED25519"


class Permission(IntFlag):
    """What a key may be used for."""

    TRADE = 1
    USER_DATA = 2
    USER_STREAM = 4


class ApiKey(Struct, frozen=True, kw_only=True):
    """One API key. Its secret is kept by the verifier of `signatures` alone, never here."""

    name: str  # what the client sends in X-MBX-APIKEY
    kind: KeyKind
    account: int
    permissions: Permission
    allowed_ips: tuple[str, ...] = ()  # any address when empty
    created_ns: int = 0
