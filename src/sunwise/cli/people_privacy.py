"""`sunwise people export` and `erase`: all that is held of somebody, and the end of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option, path_part


@click.command("export")
@click.argument("person")
@credentials_option
@told_in_one_sentence
def export(*, person: str, credentials: Path) -> None:
    """Print all that every service holds of PERSON, as JSON, with why and how long."""
    found = PeopleClient.of(credentials).get(f"/privacy/people/{path_part(person)}")
    click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    for name, part in found["services"].items():
        if "unanswered" in part:
            click.echo(f"Not whole: {name} did not answer ({part['unanswered']}).", err=True)


@click.command("erase")
@click.argument("person")
@credentials_option
@told_in_one_sentence
def erase(*, person: str, credentials: Path) -> None:
    """Erase PERSON everywhere, for good. Somebody else has to agree."""
    client = PeopleClient.of(credentials)
    change = client.delete(f"/privacy/people/{path_part(person)}")
    if change["state"] == "proposed":
        click.echo(f"Somebody else has to agree (change {change['id']}): on the page of approvals.")
    else:
        click.echo("It has begun; nobody else could have agreed.")
    click.echo("How far it is: sunwise people erasures")


@click.command("erasures")
@credentials_option
@told_in_one_sentence
def erasures(*, credentials: Path) -> None:
    """Tell of each erasure what is gone, what remains and why, and what it waits for."""
    found = PeopleClient.of(credentials).get("/privacy/erasures")
    for each in found:
        for line in erasure_lines(each):
            click.echo(line)
    if not found:
        click.echo("Nobody was erased.")


def erasure_lines(erasure: dict[str, Any]) -> Iterator[str]:
    """One erasure in words."""
    state = "done" if erasure["done_ns"] else f"of {erasure['person']}, round {erasure['round']}"
    yield f"Erasure {erasure['id']}: {state}"
    for step in erasure["steps"]:
        gone = ", ".join(f"{count} in {table}" for table, count in step["gone"].items())
        yield f"  {step['holder']}: {gone or 'nothing was there'}"
        for table, why in step["remains"].items():
            yield f"    remains in {table}: {why}"
        if step["waits"]:
            yield f"    waits: {step['waits']}"
