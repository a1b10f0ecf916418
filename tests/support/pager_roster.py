"""A roster of the usual company, as rota and directory would hand it to the pager."""

from datetime import date

from sunwise.contracts.people.directory import Leave, Role, Snapshot
from sunwise.contracts.people.duty import DutySlot, DutyTable
from sunwise.people.pager.roster import Roster
from tests.support.pager_people import ZONES, someone
from tests.support.snapshots import owned, team_of

HOUR = 3_600 * 1_000_000_000


def roster_around(
    now_ns: int,
    *,
    primary: str = "ana",
    secondary: str | None = "noa",
    on_leave: tuple[str, ...] = (),
    hours: int = 48,
) -> Roster:
    """Everybody of the usual company; the duty of `gateway` for so long around the moment."""
    first, last = now_ns - hours * HOUR, now_ns + hours * HOUR
    duty = {Role.PRIMARY: primary, Role.SECONDARY: secondary}
    slots = tuple(
        DutySlot(service="gateway", role=role, person=person, since_ns=first, until_ns=last)
        for role, person in duty.items()
    )
    members = ("ana", "kenji", "mia", "noa")
    leave = tuple(
        Leave(person=person, first=date(2000, 1, 1), last=date(2100, 1, 1)) for person in on_leave
    )
    directory = Snapshot(
        version=1,
        leave=leave,
        people=tuple(map(someone, ZONES)),
        teams=(team_of(*members, lead="mia"),),
        services=(owned("gateway", lead="noa", deputy="kenji"),),
    )
    table = DutyTable(version=1, as_of_ns=now_ns, from_ns=first, until_ns=last, slots=slots)
    return Roster(as_of_ns=now_ns, table=table, directory=directory)
