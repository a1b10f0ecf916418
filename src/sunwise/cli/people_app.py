"""The pages and the API of the people plane, put together: one application behind one door."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI

from sunwise.chassis.guard import TwoPeople
from sunwise.chassis.guard.api import LOGIN, guard_router
from sunwise.chassis.guard.door import (
    MAX_BODY_BYTES,
    Door,
    Guard,
    answer_faults,
    refuse_open_routes,
)
from sunwise.chassis.http import HttpLimits
from sunwise.chassis.http.api_page import PATHS, add_api_page
from sunwise.web import shell

_HEALTH: Final = "/healthz"
OPEN_PATHS: Final = frozenset({LOGIN, _HEALTH, *PATHS, *shell.OPEN_PATHS})
"""What answers without asking who it is."""
LIMITS: Final = HttpLimits(max_body_bytes=MAX_BODY_BYTES, max_connections=512)


def people_app(guard: Guard, two_people: TwoPeople, routers: Iterable[APIRouter]) -> Door:
    """The application: the door's own routes and those of the services, none of them open."""
    app = FastAPI(title="Sunwise people", version=version("sunwise"), docs_url=None, redoc_url=None)
    answer_faults(app)
    add_api_page(app)

    @app.get(_HEALTH, include_in_schema=False)
    def healthy() -> dict[str, str]:
        return {"status": "ok"}

    app.include_router(guard_router(guard, two_people))
    for router in routers:
        app.include_router(router)
    refuse_open_routes(app, open_paths=OPEN_PATHS)
    return Door(app, guard.origins)
