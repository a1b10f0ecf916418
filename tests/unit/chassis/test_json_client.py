"""JSON asked of a server: what may come back, and what each fault tells the caller to do."""

import socket
import threading
from contextlib import contextmanager

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.chassis.json_client import AnswerUnusable, JsonClient, RequestRefused, first_answer
from tests.support.pager_process import free_ports
from tests.support.toy_http import answering


def asked_of(*answer, **more):
    with answering(*answer, **more) as (url, _):
        return JsonClient(url, "secret").ask("GET", "/x")


def nowhere() -> str:
    return f"http://127.0.0.1:{free_ports(1)[0]}"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_request_carries_the_secret_and_the_answer_is_read(method):
    with answering(200, {"n": 1}) as (url, asked):
        answer = JsonClient(f"{url}/", "secret").ask(method, "/x?a=1", {}, headers={"x-for": "ana"})
    assert answer == {"n": 1}
    [(verb, path, headers)] = asked
    assert (verb, path) == (method, "/x?a=1")
    assert (headers["authorization"], headers["x-for"]) == ("Bearer secret", "ana")
    assert headers["content-type"] == "application/json"


def test_an_empty_answer_is_none():
    assert asked_of(200, b"") is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"detail": "Bo holds it."}, "Bo holds it."),
        ({"detail": {"why": "held", "what": "Bo holds it."}}, "Bo holds it."),
        ({"detail": [{"loc": "x"}]}, '[{"loc":"x"}]'),
        (b"<h1>No</h1>", "<h1>No</h1>"),
        (b"x" * 100_000, "x" * 1_000),
        ({"detail": "x" * 9_999}, "x" * 1_000),
        (b"[" * 9_999, "[" * 1_000),
        (b"", "Conflict"),
    ],
)
def test_a_refusal_is_the_servers_own_sentence(said, told):
    with pytest.raises(RequestRefused) as refused:
        asked_of(409, said)
    assert (str(refused.value), refused.value.status) == (told, 409)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(("wait", "after_s"), [("7", 7), ("soon", 1), (None, 1), ("9" * 400, 60)])
def test_what_a_server_cannot_do_now_it_may_do_later(status, wait, after_s):
    with pytest.raises(Retryable, match="the disk is full") as fault:
        asked_of(
            status,
            {"detail": "the disk is full"},
            headers={"retry-after": wait} if wait else {},
        )
    assert fault.value.after_s == after_s


@pytest.mark.parametrize("body", [b"<h1>Log in</h1>", b'{"n": 1', b"\xff", b'"\xff"', b"[" * 9_999])
def test_an_answer_that_is_no_json_is_told_as_such(body):
    with pytest.raises(AnswerUnusable, match="does not answer in JSON"):
        asked_of(200, body)


def test_an_answer_is_read_up_to_its_limit_and_no_further():
    with answering(200, b"[" + b" " * 98 + b"]") as (url, _):
        assert JsonClient(url, "secret", max_bytes=100).ask("GET", "/") == []
        with pytest.raises(AnswerUnusable, match="more than 99 bytes"):
            JsonClient(url, "secret", max_bytes=99).ask("GET", "/")


def test_an_answer_that_ends_in_the_middle_may_be_asked_for_again():
    with pytest.raises(Retryable, match="ends in the middle"):
        asked_of(200, b"[1]", headers={"content-length": "9"})


def test_who_does_not_listen_may_be_asked_later():
    with pytest.raises(Retryable, match=r"127\.0\.0\.1:\d+ does not answer: .*refused"):
        JsonClient(nowhere(), "secret").ask("GET", "/")


def test_who_says_nothing_in_time_may_be_asked_later():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = JsonClient(f"http://127.0.0.1:{silent.getsockname()[1]}", "secret")
        with pytest.raises(Retryable, match="timed out"):
            client.ask("GET", "/", timeout_s=0.05)


@contextmanager
def trickling(head: bytes, drop: bytes, times: int, every_s: float = 0.02):
    """The address of a server that goes on saying a little, and keeps the connection open."""
    asked_enough = threading.Event()

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(head)
            for _ in range(times):
                if asked_enough.wait(every_s):
                    return
                connection.sendall(drop)
            asked_enough.wait()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            asked_enough.set()
            thread.join()


def test_an_answer_may_not_trickle_for_ever():
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"
    with trickling(head, b" ", 500) as url, pytest.raises(Retryable, match="too slowly"):
        JsonClient(url, "secret", timeout_s=0.05).ask("GET", "/")


def test_a_refusal_whose_words_do_not_come_is_the_fault_that_its_status_says():
    busy = b"HTTP/1.1 503 Busy\r\ncontent-length: 99\r\n\r\n"
    with trickling(busy, b"", 0) as first, answering(200, 2) as (second, _):
        clients = [JsonClient(url, "secret", timeout_s=0.05) for url in (first, second)]
        assert first_answer(clients, lambda each: each.ask("GET", "/")) == 2
    gone = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 99\r\n\r\n"
    with trickling(gone, b"", 0) as url, pytest.raises(RequestRefused, match="Forbidden"):
        JsonClient(url, "secret", timeout_s=0.05).ask("GET", "/")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_secret_does_not_follow_a_redirect(status):
    with (
        answering(200, {}) as (elsewhere, asked),
        pytest.raises(RequestRefused, match=f"points to {elsewhere}"),
    ):
        asked_of(status, {}, headers={"location": elsewhere})
    assert asked == []


def test_the_secret_goes_through_no_proxy_unless_it_may(monkeypatch):
    with answering(200, "the proxy") as (proxy, asked), answering(200, "itself") as (url, _):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        assert JsonClient(url, "secret").ask("GET", "/") == "itself"
        assert asked == []
        assert JsonClient(url, "secret", is_direct=False).ask("GET", "/") == "the proxy"


def test_the_first_of_several_that_answers_is_taken():
    with answering(404, {"detail": "no page"}) as (first, _), answering(200, 2) as (second, _):
        clients = [JsonClient(url, "secret") for url in (nowhere(), first, second)]
        assert first_answer(clients, lambda each: each.ask("GET", "/")) == 2
        with pytest.raises(RequestRefused, match="no page"):
            first_answer(clients[:2], lambda each: each.ask("GET", "/"))
        with pytest.raises(Retryable, match="does not answer"):
            first_answer(clients[:1], lambda each: each.ask("GET", "/"))
    with answering(200, b"<") as (broken, _), answering(200, 3) as (whole, _):
        clients = [JsonClient(url, "secret") for url in (broken, whole)]
        assert first_answer(clients, lambda each: each.ask("GET", "/")) == 3
