"""What the pager takes in besides Alertmanager's and PagerDuty's formats, and what it tells others.

`SloBurned` is posted to the pager's own door (`/v1/slo-burned`) and never goes over the bus: the pager
must hear of it when the bus is the incident. Pager events are read in order from the pager itself
(`/v1/events`); when a bus is there they become facts (`facts.RECORD`), and wake-ups are credited by a
request to `people.pager.credit`, which is answered once they are booked.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from sunwise.contracts.people.directory import Id

CREDIT: Final = "people.pager.credit"
ALARMS_BEAT: Final = "SunwiseAlarms"
"""The `alertname` that the people plane's alarms send again and again while they see what holds: the
pager takes it for a heartbeat, and that it stops for an alarm."""
Fraction = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(min_length=1, max_length=1_024)]


class SloBurned(Struct, frozen=True, kw_only=True):
    """A service burns its error budget too fast, or has stopped doing so."""

    service: Id
    slo: Annotated[str, Meta(min_length=1, max_length=128)]
    """Which objective, such as `orders-available`: with the service it is the deduplication key."""
    objective: Fraction
    """The part that must be good, such as 0.999."""
    burn_rate: Annotated[float, Meta(ge=0)]
    """How many times as fast as the budget allows; 1 spends it exactly by the end of its window."""
    window_s: Annotated[float, Meta(gt=0)]
    """Over which it was measured, s."""
    budget_left: Annotated[float, Meta(le=1)]
    """Part of the budget that is left; below 0 when it is overspent."""
    at_ns: int
    """When it was measured, ns since 1970."""
    is_burning: bool = True
    """False: the burn has stopped, which resolves the alert."""
    severity: str = "critical"
    """A name of the pager's severity table."""
    summary: str = ""
    evidence: str = ""
    """Address of the graph or query that shows it."""


class PageOpened(Struct, frozen=True, kw_only=True, tag="opened"):
    """Alerts of one group began to need somebody."""

    page: str
    service: str
    severity: str
    summary: str
    at_ns: int
    slo: str = ""
    """The objective that burns, where the alert names one."""
    link: str = ""
    """Where the sender shows what is wrong."""


class PageNotified(Struct, frozen=True, kw_only=True, tag="notified"):
    """Somebody was told, or could not be told, through one channel.

    Nobody is named here or in what follows: from who was told when, and what was acknowledged when,
    anybody could reckon how fast each person answers.
    """

    page: str
    service: str
    channel: str
    """The means, such as `email`; not whose."""
    at_ns: int
    is_sent: bool
    """False: the channel refused it, and the next one is tried."""
    woke: bool
    """It was outside of the person's local 07:00 to 22:00."""
    key: str
    """The same for every attempt to deliver this one message; a keyed digest, so that nobody can reckon
    from it to whom."""


class PageAcknowledged(Struct, frozen=True, kw_only=True, tag="acknowledged"):
    """Somebody holds the page."""

    page: str
    service: str
    at_ns: int
    """Since when it may have been: the begin of that quarter of an hour, or the page's own. Whose duty
    it was is known, and how fast they are is nobody's business."""


class PageClosed(Struct, frozen=True, kw_only=True, tag="closed"):
    """Nothing of the page is firing any more, or somebody closed it."""

    page: str
    service: str
    at_ns: int
    by_hand: bool
    """False: the senders resolved it."""


class WakeUpCredited(Struct, frozen=True, kw_only=True, tag="credited"):
    """A page took somebody's night: a credit for the burden ledger."""

    key: str
    """One credit for each key, however often it comes; a keyed digest."""
    pseudonym: str
    """The person's in the ledger; the ledger never learns who."""
    service: str
    at_ns: int


class IncidentWanted(Struct, frozen=True, kw_only=True, tag="incident"):
    """A page is as bad as an incident, by the severity table; told again with each alert of it."""

    page: str
    group: str
    """What follows it and is of the same group is the same incident, until that is resolved."""
    service: str
    severity: int
    """Of the incident; 1 is the worst."""
    summary: str
    at_ns: int


PagerEvent = (
    PageOpened | PageNotified | PageAcknowledged | PageClosed | WakeUpCredited | IncidentWanted
)


class CreditWakeUps(Struct, frozen=True, kw_only=True):
    """Books these in the burden ledger, each key once."""

    credits: tuple[WakeUpCredited, ...]


class WakeUpsBooked(Struct, frozen=True, kw_only=True):
    """The answer, once they are booked."""

    n_new: int
    """How many of them were not booked already."""
