"""A SCIM server on a socket of its own, behind the real door."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.db import open_database
from sunwise.chassis.guard import OPERATOR, GuardStore, Right, Role
from sunwise.chassis.guard.crossing import Origins
from sunwise.chassis.guard.door import Door, Guard, answer_faults, refuse_open_routes
from sunwise.people.directory.scim.api import scim_router
from sunwise.people.directory.scim.protocol import Scim
from sunwise.people.directory.store import DirectoryStore
from tests.support.people import law


class LiveScim:
    """Where it answers, with a provider's key and a planner's token, and the directory behind it."""

    def __init__(self, url: str, key: str, token: str, store: DirectoryStore) -> None:
        self.url = url
        self.key = key
        self.token = token
        self.store = store


@contextmanager
def live_scim(folder: Path) -> Iterator[LiveScim]:
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    clock = SystemClock()
    guard_store = GuardStore.open(folder / "guard.db", clock)
    key, _credential = guard_store.issue_key("okta", Right.DIRECTORY_IMPORT, by=OPERATOR)
    guard_store.grant("pia", Role.PLANNER, by=OPERATOR)
    token, _credential = guard_store.issue_token("pia", "laptop", by=OPERATOR)
    engine = open_database(folder / "directory.db", is_derived=False)
    store = DirectoryStore(engine, clock, law=law)
    guard = Guard(guard_store, clock=clock, origins=Origins([origin]))
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    answer_faults(app)
    app.include_router(scim_router(Scim(engine, store, clock), require=guard.require))
    refuse_open_routes(app, open_paths=())
    server = uvicorn.Server(
        uvicorn.Config(Door(app, guard.origins), log_level="warning", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield LiveScim(f"{origin}/scim/v2", key, token, store)
    finally:
        server.should_exit = True
        thread.join()
        engine.dispose()
        guard_store.close()
