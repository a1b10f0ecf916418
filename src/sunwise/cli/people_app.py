"""The pages and the API of the people plane, put together: one application behind one door."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, FastAPI

from sunwise.chassis.guard import TwoPeople
from sunwise.chassis.guard.api import LOGIN, guard_router
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Door, Guard, answer_faults, refuse_open_routes
from sunwise.chassis.http import HttpLimits
from sunwise.chassis.http.api_page import PATHS, add_api_page

_HEALTH: Final = "/healthz"
OPEN_PATHS: Final = frozenset({LOGIN, _HEALTH, *PATHS})
"""What answers without asking who it is."""
LIMITS: Final = HttpLimits(max_body_bytes=8 << 20, max_connections_per_ip=512)
"""A directory of 5,000 people is imported in 2 MB."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class PeopleWebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the people plane's pages and API listen, and under which addresses they are reached."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Port = 7080
    """TCP port."""
    origins: str = ""
    """Addresses that people open, with commas between, such as https://people.example.com; empty:
    this machine only."""
    database: str = ""
    """URL of the guard's PostgreSQL database; empty for a SQLite file in the data folder."""

    def addresses(self) -> Origins:
        """What browsers may come from. Raises OriginUnusable."""
        given = [each.strip() for each in self.origins.split(",") if each.strip()]
        names = [self.host, "localhost"] if self.host.startswith("127.") else [self.host]
        return Origins(given or [f"http://{name}:{self.port}" for name in names])


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
