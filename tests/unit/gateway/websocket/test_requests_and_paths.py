"""Reading requests of the WebSocket API, and what URLs ask for."""

import hashlib
import hmac

import pytest

from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.websocket.paths import ApiTarget, StreamTarget, parse_target
from sunwise.exchange.gateway.websocket.requests import Unreadable, read_request

MS, US = 1_000_000, 1_000
# web-socket-api.md, "SIGNED request example (HMAC)": key, parameters and expected signatures.
SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
ASCII = """{"id":"4885f793-e5ad-4c3b-8f6c-55d891472b71","method":"order.place","params":{
"symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC","quantity":"0.01000000",
"price":"52000.00","recvWindow":100,"timestamp":1645423376532,"apiKey":"KEY","signature":"x"}}"""
UNICODE = """{"id":"4885f793-e5ad-4c3b-8f6c-55d891472b71","method":"order.place","params":{
"symbol":"WIDE","side":"BUY","type":"LIMIT","timeInForce":"GTC","quantity":"1.00000000",
"price":"0.10000000","recvWindow":5000,"timestamp":1645423376532,"apiKey":"KEY","signature":"x"}}""".replace(
    "WIDE", "".join(chr(0xFF10 + n) for n in range(1, 7))
)


@pytest.mark.parametrize(
    ("message", "signature"),
    [
        (ASCII, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
        (UNICODE, "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"),
    ],
)
def test_the_documented_signatures_are_those_of_our_payload(message, signature):
    request = read_request(message.replace("KEY", API_KEY).encode())
    assert hmac.new(SECRET, request.payload, hashlib.sha256).hexdigest() == signature


def test_scalars_become_the_text_that_was_signed():
    request = read_request(
        b'{"id":1,"method":"m","params":{"d":1.50,"a":true,"c":6000.346,"b":-7,"e":[1,"x"],"f":1e400}}'
    )
    assert request.payload == b'a=true&b=-7&c=6000.346&d=1.50&e=[1,"x"]&f=1e400'
    assert request.arguments["c"] == "6000.346"


def test_the_line_keeps_its_own_parameter_to_itself():
    request = read_request(b'{"id":1,"method":"m","params":{"returnRateLimits":false,"a":"1"}}')
    assert request.show_limits is False
    assert request.arguments == {"a": "1"}
    assert request.payload == b"a=1&returnRateLimits=false"


@pytest.mark.parametrize("request_id", [b"1", b"-1", b"null", b'"a-B_9"', b"9223372036854775807"])
def test_an_id_is_kept_as_json(request_id):
    assert read_request(b'{"id":%b,"method":"ping"}' % request_id).id == request_id


@pytest.mark.parametrize(
    "message", [b"", b"{", b"1", b'"x"', b"{}", b'{"id":1}', b'{"id":{},"method":"x"}']
)
def test_what_is_no_request_is_unreadable(message):
    with pytest.raises(Unreadable):
        read_request(message)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"/ws", StreamTarget((), combined=False, unit_ns=MS)),
        (b"/ws/", StreamTarget((), combined=False, unit_ns=MS)),
        (b"/ws/0", StreamTarget(("0",), combined=False, unit_ns=MS)),
        (b"/ws/btcusdt@trade", StreamTarget(("btcusdt@trade",), combined=False, unit_ns=MS)),
        (b"/ws/btcusdt%40trade/b@c", StreamTarget(("btcusdt@trade", "b@c"), combined=False, unit_ns=MS)),
        (b"/ws/a@b?timeUnit=MICROSECOND", StreamTarget(("a@b",), combined=False, unit_ns=US)),
        (b"/stream", StreamTarget((), combined=True, unit_ns=MS)),
        (b"/stream?streams=a@b/c@d/a@b", StreamTarget(("a@b", "c@d"), combined=True, unit_ns=MS)),
        ("/stream?streams=测试usdt@trade".encode(), StreamTarget(("测试usdt@trade",), combined=True, unit_ns=MS)),
        (b"/stream?streams=%E6%B5%8B%E8%AF%95usdt@trade", StreamTarget(("测试usdt@trade",), combined=True, unit_ns=MS)),
        (b"/ws-api/v3", ApiTarget(show_limits=True, unit_ns=MS)),
        (b"/ws-api/v3?returnRateLimits=false&timeUnit=microsecond", ApiTarget(show_limits=False, unit_ns=US)),
        (b"/", None),
        (b"/ws-api/v4", None),
        (b"/wsx", None),
        (b"/\xff\xfe", None),
    ],
)  # fmt: skip
def test_a_url_names_streams_or_the_api(path, target):
    assert parse_target(path) == target


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (b"/ws?timeUnit=second", -1194),
        (b"/ws-api/v3?returnRateLimits=maybe", -1130),
        (b"/stream?streams=" + b"/".join(b"s%d@t" % n for n in range(1_025)), -1191),
    ],
)
def test_a_url_that_contradicts_itself_is_refused(path, code):
    with pytest.raises(ApiError) as refused:
        parse_target(path)
    assert refused.value.code == code
