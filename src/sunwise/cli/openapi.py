"""`sunwise openapi`: the description of the REST API, as the running gateway serves it."""

import urllib.request
from pathlib import Path
from urllib.error import URLError

import click

from sunwise.chassis.errors import Permanent
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.running import data_option, find_running


class NoAnswer(Permanent):
    """The gateway does not answer; the message says what to do."""


@click.command("openapi")
@data_option
@told_in_one_sentence
def command(data: Path) -> None:
    """Print the OpenAPI description (JSON) of the exchange running on the data folder."""
    url = find_running(data).rest_url + "/openapi.json"
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310 - our own address
            click.echo(reply.read().decode())
    except URLError as error:
        raise NoAnswer(f"{url} does not answer ({error.reason}): see sunwise status.") from error
