"""Keys of the pagers, made, listed and revoked: the same by the pager's own door and the people plane's."""

from collections.abc import Callable
from typing import Any

import click

from sunwise.cli.people_client import path_part


class PagerKeys:
    """The keys behind one door; each call prints what came of it. Raises what asking raises."""

    def __init__(self, ask: Callable[..., Any], path: str) -> None:
        """`ask(method, path, content)`: what the door answers; `path`: of the keys behind it."""
        self._ask = ask
        self._path = path

    def make(self, name: str, service: str) -> None:
        """Makes one and prints it, this once; without a service it is a person's."""
        made = self._ask("POST", self._path, {"name": name, "service": service})
        click.echo(f"{made['key']}  (key {made['id']}; it is not shown again)")

    def show(self) -> None:
        """Prints those in force."""
        for key in self._ask("GET", self._path, None):
            what = f"sender, for {key['service']}" if key["service"] else "person"
            click.echo(f"{key['id']}  {key['name']}  ({what})")

    def revoke(self, key: str) -> None:
        """Puts one out of force, at both instances."""
        self._ask("DELETE", f"{self._path}/{path_part(key)}", None)
        click.echo("revoked")
