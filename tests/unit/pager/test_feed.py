"""What the feed asks of the bus, what it writes, and what it publishes."""

import msgspec
import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.errors import Retryable
from sunwise.contracts.people import directory, duty
from sunwise.contracts.people.pager import PageClosed, WakeUpCredited
from sunwise.people.pager.feed import PagerFeed, Told
from sunwise.people.pager.roster import load_roster
from sunwise.people.pager.wake_ups import WakeUp
from tests.support.pager_people import NOON_UTC
from tests.support.pager_roster import roster_around

WHOLE = roster_around(NOON_UTC)
CLOSED = PageClosed(page="p", service="gateway", at_ns=1, by_hand=False)
WOKEN = tuple(
    WakeUp(key=f"call-{person}", person=person, service="gateway", at_ns=2)
    for person in ("ana", "erased")
)


class PeopleBus:
    """Answers as directory and rota do, one person and one slot a page."""

    def __init__(self):
        self.published = []
        self.is_cut = False

    async def request(self, subject, payload, *, timeout_s=2.0):
        if self.is_cut:
            raise Retryable("cut off")
        if subject == duty.SUBJECT:
            return msgspec.msgpack.encode(_duty(_decoded(payload, duty.GetDuty)))
        query = _decoded(payload, directory.GetDirectory | directory.GetPseudonyms)
        if isinstance(query, directory.GetPseudonyms):
            known = {"ana": "nym-1"} if "ana" in query.people else {}
            return msgspec.msgpack.encode(directory.Pseudonyms(of=known))
        return msgspec.msgpack.encode(_directory(query))

    def publish(self, subject, payload):
        self.published.append((subject, payload))


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


def feed_of(bus, path, told=()):
    answers = list(told)

    def ask(after):
        return answers.pop(0) if answers else Told(events=(), wake_ups=(), next=after)

    return PagerFeed(bus, ask, path, SimulatedClock(start_ns=NOON_UTC))


async def test_the_roster_is_put_together_from_all_pages(bus, tmp_path):
    path = tmp_path / "roster.msgpack"
    feed = feed_of(bus, path)
    await feed.write_roster()
    assert load_roster(path) == WHOLE


async def test_cut_off_the_file_stays_as_it_is(bus, tmp_path):
    path = tmp_path / "roster.msgpack"
    feed = feed_of(bus, path)
    await feed.write_roster()
    bus.is_cut = True
    with pytest.raises(Retryable):
        await feed.write_roster()
    assert load_roster(path) == WHOLE


async def test_events_and_credits_are_published_under_the_ledgers_name(bus, tmp_path):
    told = Told(events=(CLOSED,), wake_ups=WOKEN, next="a:7")
    await feed_of(bus, tmp_path / "r", [told]).tell()
    (closed, credited) = bus.published
    assert closed == ("people.pager.closed", msgspec.msgpack.encode(CLOSED))
    assert credited[0] == "people.pager.credited"
    assert msgspec.msgpack.decode(credited[1], type=WakeUpCredited) == WakeUpCredited(
        key="call-ana", pseudonym="nym-1", service="gateway", at_ns=2
    )


async def test_without_the_directory_nothing_is_passed_over(bus, tmp_path):
    told = Told(events=(CLOSED,), wake_ups=WOKEN, next="a:7")
    feed = feed_of(bus, tmp_path / "r", [told, told])
    bus.is_cut = True
    with pytest.raises(Retryable):
        await feed.tell()
    bus.is_cut = False
    await feed.tell()
    assert [subject for subject, _ in bus.published] == [
        "people.pager.closed",
        "people.pager.credited",
    ]
