"""API keys: who a request speaks for and what it may do."""

import re
from enum import Enum, IntFlag
from typing import Final

import msgspec
from msgspec import Struct

KEY_CHARACTERS: Final = 64
is_key_name: Final = re.compile(f"[A-Za-z0-9]{{{KEY_CHARACTERS}}}", re.ASCII).fullmatch
"""Whether a text could be an API key at all."""


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


ALL_PERMISSIONS: Final = Permission.TRADE | Permission.USER_DATA | Permission.USER_STREAM


class ApiKey(Struct, frozen=True, kw_only=True):
    """One API key. Its secret is kept by its verifier alone, never here."""

    name: str  # what the client sends in X-MBX-APIKEY
    kind: KeyKind
    account: int
    permissions: Permission = ALL_PERMISSIONS
    allowed_ips: tuple[str, ...] = ()  # any address when empty
    created_ns: int = 0
    is_market_maker: bool = False  # exempt from the limit of unfilled orders
    mask: int = 0  # `permissions` as a plain int: flags of an Enum are slow to test

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "mask", int(self.permissions))
