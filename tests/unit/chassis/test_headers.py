import pytest

from sunwise.chassis.bus.headers import encode_headers, header, server_header, status


def test_headers_read_back():
    raw = encode_headers({"Build": "a b", "Nats-Sequence": "7", "Empty": ""})
    assert raw == b"NATS/1.0\r\nBuild: a b\r\nNats-Sequence: 7\r\nEmpty: \r\n\r\n"
    assert [header(raw, name) for name in (b"Build", b"Empty", b"Sequence", b"build")] == [
        b"a b",
        b"",
        None,
        None,
    ]
    assert header(b"", b"Build") is None


def test_the_servers_word_is_the_last_one():
    raw = b"NATS/1.0\r\nNats-Sequence: 1\r\nNats-Sequence: 301\r\n\r\n"
    assert server_header(raw, b"Nats-Sequence") == b"301"
    assert header(raw, b"Nats-Sequence") == b"1"
    assert server_header(raw, b"Nats-Stream") is None


@pytest.mark.parametrize("name", ["a:b", "a\r\nb", "a\n"])
def test_a_name_cannot_smuggle_a_line(name: str):
    with pytest.raises(ValueError, match="newline"):
        encode_headers({name: "x"})


@pytest.mark.parametrize("value", ["x\r\nNats-Sequence: 9", "x\n"])
def test_a_value_cannot_smuggle_a_line(value: str):
    with pytest.raises(ValueError, match="newline"):
        encode_headers({"a": value})


def test_an_inline_status_is_read():
    assert status(b"NATS/1.0 503\r\n\r\n") == 503
    assert status(b"NATS/1.0 100 Idle Heartbeat\r\nA: b\r\n\r\n") == 100
    assert status(b"NATS/1.0\r\nA: b\r\n\r\n") == 0
