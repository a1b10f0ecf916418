"""`sunwise who-owns SERVICE`: its team, lead and deputy, and whose day it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option, path_part
from sunwise.cli.rota import unit_of, unit_path
from sunwise.cli.rota_jobs import result_of
from sunwise.cli.rota_words import explanation_lines


@click.command("who-owns")
@click.argument("service")
@credentials_option
@told_in_one_sentence
def command(*, service: str, credentials: Path) -> None:
    """Tell who owns SERVICE."""
    client = PeopleClient.of(credentials)
    owned = client.get(f"/owners/{path_part(service)}")
    for line in owner_lines(owned):
        click.echo(line)
    if owned["cannot_be_carried"]:
        for line in missing_lines(client, service):
            click.echo(line)


def missing_lines(client: PeopleClient, service: str) -> Iterator[str]:
    """Who is missing by the rota, which knows exactly, where it can be asked."""
    why = "Asking the rota how many people are missing exactly ..."
    try:
        unit = unit_of(client, service)
        found = result_of(client, unit_path(unit, "explain"), {"at_ns": None}, why=why)
    except (Permanent, Retryable) as fault:
        yield f"How many exactly the rota does not tell now: {fault}"
        return
    yield from explanation_lines(found)


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
    if owned["handoff_age_h"] is not None:
        yield f"Its duty was last accepted {owned['handoff_age_h']} h ago."
    if owned["is_handoff_fresh"] is False:
        yield "Nobody has accepted it in the last day: look at who holds it."
    if owned["cannot_be_carried"]:
        yield f"It cannot be carried: {owned['cannot_be_carried']}."
