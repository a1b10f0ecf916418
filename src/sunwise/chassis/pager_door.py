"""The way to the pager for whoever must have somebody told: its HTTP door, as any sender takes it.

It speaks Alertmanager's webhook (version 4), answered once the pager has it on disk. An alert that is
sent again under the same key is the same alert: sending twice pages nobody twice.
"""

import ssl
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.json_client import JsonClient, RequestRefused, first_answer

_PATH: Final = "/v1/alertmanager"
_LONGEST_KEY: Final = 128


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
        tls = ssl.create_default_context(cafile=authority or None)
        self._pagers = [JsonClient(url, key, tls=tls) for url in urls]
        self._pages_url = pages_url

    def fire(self, alert: Alert) -> None:
        """Returns once it is on the pager's disk. Blocks. Raises Retryable and Permanent."""
        self._send(alert.group, [self._alert(alert)])

    def resolve(self, keys: Iterable[str]) -> None:
        """What these keys told is over. Blocks. Raises Retryable and Permanent."""
        over: list[dict[str, Any]] = [
            {"status": "resolved", "labels": {}, "fingerprint": _short(key)} for key in keys
        ]
        self._send("", over)

    def beat(self, name: str) -> None:
        """Whoever sends this lives; a watchdog of the pager waits for it. Blocks. Raises as `fire` does."""
        labels = {"alertname": name, "severity": "info"}
        self._send(name, [{"status": "firing", "labels": labels, "fingerprint": name}])

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
            "fingerprint": _short(alert.key),
            "generatorURL": f"{self._pages_url}{alert.path}" if alert.path else "",
        }

    def _send(self, group: str, alerts: list[dict[str, Any]]) -> None:
        said = {"version": "4", "groupKey": group, "alerts": alerts}
        try:
            first_answer(self._pagers, lambda pager: pager.ask("POST", _PATH, said))
        except RequestRefused as refused:
            raise Permanent(
                f"the pager refuses ({refused.status}): {refused} (make a key: sunwise pager new-key)"
            ) from refused


def _short(key: str) -> str:
    """The key; a digest of one that the pager would refuse for its length.

    It says no more than the key, which the pager alone is told: what it calls a page by has a key.
    """
    return key if len(key) <= _LONGEST_KEY else sha256(key.encode()).hexdigest()
