"""What the pager tells, as facts of timelines. Of an acknowledgement nobody learns whose it was."""

from collections.abc import Iterator
from typing import Final

import msgspec

from sunwise.chassis import addresses
from sunwise.contracts.people.facts import Address, Evidence, FactKind, TimelineFact
from sunwise.contracts.people.pager import PageAcknowledged, PageClosed, PageOpened, PagerEvent

_LONGEST: Final = 500
_OfPage = PageOpened | PageAcknowledged | PageClosed


def facts_of(event: PagerEvent) -> Iterator[TimelineFact]:
    """Its facts; none for what belongs in no timeline, or is of no service that can have one."""
    for fact in _facts(event):
        try:
            yield msgspec.convert(msgspec.to_builtins(fact), type=TimelineFact)
        except msgspec.ValidationError:  # a sender may name a service that none can be called
            return


def _facts(event: PagerEvent) -> Iterator[TimelineFact]:
    match event:
        case PageOpened():
            what = f"Page ({event.severity}): {event.summary}"
            yield _fact(event, FactKind.PAGE, what, _page(event))
            if event.slo:
                yield _fact(event, FactKind.SLO, event.summary, _slo(event))
        case PageAcknowledged():
            what = "The page was acknowledged."
            yield _fact(event, FactKind.PAGE_ACKNOWLEDGED, what, _page(event))
        case PageClosed():
            yield _fact(event, FactKind.PAGE_CLOSED, "The page was closed.", _page(event))


def _fact(event: _OfPage, kind: FactKind, what: str, evidence: Evidence) -> TimelineFact:
    return TimelineFact(
        id=f"pager:{event.page}:{kind.value}:{event.at_ns}",
        kind=kind,
        services=(event.service,),
        what=what[:_LONGEST],
        at_ns=event.at_ns,
        source="pager",
        evidence=evidence,
    )


def _page(event: _OfPage) -> Evidence:
    return Evidence(kind="page", ref=event.page, url=addresses.page(event.page))


def _slo(event: PageOpened) -> Evidence:
    """Where its sender shows that the objective burns; else the page that this opened."""
    objective = "-".join(event.slo.split())
    try:
        url = msgspec.convert(event.link, Address)
    except msgspec.ValidationError:
        url = ""
    return Evidence(
        kind="slo", ref=f"{event.service}/{objective}", url=url or addresses.page(event.page)
    )
