"""API keys at rest."""

import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import text

from sunwise.chassis.clock import SimulatedClock
from sunwise.exchange.gateway.keys.api_keys import KeyKind, Permission
from sunwise.exchange.gateway.keys.signatures import verifier_of
from sunwise.exchange.gateway.store import KeyStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.sqlite"


@pytest.fixture
def store(path):
    opened = KeyStore.open(path, SimulatedClock())
    yield opened
    opened.close()


@pytest.fixture
def pem():
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_a_key_survives_a_restart(store, path):
    key, secret = store.create_hmac(
        7, permissions=Permission.TRADE, allowed_ips=["10.0.0.1", "::1"], is_market_maker=True
    )
    store.close()
    again = KeyStore.open(path, SimulatedClock())
    revision, (stored,) = again.changed_since(0)
    again.close()
    assert (revision, stored.key, stored.is_revoked) == (1, key, False)
    verifier = verifier_of(stored.key.kind, stored.material)
    assert verifier.verify(b"x", verifier_of(KeyKind.HMAC, secret.encode()).digest(b"x"))


def test_keys_and_secrets_are_64_letters_and_never_alike(store):
    made = [store.create_hmac(1) for _ in range(20)]
    texts = [key.name for key, _ in made] + [secret for _, secret in made]
    assert len(set(texts)) == 40
    assert all(len(each) == 64 and each.isalnum() for each in texts)


def test_the_file_is_its_owners_alone(store, path):
    store.create_hmac(1)
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each


def test_a_file_that_others_could_read_is_closed_to_them(path):
    path.touch(mode=0o644)
    KeyStore.open(path, SimulatedClock()).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_of_a_public_key_nothing_secret_is_kept(store, pem):
    key = store.add_public(3, KeyKind.ED25519, pem)
    with store._engine.connect() as connection:
        (material,) = connection.execute(text("SELECT material FROM api_keys")).one()
    assert material == pem
    assert store.of_account(3) == [key]


def test_a_useless_public_key_is_refused(store, pem):
    with pytest.raises(ValueError, match="no RSA"):
        store.add_public(3, KeyKind.RSA, pem)
    with pytest.raises(ValueError, match="create_hmac"):
        store.add_public(3, KeyKind.HMAC, pem)
    assert store.of_account(3) == []


def test_a_revoked_key_stays_revoked(store):
    key, _ = store.create_hmac(1)
    assert store.revoke(key.name)
    assert not store.revoke(key.name)
    assert not store.revoke("unknown")
    assert store.of_account(1) == []
    _, (stored,) = store.changed_since(0)
    assert stored.is_revoked


def test_a_reader_is_told_of_each_change_once_more_at_most(store):
    first, _ = store.create_hmac(1)
    revision, _ = store.changed_since(0)
    second, _ = store.create_hmac(2)
    store.revoke(first.name)
    revision, changed = store.changed_since(revision)
    assert [(row.key.name, row.is_revoked) for row in changed] == [
        (second.name, False), (first.name, True),
    ]  # fmt: skip
    _, changed = store.changed_since(revision)
    assert [row.key.name for row in changed] == [first.name]


def test_printing_a_stored_key_shows_no_secret(store):
    _, secret = store.create_hmac(1)
    _, (stored,) = store.changed_since(0)
    assert secret not in f"{stored!r} {stored.key!r}"
