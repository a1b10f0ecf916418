"""Who is on duty: published by the rota, read by pager, access rights, rollouts and approvals.

`duty(service, role, t)` is answered from memory by `sunwise.chassis.duty`, which follows these
messages. A slot is planned until somebody takes it over; then it is actual.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from sunwise.contracts.people.directory import Id, Role

SUBJECT: Final = "people.duty"
CHANGED: Final = "people.duty.changed"
PAGE_SLOTS: Final = 4_000
HEARTBEAT_S: Final = 10.0
"""While nothing changes, the rota publishes `DutyChanged` without slots, at the version in force, as
often; whoever has heard nothing for three of them holds what it knows for stale."""


class DutySlot(Struct, frozen=True, kw_only=True, array_like=True):
    """One person's duty for one service, or a gap that was declared."""

    service: Id
    role: Role
    person: Id | None
    """None: a gap, which nobody may lawfully fill or nobody has taken yet."""
    since_ns: int
    until_ns: int
    """Exclusive."""
    actual: bool = False
    """Taken over, or changed after it was published."""
    gap_owner: Id | None = None
    """Who has accepted the gap; None: nobody yet."""


class DutyTable(Struct, frozen=True, kw_only=True):
    """All slots that end after `from_ns`, at one version of the rota."""

    version: int
    as_of_ns: int
    """When the rota said so last: what is older is stale."""
    from_ns: int
    until_ns: int
    """Nothing is planned beyond."""
    slots: tuple[DutySlot, ...]


class GetDuty(Struct, frozen=True, kw_only=True, tag="get"):
    """One page of the newest table."""

    page: Annotated[int, Meta(ge=0)] = 0
    version: int | None = None


class DutyPage(Struct, frozen=True, kw_only=True, tag="page"):
    """PAGE_SLOTS slots; put together the pages are the table."""

    table: DutyTable
    n_pages: int


class DutyChanged(Struct, frozen=True, kw_only=True):
    """Slots that replace every slot of their service and role that they overlap.

    Versions count by one: whoever misses one asks for the table. With no slots it is a heartbeat.
    """

    version: int
    as_of_ns: int
    slots: tuple[DutySlot, ...] = ()


class GetTaken(Struct, frozen=True, kw_only=True, tag="get-taken"):
    """Shifts that were taken in an emergency and are not over."""


class TakenShift(Struct, frozen=True, kw_only=True):
    """A shift that ran, or began within the hour, when another owner took it at once."""

    change: str
    """Of the rota, by its id."""
    services: tuple[Id, ...]
    role: Role
    since_ns: int
    until_ns: int
    """Exclusive."""
    before: Id
    """Who lost it without being asked."""
    after: Id


class TakenShifts(Struct, frozen=True, kw_only=True, tag="taken"):
    """All of them, the soonest first; of one shift, in the order in which it was taken."""

    as_of_ns: int
    shifts: tuple[TakenShift, ...]


DutyQuery = GetDuty | GetTaken
DutyReply = DutyPage | TakenShifts
