"""Which analyses of people somebody has agreed to, where: figures come out through `Agreed.figure` alone.

What tells something of one person is off until an agreement of that person's legal seat or hub is entered,
with its reference, by two people. What tells something of a team or service is on until it is forbidden.
The planner may reckon with burdens all the same: that is shown to nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

import msgspec
from sqlalchemy import delete, insert, select

from sunwise.chassis.guard.principal import Principal
from sunwise.chassis.guard.store import GuardStore
from sunwise.chassis.guard.tables import ANALYSES
from sunwise.contracts.people.directory import Person

_T = TypeVar("_T")
EVERYWHERE: Final = "everywhere"
PLACE: Final = r"^(everywhere|country:[A-Z]{2}|hub:[a-z0-9][a-z0-9._-]{0,63})$"


class Analysis(StrEnum):
    """What can be made of the data of people."""

    NIGHTS_PER_PERSON = "nights-per-person"
    HANDOFF_PUNCTUALITY = "handoff-punctuality"
    BURDEN_OF_TEAM = "burden-of-team"
    SERVICE_SCORECARDS = "service-scorecards"


class About(NamedTuple):
    """What an analysis is."""

    shows: str
    is_per_person: bool


TABLE: Final[Mapping[Analysis, About]] = MappingProxyType(
    {
        Analysis.NIGHTS_PER_PERSON: About(
            shows="hours of night in each named person's shifts", is_per_person=True
        ),
        Analysis.HANDOFF_PUNCTUALITY: About(
            shows="since when somebody holds the duty that they accepted", is_per_person=True
        ),
        Analysis.BURDEN_OF_TEAM: About(
            shows="the burden of a team's worst-off member, unnamed; its spread; other choices",
            is_per_person=False,
        ),
        Analysis.SERVICE_SCORECARDS: About(
            shows="how long ago a service's handoff was accepted last", is_per_person=False
        ),
    }
)
"""Every analysis there is; a tidy test finds figures of people that belong to none."""


class Shows(NamedTuple):
    """Stands in the annotation of a field that holds a figure of this analysis."""

    analysis: Analysis


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed about one analysis in one place."""

    analysis: Analysis
    place: str
    """`everywhere`, `country:DE` (people whose legal seat it is) or `hub:paris`."""
    is_allowed: bool
    reference: str
    """Where the agreement can be read, such as the number of a works agreement."""
    agreed_by: str
    """Which body, such as `works council Berlin`; not a person's name."""
    agreed_on: str
    """The day, YYYY-MM-DD."""


class Agreed(msgspec.Struct, frozen=True):
    """All agreements as of now: the one place that figures of people pass."""

    rules: Mapping[tuple[Analysis, str], bool] = MappingProxyType({})

    def may(self, analysis: Analysis, people: Iterable[Person]) -> bool:
        """Whether it may be shown of all of these; of whom nobody knows, as where nothing is agreed."""
        asked = tuple(people)
        if not asked:
            return not TABLE[analysis].is_per_person
        return all(self._may_of(analysis, person) for person in asked)

    def figure(
        self, analysis: Analysis, people: Iterable[Person], make: Callable[[], _T]
    ) -> _T | None:
        """What `make` reckons; None, and nothing is reckoned, where it is not agreed to."""
        return make() if self.may(analysis, people) else None

    def _may_of(self, analysis: Analysis, person: Person) -> bool:
        """The narrowest place that says something is right."""
        hub = [f"hub:{person.hub}"] if person.hub else []
        for place in (*hub, f"country:{person.country}", EVERYWHERE):
            if (analysis, place) in self.rules:
                return self.rules[analysis, place]
        return not TABLE[analysis].is_per_person


DEFAULTS: Final = Agreed()
"""Nothing was agreed anywhere."""
AgreedNow = Callable[[], Agreed]
"""The agreements as of now; it may block."""


class Analyses:
    """The agreements of one company. Its methods block."""

    def __init__(self, store: GuardStore) -> None:
        self._store = store

    def agreed(self) -> Agreed:
        """As of now."""
        return Agreed({(each.analysis, each.place): each.is_allowed for each in self.all()})

    def all(self) -> list[Agreement]:
        """Every agreement, by analysis and place."""
        query = select(ANALYSES).order_by(ANALYSES.c.analysis, ANALYSES.c.place)
        with self._store.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        known = frozenset(Analysis)
        return [
            Agreement(**{**row, "analysis": Analysis(row["analysis"])})
            for row in rows
            if row["analysis"] in known  # of a release that had more of them
        ]

    def enter(self, agreement: Agreement, *, by: Principal) -> None:
        """It holds from now on, in the place of what was agreed there before."""
        columns = ANALYSES.c
        same = (columns.analysis == agreement.analysis, columns.place == agreement.place)
        with self._store.audit.acting(by) as act:
            act.connection.execute(delete(ANALYSES).where(*same))
            values = msgspec.structs.asdict(agreement)
            act.connection.execute(insert(ANALYSES).values(**values))
            verb = "allow" if agreement.is_allowed else "forbid"
            act.tell(
                f"analysis.{verb}",
                subject=agreement.analysis.value,
                place=agreement.place,
                reference=agreement.reference,
            )
