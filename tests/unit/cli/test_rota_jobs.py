"""A job of the rota, followed to its end."""

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.chassis.json_client import RequestRefused
from sunwise.cli import rota_jobs
from sunwise.cli.rota_jobs import NotDone, progress, result_of

JOB = {
    "address": "/people/rota/jobs/0-1",
    "state": "running",
    "elapsed_s": 3.0,
    "expected_s": None,
    "n_done": 0,
    "n_all": 1,
    "n_before": 0,
    "result": None,
    "problem": "",
}


class Server:
    """Answers one after the other; faults are raised."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.ended = False

    def post(self, _path, _content):
        return JOB

    def get(self, path, **_query):
        assert path == JOB["address"]
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return JOB | answer

    def delete(self, _path):
        self.ended = True
        return JOB | {"state": "cancelled"}


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch):
    monkeypatch.setattr(rota_jobs, "sleep", lambda _seconds: None)


def ask(server):
    return result_of(server, "/plan", {}, why="Planning ...")


def test_a_job_is_followed_until_its_result_is_there():
    assert ask(Server({}, {"state": "done", "result": 7})) == 7


def test_a_failed_job_says_why():
    with pytest.raises(NotDone, match="plan it anew"):
        ask(Server({"state": "failed", "problem": "plan it anew."}))


def test_a_server_that_starts_anew_is_waited_for_and_its_word_counts():
    gone = Retryable("does not answer")
    assert ask(Server(gone, gone, {"state": "done", "result": 7})) == 7
    with pytest.raises(RequestRefused, match="anew"):
        ask(Server(gone, RequestRefused(404, "This job ended when the server was started anew.")))
    with pytest.raises(Retryable):
        ask(Server(*[gone] * 40))


def test_interrupting_ends_the_job():
    server = Server(KeyboardInterrupt())
    with pytest.raises(NotDone, match="look at the rota as it is"):
        ask(server)
    assert server.ended


def test_how_far_it_is_in_words():
    assert progress(JOB) == "3 s"
    far = {"expected_s": 12.4, "n_done": 1, "n_all": 3, "n_before": 2}
    said = "3 s of about 12 s (1 of 3 rotas) (asked for earlier, and not over: 2)"
    assert progress(JOB | far) == said
