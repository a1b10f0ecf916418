"""`sunwise rota`: plan, publish, re-plan and explain the rota of a service's owners."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from sunwise.chassis.errors import Permanent
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option
from sunwise.cli.rota_jobs import result_of
from sunwise.cli.rota_words import explanation_lines

_NS: Final = 1_000_000_000
_SHOWN: Final = 12

_at_option = click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Any day of the 4 weeks that are meant; today when not given.",
)


class NotOneUnit(Permanent):
    """The name is no planned unit's, or more than one's."""


@click.group()
def command() -> None:
    """Plan a rota, publish it, mend it, explain its gaps."""


@command.command()
@click.argument("name")
@_at_option
@click.option("--point", type=int, help="Another point of the front than the default, from 0.")
@credentials_option
@told_in_one_sentence
def plan(*, name: str, at: datetime | None, point: int | None, credentials: Path) -> None:
    """Make a draft for NAME (a unit, or one of its services): nobody sees it on duty yet."""
    client = PeopleClient.of(credentials)
    unit = unit_of(client, name)
    why = f"Planning {unit} ..."
    page = result_of(client, unit_path(unit, "plan"), {"at_ns": _ns(at)}, why=why)
    if point is not None:
        content = {"window_ns": page["from_ns"], "point": point}
        page = client.post(unit_path(unit, "choose"), content)
    for line in draft_lines(page):
        click.echo(line)


@command.command()
@click.argument("name")
@_at_option
@credentials_option
@told_in_one_sentence
def publish(*, name: str, at: datetime | None, credentials: Path) -> None:
    """Put the newest draft of NAME in force; around the clock it takes a second person."""
    client = PeopleClient.of(credentials)
    unit = unit_of(client, name)
    at_ns = _ns(at)
    span = {} if at_ns is None else {"from_ns": at_ns, "until_ns": at_ns + 1}
    drafts = client.get(f"/people/rota/units/{unit}", **span)["drafts"]
    if not drafts:
        raise NotOneUnit(f"No draft of {unit} waits: make one with sunwise rota plan {name}")
    window, version = min(drafts.items())
    content = {"window_ns": int(window), "version": version}
    found = client.post(unit_path(unit, "publish"), content)
    if found["state"] == "proposed":
        click.echo(f"Change {found['change']} waits for somebody else who may publish rotas.")
        return
    click.echo("Published.")
    for change in found["asked"]:
        who = ", ".join(change["waits_for"])
        click.echo(f"  {who}: {len(change['changes'])} shifts are gaps until they say yes")


@command.command()
@click.argument("name")
@_at_option
@click.option("--apply", "is_applied", is_flag=True, help="Ask those whose yes it needs.")
@credentials_option
@told_in_one_sentence
def replan(*, name: str, at: datetime | None, is_applied: bool, credentials: Path) -> None:
    """Show what mending the published rota of NAME would change, for whom."""
    client = PeopleClient.of(credentials)
    content = {"at_ns": _ns(at), "is_dry": not is_applied}
    unit = unit_of(client, name)
    why = f"Mending the rota of {unit} ..."
    for found in result_of(client, unit_path(unit, "replan"), content, why=why):
        for line in consequence_lines(found):
            click.echo(line)


@command.command()
@click.argument("name")
@_at_option
@credentials_option
@told_in_one_sentence
def explain(*, name: str, at: datetime | None, credentials: Path) -> None:
    """Tell why the rota of NAME has gaps, and what would close them."""
    client = PeopleClient.of(credentials)
    unit = unit_of(client, name)
    why = f"Looking for what keeps {unit} from being covered ..."
    found = result_of(client, unit_path(unit, "explain"), {"at_ns": _ns(at)}, why=why)
    for line in explanation_lines(found):
        click.echo(line)


@command.command(name="verify-ledger")
@credentials_option
@told_in_one_sentence
def verify_ledger(*, credentials: Path) -> None:
    """Make sure that nobody changed the burden ledger from outside; for administrators."""
    found = PeopleClient.of(credentials).get("/people/rota/ledger/verified")
    click.echo(
        f"The burden ledger is as it was written: {found['n_rows']} rows, each fits the last."
    )


def unit_of(client: PeopleClient, name: str) -> str:
    """The id of the unit of this name, or of the one that covers this service. Raises NotOneUnit."""
    units = client.get("/people/rota/units")
    found = [each["unit"] for each in units if name in (each["unit"], *each["services"])]
    if len(found) != 1:
        known = ", ".join(sorted(each["unit"] for each in units)) or "none: no service needs duty"
        raise NotOneUnit(f"No rota is planned for {name!r}; there are: {known}.")
    return str(found[0])


def draft_lines(page: dict[str, Any]) -> Iterator[str]:
    """What the draft is like."""
    [figures] = page["figures"].values()
    [version] = page["drafts"].values()
    bounds = figures["bounds"] or {}
    n_shifts = sum(shift["person"] is not None for shift in page["shifts"])
    yield f"Draft {version} of {page['unit']}: {n_shifts} shifts, found by {figures['by']}."
    yield f"  gaps   {figures['gap_h']:6.1f} h   proven: at least {bounds.get('gap_h', 0):.1f} h"
    yield f"  nights {figures['night_h']:6.1f} h   proven: at least {bounds.get('night_h', 0):.1f} h"
    yield from _burden_lines(page["burdens"])
    yield f"Put it in force: sunwise rota publish {page['unit']}"


def _burden_lines(burdens: dict[str, Any] | None) -> Iterator[str]:
    if burdens is None:
        yield "  burdens are not shown: sunwise people analyses"
        return
    [found] = burdens.values()
    yield f"  burden of whoever bears most {found['worst_burden']:.0f}, Gini {found['gini']:.2f}"
    for number, point in enumerate(found["front"]):
        mark = "  (this is the default)" if point["default"] else ""
        yield (
            f"  --point {number}: {point['night_h']:.1f} h of nights, worst burden "
            f"{point['worst_burden']:.0f}, Gini {point['gini']:.2f}{mark}"
        )


def consequence_lines(found: dict[str, Any]) -> Iterator[str]:
    """Who loses and who gets which hours, and whose yes it waits for."""
    yield f"{', '.join(found['services']) or found['unit']}:"
    if found["problem"]:
        yield f"It cannot be mended: {found['problem']}"
    for piece in found["vacated"]:
        yield f"{_when(piece)}: {piece['before']} cannot; it is a gap until somebody has it"
    change = found["change"]
    if change is None:
        yield "Nothing changes hands."
        return
    for piece in change["changes"][:_SHOWN]:
        yield f"{_when(piece)}: {piece['before'] or 'a gap'} -> {piece['after'] or 'a gap'}"
    if len(change["changes"]) > _SHOWN:
        yield f"and {len(change['changes']) - _SHOWN} more"
    if change["waits_for"]:
        yield f"It needs the own yes of {', '.join(change['waits_for'])}."
    elif change["state"] == "applied":
        yield "It is in force."


def unit_path(unit: str, verb: str) -> str:
    """Where one asks for something of a unit."""
    return f"/people/rota/units/{unit}/{verb}"


def _ns(at: datetime | None) -> int | None:
    return None if at is None else int(at.replace(tzinfo=UTC).timestamp()) * _NS


def _when(piece: dict[str, Any]) -> str:
    """The stretch on the reader's own clock."""
    begin, end = (
        datetime.fromtimestamp(piece[name] / _NS, UTC).astimezone()
        for name in ("start_ns", "end_ns")
    )
    return f"{begin:%a %d %b %H:%M} to {end:%H:%M %Z} ({piece['role']})"
