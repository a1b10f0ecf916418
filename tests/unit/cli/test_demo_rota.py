"""The demo's rota is in force, lawful and agreed to the moment that it is loaded."""

import asyncio
import shutil
from itertools import pairwise

import pytest

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.guard import OPERATOR, GuardStore, State, TwoPeople
from sunwise.chassis.guard import Role as GuardRole
from sunwise.cli.people_demo_rota import Administrators, DemoRota
from sunwise.contracts.people.directory import Role
from sunwise.people.directory.law import law_of
from sunwise.people.directory.store import DirectoryStore
from sunwise.people.rota.core.check import check
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.grounds import ground
from sunwise.people.rota.kept import DAY_NS, RequestKind, RequestState, window_of
from sunwise.people.rota.store import RotaStore
from sunwise.people.rota.turns import rota_of
from sunwise.people.rota.units import Span, inputs_of, problem_of
from tests.support.people import ZONES, person, says, service, team

NOW_NS = 1_795_779_660_000_000_000  # 2026-11-27 11:41, the fifth day of its 4 weeks
WHO = Administrators(you="p0", second="p1")


class Company:
    """Eight people who own one service around the clock and one that only two may do."""

    def __init__(self, folder, now_ns: int) -> None:
        self.clock = SimulatedClock(start_ns=now_ns)
        self.engines = [
            open_database(folder / f"{name}.db", is_derived=False)
            for name in ("directory", "guard", "rota")
        ]
        of_directory, of_guard, of_rota = self.engines
        self.directory = DirectoryStore(of_directory, self.clock, law=law_of(self.clock))
        self.guard = GuardStore(of_guard, self.clock)
        self.store = RotaStore(of_rota, self.clock)
        if not self.directory.version():
            self._begin()
        self.rota = DemoRota(of_rota, self.directory, self.guard, self.clock)

    def _begin(self) -> None:
        skilled = {"skills": ["hsm"]}
        people = [person(f"p{n}", ZONES[n % 6], **(skilled if n < 2 else {})) for n in range(8)]
        self.directory.apply(
            says(
                *people,
                team("core", *(each.key.id for each in people), lead="p0"),
                service("matching", "core", "24x7-one"),
                service("keys", "core", "daylight", **skilled),
            ),
            author="test",
        )
        for each in WHO:
            self.guard.grant(each, GuardRole.ADMINISTRATOR, by=OPERATOR)

    def close(self) -> None:
        for engine in self.engines:
            engine.dispose()


@pytest.fixture(scope="module")
def agreed(tmp_path_factory):
    """The databases of a company whose rota is agreed to: planning it takes seconds."""
    folder = tmp_path_factory.mktemp("agreed")
    company = Company(folder, NOW_NS)
    asyncio.run(company.rota.agree(WHO, lambda _progress: None))
    company.close()
    return folder


@pytest.fixture
def company(agreed, tmp_path):
    shutil.copytree(agreed, tmp_path / "company")
    company = Company(tmp_path / "company", NOW_NS)
    yield company
    company.close()


def test_somebody_is_on_duty_for_every_hour_of_these_4_weeks(company):
    window_ns = window_of(NOW_NS)
    unit = next(u for u in company.store.units().values() if u.is_around_the_clock)
    turns = sorted(company.store.find(unit.id, window_ns).turns)
    assert turns[0].start_ns == window_ns, "hours that are over had somebody too"
    assert turns[-1].end_ns == window_ns + 28 * DAY_NS
    assert all(one.end_ns == two.start_ns for one, two in pairwise(turns))
    assert all(turn.person for turn in turns)


def test_nothing_waits_for_anybody_and_nothing_is_mended_once_it_is_up(company):
    assert company.store.requests(RequestState.OPEN) == []
    asked = company.store.requests(RequestState.APPLIED)
    assert {each.kind for each in asked} == {RequestKind.ASSIGN}
    assert all(request.answers == dict.fromkeys(request.asked, True) for request in asked)
    snapshot = company.directory.snapshot()
    of = ground(company.store, lambda: HeardDirectory(snapshot), now_ns=NOW_NS)
    for unit in company.store.units().values():
        kept = company.store.find(unit.id, window_of(NOW_NS))
        problem = problem_of(unit, of, Span(window_ns=kept.window_ns))
        assert check(problem, rota_of(kept.turns)) == []
        assert inputs_of(problem, snapshot).digest == kept.inputs.digest


def test_a_rota_around_the_clock_was_proposed_by_one_and_approved_by_another(company):
    [proposal] = TwoPeople(company.guard, company.clock).seen_by(
        company.guard.of_token(company.guard.issue_token("p0", "test", by=OPERATOR)[0])
    )
    assert (proposal.state, proposal.proposer, proposal.decided_by) == (
        State.APPLIED,
        WHO.second,
        WHO.you,
    )


async def test_a_working_day_finds_a_swap_a_draft_to_approve_and_gaps_with_an_owner(company):
    idle = "p2"  # the law leaves p0, who has both duties, no room for another shift
    company.guard.grant(idle, GuardRole.ADMINISTRATOR, by=OPERATOR)
    await company.rota.leave_something_to_do(WHO._replace(you=idle))
    [swap] = company.store.requests(RequestState.OPEN)
    assert (swap.kind, swap.waits_for()) == (RequestKind.SWAP, (idle,))
    principal = company.guard.of_token(company.guard.issue_token(idle, "x", by=OPERATOR)[0])
    found = TwoPeople(company.guard, company.clock).seen_by(principal)
    assert {each.state for each in found} == {State.PROPOSED, State.APPLIED}
    gaps = [
        turn
        for unit in company.store.units()
        for turn in company.store.find(unit, window_of(NOW_NS)).turns
        if turn.person is None and turn.end_ns > NOW_NS
    ]
    soon = [turn for turn in gaps if turn.start_ns < NOW_NS + 7 * DAY_NS]
    assert soon, "two people cannot be there for a service at every hour of their days"
    assert {turn.gap_owner for turn in soon} == {"p0"}
    assert {turn.role for turn in gaps} == {Role.PRIMARY}


async def test_near_the_end_of_the_4_weeks_the_next_are_in_force_too(tmp_path):
    window_ns = window_of(NOW_NS)
    company = Company(tmp_path, window_ns + 20 * DAY_NS)
    reports = []
    found = await company.rota.agree(WHO, reports.append)
    assert {kept.window_ns for kept in found} == {window_ns, window_ns + 28 * DAY_NS}
    assert reports[0].startswith("rota 1 of 4, core.24x7-one")
    company.close()
