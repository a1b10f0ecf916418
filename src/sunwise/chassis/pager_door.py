"""The way to the pager for whoever must have somebody told: its HTTP door, as any sender takes it.

It speaks Alertmanager's webhook (version 4), answered once the pager has it on disk. An alert that is
sent again under the same key is the same alert: sending twice pages nobody twice.
"""

import json
import ssl
import urllib.request
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.error import HTTPError

from msgspec import Struct

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard.crossing import Origins

_PATH: Final = "/v1/alertmanager"
_TIMEOUT_S: Final = 5.0
_BUSY: Final = frozenset({429, 502, 503, 504})


class Alert(Struct, frozen=True, kw_only=True):
    """Something that somebody must be told."""

    key: str
    """What repeats have in common."""
    group: str
    """Alerts of one group and service share a page."""
    severity: str
    """A name of the pager's severity table."""
    service: str
    summary: str
    path: str = ""
    """Of the page where something can be done about it."""
    person: str = ""
    """Who is asked first; empty: whoever is on duty."""


class PagerDoor:
    """Sends to whichever instance of the pager answers."""

    def __init__(
        self, urls: Sequence[str], key: str, *, pages_url: str, authority: str = ""
    ) -> None:
        """`pages_url`: where people open `Alert.path`; `authority`: file of those trusted for TLS.

        Raises OriginUnusable and OSError.
        """
        Origins(urls)  # a key never crosses a network in the clear
        self._urls = tuple(urls)
        self._key = key
        self._pages_url = pages_url
        trusted = ssl.create_default_context(cafile=authority or None)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
        )

    def fire(self, alert: Alert) -> None:
        """Returns once it is on the pager's disk. Blocks. Raises Retryable and Permanent."""
        self._send(alert.group, [self._alert(alert)])

    def resolve(self, keys: Iterable[str]) -> None:
        """What these keys told is over. Blocks. Raises Retryable and Permanent."""
        over: list[dict[str, Any]] = [
            {"status": "resolved", "labels": {}, "fingerprint": key} for key in keys
        ]
        self._send("", over)

    def _alert(self, alert: Alert) -> dict[str, Any]:
        labels = {
            "service": alert.service,
            "severity": alert.severity,
            "assignee": alert.person,
        }
        return {
            "status": "firing",
            "labels": {name: value for name, value in labels.items() if value},
            "annotations": {"summary": alert.summary},
            "fingerprint": alert.key,
            "generatorURL": f"{self._pages_url}{alert.path}" if alert.path else "",
        }

    def _send(self, group: str, alerts: list[dict[str, Any]]) -> None:
        body = json.dumps({"version": "4", "groupKey": group, "alerts": alerts}).encode()
        faults = []
        for url in self._urls:
            try:
                self._post(url, body)
            except Retryable as fault:
                faults.append(str(fault))
            else:
                return
        raise Retryable(f"no pager took it: {'; '.join(faults)}", after_s=5.0)

    def _post(self, url: str, body: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - http(s) only: checked when made
            url + _PATH,
            data=body,
            headers={"authorization": f"Bearer {self._key}", "content-type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                answer.read()
        except HTTPError as error:
            why = f"{url} answers {error.code}: {error.read(1_000).decode('utf-8', 'replace')}"
            if error.code in _BUSY:
                raise Retryable(why) from error
            raise Permanent(f"{why} (make a key: sunwise pager new-key)") from error
        except OSError as error:
            raise Retryable(f"{url} does not answer: {error}") from error
