"""`sunwise settle`: replicas that differed are counted anew, after somebody has found out why."""

import asyncio
import re
from pathlib import Path

import click

from sunwise.chassis.bus import Bus
from sunwise.chassis.config import read_settings_file
from sunwise.cli.exchange import SHARD
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.grants import OPERATOR_USER
from sunwise.cli.operator import Operator
from sunwise.cli.place import Place
from sunwise.cli.running import NotRunning, data_option, find_running
from sunwise.contracts.exchange.accounts import Position
from sunwise.exchange.engine.dissent import Dissents, settle


class MessageName(click.ParamType[Position]):
    """An event message as sentences name it: `812.0` is part 0 of batch 812."""

    name = "A.0"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Position:
        """Its position."""
        found = re.fullmatch(r"([1-9]\d{0,18})\.(\d{1,9})", value)
        if found is None:
            self.fail(f"{value!r} is no event message: write it as the logs do, 812.0", param, ctx)
        return Position(command_seq=int(found[1]), part=int(found[2]))


@click.command("settle")
@data_option
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="TOML file.")
@click.option(
    "--rebuilt-from",
    type=MessageName(),
    help="What is stored from this event message on was wrong, was taken out and is computed again: "
    "what the clock saw of it counts for nothing.",
)
@told_in_one_sentence
def command(data: Path, settings_file: Path | None, rebuilt_from: Position | None) -> None:
    """Let a shard go on that halted because most replicas differ from what is stored.

    Find out first who is right, and mend or replace what is wrong (runbook: replica diverged): a
    replica that still differs says so again, and the shard halts again. Asks the exchange that runs
    on the data folder, else the bus that SUNWISE_BUS_URL and SUNWISE_BUS_KEYS name.
    """
    for line in lines(asyncio.run(_settle(data.absolute(), settings_file, rebuilt_from))):
        click.echo(line)


def lines(dissents: Dissents) -> list[str]:
    """What was settled, a line an event message."""
    if not dissents:
        return ["Nothing to settle: no replica has said that it differs."]
    settled = []
    for point, said in sorted(dissents.items()):
        place = f"{point.position.command_seq}.{point.position.part}"
        who = ", ".join(f"{each.replica} (build {each.build})" for each in sorted(said))
        settled.append(f"Settled: event message {place}, where replicas {who} differed.")
    return [*settled, "Start the replicas now."]


async def _settle(
    data: Path, settings_file: Path | None, rebuilt_from: Position | None
) -> Dissents:
    bus = await _connect(data, settings_file)
    try:
        return await settle(bus, SHARD, rebuilt_from=rebuilt_from)
    finally:
        await bus.close()


async def _connect(data: Path, settings_file: Path | None) -> Bus:
    try:
        running = find_running(data)
    except NotRunning:
        place = Place(data, file=read_settings_file(settings_file))
        return await place.connect(OPERATOR_USER)
    return (await Operator.connect(running)).bus
