"""Who holds people's data: the services of this process, and the pagers beside it."""

from typing import Final

import msgspec

from sunwise.chassis.personal import Forgotten, Holder, Rows, Traces
from sunwise.chassis.secret_files import read_secret
from sunwise.people.pager.client import PagerClient, PagersSettings
from sunwise.people.pager.personal_api import ERASE, EXPORT, Asked

EXPECTED: Final = frozenset({"guard", "directory", "rota", "handoff", "incidents"})
"""Without whose answer nobody is called erased; each pager of the settings is another."""


class PagerHolder:
    """One instance of the pager, which is asked itself: the other may be down."""

    def __init__(self, client: PagerClient) -> None:
        self._client = client

    def export(self, traces: Traces, *, is_own: bool) -> Rows:
        """Facts about them in its journal. Raises Retryable."""
        found: Rows = self._ask(EXPORT, Asked(traces=traces, is_own=is_own))
        return {table: rows for table, rows in found.items() if rows}

    def erase(self, traces: Traces) -> Forgotten:
        """Takes them out of its memory and journal. Raises Retryable."""
        return msgspec.convert(self._ask(ERASE, Asked(traces=traces)), Forgotten)

    def _ask(self, path: str, asked: Asked) -> Rows:
        found: Rows = self._client.ask("POST", path, content=asked)
        return found


class NoPager:
    """Stands where no pager is named in the settings."""

    def export(self, traces: Traces, *, is_own: bool) -> Rows:  # noqa: ARG002 - there is nothing
        """Nothing."""
        return {}

    def erase(self, traces: Traces) -> Forgotten:  # noqa: ARG002 - there is nothing
        """Says that nobody was asked."""
        why = "no pager is named in the settings (pagers.urls): if there is one, it was not asked"
        return Forgotten(remains={"pager_facts": why})


def pager_holders(settings: PagersSettings) -> dict[str, Holder]:
    """Each instance of the pager, by its address. Raises SecretUnusable and OriginUnusable."""
    urls = settings.addresses()
    if not urls:
        return {"pager": NoPager()}
    secret = read_secret(settings.secret_file)
    certificate = settings.tls_certificate
    return {
        f"pager {url}": PagerHolder(PagerClient([url], secret, certificate=certificate))
        for url in urls
    }
