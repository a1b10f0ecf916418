"""`sunwise people`: the people plane on this machine, and the way into it."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sunwise.chassis.children import tell_ready
from sunwise.chassis.data_folder import open_data_folder
from sunwise.chassis.errors import Permanent
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_analyses import analyses
from sunwise.cli.people_client import (
    Credentials,
    PeopleClient,
    credentials_option,
    write_credentials,
)
from sunwise.cli.people_import import command as import_command
from sunwise.cli.people_pager_keys import command as pager_key_command
from sunwise.cli.people_pagers import PagerPorts
from sunwise.cli.people_parts import AtWork, PeopleWebSettings, has_begun, stores_in
from sunwise.cli.people_plane import (
    NotUp,
    PeoplePlane,
    PeopleRunning,
    find_people,
    people_data_option,
)
from sunwise.cli.people_privacy import erase, erasures, export
from sunwise.cli.place import clock_of
from sunwise.cli.stopping import run_until_told
from sunwise.cli.terminal import Terminal

if TYPE_CHECKING:
    from sunwise.chassis.guard import GuardStore
    from sunwise.people.directory.store import DirectoryStore

HERE: Final = "http://127.0.0.1:7080"


class AlreadyBegun(Permanent):
    """There is an administrator already; the message says what to do instead."""


class NobodyThere(Permanent):
    """No such person may have a token; the message says what to do first."""


class StillHere(Permanent):
    """They work here; the message says what to do first."""


@click.group("people")
def command() -> None:
    """Who owns what and who is on duty: run it, and log in."""


command.add_command(import_command)
command.add_command(pager_key_command)


@command.command("init")
@people_data_option
@credentials_option
@click.option("--person", required=True, help="Your id: short, for ever, such as ada.")
@click.option("--name", required=True, help="Your name.")
@click.option("--email", required=True, help="Your e-mail address.")
@click.option("--zone", required=True, help="Your time zone, such as Europe/Berlin.")
@click.option("--country", required=True, help="Your legal seat, two letters: whose law holds.")
@click.option("--url", default=HERE, show_default=True, help="Where the people plane will be.")
@told_in_one_sentence
def init(*, data: Path, credentials: Path, person: str, url: str, **said: str) -> None:
    """Make yourself the first administrator. Your token is shown once, on a terminal only."""
    from sunwise.chassis.guard import OPERATOR, Right, Role

    with _prepared(data) as (guard, directory):
        administrators = sorted(guard.holders(Right.ROLES_GRANT))
        if administrators:
            raise AlreadyBegun(
                f"{data} has an administrator already: {', '.join(administrators)}. A lost token is "
                f"replaced with: sunwise people token {administrators[0]}"
            )
        _enter(directory, person, said)
        guard.grant(person, Role.ADMINISTRATOR, by=OPERATOR)
        token, _ = guard.issue_token(person, "first", by=OPERATOR)
    _hand_over(Credentials(url=url, token=token), credentials)
    click.echo("Next: sunwise people up")


@command.command("demo")
@people_data_option
@credentials_option
@click.option(
    "--people",
    "n_people",
    type=int,
    help="Invent a company of this size; without it, Meridian's 60 people in 12 countries.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same invention.")
@click.option(
    "--rota/--no-rota",
    "with_rota",
    default=True,
    help="Without, rotas are planned once it is up, and wait for their people's yes.",
)
@click.option("--url", default=HERE, show_default=True, help="Where the people plane will be.")
@told_in_one_sentence
def demo(
    *,
    data: Path,
    credentials: Path,
    n_people: int | None,
    seed: int,
    with_rota: bool,
    url: str,
) -> None:
    """Fill a new data folder with a company that does not exist, and make you one of its people."""
    from sunwise.chassis.guard import OPERATOR, Role
    from sunwise.cli.people_demo import leads, load_company, load_rota

    with _prepared(data) as (guard, directory):
        if directory.version():
            raise AlreadyBegun(f"{data} holds a company already: name a new folder with --data.")
        snapshot = load_company(directory, n_people, seed=seed, clock=clock_of())
        you, second = leads(snapshot)
        for person in (you, second):
            guard.grant(person, Role.ADMINISTRATOR, by=OPERATOR)
        token, _ = guard.issue_token(you, "demo", by=OPERATOR)
        _hand_over(Credentials(url=url, token=token), credentials)
        if with_rota:
            load_rota(data, directory, guard, (you, second), clock=clock_of())
    click.echo(f"{len(snapshot.people)} people, {len(snapshot.services)} services. You are {you}.")
    click.echo(f"The other administrator is {second}: sunwise people token {second}")
    click.echo(f"Next: sunwise people up; then: sunwise who-owns {snapshot.services[0].id}")


@command.command("token")
@people_data_option
@credentials_option
@click.argument("person")
@click.option("--url", default=HERE, show_default=True, help="Where the people plane is.")
@told_in_one_sentence
def token(*, data: Path, credentials: Path, person: str, url: str) -> None:
    """Replace all tokens of PERSON by a new one: for whoever has lost theirs, and holds the data."""
    from sunwise.chassis.guard import OPERATOR
    from sunwise.chassis.guard.secret_text import Kind

    if not has_begun(data):
        raise NobodyThere(f"Nothing has begun in {data} yet: sunwise people init --data {data}")
    with _prepared(data) as (guard, directory):
        if person not in AtWork(directory):
            raise NobodyThere(f"The directory has no {person} at work: enter them first.")
        for old in guard.credentials(Kind.TOKEN, person=person):
            guard.revoke(old.id, by=OPERATOR)
        secret, _ = guard.issue_token(person, "replacement", by=OPERATOR)
    _hand_over(Credentials(url=url, token=secret), credentials)


@command.command("left")
@people_data_option
@click.argument("person")
@told_in_one_sentence
def left(*, data: Path, person: str) -> None:
    """Take roles and tokens from PERSON, who has left: for whoever holds the data.

    Until then they count where two people must agree, and nobody else may be alone.
    """
    from sunwise.chassis.guard import OPERATOR

    if not has_begun(data):
        raise NobodyThere(f"Nothing has begun in {data} yet: sunwise people init --data {data}")
    with _prepared(data) as (guard, directory):
        if person in AtWork(directory):
            raise StillHere(f"The directory has {person} at work: enter that they have left first.")
        guard.leave(person, by=OPERATOR)
    click.echo(f"{person} holds nothing any more.")


@command.command("login")
@credentials_option
@click.option("--url", default=HERE, show_default=True, help="Where the people plane is.")
@told_in_one_sentence
def login(*, credentials: Path, url: str) -> None:
    """Keep your personal token for later commands; it is asked for, never given as an argument."""
    secret = (
        click.prompt("Personal token", hide_input=True)
        if sys.stdin.isatty()
        else sys.stdin.readline()
    )
    kept = Credentials(url=url, token=secret.strip())
    me = PeopleClient(kept).get("/me")
    write_credentials(credentials, kept)
    click.echo(f"You are {me['name']}: {', '.join(me['roles'])}.")


@command.command("up")
@people_data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=7080, show_default=True, help="TCP port; 0: any free one.")
@click.option("--origins", default="", help="Addresses that people open, https://..., with commas.")
@click.option(
    "--pager-port",
    type=click.IntRange(0, 65_534),
    default=7090,
    show_default=True,
    help="Of the first pager; the second has the next one. 0: any free ones.",
)
@click.option("--no-pagers", is_flag=True, help="They run elsewhere, where [pagers] says.")
@told_in_one_sentence
def up(*, data: Path, host: str, port: int, origins: str, pager_port: int, no_pagers: bool) -> None:
    """Start the people plane with two pagers, and keep it running until Ctrl-C."""
    settings = PeopleWebSettings(host=host, port=port, origins=origins)
    terminal = Terminal()
    pagers = None if no_pagers else PagerPorts(first=pager_port)
    plane = PeoplePlane(data, settings, report=terminal.say, pagers=pagers)

    async def meanwhile() -> None:
        tell_where(plane.running, terminal)
        tell_ready({"data": str(plane.data), "url": plane.running.url})

    asyncio.run(run_until_told(plane, terminal, what="the people plane", meanwhile=meanwhile))


def tell_where(running: PeopleRunning, terminal: Terminal) -> None:
    """Where people log in, and where alerts go."""
    terminal.say("The people plane is up.")
    rows = {"Pages": running.url, "API page": f"{running.url}/docs"}
    if running.pagers:
        rows["Alertmanager"] = ", ".join(f"{url}/v1/alertmanager" for url in running.pagers)
        rows["PagerDuty"] = ", ".join(f"{url}/v2/enqueue" for url in running.pagers)
    terminal.table(rows)
    if running.pagers:
        terminal.say(
            "A key for a sender of alerts: sunwise people pager-key new NAME --service SERVICE"
        )
    terminal.say("Log in with your personal token. Ctrl-C stops everything.")


for _command in (analyses, erase, erasures, export):
    command.add_command(_command)


@contextlib.contextmanager
def _prepared(data: Path) -> "Iterator[tuple[GuardStore, DirectoryStore]]":
    """The stores in the data folder, whether the people plane runs on it or not."""
    with contextlib.ExitStack() as stack:
        try:
            find_people(data)
        except NotUp:
            stack.enter_context(open_data_folder(data))
        yield stack.enter_context(stores_in(data, clock_of()))


def _enter(directory: "DirectoryStore", person: str, said: dict[str, str]) -> None:
    """The first person of the directory. Raises Refused."""
    from sunwise.people.directory.claims import Claim
    from sunwise.people.directory.objects import Key, Kind
    from sunwise.people.directory.planning import ChangeSet
    from sunwise.people.directory.sources import Source

    claim = Claim(key=Key(Kind.PERSON, person), said=said)
    directory.apply(ChangeSet(source=Source.MANUAL, claims=(claim,)), author=person)


def _hand_over(kept: Credentials, path: Path) -> None:
    """Keeps the token in a private file, and shows it once where nothing records what is shown."""
    write_credentials(path, kept)
    if sys.stdout.isatty():
        click.echo(f"Your personal token, shown this once:\n\n  {kept.token}\n")
    click.echo(f"The personal token is kept in {path}, which only you can read.")
