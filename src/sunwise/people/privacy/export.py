"""All that is held of one person, by service and table, each with its purpose and retention."""

from collections.abc import Mapping
from typing import Any

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.personal import Holder, Rows, Traces
from sunwise.people.privacy.inventory import inventory


def exported(holders: Mapping[str, Holder], traces: Traces, *, is_own: bool) -> dict[str, Any]:
    """The whole, for the person themselves (`is_own`) or for whoever answers them. Blocks.

    A service that cannot be asked now is in it with the reason, so that nobody takes a part for all.
    """
    services: dict[str, Any] = {}
    for name, holder in holders.items():
        try:
            rows = holder.export(traces, is_own=is_own)
        except (Retryable, Permanent) as fault:
            services[name] = {"unanswered": str(fault)}
        else:
            services[name] = _explained(rows)
    return {"person": traces.person, "services": services}


def is_whole(export: Mapping[str, Any]) -> bool:
    """Whether every service has answered."""
    return all("unanswered" not in each for each in export["services"].values())


def _explained(rows: Rows) -> dict[str, Any]:
    known = inventory()
    return {
        table: {
            "purpose": known[table].purpose,
            "readers": known[table].readers,
            "retention": known[table].retention,
            "rows": found,
        }
        for table, found in rows.items()
    }
