"""A pager for the pages' stage: answers as its client does, and keeps what it is asked."""

from typing import Any

from sunwise.chassis.errors import Retryable
from sunwise.chassis.json_client import RequestRefused


class StagePager:
    """Pages that a test puts here need everybody, until somebody holds one."""

    def __init__(self) -> None:
        self.pages: dict[str, dict[str, Any]] = {}
        self.browsers: dict[str, list[str]] = {}
        self.push_key = "B" * 87
        self.is_silent = False

    def fire(self, page: str, summary: str, opened_ns: int) -> None:
        """A page opens."""
        self.pages[page] = {
            "id": page,
            "service": "ledger",
            "severity": "critical",
            "summary": summary,
            "links": ["javascript:alert(1)", "https://wiki.example.com/ledger"],
            "opened_ns": opened_ns,
            "alerts_firing": 1,
            "held_by": None,
            "alerts": [{"summary": summary, "labels": {"region": "eu"}, "firing": True}],
            "told": [{"person": "bo", "channel": "email", "is_sent": True}],
        }

    def ask(self, method: str, path: str, content: Any = None, *, person: str = "") -> Any:
        """See `PagerClient.ask`."""
        if self.is_silent:
            raise Retryable("no pager answers")
        if path.startswith("/v1/pages?"):
            return [page for page in self.pages.values() if page["held_by"] in (None, person)]
        if path == "/v1/push-key":
            return {"key": self.push_key}
        if path == "/v1/browsers":
            ways = self.browsers.setdefault(person, [])
            act = ways.append if method == "PUT" else ways.remove
            act(content["subscription"])
            return {}
        _, _, _, page, *acts = path.split("/")
        if page not in self.pages:
            raise RequestRefused(404, "There is no such page: it is forgotten after 90 days.")
        if method == "GET":
            return self.pages[page] | {"is_yours": True}
        [act] = acts
        if act == "acknowledge":
            self.pages[page]["held_by"] = person
        else:
            del self.pages[page]
        return {}
