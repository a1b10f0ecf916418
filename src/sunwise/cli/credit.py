"""`sunwise credit ACCOUNT ASSET AMOUNT`: money for an account, or with a minus sign out of it."""

import asyncio
from pathlib import Path

import click

from sunwise.chassis.errors import Permanent
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.operator import Operator
from sunwise.cli.running import data_option, find_running
from sunwise.contracts.exchange.catalog import Asset
from sunwise.contracts.exchange.desk import Listed
from sunwise.money.decimal_text import Malformed, TooLarge, TooPrecise, format_scaled, parse_scaled


class Unclear(Permanent):
    """What was typed is no account, asset or amount here; the message says which and why."""


@click.command("credit", context_settings={"ignore_unknown_options": True})
@click.argument("account")
@click.argument("asset")
@click.argument("amount")
@data_option
@told_in_one_sentence
def command(account: str, asset: str, amount: str, data: Path) -> None:
    """Give ACCOUNT (its number, or a name such as demo) AMOUNT of ASSET; -AMOUNT takes it away.

    The money is deposited to the house first and credited from there: it never appears from
    nothing.
    """
    asyncio.run(_credit(data, account, asset.upper(), amount))


async def _credit(data: Path, account: str, asset_name: str, amount: str) -> None:
    operator = await Operator.connect(find_running(data))
    try:
        listed = await operator.listed()
        number = account_number(account, listed)
        asset = asset_named(asset_name, listed)
        held = await operator.move_funds(number, asset, atoms_of(amount, asset))
    finally:
        await operator.close()
    free = format_scaled(held.free_atoms, asset.decimals)
    locked = format_scaled(held.locked_atoms, asset.decimals)
    click.echo(f"Account {number} holds {free} {asset.name} free and {locked} locked.")


def account_number(text: str, listed: Listed) -> int:
    """The account of this number or reference. Raises Unclear."""
    if text.isdecimal():
        return int(text)
    if text in listed.accounts:
        return listed.accounts[text]
    known = ", ".join(listed.accounts) or "none"
    raise Unclear(f"There is no account {text!r}. Name its number, or one of: {known}.")


def asset_named(name: str, listed: Listed) -> Asset:
    """The listed asset of this name. Raises Unclear."""
    for asset in listed.assets:
        if asset.name == name:
            return asset
    known = ", ".join(asset.name for asset in listed.assets) or "none"
    raise Unclear(f"Asset {name} is not listed. Listed are: {known}.")


def atoms_of(amount: str, asset: Asset) -> int:
    """The amount in atoms, below zero with a minus sign. Raises Unclear."""
    sign = -1 if amount.startswith("-") else 1
    try:
        return sign * parse_scaled(amount.lstrip("-"), asset.decimals)
    except (Malformed, TooPrecise, TooLarge) as error:
        raise Unclear(
            f"{amount!r} is no amount of {asset.name}: a plain number with at most "
            f"{asset.decimals} decimals."
        ) from error
