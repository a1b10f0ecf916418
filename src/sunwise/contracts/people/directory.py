"""Who there is and who owns what: the directory as every other service reads it.

The directory answers `GetDirectory` on `people.directory` in pages of one snapshot, `GetPseudonyms`
beside it, and publishes `DirectoryChanged` when there is a newer one. Ids are short, opaque and for ever; names may change.
No field says where a person is or what they are doing: the zone is the one they declared.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

SUBJECT: Final = "people.directory"
CHANGED: Final = "people.directory.changed"
PAGE_PEOPLE: Final = 500
MinuteOfDay = Annotated[int, Meta(ge=0, le=1_440)]
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]
"""`$` alone lets a line's end behind it pass: an id that looks like another."""
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
"""ISO 3166-1 alpha-2."""


class Tier(StrEnum):
    """How much of the day somebody must be on duty for a service."""

    TWO_ROLES = "24x7-two"  # primary and secondary, around the clock
    ONE_ROLE = "24x7-one"  # primary, around the clock
    DAYLIGHT = "daylight"  # while its owners' day lasts
    BEST_EFFORT = "best-effort"  # nobody is on duty; its owners see it in their own day


class Role(StrEnum):
    """What somebody on duty is on duty as."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class WorkingHours(Struct, frozen=True, kw_only=True):
    """Somebody's working week on their own clock."""

    begins_minute: MinuteOfDay = 540
    ends_minute: MinuteOfDay = 1_080
    weekdays: tuple[Annotated[int, Meta(ge=0, le=6)], ...] = (0, 1, 2, 3, 4)
    """Monday is 0."""


class EmergencyHours(Struct, frozen=True, kw_only=True):
    """Hours outside of duty in which somebody has agreed to be called for the worst."""

    begins_minute: MinuteOfDay
    ends_minute: MinuteOfDay
    """On their own clock; before `begins_minute` when it is past midnight."""
    also_in_rest: bool = False
    """Whether also when it breaks their legal rest or leave."""


class Exempt(Struct, frozen=True, kw_only=True):
    """What one person is spared beyond the law. There is no field for a reason."""

    no_nights: bool = False
    max_week_h: Annotated[float, Meta(ge=0, le=168)] | None = None
    max_days_in_row: Annotated[int, Meta(ge=1, le=14)] | None = None


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who works here."""

    id: Id
    name: str
    email: str
    zone: str
    """IANA name, as declared."""
    country: Country
    """Legal seat: whose working-time law holds, ISO 3166-1 alpha-2."""
    subdivision: str = ""
    """ISO 3166-2 part of the country, for its public holidays."""
    hub: Id | None = None
    hours: WorkingHours = WorkingHours()
    languages: tuple[str, ...] = ()
    """BCP 47."""
    skills: tuple[str, ...] = ()
    emergency: EmergencyHours | None = None
    exempt: Exempt = Exempt()
    active: bool = True
    handles: tuple[str, ...] = ()
    """What other systems call them, such as a login that stands in OWNERS and CODEOWNERS."""


class Team(Struct, frozen=True, kw_only=True):
    """People who own services together."""

    id: Id
    name: str
    members: tuple[Id, ...] = ()
    lead: Id | None = None
    parent: Id | None = None
    handles: tuple[str, ...] = ()
    """What other systems call it, such as `org/team`."""


class Hub(Struct, frozen=True, kw_only=True):
    """A place with a legal entity."""

    id: Id
    name: str
    zone: str
    country: Country
    entity: str = ""
    activities: tuple[str, ...] = ()
    """Regulated activities allowed there."""


class Service(Struct, frozen=True, kw_only=True):
    """Something that runs and is owned."""

    id: Id
    name: str
    tier: Tier
    team: Id
    lead: Id | None = None
    deputy: Id | None = None
    """In a zone at least 6 h away from the lead's."""
    skills: tuple[str, ...] = ()
    """That whoever is on duty must have."""
    activity: str = ""
    """A regulated activity: duty only from hubs that are allowed it, in their business hours."""
    runbook: str = ""
    """Address."""
    code: str = ""
    """Where its code lies: `REPOSITORY` or `REPOSITORY/FOLDER`."""


class Leave(Struct, frozen=True, kw_only=True):
    """Days off. There is no field for a reason."""

    person: Id
    first: date
    last: date
    """Inclusive, on the person's own calendar."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """The whole directory at one version."""

    version: int
    people: tuple[Person, ...] = ()
    teams: tuple[Team, ...] = ()
    hubs: tuple[Hub, ...] = ()
    services: tuple[Service, ...] = ()
    leave: tuple[Leave, ...] = ()
    """That has not ended yet."""


class GetDirectory(Struct, frozen=True, kw_only=True, tag="get"):
    """One page of the newest snapshot, or of `version` while it is kept."""

    page: Annotated[int, Meta(ge=0)] = 0
    version: int | None = None


class DirectoryPage(Struct, frozen=True, kw_only=True, tag="page"):
    """At most PAGE_PEOPLE of each kind; put together in order the pages are the snapshot."""

    snapshot: Snapshot
    n_pages: int


class DirectoryChanged(Struct, frozen=True, kw_only=True):
    """There is a newer snapshot."""

    version: int
    at_ns: int


class GetPseudonyms(Struct, frozen=True, kw_only=True, tag="pseudonyms"):
    """What chained records call these people: made when first asked for, gone when erased."""

    people: tuple[Id, ...]


class Pseudonyms(Struct, frozen=True, kw_only=True, tag="pseudonyms"):
    """The only join of a person with what ledgers hold; keep it in memory, never in a ledger."""

    of: dict[str, str]
    """By person's id; without those that the directory does not know."""
