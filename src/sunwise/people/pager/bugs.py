"""A request that meets a bug ends alone: elsewhere that ends the process, but a pager must go on paging."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sunwise.chassis.telemetry import METRICS

_log = logging.getLogger("sunwise.pager")
AsgiApp = Callable[..., Awaitable[Any]]


async def is_without_bug(work: Awaitable[None], what: str) -> bool:
    """Whether the work ended as it should; else the bug is logged and counted."""
    try:
        await work
    except Exception:  # noqa: BLE001 - see above
        METRICS.counter("sunwise_pager_bugs_total", "Requests that met a bug.").value += 1
        _log.critical("a request failed: %s", what, exc_info=True)
        return False
    return True


def alone(app: AsgiApp) -> AsgiApp:
    """The application; FastAPI has answered 500 before it raises."""

    async def run(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's plain dicts
        await is_without_bug(app(scope, receive, send), scope["method"])  # a path may hold a link

    return run
