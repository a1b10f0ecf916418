"""Who holds people's data: the services of this process, and the pagers beside it."""

from typing import Final

from sunwise.chassis.personal import Forgotten, Holder, Rows, Traces
from sunwise.people.pager.client import PagersSettings

EXPECTED: Final = frozenset({"guard", "directory", "rota", "handoff", "incidents", "pager"})
"""Without whose answer nobody is called erased."""


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
    """Each instance of the pager, by name."""
    return {"pager": NoPager()} if not settings.urls else {}
