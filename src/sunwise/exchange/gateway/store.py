"""API keys in SQL. The database holds secrets, so its file is its owner's alone.

An HMAC secret must be kept as it is: checking a signature needs it. Of RSA and Ed25519 keys only
the public half ever comes here; prefer them.
"""

import secrets
import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from sunwise.chassis.clock import Clock
from sunwise.chassis.data_folder import make_private
from sunwise.chassis.db import migrate, open_database
from sunwise.chassis.errors import Retryable
from sunwise.exchange.gateway.keys.api_keys import (
    ALL_PERMISSIONS,
    KEY_CHARACTERS,
    ApiKey,
    KeyKind,
    Permission,
)
from sunwise.exchange.gateway.keys.signatures import verifier_of

_LETTERS: Final = string.ascii_letters + string.digits
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_metadata = MetaData()
_keys = Table(
    "api_keys",
    _metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("material", LargeBinary, nullable=False),
    Column("account", BigInteger, nullable=False),
    Column("permissions", Integer, nullable=False),
    Column("allowed_ips", Text, nullable=False),
    Column("is_market_maker", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("revoked_ns", BigInteger, nullable=True),
    Column("revision", BigInteger, nullable=False),
)


class StoredKey:
    """A key with what checks its signatures; printing it shows no secret."""

    __slots__ = ("is_revoked", "key", "material")

    def __init__(self, key: ApiKey, material: bytes, *, is_revoked: bool) -> None:
        self.key = key
        self.material = material
        self.is_revoked = is_revoked


class KeyStore:
    """Makes, lists and revokes API keys. Blocking: call it from a thread where a loop runs."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @classmethod
    def open(cls, target: str | Path, clock: Clock) -> "KeyStore":
        """The store in a SQLite file, made with mode 0600, or at a PostgreSQL URL.

        Raises DatabaseUnusable or Retryable.
        """
        if "://" not in str(target):
            make_private(Path(target))
        engine = open_database(target, is_derived=False)
        migrate(engine, _MIGRATIONS, service="gateway")
        return cls(engine, clock)

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()

    def create_hmac(
        self,
        account: int,
        *,
        permissions: Permission = ALL_PERMISSIONS,
        allowed_ips: Iterable[str] = (),
        is_market_maker: bool = False,
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, which is shown once and only here."""
        secret = _random_text()
        key = self._new(
            account,
            KeyKind.HMAC,
            permissions=permissions,
            allowed_ips=allowed_ips,
            is_market_maker=is_market_maker,
        )
        self._insert(key, secret.encode())
        return key, secret

    def add_public(
        self,
        account: int,
        kind: KeyKind,
        pem: bytes,
        *,
        permissions: Permission = ALL_PERMISSIONS,
        allowed_ips: Iterable[str] = (),
        is_market_maker: bool = False,
    ) -> ApiKey:
        """A new key for the holder of a private RSA or Ed25519 key. Raises ValueError."""
        if kind is KeyKind.HMAC:
            raise ValueError("an HMAC key has a secret, no public half: use create_hmac")
        verifier_of(kind, pem)  # refuses what could never check a signature
        key = self._new(
            account,
            kind,
            permissions=permissions,
            allowed_ips=allowed_ips,
            is_market_maker=is_market_maker,
        )
        self._insert(key, pem)
        return key

    def revoke(self, name: str) -> bool:
        """Puts a key out of force for good; False when there is none in force of this name."""
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(_keys)
                .where(_keys.c.name == name, _keys.c.revoked_ns.is_(None))
                .values(revoked_ns=self._clock.now_ns(), revision=_next_revision(connection))
            )
        return changed.rowcount == 1

    def changed_since(self, revision: int) -> tuple[int, list[StoredKey]]:
        """Keys changed at that revision or later, and the newest revision; 0 gives all.

        Raises Retryable when the database does not answer now.
        """
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(
                    select(_keys).where(_keys.c.revision >= revision).order_by(_keys.c.revision)
                ).all()
        except OperationalError as error:
            raise Retryable(f"API keys cannot be read now: {error.orig}", after_s=1.0) from error
        return (rows[-1].revision if rows else revision), [_stored(row) for row in rows]

    def of_account(self, account: int) -> list[ApiKey]:
        """Keys in force of one account, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(_keys)
                .where(_keys.c.account == account, _keys.c.revoked_ns.is_(None))
                .order_by(_keys.c.created_ns)
            ).all()
        return [_stored(row).key for row in rows]

    def _new(
        self,
        account: int,
        kind: KeyKind,
        *,
        permissions: Permission,
        allowed_ips: Iterable[str],
        is_market_maker: bool,
    ) -> ApiKey:
        return ApiKey(
            name=_random_text(),
            kind=kind,
            account=account,
            permissions=permissions,
            allowed_ips=tuple(allowed_ips),
            created_ns=self._clock.now_ns(),
            is_market_maker=is_market_maker,
        )

    def _insert(self, key: ApiKey, material: bytes) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                insert(_keys).values(
                    name=key.name,
                    kind=key.kind.value,
                    material=material,
                    account=key.account,
                    permissions=int(key.permissions),
                    allowed_ips=" ".join(key.allowed_ips),
                    is_market_maker=key.is_market_maker,
                    created_ns=key.created_ns,
                    revision=_next_revision(connection),
                )
            )


def _next_revision(connection: Connection) -> int:
    return 1 + (connection.scalar(select(func.max(_keys.c.revision))) or 0)


def _stored(row: Any) -> StoredKey:  # noqa: ANN401 - a row of the table above
    key = ApiKey(
        name=row.name,
        kind=KeyKind(row.kind),
        account=row.account,
        permissions=Permission(row.permissions),
        allowed_ips=tuple(row.allowed_ips.split()),
        created_ns=row.created_ns,
        is_market_maker=row.is_market_maker,
    )
    return StoredKey(key, bytes(row.material), is_revoked=row.revoked_ns is not None)


def _random_text() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(KEY_CHARACTERS))
