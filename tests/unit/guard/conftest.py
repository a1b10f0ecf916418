"""A guarded application of two routes, asked as a browser or a script would."""

from collections.abc import Iterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.guard import OPERATOR, Feed, GuardStore, Principal, Right, Role, TwoPeople
from sunwise.chassis.guard.api import guard_router
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Door, Guard, answer_faults
from sunwise.chassis.guard.proxies import Proxies
from tests.support.databases import new_database, postgresql_url

__all__ = ["new_database", "postgresql_url"]

HERE = "http://127.0.0.1:7080"


class Site:
    """A server with a guard, a member and an administrator."""

    def __init__(self, store: GuardStore, clock: SimulatedClock, *, origin: str = HERE) -> None:
        self.store = store
        self.clock = clock
        self.origin = origin
        proxies = Proxies(["10.0.0.5", "10.1.0.0/16"])
        self.guard = Guard(store, clock=clock, origins=Origins([origin]), proxies=proxies)
        self.two_people = TwoPeople(store, clock)
        self.app = FastAPI()
        answer_faults(self.app)
        self.app.include_router(guard_router(self.guard, self.two_people))

        @self.app.get("/duty")
        def duty(
            principal: Annotated[Principal, Depends(self.guard.require(Right.ROTA_READ))],
        ) -> str:
            return principal.name

        @self.app.post("/hubs")
        def hubs(
            principal: Annotated[Principal, Depends(self.guard.require(Right.KEYS_MANAGE))],
        ) -> str:
            return principal.name

        @self.app.get("/feeds/{feed}")
        def calendar(feed_of: Annotated[Feed, Depends(self.guard.feed())]) -> str:
            return feed_of.shows

        store.grant("ada", Role.ADMINISTRATOR, by=OPERATOR)
        self.ada, self.ada_id = self.token("ada")
        self.ben, self.ben_id = self.token("ben")

    def token(self, person: str) -> tuple[str, str]:
        secret, credential = self.store.issue_token(person, "test", by=OPERATOR)
        return secret, credential.id

    def client(
        self, *, token: str = "", address: str = "127.0.0.1", forwarded: str = ""
    ) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(Door(self.app, self.guard.origins), client=(address, 9))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers |= {"x-forwarded-for": forwarded} if forwarded else {}
        return httpx.AsyncClient(transport=transport, base_url=self.origin, headers=headers)

    async def browser(self, token: str) -> httpx.AsyncClient:
        """A client that is logged in by a cookie and says where it comes from."""
        client = self.client()
        client.headers["origin"] = self.origin
        answer = await client.post("/login", json={"token": token})
        assert answer.status_code == 200, answer.text
        return client


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def site(clock: SimulatedClock, tmp_path) -> Iterator[Site]:
    engine = open_database(tmp_path / "guard.sqlite", is_derived=False)
    yield Site(GuardStore(engine, clock), clock)
    engine.dispose()
