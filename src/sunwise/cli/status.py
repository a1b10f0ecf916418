"""`sunwise status`: what runs, where it listens, what it uses, how far the log is."""

import asyncio
from pathlib import Path
from typing import Final

import click
import msgspec

from sunwise.chassis.errors import Retryable
from sunwise.cli.exchange import SHARD
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.operator import Operator
from sunwise.cli.running import RunningExchange, data_option, find_running
from sunwise.contracts.exchange.engine import EngineStatus, GetEngineStatus, engine_query_subject

_MIB: Final = 1 << 20


@click.command("status")
@data_option
@told_in_one_sentence
def command(data: Path) -> None:
    """Show what is running on the data folder."""
    running = find_running(data)
    click.echo(f"REST       {running.rest_url}")
    click.echo(f"WebSocket  {running.ws_url}")
    total = 0
    for name, pid in {"supervisor": running.pid, **running.children}.items():
        used = memory_bytes(pid)
        total += used
        click.echo(f"{name:<12} process {pid:<8} {used / _MIB:6.0f} MB")
    click.echo(f"{'together':<12} {'':<16} {total / _MIB:6.0f} MB")
    click.echo(asyncio.run(_engine_line(running)))


def memory_bytes(pid: int) -> int:
    """Memory of a process, pages shared with others divided among them; 0 when it is gone."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    sizes = [int(row.split()[1]) for row in rows if row.startswith("Pss:")]
    return sum(sizes) * 1024


async def _engine_line(running: RunningExchange) -> str:
    try:
        operator = await Operator.connect(running)
    except Retryable as fault:
        return f"The bus does not answer: {fault}"
    try:
        reply = await operator.bus.request(
            engine_query_subject(SHARD), msgspec.msgpack.encode(GetEngineStatus())
        )
    except Retryable as fault:
        return f"The engine does not answer: {fault}"
    finally:
        await operator.close()
    status = msgspec.msgpack.decode(reply, type=EngineStatus)
    return f"The log is at batch {status.position.command_seq}, build {status.build}."
