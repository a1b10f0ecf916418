"""Alarms beside real handoff services, through hours in which nobody accepts."""

import asyncio

import pytest

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.pager_door import Alert
from sunwise.chassis.simulated_loop import run_simulated
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import TakenShift
from sunwise.contracts.people.handoff import Step
from sunwise.people.alarms.service import AlarmService, AlarmSettings
from tests.simulation.people_handoff.handoff_world import World, at_once
from tests.support.handoff_company import at, day, slot


class Door:
    """A pager's door: a key that fires already is no new page."""

    def __init__(self) -> None:
        self.open: dict[str, Alert] = {}
        self.pages: list[Alert] = []
        self.beats = 0
        self.is_shut = False
        self.refuses = ""

    def fire(self, alert: Alert) -> None:
        if self.is_shut:
            raise Retryable("no pager answers")
        if self.refuses and self.refuses in alert.key:
            raise Permanent("the pager refuses (400)")
        if alert.key not in self.open:
            self.pages.append(alert)
        self.open[alert.key] = alert

    def beat(self, _name: str) -> None:
        if self.is_shut:
            raise Retryable("no pager answers")
        self.beats += 1

    def resolve(self, keys) -> None:
        if self.is_shut:
            raise Retryable("no pager answers")
        for key in keys:
            self.open.pop(key, None)


class Stage:
    """A world of handoffs with alarms that can be stopped and started."""

    def __init__(self, folder, slots) -> None:
        self.world = World(folder / "handoff.db", 1, slots)
        self.door = Door()
        self.file = folder / "told.json"
        self._task: asyncio.Task[None] | None = None

    def run(self, story) -> None:
        """Lives through the story, then stops everything."""

        async def living() -> None:
            await self.world.start()
            self.start()
            await story(self)
            await self.stop()
            for number in list(self.world.services):
                await self.world.stop_service(number)

        try:
            run_simulated(living, self.world.clock)
        finally:
            self.world.engine.dispose()

    def start(self) -> None:
        bus = SimulatedBus(self.world.server, user="alarms")
        service = AlarmService(
            bus,
            self.world.clock,
            door=self.door,
            file=self.file,
            planners=lambda: ["fay"],
            settings=AlarmSettings(look_s=60),
            blocking=at_once,
        )
        self._task = asyncio.create_task(service.run(lambda: None))

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def until(self, hour: float) -> None:
        await self.world.clock.sleep((at(hour) - self.world.clock.now_ns()) / 1e9)
        await asyncio.sleep(0.2)

    def asked(self, step: Step) -> list[str]:
        """Who was told that they are asked as that."""
        return [
            each.person for each in self.door.pages if f"Asked: the {step.value}" in each.summary
        ]


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path, day(("ledger",)))


def test_the_next_in_the_chain_is_told_at_30_minutes_and_acceptance_ends_it(stage):
    async def story(stage):
        await stage.until(8.1)
        assert "bo" in stage.asked(Step.INCOMING)
        assert stage.asked(Step.SECONDARY) == []
        await stage.until(8.6)
        assert stage.asked(Step.SECONDARY) == ["di"]
        while await stage.world.try_to_accept("di"):
            await stage.world.rota.catch_up()
        await stage.until(8.7)
        assert stage.door.open == {}

    stage.run(story)


def test_a_duty_that_nobody_accepts_ends_as_a_page_of_the_worst_severity_once(stage):
    async def story(stage):
        await stage.until(15.9)
        unheld = [each for each in stage.door.pages if "/unheld/" in each.key]
        assert {each.severity for each in unheld} == {"critical"}
        assert len(unheld) == len({each.key for each in unheld}) > 0

    stage.run(story)


def test_a_restart_with_and_without_its_file_and_a_shut_door_page_nobody_twice_nor_never(stage):
    async def story(stage):
        stage.door.is_shut = True
        await stage.until(8.6)
        assert stage.door.pages == []
        stage.door.is_shut = False
        await stage.until(8.65)
        before = list(stage.door.pages)
        assert stage.asked(Step.SECONDARY) == ["di"]
        for is_kept in (True, False):
            await stage.stop()
            if not is_kept:
                stage.file.unlink()
            stage.start()
            await stage.until(8.7)
        assert stage.door.pages == before

    stage.run(story)


def test_a_shift_taken_in_an_emergency_is_told_to_who_lost_it_and_who_leads_until_it_is_over(stage):
    taken = TakenShift(
        change="c1",
        services=("ledger",),
        role=Role.PRIMARY,
        since_ns=at(8),
        until_ns=at(16),
        before="bo",
        after="cy",
    )

    async def story(stage):
        await stage.until(8.1)
        stage.world.rota.taken = (taken,)
        await stage.until(8.2)
        told = [each for each in stage.door.pages if each.key.startswith("taken/")]
        assert {each.person: each.severity for each in told} == {"bo": "handoff", "eve": "gap"}
        assert "Your shift as primary of Ledger" in told[0].summary
        stage.world.rota.taken = ()
        await stage.until(8.3)
        assert not [key for key in stage.door.open if key.startswith("taken/")]

    stage.run(story)


def test_of_a_shift_taken_in_turn_the_last_loser_is_told_and_who_leads_once(stage):
    def taken(n, before, after):
        about = {"services": ("ledger",), "role": Role.PRIMARY, "until_ns": at(16)}
        since_ns = at(8 + n / 10)
        return TakenShift(change=f"c{n}", since_ns=since_ns, before=before, after=after, **about)

    in_turn = (taken(0, "bo", "cy"), taken(1, "cy", "bo"), taken(2, "bo", "fay"))

    async def story(stage):
        for n in range(3):
            stage.world.rota.taken = in_turn[: n + 1]
            await stage.until(8.2 + n / 10)
            lost = [each.person for key, each in stage.door.open.items() if "taken/" in key]
            assert sorted(lost) == sorted([in_turn[n].before, "eve"])
        told = [each.person for each in stage.door.pages if each.key.startswith("taken/")]
        assert told.count("eve") == 1

    stage.run(story)


def test_alarms_tell_once_a_minute_that_they_live_while_they_see_what_holds(stage):
    async def story(stage):
        await stage.until(8)
        before = stage.door.beats
        await stage.until(8.5)
        assert 29 <= stage.door.beats - before <= 31
        for number in list(stage.world.services):
            await stage.world.stop_service(number)
        await stage.until(8.6)
        blind = stage.door.beats
        await stage.until(9)
        assert stage.door.beats == blind

    stage.run(story)


def test_an_alert_that_the_pager_refuses_holds_up_no_other_and_the_alarms_do_not_say_all_is_well(
    stage,
):
    async def story(stage):
        stage.door.refuses = "/asked/bo"
        await stage.until(8.05)
        beats = stage.door.beats
        await stage.until(8.6)
        assert stage.asked(Step.SECONDARY) == ["di"]
        assert "bo" not in stage.asked(Step.INCOMING)
        assert stage.door.beats == beats

    stage.run(story)


@pytest.mark.parametrize("damage", [b"", b"[", b'["\xff"]', b"[" * 9_999])
def test_a_damaged_file_of_what_was_told_stops_no_alarm(stage, damage):
    stage.file.write_bytes(damage)

    async def story(stage):
        await stage.until(8.1)
        assert "bo" in stage.asked(Step.INCOMING)

    stage.run(story)


def test_while_handoff_does_not_answer_nothing_of_it_is_over(stage):
    async def story(stage):
        await stage.until(8.1)
        before = set(stage.door.open)
        assert before
        for number in list(stage.world.services):
            await stage.world.stop_service(number)
        await stage.until(8.4)
        assert set(stage.door.open) == before

    stage.run(story)


def test_a_gap_near_is_told_and_over_when_somebody_takes_it(tmp_path):
    gap = slot("ledger", None, 20, 23)
    stage = Stage(tmp_path, [*day(("matching",)), gap])

    async def story(stage):
        await stage.until(0.1)
        assert [each.person for each in stage.door.pages if each.severity == "gap"] == [
            "eve",
            "fay",
        ]
        taken = slot("ledger", "ana", 20, 23)
        stage.world.rota.slots = [taken if each == gap else each for each in stage.world.rota.slots]
        stage.world.rota.version += 1
        await stage.until(0.2)
        assert not any(each.severity == "gap" for each in stage.door.open.values())

    stage.run(story)
