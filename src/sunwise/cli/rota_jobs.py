"""Jobs of the rota as the command line follows them: a line that says how far it is, Ctrl-C ends it."""

from contextlib import suppress
from time import sleep
from typing import Any, Final

from rich.console import Console

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.json_client import RequestRefused
from sunwise.cli.people_client import PeopleClient
from sunwise.cli.terminal import Terminal

_STEP_S: Final = 1.0
_MOST_UNANSWERED: Final = 30
"""So often in a row the server may not answer: it may be starting anew."""
_UNSAID: Final = "It is being ended: look at the rota as it is then, and ask again."
"""Where the server does not say what became of it within its moment, or at all."""


class NotDone(Permanent):
    """The job has no result; the message says why and what to do."""


def result_of(client: PeopleClient, path: str, content: object, *, why: str) -> Any:  # noqa: ANN401 - JSON
    """What the job that this asks for comes to. Raises NotDone, RequestRefused and Retryable."""
    job = client.post(path, content)
    try:
        with Terminal(Console(stderr=True, highlight=False)).waiting(why) as told:
            while job["state"] == "running":
                told(progress(job))
                job = _later(client, job)
    except KeyboardInterrupt:
        with suppress(RequestRefused, Retryable):
            job = client.delete(job["address"])
    if job["state"] == "done":
        return job["result"]
    raise NotDone(job["problem"] or _UNSAID)


def progress(job: dict[str, Any]) -> str:
    """How far it is, in words."""
    words = [f"{job['elapsed_s']:.0f} s"]
    if job["expected_s"]:
        words.append(f"of about {job['expected_s']:.0f} s")
    if job["n_all"] > 1:
        words.append(f"({job['n_done']} of {job['n_all']} rotas)")
    if job["n_before"]:
        words.append(f"(asked for earlier, and not over: {job['n_before']})")
    return " ".join(words)


def _later(client: PeopleClient, job: dict[str, Any]) -> dict[str, Any]:
    """The job a second later, or when it is over. A server that starts anew has lost it."""
    for _ in range(_MOST_UNANSWERED - 1):
        with suppress(Retryable):
            found: dict[str, Any] = client.get(job["address"], wait_s=_STEP_S)
            return found
        sleep(_STEP_S)
    return dict(client.get(job["address"], wait_s=_STEP_S))
