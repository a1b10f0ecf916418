"""How the people plane asks one instance or the other."""

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.chassis.json_client import RequestRefused
from sunwise.people.pager.client import PagerClient
from sunwise.people.pager.keys import operator_token
from tests.support.pager_process import free_ports
from tests.support.toy_http import answering

SECRET = b"shared"


def nowhere():
    return f"http://127.0.0.1:{free_ports(1)[0]}"


def test_the_other_instance_is_asked_when_the_first_is_silent():
    with answering(content={"ok": 1}) as (url, asked):
        client = PagerClient([nowhere(), url], SECRET)
        assert client.ask("GET", "/v1/pages", person="ana é") == {"ok": 1}
    [(_, path, headers)] = asked
    assert path == "/v1/pages"
    assert headers["Authorization"] == f"Bearer {operator_token(SECRET)}"
    assert headers["x-sunwise-person"] == "ana%20%C3%A9"


def test_the_other_instance_may_know_what_the_first_does_not():
    with answering(404, {"detail": "no page"}) as (first, _), answering(content=[]) as (second, _):
        assert PagerClient([first, second], SECRET).ask("GET", "/v1/pages/x") == []


def test_a_refusal_is_the_pagers_own_words_and_goes_no_further():
    with (
        answering(422, {"detail": "no such service"}) as (first, _),
        answering() as (second, asked),
    ):
        with pytest.raises(RequestRefused, match="no such service") as refused:
            PagerClient([first, second], SECRET).ask("GET", "/v1/pages")
        assert refused.value.status == 422
        assert asked == []


def test_what_no_instance_knows_is_not_there_even_if_one_is_silent():
    with answering(404, {"detail": "There is no page x."}) as (url, _):
        for urls in ([url, nowhere()], [nowhere(), url]):
            with pytest.raises(RequestRefused, match="no page x"):
                PagerClient(urls, SECRET).ask("GET", "/v1/pages/x")


def test_when_none_answers_it_may_be_asked_again():
    for urls in ([], [nowhere(), nowhere()]):
        with pytest.raises(Retryable, match=r"no pager|does not answer"):
            PagerClient(urls, SECRET).ask("GET", "/v1/pages")
    with (
        answering(503, {"detail": "the disk is full"}) as (url, _),
        pytest.raises(Retryable, match="the disk is full"),
    ):
        PagerClient([url], SECRET).ask("GET", "/v1/pages")
