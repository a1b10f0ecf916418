"""`sunwise handoff`: what one holds and what waits; read a note, write it, accept a duty."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

import click

from sunwise.chassis.errors import Permanent
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option, path_part
from sunwise.daylight.zones import local

_ID_LENGTH: Final = 20
_PATH: Final = "/people/handoffs"
_TITLES: Final = {
    "open-incidents": "Open incidents",
    "closed-incidents": "Closed incidents",
    "alerts": "Alerts",
    "changes": "Changes",
    "approvals": "Open approvals",
    "objectives": "Objectives",
    "risks": "Coming risks",
    "notes": "Notes",
}
_name = click.argument("handoff", default="")


class NotOneHandoff(Permanent):
    """Nothing is meant by what was typed, or more than one thing; the message says what there is."""


class NotAccepted(Permanent):
    """Nobody has said yes."""


@click.group(invoke_without_command=True)
@credentials_option
@click.pass_context
def command(context: click.Context, *, credentials: Path) -> None:
    """What you hold and what waits for you. HANDOFF is its id or the beginning of it."""
    if context.invoked_subcommand is None:
        context.invoke(show, credentials=credentials)


@command.command()
@credentials_option
@told_in_one_sentence
def show(*, credentials: Path) -> None:
    """Tell what you hold now, what you hand over and what waits for you."""
    client = PeopleClient.of(credentials)
    for line in (*held_lines(client.get("/pages/today")), *row_lines(client.get(_PATH))):
        click.echo(line)


@command.command()
@_name
@credentials_option
@told_in_one_sentence
def draft(*, handoff: str, credentials: Path) -> None:
    """Show the note of HANDOFF: what happened, each with its evidence, and what was written."""
    client = PeopleClient.of(credentials)
    for line in page_lines(page_of(client, handoff)):
        click.echo(line)


@command.command()
@_name
@click.option("--text", help="The note, in Markdown; without it an editor opens.")
@click.option(
    "--file", type=click.File(encoding="utf-8"), help="A file with the note; - for input."
)
@credentials_option
@told_in_one_sentence
def edit(*, handoff: str, text: str | None, file: TextIO | None, credentials: Path) -> None:
    """Write the next version of the note of HANDOFF, on top of the one there is."""
    client = PeopleClient.of(credentials)
    page = page_of(client, handoff, why="edit")
    if file is not None:
        text = file.read()
    elif text is None:
        text = click.edit(page["note_text"], extension=".md")
    if text is None or text == page["note_text"]:
        click.echo("Nothing was changed.")
        return
    content = {"text": text, "read_version": page["note_version"]}
    written = client.put(f"{_PATH}/{page['id']}/note", content)
    click.echo(f"Version {written['version']} of the note is written.")


@command.command()
@_name
@click.option("--yes", is_flag=True, help="Accept without being asked again.")
@credentials_option
@told_in_one_sentence
def accept(*, handoff: str, yes: bool, credentials: Path) -> None:
    """Read the note of HANDOFF, then take the duty over."""
    client = PeopleClient.of(credentials)
    page = page_of(client, handoff, why="accept")
    for line in page_lines(page):
        click.echo(line)
    if not page["accept"]["is_allowed"]:
        raise NotAccepted(page["accept"]["why_not"])
    if not yes:
        _demand_yes(page)
    content = {"read_version": page["note_version"]}
    taken = client.post(f"{_PATH}/{page['id']}/accept", content)
    is_held = taken["holder"] is not None and taken["holder"]["id"] == taken["accepted_by"]["id"]
    begins = "now" if is_held else _both(taken["at"])
    click.echo(f"You hold it from {begins} until {_both(taken['until'])}.")


@command.command()
@click.argument("service")
@credentials_option
@told_in_one_sentence
def history(*, service: str, credentials: Path) -> None:
    """Show the handoffs of SERVICE in the last four weeks, the newest first."""
    rows = PeopleClient.of(credentials).get(f"{_PATH}/of/{path_part(service)}")
    for line in history_lines(rows, service):
        click.echo(line)


def page_of(client: PeopleClient, name: str, *, why: str = "") -> dict[str, Any]:
    """The handoff of this id or beginning; without one, the only one meant. Raises NotOneHandoff.

    `why`: accept means those that wait for the reader, edit those that they hand over.
    """
    if len(name) != _ID_LENGTH:
        name = _the_one(client, name, why)
    page: dict[str, Any] = client.get(f"{_PATH}/{path_part(name)}")
    return page


def _the_one(client: PeopleClient, name: str, why: str) -> str:
    rows = client.get(_PATH)
    you = client.get("/me")["person_id"]
    found = [row for row in rows if row["id"].startswith(name)]
    if not name and why == "accept":
        found = [row for row in rows if row["waits_for_you"]]
    elif not name and why == "edit":
        found = [row for row in rows if row["outgoing"]["id"] == you][:1]
    if len(found) == 1:
        return str(found[0]["id"])
    what = f"begins with {name!r}" if name else f"is the one to {why or 'show'}"
    known = ", ".join(f"{row['id']} ({_duty(row)})" for row in found or rows) or "none"
    raise NotOneHandoff(f"Not just one of your handoffs {what}: there are {known}.")


def held_lines(today: dict[str, Any]) -> Iterator[str]:
    """What the reader is on duty for now, times in their zone and the other's beside."""
    zone, now_ns = today["you"]["zone"], today["now_ns"]
    held = [s for s in today["shifts"] if s["since_ns"] <= now_ns < s["until_ns"]]
    for shift in held:
        after = shift["after"]
        until = _clock(shift["until_ns"], zone)
        line = f"You hold {_duty(shift)} until {until}"
        if after is not None:
            beside = _clock(shift["until_ns"], after["zone"])
            line = f"{line} ({beside}), then {after['name']}"
        yield f"{line}."
    if not held:
        yield "You hold no duty now."


def row_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """What is open for the reader, what waits for them first."""
    for row in sorted(rows, key=lambda row: not row["waits_for_you"]):
        names = f"{row['outgoing']['name']} to {row['incoming']['name']}"
        yield f"{row['id']}  {_duty(row)}, {names}, {_both(row['at'])}: {row['state']}"
        if row["waits_for_you"]:
            yield f"  waits for you: sunwise handoff accept {row['id'][:8]}"
    if not rows:
        yield "No handoff is yours to give or to take."


def history_lines(rows: list[dict[str, Any]], service: str) -> Iterator[str]:
    """Each handoff in a line."""
    for row in rows:
        taken = row["accepted_by"]
        whom = f"accepted by {taken['name']}" if taken else row["state"]
        names = f"{row['outgoing']['name']} to {row['incoming']['name']}"
        yield f"{row['id']}  {row['at']['yours']}  {row['role']:<9}  {names}: {whom}"
    if not rows:
        yield f"{service} was not handed over in the last four weeks."


def page_lines(page: dict[str, Any]) -> Iterator[str]:
    """A handoff, whole."""
    yield f"{_duty(page)}: {page['outgoing']['name']} hands over to {page['incoming']['name']}"
    yield f"  at {_both(page['at'])}, {page['state']}"
    if page["accepted_by"] is not None:
        yield f"  accepted by {page['accepted_by']['name']}"
    elif page["next_step"] is not None:
        yield f"  the next one is asked at {_both(page['next_step'])}"
    for part in page["parts"]:
        yield from _part_lines(part)
    yield f"Written (version {page['note_version']}):"
    yield from (f"  {line}" for line in (page["note_text"] or "nothing yet").splitlines())


def _part_lines(part: dict[str, Any]) -> Iterator[str]:
    title = _TITLES.get(part["section"], part["section"])
    if not part["is_known"]:
        yield f"{title}: not known, whoever knows could not be asked."
    elif not part["lines"]:
        return
    else:
        yield f"{title}:"
    for line in part["lines"]:
        mark = "still open: " if line["is_open"] else ""
        yield f"  {_both(line['at'])}  {mark}{line['text']}"
        yield f"    {line['evidence_url'] or line['evidence_kind'] + ' ' + line['evidence_ref']}"


def _demand_yes(page: dict[str, Any]) -> None:
    """Returns once somebody at a terminal has said yes. Raises NotAccepted."""
    if not sys.stdin.isatty():
        raise NotAccepted("Nobody can be asked here: read the note above, then add --yes.")
    if not click.confirm(f"Take {_duty(page)} over until {page['until']['yours']}?"):
        raise NotAccepted("You have not accepted it: nothing was changed.")


def _duty(row: dict[str, Any]) -> str:
    return f"{', '.join(row['services'])} ({row['role']})"


def _both(time: dict[str, Any]) -> str:
    """An instant in the reader's zone, the other's beside it."""
    if time["yours"] == time["theirs"]:
        return str(time["yours"])
    return f"{time['yours']} ({time['theirs']})"


def _clock(at_ns: int, zone: str) -> str:
    return f"{local(at_ns, zone):%a %Y-%m-%d %H:%M} {zone}"
