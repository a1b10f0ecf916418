"""What the pager tells, as facts."""

import msgspec
import pytest

from sunwise.contracts.people.facts import FactKind, TimelineFact
from sunwise.contracts.people.pager import PageAcknowledged, PageClosed, PageOpened, WakeUpCredited
from sunwise.people.pager.page_facts import facts_of

BURNED = PageOpened(
    page="p1",
    service="ledger",
    severity="critical",
    summary="ledger: orders-available burns its budget 14 times too fast",
    at_ns=7,
    slo="orders-available",
    link="https://graphs.example.com/slo",
)


def told(event):
    found = list(facts_of(event))
    for fact in found:  # what goes over the bus is held to the contract
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(fact), type=TimelineFact) == fact
    return found


def test_an_objective_that_burns_is_told_beside_its_page_with_its_evidence():
    page, slo = told(BURNED)
    assert (page.kind, page.evidence.ref) == (FactKind.PAGE, "p1")
    assert (slo.kind, slo.what) == (FactKind.SLO, BURNED.summary)
    assert slo.evidence.ref == "ledger/orders-available"
    assert (page.evidence.url, slo.evidence.url) == ("/evidence/page/p1", BURNED.link)
    assert page.id != slo.id


@pytest.mark.parametrize("link", ["", "mailto:x", "not an address"])
def test_an_objective_without_an_address_of_its_own_is_seen_on_its_page(link):
    _, slo = told(msgspec.structs.replace(BURNED, link=link))
    assert slo.evidence.url == "/evidence/page/p1"


def test_what_belongs_in_no_timeline_is_left_out():
    credit = WakeUpCredited(key="k", pseudonym="p", service="ledger", at_ns=1)
    closed = PageClosed(page="p1", service="ledger", at_ns=9, by_hand=False)
    assert told(credit) == told(msgspec.structs.replace(BURNED, service="")) == []
    assert [each.kind for each in told(closed)] == [FactKind.PAGE_CLOSED]
    assert [each.actor for each in told(PageAcknowledged(page="p1", service="a", at_ns=8))] == [
        None
    ]
