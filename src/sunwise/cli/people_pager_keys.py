"""`sunwise people pager-key ...`: keys of those who send alerts, by the people plane's door."""

from pathlib import Path

import click

from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.pager_keys import PagerKeys
from sunwise.cli.people_client import PeopleClient, credentials_option


@click.group("pager-key")
def command() -> None:
    """Keys of those who send alerts to the pagers beside this people plane.

    From anywhere, with your own token. On a pager's machine, without the people plane, and for
    people's keys: sunwise pager new-key.
    """


@command.command("new")
@credentials_option
@click.argument("name")
@click.option("--service", required=True, help="Of its alerts that name none.")
@told_in_one_sentence
def new(*, credentials: Path, name: str, service: str) -> None:
    """Make a key for the sender NAME, and print it once."""
    _keys(credentials).make(name, service)


@command.command("list")
@credentials_option
@told_in_one_sentence
def list_keys(*, credentials: Path) -> None:
    """List the keys in force."""
    _keys(credentials).show()


@command.command("revoke")
@credentials_option
@click.argument("key")
@told_in_one_sentence
def revoke(*, credentials: Path, key: str) -> None:
    """Put the key with the id KEY out of force, at both pagers."""
    _keys(credentials).revoke(key)


def _keys(credentials: Path) -> PagerKeys:
    return PagerKeys(PeopleClient.of(credentials).ask, "/pager/keys")
