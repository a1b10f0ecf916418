"""How the people plane asks one instance or the other."""

import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.people.pager.client import PagerClient, PagerRefused
from sunwise.people.pager.keys import operator_token
from tests.support.pager_process import free_ports

SECRET = b"shared"


@contextmanager
def instance(status=200, content=None):
    """An instance that answers everything so, and keeps what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nowhere():
    return f"http://127.0.0.1:{free_ports(1)[0]}"


def test_the_other_instance_is_asked_when_the_first_is_silent():
    with instance(content={"ok": 1}) as (url, asked):
        client = PagerClient([nowhere(), url], SECRET)
        assert client.ask("GET", "/v1/pages", person="ana é") == {"ok": 1}
    [(path, headers)] = asked
    assert path == "/v1/pages"
    assert headers["Authorization"] == f"Bearer {operator_token(SECRET)}"
    assert headers["x-sunwise-person"] == "ana%20%C3%A9"


def test_the_other_instance_may_know_what_the_first_does_not():
    with instance(404, {"detail": "no page"}) as (first, _), instance(content=[]) as (second, _):
        assert PagerClient([first, second], SECRET).ask("GET", "/v1/pages/x") == []


def test_a_refusal_is_the_pagers_own_words_and_goes_no_further():
    with instance(422, {"detail": "no such service"}) as (first, _), instance() as (second, asked):
        with pytest.raises(PagerRefused, match="no such service") as refused:
            PagerClient([first, second], SECRET).ask("GET", "/v1/pages")
        assert refused.value.status == 422
        assert asked == []


def test_what_no_instance_knows_is_not_there_even_if_one_is_silent():
    with instance(404, {"detail": "There is no page x."}) as (url, _):
        for urls in ([url, nowhere()], [nowhere(), url]):
            with pytest.raises(PagerRefused, match="no page x"):
                PagerClient(urls, SECRET).ask("GET", "/v1/pages/x")


def test_when_none_answers_it_may_be_asked_again():
    for urls in ([], [nowhere(), nowhere()]):
        with pytest.raises(Retryable, match="no pager"):
            PagerClient(urls, SECRET).ask("GET", "/v1/pages")
    with (
        instance(503, {"detail": "the disk is full"}) as (url, _),
        pytest.raises(Retryable, match="the disk is full"),
    ):
        PagerClient([url], SECRET).ask("GET", "/v1/pages")
