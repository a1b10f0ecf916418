"""Incidents for the pages' stage: the real store and routes, without a bus."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from sunwise.chassis.clock import Clock
from sunwise.chassis.db import open_database
from sunwise.contracts.people.facts import TimelineFact
from sunwise.contracts.people.incidents import Incident
from sunwise.people.incidents.api import incidents_router
from sunwise.people.incidents.desk import IncidentDesk
from sunwise.people.incidents.facts_api import facts_router
from sunwise.people.incidents.lifecycle import By
from sunwise.people.incidents.store import IncidentStore


class StageIncidents:
    """None has happened until a test says so."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._engine = open_database(folder / "incidents.db", is_derived=False)
        self.store = IncidentStore(self._engine)
        self._desk = IncidentDesk(
            self.store,
            clock,
            ask_pseudonyms=_pseudonyms,
            tell=lambda _incident: None,
            blocking=asyncio.to_thread,
        )

    def routers(self, require: Callable[..., Any]) -> list[APIRouter]:
        """Incidents, and the facts that they are made of."""
        return [
            incidents_router(self._desk, require=require),
            facts_router(self._desk, require=require, services=frozenset),
        ]

    def happen(self, incident: Incident, facts: Iterable[TimelineFact], person: str) -> None:
        """The person opens it; the facts are told."""
        self.store.record(list(facts), {})
        by = By(person=person, pseudonym=f"p-{person}", now_ns=incident.opened_ns)
        self.store.open(incident, by, {})

    def close(self) -> None:
        self._engine.dispose()


async def _pseudonyms(people: Iterable[str]) -> dict[str, str]:
    return {person: f"p-{person}" for person in people}
