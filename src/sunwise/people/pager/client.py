"""How the people plane asks a pager: whichever of the instances answers, with the operator's token.

Blocking: whoever has an event loop asks in a thread.
"""

import ssl
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.json_client import JsonClient, first_answer
from sunwise.chassis.secret_files import read_secret
from sunwise.people.pager.keys import operator_token

FOR_PERSON: Final = "x-sunwise-person"
"""For whom the people plane asks: somebody who has come in by its door."""


class PagersSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The pagers that the people plane hands its roster to, reads and asks."""

    urls: str = ""
    """Where the instances are, with commas between; empty: there are none."""
    secret_file: str = ""
    """The secret that they have."""
    roster_files: str = ""
    """`roster.msgpack` in the data folder of each that is on this machine, with commas between."""
    tls_certificate: str = ""
    """File of a certificate to trust besides those that the machine does."""

    def client(self) -> "PagerClient":
        """Asks these pagers. Raises SecretUnusable and OriginUnusable."""
        secret = read_secret(self.secret_file)
        return PagerClient(self.addresses(), secret, certificate=self.tls_certificate)

    def addresses(self) -> list[str]:
        """Of each instance. Raises OriginUnusable: the operator's token crosses none in the clear."""
        found = [url.rstrip("/") for url in parts(self.urls)]
        Origins(found)
        return found


def parts(text: str) -> list[str]:
    """What stands between the commas."""
    return [each.strip() for each in text.split(",") if each.strip()]


class PagerClient:
    """Asks the first instance that answers."""

    def __init__(self, urls: Sequence[str], secret: bytes, *, certificate: str = "") -> None:
        tls = ssl.create_default_context()
        if certificate:
            tls.load_verify_locations(certificate)
        token = operator_token(secret)
        self._pagers = [JsonClient(url, token, tls=tls) for url in urls]

    def ask(self, method: str, path: str, content: object = None, *, person: str = "") -> Any:  # noqa: ANN401 - JSON
        """What an instance answers; what one does not know, the other may.

        Raises RequestRefused, or Retryable when none answers.
        """
        if not self._pagers:
            raise Retryable("no pager is set up here", after_s=5)
        headers = {FOR_PERSON: quote(person)} if person else {}
        return first_answer(
            self._pagers, lambda pager: pager.ask(method, path, content, headers=headers)
        )
