"""One person's data: all of it handed out, and all of it gone when they are erased."""

import pytest
from sqlalchemy import select

from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.scim.protocol import Scim
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import Refused
from sunwise.people.directory.tables import METADATA
from tests.support.people import (
    START_NS,
    new_store,
    off,
    person,
    says,
    service,
    team,
)

GROUP = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Idp"'


class StoppedClock:
    def now_ns(self) -> int:
        return START_NS


@pytest.fixture
def full(new_database):
    """A directory in which everything that can name somebody names `ana_1`."""
    engine = new_database()
    store = new_store(engine)
    ana = person("ana_1", email="secret@example.com", handles=["octoana"])
    store.apply(says(ana, person("bo", "Asia/Tokyo"), person("ana31")), author="ana_1")
    store.apply(
        says(
            team("core", "ana_1", "bo", "ana31", lead="ana_1"), person("ana_1"), source=Source.CSV
        ),
        author="bo",
    )
    owned = service("api", "core", lead="ana_1", deputy="bo")
    store.apply(says(owned, leave_added=(off("ana_1", "2027-01-04", "2027-01-08"),)), author="bo")
    store.pseudonyms(["ana_1", "bo"])
    scim = Scim(engine, store, StoppedClock())
    members = b',"members":[{"value":"ana_1"},{"value":"ana31"}]}'
    scim.create(Kind.TEAM, GROUP + members, author="idp")
    store.apply(says(team("core", "bo", "ana31", lead="bo"), source=Source.CSV), author="bo")
    return engine, store


def everything(engine) -> str:
    """Every cell of every table."""
    with engine.connect() as connection:
        rows = [
            repr(tuple(row))
            for table in METADATA.tables.values()
            for row in connection.execute(select(table))
        ]
    return "\n".join(rows)


def test_an_export_holds_what_every_source_said_and_who_names_them(full):
    _, store = full
    found = store.export("ana_1")
    assert set(found["said"]) == {"manual", "csv"}
    assert found["believed"]["email"] == "secret@example.com"
    assert {(each["id"], each["as"]) for each in found["named_by"]} == {
        ("api", "lead"),
        ("idp", "members"),
    }
    assert found["leave"] == [{"person": "ana_1", "first": "2027-01-04", "last": "2027-01-08"}]
    assert found["pseudonym"]
    assert found["history"]


def test_nothing_of_an_erased_person_is_left_and_nobody_else_is_touched(full):
    engine, store = full
    pseudonym = store.pseudonyms(["ana_1"])["ana_1"]
    before = {p.id: p for p in store.snapshot().people}
    store.erase("ana_1", author="ana_1")
    left = everything(engine)
    for trace in ("ana_1", "secret@", "octoana", pseudonym):
        assert trace not in left, trace
    snapshot = store.snapshot()
    assert {p.id: p for p in snapshot.people} == {i: p for i, p in before.items() if i != "ana_1"}
    assert snapshot.teams[0].members == ("bo", "ana31")
    assert (snapshot.services[0].lead, snapshot.services[0].deputy) == (None, "bo")
    assert snapshot.leave == ()
    assert "has a deputy but no other lead" in str(store.state().problems)
    assert new_store(engine).snapshot() == snapshot
    assert store.pseudonyms(["ana_1"]) == {}
    assert store.changes_of(Key(Kind.PERSON, "bo"))


def test_somebody_who_comes_again_is_somebody_else_to_ledgers(full):
    _, store = full
    pseudonym = store.pseudonyms(["ana_1"])["ana_1"]
    store.erase("ana_1", author="x")
    store.apply(says(person("ana_1")), author="x")
    assert store.pseudonyms(["ana_1"])["ana_1"] != pseudonym


def test_who_is_not_there_cannot_be_erased(full):
    _, store = full
    version = store.version()
    with pytest.raises(Refused, match="look at the spelling"):
        store.erase("ghost", author="x")
    assert store.version() == version
