"""One person's data: all of it handed out, and all of it gone when they are erased."""

import pytest
from sqlalchemy import select

from sunwise.chassis.personal import Traces
from sunwise.people.directory.holder import DirectoryHolder
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.scim.protocol import Scim
from sunwise.people.directory.sources import Source
from sunwise.people.directory.tables import METADATA
from tests.support.people import (
    PROVIDER,
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
    scim.create(Kind.TEAM, GROUP + members, by=PROVIDER)
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
    found = DirectoryHolder(store).export(store.traces("ana_1"), is_own=True)
    people = found["directory_people"]
    assert {each["source"] for each in people} == {"manual", "csv"}
    assert {each["email"] for each in people} == {"secret@example.com", "ana_1@example.com"}
    assert [each["handles"] for each in people if each["handles"]] == [["octoana"]]
    assert [each["id"] for each in found["directory_services"]] == ["api"]
    assert {each["source"] for each in found["directory_teams"]} == {"scim"}
    assert [each["last"] for each in found["directory_leave"]] == ["2027-01-08"]
    assert found["directory_pseudonyms"]
    assert found["directory_changes"]


def test_they_are_found_by_what_they_were_once_called(full):
    _, store = full
    store.apply(says(person("ana_1", name="Ana New")), author="bo")
    words = store.traces("ana_1").words
    assert {"Ana New", "Ana_1", "secret@example.com", "octoana"} <= set(words)
    assert store.traces("ghost") is None


def test_nothing_of_an_erased_person_is_left_and_nobody_else_is_touched(full):
    engine, store = full
    pseudonym = store.pseudonyms(["ana_1"])["ana_1"]
    before = {p.id: p for p in store.snapshot().people}
    store.erase("ana_1")
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
    store.erase("ana_1")
    store.apply(says(person("ana_1")), author="x")
    assert store.pseudonyms(["ana_1"])["ana_1"] != pseudonym


def test_who_is_not_there_is_erased_without_a_change(full):
    _, store = full
    version = store.version()
    assert DirectoryHolder(store).erase(Traces(person="ghost")).gone == {}
    assert store.version() == version
