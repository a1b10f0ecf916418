"""What the feed asks of the bus, what it writes, and what it tells."""

import msgspec
import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people import directory, duty, facts, handoff, incidents
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.facts import FactKind, FactRecorded, TimelineFact
from sunwise.contracts.people.handoff import HandoffState, OpenHandoff, OpenHandoffs
from sunwise.contracts.people.incidents import IncidentOpened, OpenIncident
from sunwise.contracts.people.pager import (
    CREDIT,
    CreditWakeUps,
    IncidentWanted,
    PageAcknowledged,
    PageClosed,
    PageOpened,
    WakeUpsBooked,
)
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.pager.feed import PagerFeed, Told
from sunwise.people.pager.roster import load_roster
from sunwise.people.pager.wake_ups import WakeUp
from tests.support.pager_people import NOON_UTC
from tests.support.pager_roster import roster_around

WHOLE = roster_around(NOON_UTC)
OPENED = PageOpened(page="p", service="gateway", severity="critical", summary="Slow", at_ns=1)
WANTED = IncidentWanted(
    page="p", group="g", service="gateway", severity=1, summary="Slow", at_ns=NOON_UTC
)
CLOSED = PageClosed(page="p", service="gateway", at_ns=3, by_hand=False)
WOKEN = tuple(
    WakeUp(key=f"call-{person}", person=person, service="gateway", at_ns=2)
    for person in ("ana", "erased")
)
TOLD = Told(events=(OPENED, CLOSED, WANTED), wake_ups=WOKEN, next="a:7")


class PeopleBus:
    """Answers as directory and rota do, one person and one slot a page; keeps what it is told."""

    def __init__(self):
        self.facts, self.credits, self.incidents = [], [], []
        self.silent = set()
        self.open = OpenHandoffs(as_of_ns=NOON_UTC, handoffs=())

    async def request(self, subject, payload, *, timeout_s=2.0):
        if subject in self.silent:
            raise Retryable(f"nobody answers on {subject}")
        if subject == duty.SUBJECT:
            return msgspec.msgpack.encode(_duty(_decoded(payload, duty.GetDuty)))
        if subject == handoff.SUBJECT:
            return msgspec.msgpack.encode(self.open)
        if subject == facts.RECORD:
            return msgspec.msgpack.encode(self._record(_decoded(payload, TimelineFact)))
        if subject == incidents.OPEN:
            self.incidents.append(_decoded(payload, OpenIncident))
            return msgspec.msgpack.encode(IncidentOpened(id="i", is_new=True))
        if subject == CREDIT:
            self.credits += _decoded(payload, CreditWakeUps).credits
            return msgspec.msgpack.encode(WakeUpsBooked(n_new=1))
        query = _decoded(payload, directory.GetDirectory | directory.GetPseudonyms)
        if isinstance(query, directory.GetPseudonyms):
            known = {"ana": "nym-1"} if "ana" in query.people else {}
            return msgspec.msgpack.encode(directory.Pseudonyms(of=known))
        return msgspec.msgpack.encode(_directory(query))

    def _record(self, fact):
        if fact.what.endswith("refused"):
            raise Permanent("this is no fact")
        self.facts.append(fact)
        return FactRecorded(id=fact.id, is_new=True)


def _decoded(payload, kind):
    return msgspec.msgpack.decode(payload, type=kind)


def _directory(query):
    people = WHOLE.directory.people
    first = WHOLE.directory if query.page == 0 else directory.Snapshot(version=1)
    page = msgspec.structs.replace(first, people=people[query.page : query.page + 1])
    return directory.DirectoryPage(snapshot=page, n_pages=len(people))


def _duty(query):
    slots = WHOLE.table.slots[query.page : query.page + 1]
    table = msgspec.structs.replace(WHOLE.table, slots=slots)
    return duty.DutyPage(table=table, n_pages=len(WHOLE.table.slots))


@pytest.fixture
def bus():
    return PeopleBus()


class Stage:
    """Pagers that have told so much, and feeds that are started one after the other."""

    def __init__(self, bus, folder, told=TOLD):
        self.bus, self.told = bus, told
        self.rosters = [folder / "a.msgpack", folder / "b.msgpack"]
        self._position = folder / "position"
        self.asked = []

    def _ask(self, after):
        self.asked.append(after)
        return self.told if after == "" else Told(events=(), wake_ups=(), next=after)

    def feed(self):
        return PagerFeed(
            self.bus,
            self._ask,
            roster_files=self.rosters,
            position_file=self._position,
            clock=SimulatedClock(start_ns=NOON_UTC),
        )


async def test_each_pagers_roster_is_put_together_from_all_pages(bus, tmp_path):
    stage = Stage(bus, tmp_path)
    await stage.feed().write_rosters()
    assert [load_roster(path) for path in stage.rosters] == [WHOLE, WHOLE]


async def test_a_roster_says_who_keeps_a_duty_also_while_handoff_is_away(bus, tmp_path):
    kept = OpenHandoff(
        handoff="h1",
        services=("gateway",),
        role=Role.PRIMARY,
        state=HandoffState.OFFERED,
        at_ns=NOON_UTC - 1,
        unheld_ns=NOON_UTC + 1,
        asked=(),
        is_unanswered=False,
        holder="kenji",
    )
    stage = Stage(bus, tmp_path)
    feed = stage.feed()
    bus.open = OpenHandoffs(as_of_ns=NOON_UTC, handoffs=(kept,))
    for silent in (set(), {handoff.SUBJECT}):
        bus.silent = silent
        await feed.write_rosters()
        [slot] = load_roster(stage.rosters[1]).kept
        assert (slot.service, slot.person, slot.until_ns) == ("gateway", "kenji", NOON_UTC + 1)
    bus.silent, bus.open = set(), OpenHandoffs(as_of_ns=NOON_UTC, handoffs=())
    await feed.write_rosters()
    assert load_roster(stage.rosters[1]) == WHOLE


async def test_cut_off_the_files_stay_as_they_are(bus, tmp_path):
    stage = Stage(bus, tmp_path)
    feed = stage.feed()
    await feed.write_rosters()
    bus.silent = {directory.SUBJECT, duty.SUBJECT}
    with pytest.raises(Retryable):
        await feed.write_rosters()
    assert load_roster(stage.rosters[0]) == WHOLE


async def test_pages_become_facts_that_link_to_the_page(bus, tmp_path):
    await Stage(bus, tmp_path).feed().tell()
    assert [fact.kind for fact in bus.facts] == [FactKind.PAGE, FactKind.PAGE_CLOSED]
    assert {fact.evidence.url for fact in bus.facts} == {"/evidence/page/p"}
    assert bus.facts[0].what == "Page (critical): Slow"


async def test_a_page_as_bad_as_an_incident_asks_for_one_after_its_fact_is_stored(bus, tmp_path):
    await Stage(bus, tmp_path).feed().tell()
    [asked] = bus.incidents
    assert (asked.page, asked.group, asked.severity, asked.title) == ("p", "g", 1, "Slow")


async def test_a_page_of_long_ago_opens_no_incident_when_all_is_read_again(bus, tmp_path):
    old = msgspec.structs.replace(WANTED, at_ns=NOON_UTC - 25 * NS_PER_HOUR)
    await Stage(bus, tmp_path, Told(events=(old,), wake_ups=(), next="a:9")).feed().tell()
    assert bus.incidents == []


async def test_who_was_woken_is_credited_under_the_ledgers_name_and_nobody_who_was_erased(
    bus, tmp_path
):
    await Stage(bus, tmp_path).feed().tell()
    [credit] = bus.credits
    assert (credit.key, credit.pseudonym, credit.at_ns) == ("call-ana", "nym-1", 2)


@pytest.mark.parametrize("silent", [facts.RECORD, incidents.OPEN, directory.SUBJECT, CREDIT])
async def test_what_could_not_be_told_is_told_later_also_by_the_next_process(bus, tmp_path, silent):
    stage = Stage(bus, tmp_path)
    bus.silent = {silent}
    with pytest.raises(Retryable):
        await stage.feed().tell()
    bus.silent = set()
    bus.facts.clear()
    await stage.feed().tell()
    assert len(bus.facts) == 2
    assert [credit.key for credit in bus.credits] == ["call-ana"]
    await stage.feed().tell()
    assert stage.asked[-1] == "a:7", "what was told is not asked for again"
    assert len(bus.facts) == 2


async def test_what_can_be_no_fact_holds_up_nothing(bus, tmp_path):
    odd = msgspec.structs.replace(OPENED, service="No Id", summary="x" * 2_000)
    refused = msgspec.structs.replace(OPENED, summary="refused")
    named = PageAcknowledged(page="p", service="gateway", at_ns=2)
    stage = Stage(bus, tmp_path, Told(events=(odd, refused, named), wake_ups=(), next="a:9"))
    await stage.feed().tell()
    assert [fact.what for fact in bus.facts] == ["The page was acknowledged."]
