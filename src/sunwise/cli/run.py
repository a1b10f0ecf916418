"""`sunwise run SERVICE...`: services in this process, until it is told to stop or one fails."""

import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import Final

import click
import uvloop

from sunwise.chassis.children import tell_ready
from sunwise.chassis.config import read_settings_file
from sunwise.chassis.lifecycle import Service, run_services
from sunwise.chassis.telemetry import start_logging
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.place import MetricsSettings, Place
from sunwise.cli.running import data_option
from sunwise.cli.services import ANSWER, MAKERS

_STOP_S: Final = 8.0
_BEHIND: Final = frozenset({"market_data", "accounts", "history", "desk", "liquidity"})
"""What no order waits for. A process of these alone leaves the cores to the order path."""
_NICENESS: Final = 10
_GC_THRESHOLDS: Final = (10_000, 20, 20)
"""Objects made before a collection, and collections before an older generation's. By default a
gateway at 8,000 orders/s has one of everything every few seconds."""


@click.command("run")
@click.argument("services", nargs=-1, required=True, type=click.Choice(list(MAKERS)))
@data_option
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="TOML file.")
@click.option("--log", type=click.Choice(["short", "json"]), default="short", show_default=True)
@told_in_one_sentence
def command(services: tuple[str, ...], data: Path, settings_file: Path | None, log: str) -> None:
    """Run SERVICES in this process. Where the bus is: SUNWISE_BUS_URL and SUNWISE_BUS_KEYS."""
    start_logging(form="json" if log == "json" else "short")
    if _BEHIND.issuperset(services):
        _give_way()
    place = Place(data.absolute(), file=read_settings_file(settings_file))
    sys.exit(uvloop.run(_run(list(services), place)))


def _give_way() -> None:
    os.nice(_NICENESS)
    if os.getsid(0) == os.getpid():  # else the group is that of whoever started us
        with contextlib.suppress(OSError):  # Linux weighs sessions first, where autogroups are on
            Path("/proc/self/autogroup").write_text(str(_NICENESS), "utf-8")


async def _run(names: list[str], place: Place) -> int:
    services = [await MAKERS[name](place) for name in names]
    return await run_services(
        [*_metrics(place), *services], on_ready=_be_ready, stop_timeout_s=_STOP_S
    )


def _metrics(place: Place) -> list[Service]:
    """The service that serves this process's metrics, where it has a port."""
    service = place.settings(MetricsSettings, "metrics").service(place.data)
    return [service] if service is not None else []


def _be_ready() -> None:
    """Says so. What the start has made stays: no collection looks at it again, 20-100 ms a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    tell_ready(ANSWER)
