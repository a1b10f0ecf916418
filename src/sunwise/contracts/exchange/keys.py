"""API keys by request: what the operator asks of the gateway, which keeps them.

Requests to `keys.<shard>`, one tagged union. Only the operator's users of the bus may send them:
an answer to CreateHmacKey holds a secret.
"""

from msgspec import Struct


class CreateHmacKey(Struct, frozen=True, kw_only=True, tag="create_hmac"):
    """Make a key with a secret; answered by KeyCreated. In force when it is answered."""

    account: int
    allowed_ips: list[str] = []  # any address when empty
    may_trade: bool = True


class AddPublicKey(Struct, frozen=True, kw_only=True, tag="add_public"):
    """Make a key for the holder of a private key; answered by KeyCreated without a secret."""

    account: int
    kind: str  # RSA or ED25519
    pem: bytes
    allowed_ips: list[str] = []
    may_trade: bool = True


class RevokeKey(Struct, frozen=True, kw_only=True, tag="revoke"):
    """Put a key out of force for good; answered by KeyRevoked."""

    name: str


class GetKeys(Struct, frozen=True, kw_only=True, tag="of_account"):
    """Ask for the keys in force of an account; answered by Keys."""

    account: int


KeyRequest = CreateHmacKey | AddPublicKey | RevokeKey | GetKeys


class KeyCreated(Struct, frozen=True, kw_only=True, tag="created"):
    """Answer to CreateHmacKey and AddPublicKey."""

    name: str
    secret: str = ""  # told once, here, and empty for public keys

    def __repr__(self) -> str:
        """Without the secret: a message may end up in a log."""
        return f"KeyCreated(name={self.name!r})"


class KeyRevoked(Struct, frozen=True, kw_only=True, tag="revoked"):
    """Answer to RevokeKey."""

    was_in_force: bool


class KeyFacts(Struct, frozen=True, kw_only=True):
    """What may be shown of a key."""

    name: str
    kind: str
    may_trade: bool
    allowed_ips: list[str]
    created_ns: int


class Keys(Struct, frozen=True, kw_only=True, tag="keys"):
    """Answer to GetKeys, oldest first."""

    keys: list[KeyFacts]


KeyReply = KeyCreated | KeyRevoked | Keys


def keys_subject(shard: str) -> str:
    """Where the gateway listens."""
    return f"keys.{shard}"
