"""Four weeks of a company: nothing is lost and no law broken, whatever is killed, late or forgotten."""

import pytest

from benchmarks.year import judge
from benchmarks.year.company import SHORT
from benchmarks.year.pagers import Node, Weather
from benchmarks.year.planning import ROBIN, planned
from benchmarks.year.report import figures
from benchmarks.year.world import World
from sunwise.daylight.working_time import Duty
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_MINUTE, offset_minutes

WEEKEND = 1_804_896_000_000_000_000
"""Saturday 2027-03-13, 00:00 UTC."""
pytestmark = pytest.mark.timeout(900)  # the first run plans the rotas
STORMY = Weather(kill_days=1, twin_kill_days=5, cut_days=2, malice=0.01)


def lived(*, days: int = SHORT.days) -> World:
    print(f"seed {SHORT.seed}")
    world = World(SHORT._replace(days=days), planned(SHORT), weather=STORMY)
    world.live()
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return lived()


def test_no_page_that_was_accepted_is_lost(world):
    assert world.pagers.n_kills > 40
    assert all(incident.accepted_ns for incident in world.incidents)
    assert judge.lost(world.incidents, world.agenda.now_ns) == []


def test_both_instances_know_the_same_in_the_end(world):
    first, second = (node.board.shared_view() for node in world.pagers.nodes)
    for part in first:
        assert first[part] == second[part], part


@pytest.mark.slow
def test_a_pager_that_forgets_what_it_accepted_is_found_out_by_the_senders(monkeypatch):
    start = Node.start

    def start_empty(node):
        node.disk = {}
        node.origin += "x"
        start(node)

    monkeypatch.setattr(Node, "start", start_empty)
    monkeypatch.setattr("benchmarks.year.pages.Pages._react", lambda *_: None)  # nobody answers
    forgetful = lived(days=10)
    assert judge.lost(forgetful.incidents, forgetful.agenda.now_ns)


def test_nobody_works_against_the_law_or_on_days_off(world):
    worked = judge.Worked(world.handoffs.worked, world.pages.calls)
    assert world.handoffs.counts["due"] > 400
    assert judge.law_breaches(world.snapshot, worked, [world.closure]) == []


def test_a_call_that_leaves_no_whole_rest_is_a_breach(world):
    person = next(each for each in world.snapshot.people if each.emergency is None)
    midnight = WEEKEND - offset_minutes(WEEKEND, person.zone) * NS_PER_MINUTE
    before, after, call = (
        Duty(midnight + begins * NS_PER_HOUR, midnight + ends * NS_PER_HOUR)
        for begins, ends in ((-10, -4), (12, 18), (3, 4))
    )
    alone = judge.Worked({person.id: [before, after]}, {})
    assert judge.law_breaches(world.snapshot, alone, []) == []
    called = judge.Worked({person.id: [before, after]}, {person.id: [call]})
    rules = [each.breach.rule for each in judge.law_breaches(world.snapshot, called, [])]
    assert rules == ["daily_rest_h", "daily_rest_h"]
    early = judge.Worked({person.id: [before, after]}, {person.id: [Duty(before[1] + 1, call[0])]})
    assert judge.law_breaches(world.snapshot, early, [])


def test_a_lost_hubs_people_have_no_duty_while_it_is_lost(world):
    hub = {person.id for person in world.snapshot.people if person.hub == world.closure.subject}
    assert world.hub.found
    for person in hub:
        for duty in world.handoffs.worked.get(person, ()):
            assert duty.end_ns <= world.closure.from_ns or duty.start_ns >= world.closure.until_ns


def test_every_target_of_the_short_year_is_met(world):
    missed = [each.name for each in figures(world, planned(SHORT, ROBIN)) if each.met is False]
    assert missed == []


def test_the_same_seed_gives_the_same_week():
    weeks = [lived(days=7) for _ in range(2)]
    assert weeks[0].incidents == weeks[1].incidents
    assert weeks[0].handoffs.worked == weeks[1].handoffs.worked
