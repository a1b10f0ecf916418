"""What an instance holds of one person, for the people plane alone: handed out, and forgotten."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI, HTTPException, Request

from sunwise.chassis.errors import Retryable
from sunwise.chassis.personal import Forgotten, Traces
from sunwise.people.pager.core.facts import Fact, KeyMade
from sunwise.people.pager.instance import Instance

EXPORT: Final = "/v1/personal/export"
ERASE: Final = "/v1/personal/erase"
_TIMES: Final = ("at_ns", "stamp")
"""From which anybody could reckon how fast somebody answers."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose facts."""

    traces: Traces
    is_own: bool = False
    """It is for the person themselves."""


def add_personal(app: FastAPI, instance: Instance, *, operator: Any) -> None:  # noqa: ANN401 - FastAPI's own
    """The two routes; `operator` is the dependency that lets the people plane in."""

    @app.post(EXPORT, dependencies=[operator])
    async def export(request: Request) -> dict[str, Any]:
        """Every fact about the person; for others without when it was."""
        asked = await _asked(request)
        facts = await instance.naming(asked.traces)
        return {"pager_facts": [_row(fact, is_own=asked.is_own) for fact in facts]}

    @app.post(ERASE, dependencies=[operator])
    async def erase(request: Request) -> dict[str, Any]:
        """Forgets the person in memory and on this instance's disk."""
        asked = await _asked(request)
        try:
            n_facts = await instance.forget(asked.traces)
        except Retryable as fault:
            raise HTTPException(503, str(fault)) from fault
        said = Forgotten(gone={"pager_facts": n_facts} if n_facts else {})
        answer: dict[str, Any] = msgspec.to_builtins(said)
        return answer


async def _asked(request: Request) -> Asked:
    try:
        return msgspec.json.decode(await request.body(), type=Asked)
    except msgspec.DecodeError as fault:
        raise HTTPException(422, f"This cannot be read: {fault}") from fault


def _row(fact: Fact, *, is_own: bool) -> dict[str, Any]:
    body = msgspec.to_builtins(fact.body)
    if isinstance(fact.body, KeyMade):
        del body["digest"]
    times = {name: getattr(fact, name) for name in _TIMES} if is_own else {}
    return {"origin": fact.origin, "seq": fact.seq, "fact": {**times, **body}}
