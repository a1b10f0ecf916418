"""`sunwise people pager-key ...`: keys of those who send alerts, by the people plane's door."""

from pathlib import Path

import click

from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option, path_part


@click.group("pager-key")
def command() -> None:
    """Keys of those who send alerts to the pagers beside this people plane."""


@command.command("new")
@credentials_option
@click.argument("name")
@click.option("--service", required=True, help="Of its alerts that name none.")
@told_in_one_sentence
def new(*, credentials: Path, name: str, service: str) -> None:
    """Make a key for the sender NAME, and print it once."""
    made = PeopleClient.of(credentials).post("/pager/keys", {"name": name, "service": service})
    click.echo(f"{made['key']}  (key {made['id']}; it is not shown again)")


@command.command("list")
@credentials_option
@told_in_one_sentence
def list_keys(*, credentials: Path) -> None:
    """List the keys in force."""
    for key in PeopleClient.of(credentials).get("/pager/keys"):
        what = f"sender, for {key['service']}" if key["service"] else "person"
        click.echo(f"{key['id']}  {key['name']}  ({what})")


@command.command("revoke")
@credentials_option
@click.argument("key")
@told_in_one_sentence
def revoke(*, credentials: Path, key: str) -> None:
    """Put the key with the id KEY out of force, at both pagers."""
    PeopleClient.of(credentials).delete(f"/pager/keys/{path_part(key)}")
    click.echo("revoked")
