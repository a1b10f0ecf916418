"""`sunwise run SERVICE...`: services in this process, until it is told to stop or one fails."""

import sys
from pathlib import Path

import click
import uvloop

from sunwise.chassis.config import read_settings_file
from sunwise.chassis.lifecycle import Service, run_services
from sunwise.chassis.telemetry import start_logging
from sunwise.cli.children import tell_ready
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.place import Place
from sunwise.cli.running import data_option
from sunwise.cli.services import ANSWER, MAKERS

_STOP_S = 8.0


@click.command("run")
@click.argument("services", nargs=-1, required=True, type=click.Choice(list(MAKERS)))
@data_option
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="TOML file.")
@click.option("--log", type=click.Choice(["short", "json"]), default="short", show_default=True)
@told_in_one_sentence
def command(services: tuple[str, ...], data: Path, settings_file: Path | None, log: str) -> None:
    """Run SERVICES in this process. Where the bus is: SUNWISE_BUS_URL and SUNWISE_BUS_KEYS."""
    start_logging(form="json" if log == "json" else "short")
    place = Place(data.absolute(), file=read_settings_file(settings_file))
    sys.exit(uvloop.run(_run(list(services), place)))


async def _run(names: list[str], place: Place) -> int:
    services: list[Service] = [await MAKERS[name](place) for name in names]
    return await run_services(services, on_ready=lambda: tell_ready(ANSWER), stop_timeout_s=_STOP_S)
