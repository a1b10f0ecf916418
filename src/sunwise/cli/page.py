"""`sunwise page SERVICE "SUMMARY"`: pages whoever is on duty, and tells who that is."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option

_TRIES: Final = 3
_LOOK_S: Final = 0.5
_TOLD_S: Final = 10.0
"""A message that a channel has not taken by then is looked after by the pager, not by this command."""


class NotAnswered(Permanent):
    """Nobody has answered in the time that one would wait."""


@click.command("page")
@click.argument("service", required=False)
@click.argument("summary", required=False)
@click.option("--severity", default="", help="A name of the pager's table; without it the worst.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 86_400),
    default=0.0,
    help="Wait so many seconds until somebody holds it.",
)
@click.option("--test", is_flag=True, help="Only have a test message sent to yourself.")
@credentials_option
@told_in_one_sentence
def command(
    *,
    service: str | None,
    summary: str | None,
    severity: str,
    wait_s: float,
    test: bool,
    credentials: Path,
) -> None:
    """Page whoever is on duty for SERVICE: `sunwise page gateway "Orders are not answered"`."""
    if test == bool(service) or bool(service) != bool(summary):
        raise click.UsageError('Say sunwise page SERVICE "SUMMARY", or sunwise page --test.')
    client = PeopleClient.of(credentials)
    if test:
        page = client.post("/pager/reach-tests", {})["page"]
    else:
        page = _fire(client, {"service": service, "summary": summary, "severity": severity})
    for line in told_lines(_told(client, page), is_test=test):
        click.echo(line)
    if wait_s:
        click.echo(f"{_held(client, page, wait_s, is_test=test)}.")


def _fire(client: PeopleClient, said: dict[str, Any]) -> str:
    """The page; asked again under the same key when no answer came, so it is one however often."""
    wanted = {**said, "key": uuid.uuid4().hex}
    for tries_left in reversed(range(_TRIES)):
        try:
            page: str = client.post("/pager/pages", wanted)["page"]
        except Retryable as fault:
            if not tries_left:
                raise
            time.sleep(fault.after_s)
        else:
            return page
    raise AssertionError("the last try returns or raises")


def _told(client: PeopleClient, page: str) -> dict[str, Any]:
    """The page once somebody was told, or it is known why nobody is."""
    deadline_s = time.monotonic() + _TOLD_S
    while True:
        found: dict[str, Any] = client.get(f"/pager/pages/{page}")
        if _is_told(found) or found["waiting_for"] or time.monotonic() > deadline_s:
            return found
        time.sleep(_LOOK_S)


def _is_told(page: dict[str, Any]) -> bool:
    return any(each["is_sent"] for each in page["told"])


def told_lines(page: dict[str, Any], *, is_test: bool = False) -> Iterator[str]:
    """Who is being paged, and by what."""
    sent = [each for each in page["told"] if each["is_sent"]]
    refused = [each for each in page["told"] if not each["is_sent"]]
    for each in sent:
        yield f"{each['person']} is told by {each['channel']}."
    for each in refused:
        yield f"{each['person']} could not be told by {each['channel']}."
    if not sent and refused:
        yield "No message has reached anybody: the page stands on their Today. The pager goes on trying."
    elif not sent and page["waiting_for"]:
        yield f"Nobody is told yet: {page['waiting_for']}. The pager goes on looking."
    elif not sent:
        yield "No message has gone out yet. The pager goes on trying."
    yield f"Confirm it in the message (page {page['id']})." if is_test else f"Page {page['id']}."


def _held(client: PeopleClient, page: str, wait_s: float, *, is_test: bool) -> str:
    """Who holds it; of a test, that it was confirmed. Raises NotAnswered."""
    deadline_s = time.monotonic() + wait_s
    while time.monotonic() < deadline_s:
        found = client.get(f"/pager/pages/{page}")
        if found["held_by"]:
            return "It was confirmed" if is_test else f"{found['held_by']} holds it"
        time.sleep(_LOOK_S)
    raise NotAnswered(f"Nobody holds page {page} after {wait_s:g} s; the pager goes on.")
