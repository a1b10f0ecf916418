"""The command line's way to the people plane: HTTP with the person's own token from a private file."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import click
import msgspec

from sunwise.chassis.data_folder import write_private
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.json_client import JsonClient

_TIMEOUT_S: Final = 10.0


class CredentialsUnusable(Permanent):
    """There is no token to show; the message says how to get one."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Where the people plane is, and who one is there."""

    url: str
    token: str

    def __repr__(self) -> str:
        """Without the token: it may end up in a log."""
        return f"Credentials(url={self.url!r})"


def default_credentials() -> Path:
    """`sunwise/people.json` in the user's configuration folder (XDG)."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "sunwise" / "people.json"


credentials_option = click.option(
    "--credentials",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SUNWISE_PEOPLE_CREDENTIALS",
    default=default_credentials,
    show_default="~/.config/sunwise/people.json",
    help="The private file with your token (sunwise people login).",
)


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Keeps a token for later commands, for its owner's eyes only; one that was there stays beside.

    Raises OriginUnusable.
    """
    Origins([credentials.url])  # a token never crosses a network in the clear
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path.replace(path.with_suffix(".previous.json"))
    write_private(path, msgspec.json.encode(credentials))


def read_credentials(path: Path) -> Credentials:
    """What was kept. Raises CredentialsUnusable."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as error:
        raise CredentialsUnusable(
            f"There is no token in {path}. Get one: sunwise people login"
        ) from error
    if mode & 0o077:
        raise CredentialsUnusable(
            f"{path} can be read by others (mode {mode:o}): its token may be known. Revoke it, then "
            "log in again: sunwise people login"
        )
    try:
        return msgspec.json.decode(content, type=Credentials)
    except msgspec.DecodeError as error:
        raise CredentialsUnusable(
            f"{path} is damaged ({error}). Log in again: sunwise people login"
        ) from error


def path_part(text: str) -> str:
    """What a person typed, as one part of a path and nothing else."""
    return quote(text, safe="")


class PeopleClient:
    """Asks the people plane as one person. Blocking."""

    def __init__(self, credentials: Credentials) -> None:
        Origins([credentials.url])
        self.credentials = credentials
        self._server = JsonClient(
            credentials.url,
            credentials.token,
            timeout_s=_TIMEOUT_S,
            is_direct=credentials.url.startswith("http:"),
        )

    @classmethod
    def of(cls, path: Path) -> "PeopleClient":
        """The client of whoever this file belongs to. Raises CredentialsUnusable."""
        return cls(read_credentials(path))

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """What the server answers. Raises RequestRefused and Retryable."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self.ask("GET", f"{path}?{urlencode(asked)}" if asked else path)

    def post(self, path: str, content: object, *, timeout_s: float = _TIMEOUT_S) -> Any:  # noqa: ANN401 - JSON
        """What the server answers. Raises RequestRefused and Retryable."""
        return self.ask("POST", path, content, timeout_s=timeout_s)

    def patch(self, path: str, content: object) -> Any:  # noqa: ANN401 - JSON
        """What the server answers. Raises RequestRefused and Retryable."""
        return self.ask("PATCH", path, content)

    def put(self, path: str, content: object) -> Any:  # noqa: ANN401 - JSON
        """What the server answers. Raises RequestRefused and Retryable."""
        return self.ask("PUT", path, content)

    def delete(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What the server answers. Raises RequestRefused and Retryable."""
        return self.ask("DELETE", path)

    def ask(
        self, method: str, path: str, content: object = None, *, timeout_s: float = _TIMEOUT_S
    ) -> Any:  # noqa: ANN401 - JSON
        """What the server answers. Raises RequestRefused and Retryable."""
        try:
            return self._server.ask(method, path, content, timeout_s=timeout_s)
        except Retryable as fault:
            if isinstance(getattr(fault.__cause__, "reason", None), ConnectionRefusedError):
                why = f"{self.credentials.url} does not answer: start it with sunwise people up"
                raise Retryable(why, after_s=fault.after_s) from fault
            raise
