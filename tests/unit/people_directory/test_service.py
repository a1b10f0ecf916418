"""What others read over the bus: whole snapshots in pages, and word of newer ones."""

import asyncio

import msgspec
import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.db import open_database
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.people.directory import (
    CHANGED,
    SUBJECT,
    DirectoryChanged,
    DirectoryPage,
    GetDirectory,
    GetPseudonyms,
    Pseudonyms,
    Snapshot,
)
from sunwise.contracts.people.handoff import SUBJECT as HANDOFF
from sunwise.contracts.people.handoff import Freshness, ServiceFreshness
from sunwise.people.directory.handed_over import HandedOver
from sunwise.people.directory.service import DirectoryService
from tests.support.people import around_the_clock, new_store, off, person, says, team

pytestmark = pytest.mark.asyncio


@pytest.fixture
def store(tmp_path):
    engine = open_database(tmp_path / "directory.db", is_derived=False)
    yield new_store(engine)
    engine.dispose()


@pytest.fixture
async def bus(store):
    server = SimulatedServer(seed=1)
    ready = asyncio.Event()
    service = DirectoryService(SimulatedBus(server, user="directory"), store, SystemClock())
    task = asyncio.create_task(service.run(ready.set))
    await ready.wait()
    yield SimulatedBus(server, user="reader")
    task.cancel()
    await asyncio.wait([task])


async def ask(bus, query):
    answer = await bus.request(SUBJECT, msgspec.msgpack.encode(query))
    return msgspec.msgpack.decode(answer, type=DirectoryPage | Pseudonyms)


async def whole(bus) -> tuple[Snapshot, int]:
    """The snapshot that its pages make, and how many they were."""
    first = await ask(bus, GetDirectory())
    parts = [first.snapshot]
    for page in range(1, first.n_pages):
        query = GetDirectory(page=page, version=first.snapshot.version)
        parts.append((await ask(bus, query)).snapshot)
    lists = [f for f in Snapshot.__struct_fields__ if f != "version"]
    joined = {f: tuple(each for part in parts for each in getattr(part, f)) for f in lists}
    return Snapshot(version=first.snapshot.version, **joined), first.n_pages


async def test_an_empty_directory_is_one_empty_page(bus):
    assert await whole(bus) == (Snapshot(version=0), 1)


async def test_pages_put_together_are_the_snapshot(bus, store):
    store.apply(says(*around_the_clock()), author="x")
    many = [person(f"m{i:04}", skills=["sql"] * 20) for i in range(1_100)]
    store.apply(
        says(
            *many,
            team("all", *(m.key.id for m in many)),
            leave_added=(off("p0", "2027-01-04", "2027-01-08"),),
        ),
        author="x",
    )
    snapshot, n_pages = await whole(bus)
    assert snapshot == store.snapshot()
    assert n_pages > 2


async def test_a_reader_between_two_pages_reads_its_version_to_the_end(bus, store):
    store.apply(says(*(person(f"m{i:04}") for i in range(600))), author="x")
    first = await ask(bus, GetDirectory())
    store.apply(says(person("zed")), author="x")
    assert (await ask(bus, GetDirectory())).snapshot.version == 2
    late = await ask(bus, GetDirectory(page=1, version=1))
    assert late.snapshot.people[-1].id == "m0599"
    assert late.n_pages == first.n_pages


async def test_a_version_that_is_not_kept_says_where_to_begin_again(bus, store):
    with pytest.raises(Permanent, match="begin again with page 0 of version 0"):
        await ask(bus, GetDirectory(version=7))
    with pytest.raises(Permanent, match="no page 3"):
        await ask(bus, GetDirectory(page=3))


async def test_a_newer_version_is_published(bus, store):
    heard: asyncio.Queue[DirectoryChanged] = asyncio.Queue()

    def hear(message):
        heard.put_nowait(msgspec.msgpack.decode(message.payload, type=DirectoryChanged))

    await bus.subscribe(CHANGED, hear)
    await asyncio.to_thread(store.apply, says(person("ana")), author="x")
    async with asyncio.timeout(5):
        while (await heard.get()).version != 1:
            pass


async def test_ledgers_get_pseudonyms_of_people_who_are_known(bus, store):
    store.apply(says(person("ana")), author="x")
    answer = await ask(bus, GetPseudonyms(people=("ana", "ghost")))
    assert answer.of == store.pseudonyms(["ana"])


async def test_when_duty_was_handed_over_is_asked_of_handoff_and_kept_while_it_is_away(store):
    server = SimulatedServer(seed=1)
    fresh = ServiceFreshness(
        service="api", is_fresh=True, newest_ns=9, n_accepted=1, n_due=1, accepted_ns=7
    )
    never = msgspec.structs.replace(fresh, service="web", accepted_ns=None)

    async def answer(_message):
        return msgspec.msgpack.encode(Freshness(as_of_ns=0, services=(fresh, never)))

    asked = await SimulatedBus(server, user="handoff").serve(HANDOFF, answer)
    handed_over = HandedOver()
    own = SimulatedBus(server, user="directory")
    service = DirectoryService(own, store, SystemClock(), handed_over=handed_over)
    task = asyncio.create_task(service.run(lambda: None))
    async with asyncio.timeout(5):
        while not handed_over():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
    assert handed_over() == {"api": 7}
    await asked.close()
    with pytest.raises(Retryable):
        await handed_over.refresh(own)
    assert handed_over() == {"api": 7}
    task.cancel()
    await asyncio.wait([task])
