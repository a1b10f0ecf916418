"""Versions: each change set is one, whole, or nothing; who comes too late hears it."""

import pytest
from sqlalchemy import func, select, update

from sunwise.people.directory.claims import Claim
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.problems import Rule
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import Refused, VersionPassed
from sunwise.people.directory.tables import CHANGES, CLAIMS, LEAVE
from sunwise.people.directory.two_people import concerned
from tests.support.people import (
    ZONES,
    around_the_clock,
    new_store,
    off,
    person,
    says,
    service,
    team,
)


def test_an_empty_directory_is_at_version_0(new_database):
    store = new_store(new_database())
    assert store.snapshot().version == store.version() == 0


def test_each_change_set_makes_one_version_and_comes_back_after_a_restart(new_database):
    engine = new_database()
    store = new_store(engine)
    store.apply(says(*around_the_clock()), author="ana")
    store.apply(says(leave_added=(off("p0", "2027-01-04", "2027-01-08"),)), author="p0")
    again = new_store(engine)
    assert again.snapshot() == store.snapshot()
    assert [(v.version, v.author) for v in again.versions()] == [(2, "p0"), (1, "ana")]
    assert again.snapshot().leave == (off("p0", "2027-01-04", "2027-01-08"),)


def test_what_says_nothing_new_makes_no_version(new_database):
    store = new_store(new_database())
    store.apply(says(*around_the_clock()), author="ana")
    assert store.apply(says(*around_the_clock()), author="ana").is_empty
    assert store.version() == 1


def test_a_refused_change_set_leaves_nothing_behind(new_database):
    engine = new_database()
    store = new_store(engine)
    with pytest.raises(Refused, match="'ghost' is no person"):
        store.apply(says(person("ana"), team("core", "ana", "ghost")), author="ana")
    with engine.connect() as connection:
        for table in (*CLAIMS.values(), LEAVE, CHANGES):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert new_store(engine).version() == 0


def test_a_change_to_a_version_that_has_passed_is_refused(new_database):
    engine = new_database()
    store = new_store(engine)
    store.apply(says(person("ana")), author="ana")
    other = new_store(engine)
    other.apply(says(person("bo")), author="bo", expected_version=1)
    with pytest.raises(VersionPassed, match="at version 2, no longer at 1"):
        store.apply(says(person("cy")), author="ana", expected_version=1)
    assert [p.id for p in store.snapshot().people] == ["ana", "bo"]


def test_a_writer_that_is_overtaken_between_reading_and_writing_changes_nothing(new_database):
    engine = new_database()
    slow, quick = new_store(engine), new_store(engine)
    stale = slow.state()
    quick.apply(says(person("ana")), author="ana")
    slow.state = lambda: stale  # the other's version came after this was read
    with pytest.raises(VersionPassed):
        slow.apply(says(person("bo")), author="bo")
    assert [p.id for p in new_store(engine).snapshot().people] == ["ana"]


def test_what_belongs_to_a_change_is_written_with_it_or_not_at_all(new_database):
    engine = new_database()
    store = new_store(engine)

    def fail(_connection):
        raise RuntimeError("the power is cut")

    with pytest.raises(RuntimeError):
        store.apply(says(person("ana")), author="ana", also=fail)
    assert store.version() == new_store(engine).version() == 0


def test_a_field_is_believed_from_the_source_that_stands_first(new_database):
    store = new_store(new_database())
    store.apply(says(person("ana"), team("core", "ana")), author="x")
    store.apply(says(service("api", "core"), source=Source.BACKSTAGE), author="x")
    store.apply(says(service("api", "core", "best-effort")), author="x")
    assert store.snapshot().services[0].tier == "best-effort"  # manual before Backstage
    renamed = says(person("ana", name="Ana Real"), source=Source.SCIM)
    plan = store.apply(renamed, author="x")
    assert store.snapshot().people[0].name == "Ana Real"  # SCIM before manual
    assert [(c.field, c.old, c.new, c.source) for c in plan.changes] == [
        ("name", "Ana", "Ana Real", "scim")
    ]


def test_what_is_said_in_vain_is_shown(new_database):
    store = new_store(new_database())
    store.apply(says(person("ana"), team("core", "ana"), service("api", "core")), author="x")
    late = says(service("api", "core", "best-effort"), source=Source.BACKSTAGE)
    plan = store.apply(late, author="x")
    assert plan.is_empty
    assert [(o.field, o.value, o.by) for o in plan.overruled] == [("tier", "best-effort", "manual")]


def test_an_object_lives_as_long_as_one_source_names_it(new_database):
    store = new_store(new_database())
    for source in (Source.MANUAL, Source.CSV):
        store.apply(says(person("ana"), source=source), author="x")
    ana = Key(Kind.PERSON, "ana")
    store.apply(says(withdrawn=(ana,)), author="x")
    assert store.snapshot().people
    plan = store.apply(says(source=Source.CSV, whole=frozenset({Kind.PERSON})), author="x")
    assert not store.snapshot().people
    assert {c.verb for c in plan.changes} == {"removed"}
    assert store.changes_of(ana)[0][0] == 4


def test_pseudonyms_stay_and_unknown_people_have_none(new_database):
    engine = new_database()
    store = new_store(engine)
    store.apply(says(person("ana"), person("bo")), author="x")
    names = store.pseudonyms(["ana", "ghost", "ana"])
    assert names.keys() == {"ana"}
    assert new_store(engine).pseudonyms(["bo", "ana"])["ana"] == names["ana"]
    assert "ana" not in names["ana"]


def test_owners_and_tiers_of_what_runs_around_the_clock_need_two_people(new_database):
    store = new_store(new_database())
    claims = around_the_clock()
    assert not store.apply(says(*claims), author="x").for_two  # a new service
    fewer = store.plan(says(service("matching", "core", "daylight", lead="p0", runbook="r")))
    assert [each.field for each in fewer.for_two] == ["tier", "lead"]
    for asks in ({"skills": ["welding"]}, {"activity": "clearing"}):  # it leaves its rota
        assert store.plan(says(service("matching", "core", "24x7-one", **asks))).for_two
    store.apply(says(service("matching", "core", "daylight")), author="x")
    assert not store.plan(says(service("matching", "core", "daylight", lead="p0"))).for_two
    assert store.plan(says(service("matching", "core", "24x7-one"))).for_two


def test_members_and_the_lead_of_who_owns_it_need_two_people(new_database):
    store = new_store(new_database())
    web = team("web", "p0"), service("page", "web", "best-effort")
    assert not store.apply(says(*around_the_clock(), *web), author="x").for_two  # all new
    joined = store.plan(says(team("core", *store.snapshot().teams[0].members[1:], lead="p1")))
    assert {(c.id, c.field) for c in joined.for_two} == {("core", "lead"), ("core", "members")}
    assert not store.plan(says(team("web", "p0", "p1", lead="p1"))).for_two
    given = store.plan(says(team("web", "p0", "p1"), service("matching", "web", "24x7-one")))
    assert {(each.id, each.field) for each in given.for_two} >= {
        ("web", "members"),
        ("matching", "team"),
    }


@pytest.mark.parametrize("source", [Source.MANUAL, Source.CSV])
def test_that_somebody_leaves_who_answers_around_the_clock_needs_two_people(new_database, source):
    store = new_store(new_database())
    web = person("ana"), team("web", "ana"), service("page", "web", "best-effort")
    store.apply(says(*around_the_clock(12), *web, source=source), author="x")
    gone = person("p0", ZONES[0], active=False)
    plan = store.plan(says(gone, source=source))
    assert [(each.id, each.field) for each in plan.for_two] == [("p0", "active")]
    assert not store.plan(says(person("ana", active=False), source=source)).for_two
    store.apply(says(gone, source=source), author="x")
    assert store.plan(says(person("p0", ZONES[0]), source=source)).for_two, "nor does one come back"
    removed = store.plan(says(source=source, withdrawn=(Key(Kind.PERSON, "p1"),)))
    assert [(each.id, each.field) for each in removed.for_two] == [("p1", "name")]
    assert not store.plan(says(source=source, withdrawn=(Key(Kind.PERSON, "ana"),))).for_two


def test_a_change_is_of_the_services_whose_people_leave(new_database):
    store = new_store(new_database())
    store.apply(says(*around_the_clock(12), person("ana"), team("web", "ana")), author="x")
    plan = store.plan(says(person("p0", ZONES[0], active=False)))
    assert concerned(plan.changes, store.snapshot()) == {"matching"}
    plan = store.plan(says(person("p0", ZONES[1])))
    assert concerned(plan.changes, store.snapshot()) == set()
    plan = store.plan(says(withdrawn=(Key(Kind.SERVICE, "matching"),)))
    store.apply(says(withdrawn=(Key(Kind.SERVICE, "matching"),)), author="x")
    assert concerned(plan.changes, store.snapshot()) == {"matching"}, "also once it is gone"


def test_a_zone_that_vanishes_with_a_tzdata_update_stops_nobody_else(new_database):
    engine = new_database()
    store = new_store(engine)
    store.apply(says(*around_the_clock(), person("ana")), author="x")
    with engine.begin() as connection:  # as if the database had the zone when this was written
        table = CLAIMS[Kind.PERSON]
        connection.execute(update(table).where(table.c.id == "p0").values(zone="Asia/Atlantis"))
    again = new_store(engine)
    (problem,) = again.state().problems
    assert (problem.rule, problem.id) == ("zone", "p0")
    assert "Declare a zone that is in the database" in problem.text
    assert [p.active for p in again.snapshot().people if p.id == "p0"] == [False]
    again.apply(says(person("bo")), author="x")
    again.apply(says(person("p0", "Asia/Tokyo")), author="x")
    assert again.state().problems == ()


def test_an_id_that_only_looks_like_another_is_none(new_database):
    store = new_store(new_database())
    store.apply(says(person("ana")), author="ada")
    for id_ in ("ana\n", "an\u0430", "ana ", "ANA"):
        with pytest.raises(Refused, match="is no id"):
            store.apply(says(person(id_, email="x@example.com")), author="ada")


@pytest.mark.parametrize(
    "said", [{"subdivision": {"a": 1}}, {"active": "yes"}, {"name": ["x"]}, {"country": "FR\nX"}]
)
def test_what_cannot_be_kept_is_refused_of_an_incomplete_person_too(new_database, said):
    store = new_store(new_database())
    known = Claim(key=Key(Kind.PERSON, "ana"), said={"name": "Ana"})
    store.apply(says(known, source=Source.BACKSTAGE, tolerated=frozenset(Rule)), author="ada")
    claim = Claim(key=Key(Kind.PERSON, "ana"), said=said)
    with pytest.raises(Refused, match=r"must be|control character"):
        store.apply(says(claim, tolerated=frozenset({Rule.INCOMPLETE})), author="ada")
