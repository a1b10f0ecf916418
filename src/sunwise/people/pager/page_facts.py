"""What the pager tells, as facts of timelines. Of an acknowledgement nobody learns whose it was."""

import msgspec

from sunwise.contracts.people.facts import Evidence, FactKind, TimelineFact
from sunwise.contracts.people.pager import PageAcknowledged, PageClosed, PageOpened, PagerEvent

_LONGEST = 500


def fact_of(event: PagerEvent) -> TimelineFact | None:
    """The fact; None for what belongs in no timeline, or is of no service that can have one."""
    match event:
        case PageOpened():
            what = f"Page ({event.severity}): {event.summary}"
            return _fact(event, FactKind.PAGE, what)
        case PageAcknowledged():
            return _fact(event, FactKind.PAGE_ACKNOWLEDGED, "The page was acknowledged.")
        case PageClosed():
            return _fact(event, FactKind.PAGE_CLOSED, "The page was closed.")
        case _:
            return None


def _fact(
    event: PageOpened | PageAcknowledged | PageClosed, kind: FactKind, what: str
) -> TimelineFact | None:
    fact = TimelineFact(
        id=f"pager:{event.page}:{kind.value}:{event.at_ns}",
        kind=kind,
        services=(event.service,),
        what=what[:_LONGEST],
        at_ns=event.at_ns,
        source="pager",
        evidence=Evidence(kind="page", ref=event.page, url=f"/pager/pages/{event.page}"),
    )
    try:
        return msgspec.convert(msgspec.to_builtins(fact), type=TimelineFact)
    except msgspec.ValidationError:  # a sender may name a service that none can be called
        return None
