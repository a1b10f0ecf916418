"""`sunwise people analyses`: which figures of people may be shown where, and on whose agreement."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option, path_part

_F = TypeVar("_F", bound=Callable[..., object])
_OPTIONS: Final = (
    click.argument("analysis"),
    click.option(
        "--place",
        default="everywhere",
        show_default=True,
        help="everywhere, country:DE (people whose legal seat it is) or hub:ID.",
    ),
    click.option("--reference", required=True, help="Where the agreement can be read."),
    click.option("--agreed-by", required=True, help="Which body, such as a works council."),
    click.option(
        "--agreed-on",
        required=True,
        type=click.DateTime(["%Y-%m-%d"]),
        help="Day of the agreement.",
    ),
)


@click.group("analyses")
def analyses() -> None:
    """Figures of people: list them, allow or forbid them for a legal seat or a hub."""


def _agreement(command: _F) -> _F:
    """Adds what an agreement consists of."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@analyses.command("list")
@credentials_option
@told_in_one_sentence
def listed(*, credentials: Path) -> None:
    """Tell what there is and what was agreed about it."""
    for each in PeopleClient.of(credentials).get("/analyses"):
        for line in analysis_lines(each):
            click.echo(line)


@analyses.command("allow")
@_agreement
@credentials_option
@told_in_one_sentence
def allow(*, credentials: Path, **agreement: Any) -> None:  # noqa: ANN401 - click's options
    """Let ANALYSIS be shown, as was agreed. Somebody else has to approve."""
    _switch(credentials, agreement, is_allowed=True)


@analyses.command("forbid")
@_agreement
@credentials_option
@told_in_one_sentence
def forbid(*, credentials: Path, **agreement: Any) -> None:  # noqa: ANN401 - click's options
    """Let ANALYSIS be shown no more. Somebody else has to approve."""
    _switch(credentials, agreement, is_allowed=False)


def _switch(credentials: Path, agreement: dict[str, Any], *, is_allowed: bool) -> None:
    agreed_on: datetime = agreement["agreed_on"]
    path = f"/analyses/{path_part(agreement['analysis'])}/{path_part(agreement['place'])}"
    content = {
        "is_allowed": is_allowed,
        "reference": agreement["reference"],
        "agreed_by": agreement["agreed_by"],
        "agreed_on": f"{agreed_on:%Y-%m-%d}",
    }
    change = PeopleClient.of(credentials).put(path, content)
    if change["state"] == "proposed":
        click.echo(f"Somebody else has to agree (change {change['id']}): on the page of approvals.")
    else:
        click.echo("It holds from now on; nobody else could have agreed.")


def analysis_lines(listed: dict[str, Any]) -> Iterator[str]:
    """One analysis in words."""
    otherwise = "allowed" if listed["is_allowed_elsewhere"] else "off"
    yield f"{listed['analysis']}: {listed['shows']} ({otherwise} where nothing is agreed)"
    for place in listed["places"]:
        word = "allowed" if place["is_allowed"] else "forbidden"
        said = f"{place['agreed_by']}, {place['reference']}, {place['agreed_on']}"
        yield f"  {place['place']}: {word} ({said})"
