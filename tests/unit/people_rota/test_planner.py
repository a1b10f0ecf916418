"""Plans are made in a process of their own: whatever ends it leaves nothing behind."""

import asyncio
import os
import signal
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest

from sunwise.chassis.errors import Permanent, Retryable
from sunwise.daylight.working_time import rules_of
from sunwise.people.rota.core.check import check
from sunwise.people.rota.core.planning import Effort
from sunwise.people.rota.jobs import PlanJob
from sunwise.people.rota.planner import Planner, PlannerSettings
from tests.support.rota_teams import SPREAD, team

pytestmark = pytest.mark.asyncio
QUICK = Effort(nights=0.05, fairness=0.05, patterns=1)


def ten(**facts):
    """Ten people under the law of France."""
    law = rules_of("FR", date(2026, 11, 27))
    problem = team(*SPREAD, *SPREAD, **facts)
    people = tuple(msgspec.structs.replace(person, rules=law) for person in problem.people)
    return msgspec.structs.replace(problem, people=people)


def children() -> list[int]:
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [
        int(pid)
        for pid in found
        if b"rota.planning_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def test_a_plan_comes_back_lawful():
    problem = ten(days=7)
    planned = await Planner().run(PlanJob(problem=problem, effort=QUICK))
    assert check(problem, planned.rota) == []
    assert planned.figures.bounds is not None


async def test_what_cannot_be_planned_says_why():
    problem = ten(days=0)
    with pytest.raises(Permanent, match="plan 1 to 92"):
        await Planner().run(PlanJob(problem=problem))


async def test_a_killed_child_is_no_plan():
    job = PlanJob(problem=ten(), effort=msgspec.structs.replace(QUICK, nights=60))
    running = asyncio.create_task(Planner().run(job))
    while not children():  # noqa: ASYNC110 - nothing tells when a process has begun
        await asyncio.sleep(0.05)
    os.kill(children()[0], signal.SIGKILL)
    with pytest.raises(Retryable, match=r"was killed \(signal 9\)"):
        await running


async def test_a_child_that_fails_is_no_plan(monkeypatch):
    broken = [sys.executable, "-c", "import sys; sys.stdin.buffer.read(); sys.exit(3)"]
    monkeypatch.setattr("sunwise.people.rota.planner._COMMAND", broken)
    with pytest.raises(Retryable, match="failed"):
        await Planner().run(PlanJob(problem=ten()))


async def test_a_plan_that_takes_too_long_is_given_up_with_its_process():
    settings = PlannerSettings(longest_s=0.3)
    with pytest.raises(Retryable, match=r"within 0\.3 s"):
        await Planner(settings).run(PlanJob(problem=ten()))
    assert children() == []
