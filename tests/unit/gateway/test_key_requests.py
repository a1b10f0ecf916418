"""What the operator may ask of the gateway's keys."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sunwise.chassis.bus import Message
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.keys import (
    AddPublicKey,
    CreateHmacKey,
    GetKeys,
    KeyReply,
    RevokeKey,
)
from sunwise.exchange.gateway.key_requests import KeyRequests
from sunwise.exchange.gateway.store import KeyStore


@pytest.fixture
def store(tmp_path):
    store = KeyStore.open(tmp_path / "keys.sqlite", SystemClock())
    yield store
    store.close()


@pytest.fixture
def ask(store):
    refreshed = []

    async def refresh():
        refreshed.append(True)

    requests = KeyRequests(store, refresh)

    async def ask(request):
        payload = request if isinstance(request, bytes) else msgspec.msgpack.encode(request)
        reply = await requests.answer(Message("keys.0", payload))
        return msgspec.msgpack.decode(reply, type=KeyReply)

    ask.refreshed = refreshed
    return ask


async def test_a_new_key_is_in_force_when_it_is_answered(ask):
    created = await ask(CreateHmacKey(account=5))
    assert len(created.name) == len(created.secret) == 64
    assert ask.refreshed == [True]
    [facts] = (await ask(GetKeys(account=5))).keys
    assert (facts.name, facts.kind, facts.may_trade) == (created.name, "HMAC", True)


async def test_a_secret_is_told_once_and_printed_never(ask):
    created = await ask(CreateHmacKey(account=5))
    assert created.secret not in repr(created)
    assert created.secret not in repr(await ask(GetKeys(account=5)))


async def test_a_public_key_has_no_secret(ask):
    public = Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    created = await ask(AddPublicKey(account=6, kind="ED25519", pem=pem, may_trade=False))
    assert created.secret == ""
    [facts] = (await ask(GetKeys(account=6))).keys
    assert (facts.kind, facts.may_trade) == ("ED25519", False)


async def test_a_revoked_key_is_gone(ask):
    created = await ask(CreateHmacKey(account=5))
    assert (await ask(RevokeKey(name=created.name))).was_in_force
    assert not (await ask(RevokeKey(name=created.name))).was_in_force
    assert (await ask(GetKeys(account=5))).keys == []


@pytest.mark.parametrize(
    "request_",
    [
        b"\xc1",
        AddPublicKey(account=1, kind="DSA", pem=b""),
        AddPublicKey(account=1, kind="RSA", pem=b"x"),
    ],
)
async def test_an_impossible_request_is_refused(ask, request_):
    with pytest.raises(Permanent, match="cannot be made"):
        await ask(request_)
