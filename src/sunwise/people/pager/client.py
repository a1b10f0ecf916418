"""How the people plane asks a pager: whichever of the instances answers, with the operator's token.

Blocking: whoever has an event loop asks in a thread.
"""

import ssl
import urllib.request
from collections.abc import Sequence
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote

import msgspec

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.secret_files import read_secret
from sunwise.people.pager.keys import operator_token

FOR_PERSON: Final = "x-sunwise-person"
"""For whom the people plane asks: somebody who has come in by its door."""
_TIMEOUT_S: Final = 5.0
_NOT_FOUND: Final = 404


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
        """Asks these pagers. Raises SecretUnusable."""
        secret = read_secret(self.secret_file)
        return PagerClient(parts(self.urls), secret, certificate=self.tls_certificate)


def parts(text: str) -> list[str]:
    """What stands between the commas."""
    return [each.strip() for each in text.split(",") if each.strip()]


class PagerRefused(Permanent):
    """An instance answered, and refuses; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PagerClient:
    """Asks the first instance that answers."""

    def __init__(
        self,
        urls: Sequence[str],
        secret: bytes,
        *,
        certificate: str = "",
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._urls = [url.rstrip("/") for url in urls]
        self._token = operator_token(secret)
        self._timeout_s = timeout_s
        context = ssl.create_default_context()
        if certificate:
            context.load_verify_locations(certificate)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def ask(self, method: str, path: str, *, person: str = "", content: object = None) -> Any:  # noqa: ANN401 - JSON
        """What an instance answers; what one does not know, the other may.

        Raises PagerRefused, or Retryable when none answers.
        """
        fault: Permanent | Retryable = Retryable("no pager is set up here", after_s=5)
        for url in self._urls:
            try:
                return self._ask_one(url + path, method, person=person, content=content)
            except PagerRefused as refused:
                if refused.status != _NOT_FOUND:
                    raise
                fault = refused
            except Retryable as silent:
                fault = fault if isinstance(fault, PagerRefused) else silent
        raise fault

    def _ask_one(self, url: str, method: str, *, person: str, content: object) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(  # noqa: S310 - the address is the settings' own
            url,
            method=method,
            data=None if content is None else msgspec.json.encode(content),
            headers={
                "authorization": f"Bearer {self._token}",
                "content-type": "application/json",
                **({FOR_PERSON: quote(person)} if person else {}),
            },
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                return msgspec.json.decode(answer.read())
        except HTTPError as error:
            raise _refusal(error) from error
        except OSError as error:
            raise Retryable(f"no pager answers at {url}: {error}", after_s=1) from error


def _refusal(error: HTTPError) -> Permanent | Retryable:
    said = error.read()
    try:
        detail = msgspec.json.decode(said)["detail"]
    except (msgspec.DecodeError, KeyError, TypeError):
        detail = said.decode("utf-8", "replace") or error.reason
    text = detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()
    if error.code >= 500 or error.code == 429:
        return Retryable(text, after_s=float(error.headers.get("retry-after") or 1))
    return PagerRefused(error.code, text)
