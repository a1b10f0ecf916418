"""`sunwise keys`: API keys of accounts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from sunwise.cli.credit import account_number
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.operator import Operator
from sunwise.cli.running import data_option, find_running

_R = TypeVar("_R")


@click.group("keys")
def command() -> None:
    """Make, list and revoke API keys."""


@command.command("create")
@click.argument("account", default="")
@click.option("--new-account", is_flag=True, help="Open an account first; ACCOUNT names it.")
@data_option
@told_in_one_sentence
def create(account: str, new_account: bool, data: Path) -> None:  # noqa: FBT001 - click's call
    """Make a key for ACCOUNT (its number, or a name such as demo). Its secret is shown once."""
    if not account and not new_account:
        raise click.UsageError("Name an account, or ask for --new-account.")

    async def make(operator: Operator) -> None:
        if new_account:
            number = await operator.open_account(account)
        else:
            number = account_number(account, await operator.listed())
        key = await operator.create_key(number)
        click.echo(f"account     {number}")
        click.echo(f"API key     {key.api_key}")
        click.echo(f"API secret  {key.api_secret}")

    _ask(data, make)


@command.command("list")
@click.argument("account")
@data_option
@told_in_one_sentence
def list_keys(account: str, data: Path) -> None:
    """List the keys in force of ACCOUNT. Secrets are not shown: they cannot be."""

    async def show(operator: Operator) -> None:
        number = account_number(account, await operator.listed())
        for key in await operator.keys_of(number):
            rights = "trades" if key.may_trade else "reads"
            places = ", ".join(key.allowed_ips) or "anywhere"
            click.echo(f"{key.name}  {key.kind}  {rights}  from {places}")

    _ask(data, show)


@command.command("revoke")
@click.argument("key")
@data_option
@told_in_one_sentence
def revoke(key: str, data: Path) -> None:
    """Put KEY out of force for good."""

    async def end(operator: Operator) -> None:
        was_there = await operator.revoke_key(key)
        click.echo("Revoked." if was_there else "There is no such key in force.")

    _ask(data, end)


def _ask(data: Path, work: Callable[[Operator], Awaitable[_R]]) -> _R:
    async def run() -> _R:
        operator = await Operator.connect(find_running(data))
        try:
            return await work(operator)
        finally:
            await operator.close()

    return asyncio.run(run())
