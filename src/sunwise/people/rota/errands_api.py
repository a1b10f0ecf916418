"""Jobs over HTTP: 202 with an address, how far it is, what came of it, and its end on request."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from sunwise.chassis.guard.door import Requirement
from sunwise.chassis.guard.principal import NotAllowed, Principal
from sunwise.chassis.guard.rights import Right, Scope
from sunwise.people.rota.errands import Busy, Errand, Errands, Lost, Unknown, Wish, Work

_JOBS: Final = "/people/rota/jobs"
_LONGEST_WAIT_S: Final = 8.0

JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}-[0-9]{1,12}$")]
WaitS = Annotated[
    float, Query(ge=0, le=_LONGEST_WAIT_S, description="Answer when it ends, or after so long.")
]


@dataclass(frozen=True)
class Job:
    """Something that takes longer than a request, and how far it is."""

    id: str
    address: str
    """Where it is followed; DELETE ends it."""
    kind: str
    about: str
    """The unit, person or place."""
    state: str
    """`running`, `done`, `failed` or `cancelled`."""
    n_done: int
    n_all: int
    """Rotas that are done, of so many."""
    n_before: int
    """Jobs that were asked for earlier and are not over: plans are made one after the other."""
    elapsed_s: float
    expected_s: float | None
    """As long as the last one of its kind took."""
    result: Any
    """Once it is done: the draft's page of a plan, the explanation, or else the consequences."""
    problem: str
    """Why it ended without a result, and what to do."""


class ErrandDesk:
    """Errands as jobs."""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands

    def accepted(self, wish: Wish, work: Work, response: Response) -> Job:
        """The job, begun or under way already. Raises HTTPException 409 and Retryable."""
        try:
            errand = self._errands.start(wish, work)
        except Busy as busy:
            raise HTTPException(409, str(busy)) from busy
        job = self.shown(errand)
        response.headers["location"] = job.address
        return job

    def found(self, job: str, principal: Principal) -> Errand:
        """For whoever asked for it, or plans for everybody. Raises HTTPException and NotAllowed."""
        try:
            errand = self._errands.find(job)
        except Lost as lost:
            raise HTTPException(410, str(lost)) from lost
        except Unknown as unknown:
            raise HTTPException(404, str(unknown)) from unknown
        if principal.name != errand.wish.by and not principal.may(Right.ROTA_PLAN, Scope.ALL):
            raise NotAllowed("This job is somebody else's: only they and planners see it.")
        return errand

    def end(self, errand: Errand, principal: Principal) -> None:
        """Ends it, as the principal wants."""
        self._errands.cancel(errand.id, by=principal.name)

    def shown(self, errand: Errand) -> Job:
        """As it is now."""
        return Job(
            id=errand.id,
            address=f"{_JOBS}/{errand.id}",
            kind=errand.wish.kind,
            about=errand.wish.about,
            state=errand.state.value,
            n_done=errand.n_done,
            n_all=errand.n_all,
            n_before=self._errands.n_before(errand),
            elapsed_s=round(self._errands.elapsed_s(errand), 1),
            expected_s=self._errands.expected_s(errand),
            result=errand.result,
            problem=errand.problem,
        )


def add_jobs(
    router: APIRouter, errands: ErrandDesk, *, require: Callable[[Right], Requirement]
) -> None:
    """The routes by which jobs are followed."""
    reader = Depends(require(Right.ROTA_READ))

    @router.get("/jobs/{job}", summary="How far a job is, and what came of it")
    async def job_now(
        job: JobId, principal: Annotated[Principal, reader], wait_s: WaitS = 0.0
    ) -> Job:
        errand = errands.found(job, principal)
        await _ended(errand, wait_s)
        return errands.shown(errand)

    @router.delete("/jobs/{job}", summary="End a job: what it has not finished is not changed")
    async def end(job: JobId, principal: Annotated[Principal, reader]) -> Job:
        errand = errands.found(job, principal)
        errands.end(errand, principal)
        await _ended(errand, _LONGEST_WAIT_S)
        return errands.shown(errand)


async def _ended(errand: Errand, wait_s: float) -> None:
    try:
        async with asyncio.timeout(wait_s):
            await errand.ended.wait()
    except TimeoutError:
        return
