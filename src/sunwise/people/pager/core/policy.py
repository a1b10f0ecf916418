"""The rules of paging as data: severities and their escalation, grouping, inhibition, watchdogs."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from sunwise.contracts.people.directory import Id
from sunwise.contracts.people.pager import ALARMS_BEAT

_MINUTE: Final = 60.0
_HOUR: Final = 3_600.0
Seconds = Annotated[float, Meta(ge=0, le=7 * 86_400)]
Labels = dict[str, str]
REACH_TEST: Final = "reach-test"
"""The severity of the message that asks at the start of a shift whether messages arrive."""


class Target(StrEnum):
    """Whom a step of an escalation is for."""

    ASSIGNEE = "assignee"  # whom somebody named
    PRIMARY = "primary"
    SECONDARY = "secondary"
    DEPUTY = "deputy"
    OWNERS = "owners"  # every owner in working hours, or in emergency hours that they opted into
    LAST_RESORT = "last-resort"  # named in the policy


class Step(Struct, frozen=True, kw_only=True):
    """One more to be told; at once if nobody of the steps before could be."""

    to: Target
    after_s: Seconds = 0
    """Since the round began."""
    if_nobody: bool = False
    """Only where nobody of the steps before is told, or waited for until it is their day."""


class Severity(Struct, frozen=True, kw_only=True):
    """How a page of this severity finds somebody."""

    name: str
    also: tuple[str, ...] = ()
    """Other names that senders use for it."""
    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=16)]
    waits_for_daylight: bool = False
    """Nobody is told outside of their local 07:00 to 22:00."""
    repeat_s: Annotated[float, Meta(ge=60, le=7 * 86_400)] = 30 * _MINUTE
    """While nobody holds the page, the steps begin anew after so long."""
    receipt_s: Annotated[float, Meta(ge=5, le=_HOUR)] = 2 * _MINUTE
    """Without a receipt in this time a person's next channel is used."""
    ack_lasts_s: Annotated[float, Meta(ge=60, le=7 * 86_400)] = 8 * _HOUR
    """A page acknowledged longer ago that is still open looks for somebody again."""
    incident: Annotated[int, Meta(ge=0, le=4)] | None = None
    """Severity of the incident that such a page opens, 1 the worst; 0: it opens none. Left out: 1 for
    the worst of the table, none for the others."""


class InhibitRule(Struct, frozen=True, kw_only=True):
    """While a source fires, targets that agree with it page nobody."""

    source: Annotated[Labels, Meta(min_length=1)]
    target: Annotated[Labels, Meta(min_length=1)]
    equal: tuple[str, ...] = ()


class Watchdog(Struct, frozen=True, kw_only=True):
    """An alert that must keep coming; that it stops is the alarm."""

    name: Id
    labels: Annotated[Labels, Meta(min_length=1)]
    """What tells it from other alerts."""
    sender: str = ""
    """Name of the key that it must come with: `sunwise pager new-key NAME`. Empty: any sender's key, so
    that whoever holds one can keep it quiet; for `alarms`, the key of that name."""
    every_s: Annotated[float, Meta(ge=5, le=86_400)] = 5 * _MINUTE
    """The longest silence that is no alarm."""
    service: Id
    severity: str = "critical"
    once_heard: bool = False
    """It is waited for only after it came a first time."""


def _chain(*after_minutes: float) -> tuple[Step, ...]:
    return tuple(
        Step(to=to, after_s=minutes * _MINUTE)
        for to, minutes in zip(
            (Target.PRIMARY, Target.SECONDARY, Target.DEPUTY, Target.OWNERS, Target.LAST_RESORT),
            after_minutes,
            strict=True,
        )
    )


SEVERITIES: Final = (
    Severity(
        name="critical",
        also=("page", "p1", "emergency", "fatal"),
        steps=_chain(0, 5, 10, 15, 20),
        ack_lasts_s=4 * _HOUR,
    ),
    Severity(name="error", also=("high", "major", "p2"), steps=_chain(0, 15, 30, 45, 60),
             repeat_s=2 * _HOUR),
    Severity(name="handoff", steps=(Step(to=Target.ASSIGNEE),)),
    Severity(name="warning", also=("minor", "p3"), steps=_chain(0, 60, 120, 180, 240),
             waits_for_daylight=True, repeat_s=8 * _HOUR, ack_lasts_s=24 * _HOUR),
    Severity(name="gap", steps=(Step(to=Target.ASSIGNEE),), waits_for_daylight=True,
             repeat_s=24 * _HOUR, ack_lasts_s=24 * _HOUR),
    Severity(name="info", also=("none", "low", "p4"),
             steps=(Step(to=Target.PRIMARY), Step(to=Target.OWNERS, if_nobody=True)),
             waits_for_daylight=True, repeat_s=24 * _HOUR, ack_lasts_s=7 * 24 * _HOUR),
)  # fmt: skip
_REACH: Final = Severity(
    name=REACH_TEST, steps=(Step(to=Target.ASSIGNEE),), repeat_s=72 * _HOUR, receipt_s=3 * _MINUTE
)


ALARMS: Final = "alarms"
"""The watchdog of the people plane's own alarms, which is always there, and the key that it comes with;
a watchdog of the policy's of this name takes its place."""


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The rules by which alerts become pages, and pages find people."""

    severities: Annotated[tuple[Severity, ...], Meta(min_length=1, max_length=16)] = SEVERITIES
    """The worst first."""
    unknown_severity: str = "error"
    """What a severity that is not in the table counts as."""
    group_by: tuple[str, ...] = ()
    """Labels whose alerts share a page; none: as the sender groups them."""
    joins_for_s: Seconds = 5 * _MINUTE
    """How long after an acknowledgement a new alert of the group is no new page."""
    inhibit: tuple[InhibitRule, ...] = ()
    watchdogs: tuple[Watchdog, ...] = ()
    last_resort: tuple[Id, ...] = ()
    """Who is told when nobody else can be."""
    own_service: Id = "pager"
    """Whose people are paged about the pager itself."""
    service_label: str = "service"
    """The label that names an alert's service."""
    assignee_label: str = "assignee"
    """The label that names a person who is to be asked first."""
    max_open_alerts: Annotated[int, Meta(ge=100, le=1_000_000)] = 200_000
    reach_test_s: Annotated[float, Meta(ge=60, le=_HOUR)] = 15 * _MINUTE
    """A test that nobody answers for so long is an alarm, though never before the shift begins."""
    max_silence_s: Seconds = 7 * 24 * _HOUR
    kept_days: Annotated[float, Meta(ge=7, le=3_650)] = 90.0
    """How long pages, silences and what was said about them are kept once they are over."""

    @cached_property
    def watched(self) -> tuple[Watchdog, ...]:
        """Every watchdog: those of the policy, and the people plane's alarms."""
        if all(each.name != ALARMS for each in self.watchdogs):
            alarms = Watchdog(
                name=ALARMS,
                labels={"alertname": ALARMS_BEAT},
                sender=ALARMS,
                service=self.own_service,
                severity=self.severities[0].name,
                once_heard=True,
            )
            return (*self.watchdogs, alarms)
        return tuple(
            replace(each, sender=ALARMS) if (each.name, each.sender) == (ALARMS, "") else each
            for each in self.watchdogs
        )

    def __post_init__(self) -> None:
        """Refuses names that lead nowhere, and steps out of order."""
        names = [severity.name for severity in self.severities]
        if len(set(names)) < len(names) or REACH_TEST in names:
            raise ValueError(f"severities need names of their own, and not {REACH_TEST!r}")
        for wanted in (self.unknown_severity, *(each.severity for each in self.watchdogs)):
            if wanted not in names:
                raise ValueError(f"no severity {wanted!r}: there are {', '.join(names)}")
        for severity in self.severities:
            times = [step.after_s for step in severity.steps]
            if times != sorted(times):
                raise ValueError(f"the steps of {severity.name!r} are not in the order of after_s")
            if times[-1] >= severity.repeat_s:
                raise ValueError(f"repeat_s of {severity.name!r} must be above its last after_s")


class SeverityTable:
    """Severities by any of their names, and by rank."""

    def __init__(self, policy: Policy) -> None:
        self._by_rank = (*policy.severities, _REACH)
        self._ranks = {
            name: rank
            for rank, severity in enumerate(self._by_rank)
            for name in (severity.name, *severity.also)
        }
        self._unknown = self._ranks[policy.unknown_severity]

    @property
    def names(self) -> list[str]:
        """What a page can be, the worst first."""
        return [severity.name for severity in self._by_rank if severity.name != REACH_TEST]

    def rank(self, name: str) -> int:
        """0 for the worst; names that are unknown count as the policy says."""
        return self._ranks.get(name.lower(), self._unknown)

    def incident(self, name: str) -> int:
        """Severity of the incident that such a page opens; 0 for none."""
        rank = self.rank(name)
        wanted = self._by_rank[rank].incident
        return int(rank == 0) if wanted is None else wanted

    def at(self, rank: int) -> Severity:
        """The severity of that rank."""
        return self._by_rank[rank]


def has_labels(labels: Labels, wanted: Labels) -> bool:
    """Whether all of `wanted` are there, equal."""
    return all(labels.get(name) == value for name, value in wanted.items())
