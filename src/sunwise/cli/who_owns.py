"""`sunwise who-owns SERVICE`: its team, lead and deputy, and whose day it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option, path_part


@click.command("who-owns")
@click.argument("service")
@credentials_option
@told_in_one_sentence
def command(*, service: str, credentials: Path) -> None:
    """Tell who owns SERVICE."""
    for line in owner_lines(PeopleClient.of(credentials).get(f"/owners/{path_part(service)}")):
        click.echo(line)


def owner_lines(owned: dict[str, Any]) -> Iterator[str]:
    """The answer in words."""
    yield f"{owned['name']} ({owned['tier']}) is owned by {owned['team_name']}."
    for owner in owned["owners"]:
        parts = {"lead": owned["lead"], "deputy": owned["deputy"]}
        part = ", ".join(word for word, who in parts.items() if who == owner["person_id"])
        sky = "day" if owner["is_day"] else "night"
        line = f"  {owner['person_id']:<24} {owner['local_time']:>5} {sky:<5} {owner['zone']}"
        yield f"{line}  ({part})" if part else line
    if not owned["owners"]:
        yield "Nobody at work is in that team: it needs owners."
    elif not any(owner["is_day"] for owner in owned["owners"]):
        yield "It is night for all of them."
    if owned["runbook"]:
        yield f"Runbook: {owned['runbook']}"
