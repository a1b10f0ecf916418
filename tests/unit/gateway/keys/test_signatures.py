"""Signatures by published vectors, and nothing else passes."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from sunwise.exchange.gateway.keys.api_keys import KeyKind
from sunwise.exchange.gateway.keys.signatures import Ed25519Verifier, HmacVerifier, verifier_of

# rest-api.md, "SIGNED Endpoint Examples for POST /api/v3/order", HMAC keys.
BINANCE_SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
BINANCE_TAIL = (
    "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
    "&timestamp=1499827319559"
)
BINANCE = [
    ("LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
    (
        "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
]
# RFC 4231, test cases 1, 2, 3, 4, 6, 7: key, data, HMAC-SHA-256.
RFC_4231 = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]
# RFC 8032, 7.1, TEST 1 to 3: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
PAYLOAD = b"symbol=BTCUSDT&timestamp=1"


@pytest.mark.parametrize(("symbol", "signature"), BINANCE)
def test_hmac_gives_the_signatures_of_binances_documentation(symbol, signature):
    payload = f"symbol={symbol}{BINANCE_TAIL}".encode()
    assert HmacVerifier(BINANCE_SECRET).verify(payload, signature)


@pytest.mark.parametrize(("key", "data", "digest"), RFC_4231)
def test_hmac_gives_the_digests_of_rfc_4231(key, data, digest):
    assert HmacVerifier(key).digest(data) == digest


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_ed25519_takes_the_signatures_of_rfc_8032(public, message, signature):
    text = base64.b64encode(bytes.fromhex(signature)).decode()
    assert Ed25519Verifier(bytes.fromhex(public)).verify(bytes.fromhex(message), text)


def test_hmac_hex_is_taken_in_either_case():
    verifier = HmacVerifier(b"s" * 64)
    signature = hmac.new(b"s" * 64, PAYLOAD, hashlib.sha256).hexdigest()
    assert verifier.verify(PAYLOAD, signature)
    assert verifier.verify(PAYLOAD, signature.upper())


@pytest.mark.parametrize("bad", ["", "0", "f" * 63, "f" * 65, "é" * 64, "\0" * 64, "g" * 64])
def test_a_signature_that_is_none_is_refused(bad):
    assert not HmacVerifier(b"s" * 64).verify(PAYLOAD, bad)


def pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.fixture(scope="module")
def ed_key():
    return ed25519.Ed25519PrivateKey.generate()


def signers(rsa_key, ed_key):
    rsa_signature = rsa_key.sign(PAYLOAD, padding.PKCS1v15(), hashes.SHA256())
    return [
        (verifier_of(KeyKind.RSA, pem(rsa_key)), rsa_signature),
        (verifier_of(KeyKind.ED25519, pem(ed_key)), ed_key.sign(PAYLOAD)),
    ]


def test_public_key_signatures_are_base64_and_case_sensitive(rsa_key, ed_key):
    for verifier, raw in signers(rsa_key, ed_key):
        text = base64.b64encode(raw).decode()
        assert verifier.verify(PAYLOAD, text)
        assert not verifier.verify(PAYLOAD, text.swapcase())
        assert not verifier.verify(PAYLOAD + b"&", text)
        assert not verifier.verify(PAYLOAD, raw.hex())
        for bad in ("", "!", text[:-4], text + "AAAA", "A" * len(text), text.replace("=", "")[:7]):
            assert not verifier.verify(PAYLOAD, bad)


def test_rsa_with_another_padding_is_refused(rsa_key):
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    text = base64.b64encode(rsa_key.sign(PAYLOAD, pss, hashes.SHA256())).decode()
    assert not verifier_of(KeyKind.RSA, pem(rsa_key)).verify(PAYLOAD, text)


@pytest.mark.parametrize(
    ("kind", "make", "word"),
    [
        (KeyKind.RSA, lambda: pem(rsa.generate_private_key(public_exponent=65_537, key_size=1_024)), "2048"),
        (KeyKind.RSA, lambda: pem(ed25519.Ed25519PrivateKey.generate()), "no RSA"),
        (KeyKind.ED25519, lambda: pem(ec.generate_private_key(ec.SECP256R1())), "no Ed25519"),
        (KeyKind.ED25519, lambda: b"nonsense", "PEM"),
        (KeyKind.HMAC, lambda: b"short", "16 bytes"),
    ],
)  # fmt: skip
def test_a_key_that_could_never_work_is_refused_with_its_reason(kind, make, word):
    with pytest.raises(ValueError, match=word):
        verifier_of(kind, make())


def test_nothing_prints_a_secret():
    verifier = HmacVerifier(b"a very secret secret")
    assert "secret secret" not in repr(vars(verifier)) + repr(verifier)
