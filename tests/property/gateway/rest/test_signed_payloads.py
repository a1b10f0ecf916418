"""Fuzzes what stands before everything else: query, body, signature."""

import hashlib
import hmac
from urllib.parse import quote, urlencode

from hypothesis import example, given
from hypothesis import strategies as st

from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.keys.api_keys import KeyKind
from sunwise.exchange.gateway.keys.signatures import HmacVerifier, verifier_of
from sunwise.exchange.gateway.rest.urlencoded import MAX_PARAMETERS, read_arguments, signed_payload

SECRET = b"s" * 64
VERIFIER = HmacVerifier(SECRET)

names = st.text("abcXYZ", min_size=1, max_size=8).filter(lambda name: name != "signature")
params = st.dictionaries(names, st.text("aé测&=+%/ 0", max_size=8), max_size=8)
raw = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [
                b"a",
                b"=",
                b"&",
                b"%",
                b"%4",
                b"%41",
                b"+",
                b"signature",
                b"signature=",
                b"\xff",
                b"1",
            ]
        ),
        max_size=14,
    ).map(b"".join),
)


def sign(payload: str) -> str:
    return hmac.new(SECRET, payload.encode(), hashlib.sha256).hexdigest()


def read_or_code(query: bytes, body: bytes) -> dict[str, str] | int:
    try:
        return read_arguments(query, body)
    except ApiError as refusal:
        return refusal.code


@given(params, params)
def test_what_a_client_signs_is_what_is_checked(in_query, in_body):
    query, body = urlencode(in_query), urlencode(in_body)
    signature = sign(query + body)
    with_query = f"{query}&signature={signature}" if query else f"signature={signature}"
    with_body = f"{body}&signature={signature}" if body else f"signature={signature}"
    for q, b in ((with_query, body), (query, with_body)):
        assert VERIFIER.verify(signed_payload(q.encode(), b.encode()), signature)
        arguments = read_arguments(q.encode(), b.encode())
        assert arguments == in_body | in_query | {"signature": signature}


@given(params, st.integers(0, 200), st.integers(1, 255))
def test_one_changed_byte_breaks_the_signature(sent, at, by):
    payload = urlencode(sent).encode()
    if not payload:
        return
    signature = sign(payload.decode())
    changed = bytearray(payload)
    changed[at % len(payload)] ^= by
    assert not VERIFIER.verify(signed_payload(bytes(changed), b""), signature)


@given(raw, raw)
@example(b"%", b"")
@example(b"a=1&a", b"")
@example(b"signature=&signature=", b"signature=")
def test_no_bytes_do_more_than_be_read_or_refused(query, body):
    arguments = read_or_code(query, body)
    if isinstance(arguments, int):
        assert arguments in (-1100, -1101)
        return
    assert len(arguments) <= 2 * MAX_PARAMETERS
    assert all(isinstance(name, str) and isinstance(text, str) for name, text in arguments.items())
    payload = signed_payload(query, body)
    assert len(payload) <= len(query) + len(body)


@given(st.text(max_size=80), st.binary(max_size=40))
def test_no_text_passes_as_a_signature(signature, payload):
    if signature.lower() != VERIFIER.digest(payload):
        assert not VERIFIER.verify(payload, signature)


@given(st.text(max_size=120))
def test_no_text_passes_as_an_ed25519_signature(signature):
    pem = (
        b"-----BEGIN PUBLIC KEY-----\n"
        b"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
        b"-----END PUBLIC KEY-----\n"
    )
    assert not verifier_of(KeyKind.ED25519, pem).verify(b"payload", signature)


@given(st.dictionaries(names, st.text("abc é测", max_size=6), max_size=6))
def test_both_ways_to_encode_a_space_are_read(sent):
    plus = urlencode(sent).encode()
    percent = urlencode(sent, quote_via=quote).encode()
    assert read_arguments(plus, b"") == read_arguments(percent, b"") == sent
