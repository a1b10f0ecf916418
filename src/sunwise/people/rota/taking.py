"""Taking a shift over, from whichever door it comes; what is taken in an emergency is written down.

The word of whoever takes hours is their own: nobody gets hours without it. Whoever loses them is asked
while there is time; where the shift runs or begins within the hour, waiting for somebody who may be
unreachable would leave nobody on duty, so they and who leads the service are told instead.

The audit log may be in another database: what was taken and not written there, because the process
ended in between, is written with the next start.
"""

from typing import Final

from sunwise.chassis.guard.audit import Audit
from sunwise.chassis.guard.principal import How, Principal, person_of
from sunwise.chassis.personal import ERASED
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import TakenShift
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.kept import WINDOW_NS, Request, RequestState, Unit, window_of

_TAKE: Final = "duty.take"


class Taking:
    """The door to other people's shifts. May raise Permanent and Retryable."""

    def __init__(self, desk: RotaDesk, audit: Audit) -> None:
        self._desk = desk
        self._audit = audit

    async def take(
        self, by: Principal, shift: tuple[str, Role, int], *, is_dry: bool = False
    ) -> Request:
        """What became of it; `shift` is named by its unit, its role and an instant in it."""
        unit, role, at_ns = shift
        done = await self._desk.take(unit, role, at_ns, by=person_of(by), is_dry=is_dry)
        if done.is_emergency and done.state is RequestState.APPLIED:
            await self._desk.blocking(self._write, by, done)
        return done

    async def write_missing(self) -> None:
        """Writes what was taken in an emergency in this window or the last, and is not written."""
        await self._desk.blocking(self._write_missing)

    def _write_missing(self) -> None:
        now_ns = self._desk.clock.now_ns()
        for done in self._desk.store.taken_since(window_of(now_ns) - WINDOW_NS):
            [piece] = done.changes
            if done.is_emergency and ERASED not in (piece.before, piece.after):
                self._write(Principal(person_id=piece.after, how=How.SERVICE), done)

    def _write(self, by: Principal, done: Request) -> None:
        """Once, however often it is asked for."""
        [piece] = done.changes
        about = {"change": done.id, "unit": done.unit, "role": piece.role}
        with self._audit.acting(by) as act:
            if not act.was_told(_TAKE, **about):
                act.tell(_TAKE, person=piece.before or "", **about)


def taken_of(request: Request, unit: Unit, now_ns: int) -> TakenShift | None:
    """What of it is to be told: who lost which hours in an emergency; None when that is over."""
    [piece] = request.changes
    if not request.is_emergency or piece.before is None or piece.after is None:
        return None
    if piece.end_ns <= now_ns or ERASED in (piece.before, piece.after):
        return None
    return TakenShift(
        change=request.id,
        services=unit.services,
        role=piece.role,
        since_ns=piece.start_ns,
        until_ns=piece.end_ns,
        before=piece.before,
        after=piece.after,
    )
