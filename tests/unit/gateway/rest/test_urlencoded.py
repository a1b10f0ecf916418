"""From raw bytes to parameters, and to the bytes that were signed."""

import pytest

from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.rest.urlencoded import read_arguments, signed_payload


def code_of(query, body=b""):
    with pytest.raises(ApiError) as refusal:
        read_arguments(query, body)
    return refusal.value.code


def test_parameters_come_from_query_and_body():
    assert read_arguments(b"a=1&b=2", b"c=3") == {"a": "1", "b": "2", "c": "3"}


def test_of_a_name_in_both_the_query_rules():
    assert read_arguments(b"a=query", b"a=body&b=2") == {"a": "query", "b": "2"}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"a=%E6%B5%8B%E8%AF%95", "测试"),
        (b"a=x%2By", "x+y"),
        (b"a=x+y", "x y"),
        (b"a=b=c", "b=c"),
        (b"a=", ""),
        (b"a", ""),
        (b"&&a=1&&", "1"),
        ("a=测".encode(), "测"),
    ],
)
def test_values_are_percent_decoded_utf8(raw, value):
    assert read_arguments(raw, b"") == {"a": value}


@pytest.mark.parametrize(
    "raw", [b"a=%", b"a=%2", b"a=%zz", b"a=%ff", b"a=\xff", b"a=%C3%28", b"%zz=1", b"a=%+1"]
)
def test_what_cannot_be_decoded_is_refused(raw):
    assert code_of(raw) == -1100


@pytest.mark.parametrize("raw", [b"a=1&a=2", b"a=1&b=2&a=1", b"a=1&%61=2", b"a&a"])
def test_a_name_twice_in_one_place_is_refused(raw):
    assert code_of(raw) == -1101


def test_a_thousand_parameters_are_refused():
    assert code_of(b"&".join(b"a%d=1" % n for n in range(1_000))) == -1101


@pytest.mark.parametrize(
    ("query", "body", "payload"),
    [
        (b"a=1&signature=xyz", b"", b"a=1"),
        (b"", b"a=1&signature=xyz", b"a=1"),
        (b"a=1", b"b=2&signature=xyz", b"a=1b=2"),
        (b"a=1&signature=xyz", b"b=2", b"a=1b=2"),
        (b"signature=xyz&a=1", b"", b"a=1"),
        (b"a=1&signature=xyz&b=2", b"", b"a=1&b=2"),
        (b"a=1&signature=x%3D&b=2", b"", b"a=1&b=2"),
        (b"a=%2f&b=%2F", b"", b"a=%2f&b=%2F"),
        (b"signature=xyz", b"", b""),
        (b"mysignature=1&signature=2", b"", b"mysignature=1"),
    ],
)
def test_the_signed_payload_is_cut_from_the_bytes_as_sent(query, body, payload):
    assert signed_payload(query, body) == payload
