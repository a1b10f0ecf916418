"""The demo company can be loaded any day, and shows what there is to see."""

from collections import Counter
from datetime import date, timedelta

import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.contracts.people.directory import Tier
from sunwise.daylight.zones import instant
from sunwise.people.directory.demo import load_demo
from sunwise.people.directory.law import law_of
from sunwise.people.directory.scorecard import scorecards
from sunwise.people.directory.store import DirectoryStore, VersionPassed
from tests.support.people import START_NS

_DAY_NS = 86_400 * 10**9


@pytest.fixture
def at(tmp_path):
    engines = []

    def load(now_ns: int) -> DirectoryStore:
        engine = open_database(tmp_path / f"{len(engines)}.db", is_derived=False)
        engines.append(engine)
        clock = SimulatedClock(start_ns=now_ns)
        store = DirectoryStore(engine, clock, law=law_of(clock))
        load_demo(store, today=instant(now_ns).date(), author="demo")
        return store

    yield load
    for engine in engines:
        engine.dispose()


def test_it_is_a_company_of_60_in_12_countries(at):
    store = at(START_NS)
    snapshot = store.snapshot()
    assert (len(snapshot.people), len(snapshot.teams), len(snapshot.services)) == (60, 8, 24)
    assert len({person.country for person in snapshot.people}) == 12
    assert {hub.id: hub.activities for hub in snapshot.hubs} == {
        "dubai": ("custody", "aml"),
        "paris": ("custody", "aml"),
    }
    assert Counter(service.tier for service in snapshot.services).keys() == set(Tier)
    assert len(snapshot.leave) == 10
    assert store.state().problems == ()


@pytest.mark.parametrize("months", range(0, 24, 3))
def test_it_breaks_no_rule_whenever_it_is_loaded(at, months):
    assert at(START_NS + months * 30 * _DAY_NS).state().problems == ()


def test_its_scorecards_differ(at):
    cards = scorecards(at(START_NS).snapshot(), now_ns=START_NS, handed_over_ns={})
    assert {card.daylight_share < 1 for card in cards} == {True, False}
    assert {card.has_lead_and_deputy for card in cards} == {True, False}


def test_it_is_loaded_into_an_empty_directory_only(at):
    store = at(START_NS)
    with pytest.raises(VersionPassed):
        load_demo(store, today=date(2026, 11, 27) + timedelta(days=1), author="demo")
