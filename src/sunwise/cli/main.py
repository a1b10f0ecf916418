"""`sunwise`: one command for everything; a command's module is imported when it is used."""

import importlib
from typing import Final

import click

_COMMANDS: Final = {
    "up": "Start an exchange to trade against.",
    "replay": "Drive an exchange with recorded Binance frames.",
    "run": "Run services in this process (what `up` starts).",
    "status": "What is running, where it listens and what it uses.",
    "client-config": "The lines that point a Binance client here.",
    "credit": "Give an account money, or take it away.",
    "keys": "Make, list and revoke API keys.",
    "audit": "Recompute everything from the log and check every invariant.",
    "settle": "Let a shard go on that halted because its replicas differ.",
    "people": "Who owns what and who is on duty: run it, and log in.",
    "who-owns": "Who owns a service, and whose day it is.",
    "on-duty": "Who is on duty for a service.",
    "handoff": "What you hold, what waits for you; read, write and accept.",
    "rota": "Plan a rota, publish it, mend it, explain its gaps.",
    "page": "Page whoever is on duty for a service.",
    "pager": "Run an instance of the pager, make its keys.",
    "openapi": "Print the OpenAPI description of the REST API.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's call
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"sunwise.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command), "each command's module has a `command`"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands)
@click.version_option(package_name="sunwise", prog_name="sunwise")
def main() -> None:
    """Sunwise: a spot exchange that speaks Binance."""
