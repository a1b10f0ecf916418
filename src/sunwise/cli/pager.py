"""`sunwise pager`: runs an instance of the pager, and makes the keys that senders and people use."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sunwise.chassis.clock import Clock
from sunwise.chassis.config import load_settings, read_settings_file
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.place import clock_of

if TYPE_CHECKING:
    from sunwise.cli.pager_keys import PagerKeys
    from sunwise.people.pager.service import PagerSettings

_MAX_BODY: Final = 4 * 1_048_576  # an Alertmanager group of thousands
_STOP_S: Final = 8.0
_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("pager-data"),
    show_default=True,
    help="The instance's own folder.",
)
_settings = click.option(
    "--settings", "settings_file", type=click.Path(path_type=Path), help="TOML file."
)


@click.group("pager")
def command() -> None:
    """Page whoever is on duty. Two of these, on two machines, need nothing else."""


@command.command("run")
@_data
@_settings
@click.option("--log", type=click.Choice(["short", "json"]), default="short", show_default=True)
@told_in_one_sentence
def run(data: Path, settings_file: Path | None, log: str) -> None:
    """Run one instance."""
    from sunwise.chassis.telemetry import start_logging

    if sys.modules.get("aiohttp", sys) is None:  # forbidden for nats-py's sake, which is not here
        del sys.modules["aiohttp"]
    # httpcore looks for it on the whole path at every lock, and needs none (tests/unit/pager/test_sniffio.py).
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None: it is not there
    start_logging(form="json" if log == "json" else "short")
    clock = clock_of(read_settings_file(settings_file))
    sys.exit(asyncio.run(_run(data, _load(settings_file), clock)))


async def _run(data: Path, settings: "PagerSettings", clock: Clock) -> int:
    from sunwise.chassis.children import tell_ready
    from sunwise.chassis.data_folder import open_data_folder
    from sunwise.chassis.http import HttpLimits, HttpServer
    from sunwise.chassis.http.asgi import AsgiBridge
    from sunwise.chassis.lifecycle import run_services
    from sunwise.cli.hosted import Hosted, Ready
    from sunwise.people.pager.api import pager_api
    from sunwise.people.pager.bugs import alone
    from sunwise.people.pager.receivers import Receivers
    from sunwise.people.pager.service import PagerService

    with open_data_folder(data) as folder:
        public_url = settings.public_url or settings.own_url
        pager = PagerService(folder.path, clock=clock, settings=settings, public_url=public_url)
        door = Receivers(
            pager.instance,
            secret=pager.secret,
            rates=pager.rates,
            pages=AsgiBridge(alone(pager_api(pager))),
        )
        server = HttpServer(
            door,
            host=settings.host,
            port=settings.port,
            limits=HttpLimits(max_body_bytes=_MAX_BODY),
            tls=(settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None,
        )

        async def work(ready: Ready) -> None:
            await server.start()
            try:
                await pager.run(ready)
            finally:
                await server.stop()

        return await run_services(
            [Hosted("pager", work)], on_ready=lambda: tell_ready({}), stop_timeout_s=_STOP_S
        )


@command.command("new-key")
@click.argument("name")
@click.option(
    "--service", default="", help="Of its alerts that name none. Without: a person's key."
)
@_data
@_settings
@told_in_one_sentence
def new_key(name: str, service: str, data: Path, settings_file: Path | None) -> None:
    """Make a key for the sender or person NAME, and print it once.

    On this instance's own machine, with its own secret. From elsewhere, for a sender: sunwise
    people pager-key new.
    """
    _keys(data, settings_file).make(name, service)


@command.command("keys")
@_data
@_settings
@told_in_one_sentence
def keys(data: Path, settings_file: Path | None) -> None:
    """List the keys in force."""
    _keys(data, settings_file).show()


@command.command("revoke-key")
@click.argument("key")
@_data
@_settings
@told_in_one_sentence
def revoke_key(key: str, data: Path, settings_file: Path | None) -> None:
    """Put the key with the id KEY out of force, at both instances."""
    _keys(data, settings_file).revoke(key)


@command.command("metrics-token")
@_data
@_settings
@told_in_one_sentence
def token_of_metrics(data: Path, settings_file: Path | None) -> None:
    """Print the token with which Prometheus reads `/metrics` of both instances."""
    from sunwise.people.pager.keys import metrics_token
    from sunwise.people.pager.service import secret_of

    click.echo(metrics_token(secret_of(data, _load(settings_file))))


def _load(settings_file: Path | None) -> "PagerSettings":
    from sunwise.people.pager.service import PagerSettings

    return load_settings(PagerSettings, "pager", file=read_settings_file(settings_file))


def _keys(data: Path, settings_file: Path | None) -> "PagerKeys":
    """Those of the instance of this folder. Raises SecretUnusable."""
    from sunwise.cli.pager_keys import PagerKeys
    from sunwise.people.pager.client import PagerClient
    from sunwise.people.pager.service import secret_of

    settings = _load(settings_file)
    secret = secret_of(data, settings)
    pager = PagerClient([settings.own_url], secret, certificate=settings.tls_certificate)
    return PagerKeys(pager.ask, "/v1/keys")
