"""`sunwise on-duty SERVICE`: who is on duty, now or at an instant."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

import click

from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option, path_part
from sunwise.contracts.people.directory import Role

_NS: Final = 1_000_000_000
_WORDS: Final = {
    "gap": "nobody: a gap, accepted by {gap_owner}",
    "open gap": "nobody: a gap, which nobody has accepted yet",
    "nobody": "nobody: outside of the hours that the service has",
    "unheld": "nobody: {planned} has not accepted it, and who had it before is released",
    "unknown": "not known: no rota for this service, role and time has been published",
}

_HOW: Final = {
    "planned": "as planned",
    "actual": "took it over",
    "kept": "keeps it until {planned} accepts",
}


@click.command("on-duty")
@click.argument("service")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="primary")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="In your own time zone; now when not given.",
)
@credentials_option
@told_in_one_sentence
def command(*, service: str, role: str, at: datetime | None, credentials: Path) -> None:
    """Tell who is on duty for SERVICE."""
    at_ns = None if at is None else int(at.astimezone().timestamp()) * _NS
    answer = PeopleClient.of(credentials).get(f"/duty/{path_part(service)}", role=role, at_ns=at_ns)
    for line in duty_lines(answer, zone=datetime.now(UTC).astimezone().tzinfo or UTC):  # noqa: TID251 - only its zone is read
        click.echo(line)


def duty_lines(answer: dict[str, Any], *, zone: tzinfo) -> list[str]:
    """The answer in words, times in the reader's zone."""
    person = answer["person"]
    if person is None:
        is_open = answer["standing"] == "gap" and not answer["gap_owner"]
        lines = [_WORDS["open gap" if is_open else answer["standing"]].format(**answer)]
    else:
        word = _HOW[answer["standing"]].format(**answer)
        lines = [f"{person} ({answer['role']}, {word})"]
        since, until = (_local(answer[name], zone) for name in ("since_ns", "until_ns"))
        whose = f"{answer['planned']}'s by plan: " if answer["standing"] == "kept" else ""
        lines.append(f"{whose}since {since}, until {until}")
    if answer["is_stale"]:
        said = f"since {_local(answer['as_of_ns'], zone)}" if answer["as_of_ns"] else "at all"
        lines.append(f"Stale: the rota has not been heard {said}.")
    return lines


def _local(at_ns: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_ns / _NS, zone).strftime("%a %d %b %Y %H:%M %Z")
