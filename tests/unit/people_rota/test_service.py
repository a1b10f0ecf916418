"""The rota plans ahead and tells; the board of whoever reads it knows the same."""

import asyncio

import msgspec
import pytest
from msgspec.structs import replace

from sunwise.chassis.bus.simulated import SimulatedBus
from sunwise.chassis.bus.simulated_server import SimulatedServer
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.duty import DutyBoard, DutyFile, Standing
from sunwise.chassis.errors import Permanent
from sunwise.chassis.personal import ERASED, Traces
from sunwise.contracts.people import directory, duty, handoff, pager
from sunwise.contracts.people.directory import (
    DirectoryChanged,
    DirectoryPage,
    GetDirectory,
    Pseudonyms,
    Role,
    Service,
    Tier,
)
from sunwise.contracts.people.duty import DutyPage, GetDuty, GetTaken, TakenShifts
from sunwise.contracts.people.handoff import (
    GetHandoffEvents,
    HandoffAccepted,
    HandoffClosed,
    HandoffEvents,
    HandoffHead,
    HandoffState,
    HandoffUnheld,
    Step,
)
from sunwise.contracts.people.pager import CreditWakeUps, WakeUpCredited, WakeUpsBooked
from sunwise.people.rota.ahead import Task
from sunwise.people.rota.heard import Heard
from sunwise.people.rota.holder import RotaHolder
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS, State, window_of
from sunwise.people.rota.publishing import Unlawful
from sunwise.people.rota.service import RotaService
from sunwise.people.rota.store import Closure, RotaStore
from sunwise.people.rota.turns import Piece, Stale
from sunwise.people.rota.units import Ground, Span, inputs_of, problem_of, units_of
from tests.support.rota_company import NOW, UNIT, company, draft, solve, turn

pytestmark = pytest.mark.asyncio
encode = msgspec.msgpack.encode
PRIMARY = Role.PRIMARY


class JumpingClock(SystemClock):
    """Runs from a Friday on, so that no test falls on the seam of two windows, or from a wrong time."""

    def __init__(self) -> None:
        self._began_ns = self.monotonic_ns()
        self.ahead_ns = 0

    def now_ns(self) -> int:
        return NOW + self.monotonic_ns() - self._began_ns + self.ahead_ns


class Stage:
    """A rota service with its readers, on one bus; directory and handoff say what the test says."""

    def __init__(self, database, snapshot) -> None:
        self.server = SimulatedServer(seed=1)
        self.clock = JumpingClock()
        self.store = RotaStore(database, self.clock)
        self.snapshot = snapshot
        self.handoffs: list = []
        self.world = SimulatedBus(self.server, user="world")
        self.service = RotaService(
            SimulatedBus(self.server, user="rota"), self.store, self.clock, solve=solve
        )

    async def start(self, folder) -> None:
        await self.world.serve(directory.SUBJECT, self._answer_directory)
        await self.world.serve(handoff.SUBJECT, self._answer_handoff)
        ready = asyncio.Event()
        self.task = asyncio.create_task(self.service.run(ready.set))
        await ready.wait()
        reader = SimulatedBus(self.server, user="reader")
        self.board = await DutyBoard.open(reader, clock=self.clock, file=DutyFile(folder))

    async def stop(self) -> None:
        await self.board.close()
        self.task.cancel()
        await asyncio.wait([self.task])

    def publish(self, *turns, unit=UNIT):
        now_ns = self.clock.now_ns()
        self.store.set_units(units_of(self.snapshot))
        window_ns = window_of(now_ns)
        [planned] = units_of(self.snapshot)
        problem = problem_of(planned, Ground(snapshot=self.snapshot), Span(window_ns=window_ns))
        wanted = draft(*turns, unit=unit, window_ns=window_ns)
        inputs = inputs_of(problem, self.snapshot)
        kept = self.store.save_draft(msgspec.structs.replace(wanted, inputs=inputs))
        self.store.publish(kept, kept.turns)

    def change_directory(self, snapshot) -> None:
        self.snapshot = snapshot
        changed = DirectoryChanged(version=snapshot.version, at_ns=self.clock.now_ns())
        self.world.publish(directory.CHANGED, encode(changed))

    def tell_handoff(self) -> None:
        head = HandoffHead(seq=len(self.handoffs), at_ns=self.clock.now_ns())
        self.world.publish(handoff.event_subject(head), encode(head))

    async def _answer_directory(self, message):
        kinds = GetDirectory | directory.GetPseudonyms
        asked = msgspec.msgpack.decode(message.payload, type=kinds)
        if isinstance(asked, GetDirectory):
            return encode(DirectoryPage(snapshot=self.snapshot, n_pages=1))
        return encode(Pseudonyms(of={person: f"x-{person}" for person in asked.people}))

    async def _answer_handoff(self, message):
        after = msgspec.msgpack.decode(message.payload, type=GetHandoffEvents).after
        events = tuple(each for each in self.handoffs if each.seq > after)
        return encode(HandoffEvents(events=events, head=len(self.handoffs)))

    async def until(self, holds) -> None:
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - the world tells nobody
                await asyncio.sleep(0.05)


@pytest.fixture
async def stage(tmp_path, database, request):
    snapshot = getattr(request, "param", company())
    made = Stage(database, snapshot)
    await made.start(tmp_path)
    yield made
    await made.stop()


def around(stage, who="ana"):
    """One turn from three hours ago to three hours ahead, on full hours."""
    hour = 3_600 * 10**9
    now_ns = stage.clock.now_ns() // hour * hour
    return turn(0, 0, who)._replace(start_ns=now_ns - 3 * hour, end_ns=now_ns + 3 * hour)


def acceptance(duty, **facts) -> HandoffAccepted:
    """Bo, the secondary, has accepted it from Cy a second after it began; `facts` say what is different."""
    usual = {
        "seq": 1,
        "handoff": "h1",
        "services": ("ledger", "matching"),
        "role": PRIMARY,
        "outgoing": "cy",
        "holder": "bo",
        "step": Step.SECONDARY,
        "since_ns": duty.start_ns + 10**9,
        "until_ns": duty.end_ns,
    }
    return HandoffAccepted(**usual | facts)


async def test_a_board_follows_what_is_published_and_changed(stage):
    now = around(stage)
    stage.publish(now)
    await stage.until(lambda: stage.board.duty("ledger", PRIMARY).person == "ana")
    assert stage.board.duty("matching", PRIMARY).standing is Standing.PLANNED
    at_ns = stage.clock.now_ns()
    piece = Piece(at_ns, now.end_ns, PRIMARY, "ana", "bo")
    stage.store.amend(UNIT, window_of(at_ns), [piece], "take")
    await stage.until(lambda: stage.board.duty("ledger", PRIMARY).person == "bo")
    assert stage.board.duty("ledger", PRIMARY).standing is Standing.ACTUAL
    assert stage.board.duty("ledger", PRIMARY, at_ns - 10**9).person == "ana"
    assert not stage.board.is_stale


async def test_hours_that_are_nobodys_any_more_reach_the_board(stage):
    stage.publish(around(stage))
    await stage.until(lambda: stage.board.duty("ledger", PRIMARY).person == "ana")
    left = company(services=company().services[1:], version=2)
    stage.change_directory(left)
    await stage.until(lambda: stage.board.duty("ledger", PRIMARY).person is None)
    assert stage.board.duty("matching", PRIMARY).person == "ana"


@pytest.mark.parametrize("stage", [company(tier=Tier.DAYLIGHT)], indirect=True)
async def test_a_daylight_rota_is_planned_and_in_force_for_at_least_four_weeks(stage):
    await stage.until(lambda: len(stage.store.windows(State.PUBLISHED)) >= 2)
    now_ns = stage.clock.now_ns()
    planned = {window_ns for _, window_ns in stage.store.windows(State.PUBLISHED)}
    assert max(planned) + WINDOW_NS - now_ns >= WINDOW_NS
    kept = stage.store.find("core.daylight", max(planned))
    assert kept.inputs.directory_version == 1
    assert kept.turns


async def test_a_rota_around_the_clock_waits_for_a_second_person(stage):
    await stage.until(lambda: len(stage.store.windows(State.DRAFT)) >= 2)
    assert stage.store.windows(State.PUBLISHED) == set()
    assert stage.board.duty("ledger", PRIMARY).person is None


async def test_a_new_service_has_its_unit_however_long_another_is_planned(stage, monkeypatch):
    planning = asyncio.Event()

    async def plan(*_what):
        planning.set()
        await asyncio.Event().wait()

    def with_services(*skills, version):
        more = tuple(
            Service(id=each, name=each, tier=Tier.DAYLIGHT, team="core", skills=(each,))
            for each in skills
        )
        return company(version=version, services=(*company().services, *more))

    monkeypatch.setattr(stage.service.desk, "plan", plan)
    stage.change_directory(with_services("go", version=2))
    await asyncio.wait_for(planning.wait(), 20)
    stage.change_directory(with_services("go", "rust", version=3))
    await stage.until(lambda: len(stage.store.units()) == 3)


async def test_the_directory_is_read_again_once_somebody_was_erased(stage):
    """However late it is told that it has changed: rotas on an older one are not stored."""
    await stage.until(lambda: stage.service.desk.snapshot() is not None)
    stage.snapshot = company(people=company().people[1:])  # nobody tells
    stage.store.erase(Traces(person="ana"))
    await stage.until(lambda: len(stage.service.desk.snapshot().people) == 7)


async def told_of_handoffs(stage) -> None:
    """The rota has taken in the first event, and the board knows its version."""
    stage.tell_handoff()
    await stage.until(lambda: Heard(stage.store.engine).seq == 1)
    version = stage.store.version()
    await stage.until(lambda: stage.board.version == version)


async def test_whoever_accepted_the_handoff_is_actual(stage):
    now = around(stage)
    stage.publish(now)
    stage.handoffs = [acceptance(now)]
    await told_of_handoffs(stage)
    assert stage.board.duty("ledger", PRIMARY).person == "bo"
    assert stage.board.duty("ledger", PRIMARY).standing is Standing.ACTUAL
    assert Heard(stage.store.engine).seq == 1


@pytest.mark.parametrize("fault", [Unlawful, Stale])
async def test_a_rota_that_cannot_be_is_logged_without_whom(stage, monkeypatch, caplog, fault):
    async def refuse(*_about):
        raise fault("ana would be on duty for too long")

    monkeypatch.setattr(stage.service.desk, "plan", refuse)
    [unit] = units_of(stage.snapshot)
    await stage.service._plan_one(Task(unit, Span(window_ns=window_of(stage.clock.now_ns()))))
    [why] = [each.why for each in caplog.records if each.message == "no rota"]
    assert why == fault.__name__


async def test_what_was_taken_in_an_emergency_is_told_to_whoever_asks_until_it_is_over(stage):
    now = around(stage)
    stage.publish(now)
    await stage.until(lambda: stage.service._directory.heard() is not None)
    done = await stage.service.desk.take(UNIT, PRIMARY, stage.clock.now_ns(), by="bo")
    told = [
        msgspec.msgpack.decode(
            await stage.world.request(duty.SUBJECT, encode(GetTaken())), type=TakenShifts
        )
    ]
    stage.clock.ahead_ns = 4 * DAY_NS // 24
    told += [await stage.service._answer(GetTaken())]
    [shift] = told[0].shifts
    assert (shift.change, shift.before, shift.after) == (done.id, "ana", "bo")
    assert shift.services == ("ledger", "matching")
    assert told[1].shifts == ()


async def test_a_clock_that_was_ahead_leaves_no_table_that_lacks_what_is_to_come(stage):
    stage.publish(around(stage))
    stage.clock.ahead_ns = 20 * DAY_NS
    cut = await stage.service._answer(GetDuty())
    stage.clock.ahead_ns = 0
    mended = await stage.service._answer(GetDuty())
    assert (len(cut.table.slots), len(mended.table.slots)) == (0, 2)
    assert cut.table.version == mended.table.version


async def test_what_is_accepted_after_handoff_was_restored_from_a_backup_is_actual_too(stage):
    now = around(stage)
    stage.publish(now)
    accepted = acceptance(now)
    over = replace(accepted, holder="ana", since_ns=1, until_ns=now.start_ns)
    stage.handoffs = [replace(over, seq=seq) for seq in range(1, 8)]
    stage.tell_handoff()
    await stage.until(lambda: Heard(stage.store.engine).seq == 7)
    restored = [replace(accepted, seq=3)]
    for history in (
        stage.handoffs[:2] + restored,
        [*stage.handoffs[:6], replace(accepted, seq=7, holder="cy")],
    ):
        stage.handoffs = history
        stage.tell_handoff()
        holder = history[-1].holder
        await stage.until(lambda who=holder: stage.board.duty("ledger", PRIMARY).person == who)


async def test_a_shift_that_passed_on_once_accepted_is_not_given_back_when_handoff_is_read_anew(
    stage,
):
    now = around(stage)
    ahead = now._replace(start_ns=now.end_ns - 3_600 * 10**9)
    stage.publish(ahead)
    accepted = acceptance(ahead, since_ns=ahead.start_ns)
    stage.handoffs = [accepted]
    await told_of_handoffs(stage)
    window_ns = window_of(stage.clock.now_ns())
    passed = Piece(ahead.start_ns, ahead.end_ns, PRIMARY, "bo", "cy")
    stage.store.amend(UNIT, window_ns, [passed], "swap")
    other = replace(accepted, handoff="h0", services=("other",))
    stage.handoffs = [other, replace(accepted, seq=2)]
    await stage.service._take_overs.catch_up()
    assert Heard(stage.store.engine).seq == 2
    assert stage.store.find(UNIT, window_ns).turns[-1].person == "cy"


async def test_whoever_kept_a_duty_until_it_was_accepted_had_it(stage):
    """Their rest begins where they were released: the duty table is what everybody counts it from."""
    now = around(stage)
    stage.publish(now)
    accepted_ns = now.start_ns + 10**9
    stage.handoffs = [
        acceptance(
            now,
            holder="ana",
            step=Step.INCOMING,
            since_ns=accepted_ns,
            at_ns=now.start_ns,
            kept_until_ns=accepted_ns,
        )
    ]
    await told_of_handoffs(stage)
    who = [stage.board.duty("ledger", PRIMARY, accepted_ns + ns) for ns in (-1, 0)]
    assert [each.person for each in who] == ["cy", "ana"]
    assert (who[0].standing, who[0].until_ns) == (Standing.ACTUAL, accepted_ns)


async def test_a_late_acceptance_is_exact_in_duty_and_export_for_hours_of_work_are_never_rounded(
    stage,
):
    """Unlike the pager's acknowledgements, which tell a quarter of an hour so as to tell no speed."""
    now = around(stage)
    stage.publish(now)
    accepted_ns = now.start_ns + 2_345_678_901_237
    facts = {"at_ns": now.start_ns, "since_ns": accepted_ns, "kept_until_ns": accepted_ns}
    stage.handoffs = [acceptance(now, **facts)]
    await told_of_handoffs(stage)
    held = stage.board.duty("ledger", PRIMARY)
    assert (held.person, held.since_ns) == ("bo", accepted_ns)
    kept = stage.board.duty("ledger", PRIMARY, accepted_ns - 1)
    assert (kept.person, kept.until_ns) == ("cy", accepted_ns)
    rows = RotaHolder(stage.store).export(Traces(person="bo"), is_own=True)["rota_turns"]
    assert (accepted_ns, now.end_ns) in {(row["start_ns"], row["end_ns"]) for row in rows}


@pytest.mark.parametrize("event", [HandoffUnheld, HandoffClosed])
async def test_whoever_kept_a_duty_that_nobody_accepted_had_it_up_to_the_limit(stage, event):
    now = around(stage)
    stage.publish(now)
    limit_ns = now.start_ns + 10**9
    about = {"kept_until_ns": limit_ns, "state": HandoffState.LAPSED}
    stage.handoffs = [
        event(
            seq=1,
            handoff="h1",
            services=("ledger",),
            role=PRIMARY,
            outgoing="cy",
            at_ns=now.start_ns,
            **({"since_ns": limit_ns} if event is HandoffUnheld else about),
        )
    ]
    await told_of_handoffs(stage)
    who = [stage.board.duty("ledger", PRIMARY, limit_ns + ns).person for ns in (-1, 0)]
    assert who == ["cy", "ana"]


async def test_what_is_said_of_whoever_was_erased_gives_nobody_a_duty(stage):
    """Theirs to come is a gap by then, which is escalated."""
    now = around(stage)
    stage.publish(now)
    accepted = acceptance(
        now,
        outgoing=ERASED,
        holder=ERASED,
        step=Step.INCOMING,
        at_ns=now.start_ns,
        kept_until_ns=now.start_ns + 10**9,
    )
    stage.handoffs = [accepted]
    await told_of_handoffs(stage)
    for at_ns in (now.start_ns, stage.clock.now_ns()):
        assert stage.board.duty("ledger", PRIMARY, at_ns).person == "ana"


async def test_a_wake_up_is_credited_once(stage):
    credit = WakeUpCredited(key="k1", pseudonym="x-ana", service="ledger", at_ns=1)
    asked = encode(CreditWakeUps(credits=(credit, credit)))
    answers = [await stage.world.request(pager.CREDIT, asked) for _ in range(2)]
    booked = [msgspec.msgpack.decode(each, type=WakeUpsBooked).n_new for each in answers]
    assert booked == [1, 0]
    [row] = stage.store.ledger_of("x-ana")
    assert (row.kind, row.points) == ("wake-up", 16)


async def test_turns_that_are_over_are_booked_under_pseudonyms(stage):
    hour = 3_600 * 10**9
    now = around(stage)
    over = now._replace(start_ns=now.start_ns - hour, end_ns=now.start_ns)
    stage.publish(over, now)
    await stage.until(lambda: stage.service.desk.snapshot() is not None)
    await stage.service.keep_books()
    await stage.service.keep_books()
    [row] = stage.store.ledger_of("x-ana")
    assert row.kind == "duty"
    assert row.points >= 4
    assert "ana" not in row.key


async def test_an_absence_that_nobody_ended_mending_is_mended_later(stage, monkeypatch):
    """As when the process was killed behind the absence, or the job was cancelled."""
    now = around(stage)
    stage.publish(now)
    await stage.until(lambda: stage.board.duty("ledger", PRIMARY).person == "ana")
    monkeypatch.setattr("sunwise.people.rota.service._RETRY_NS", 0)
    at_ns = stage.clock.now_ns()
    closure = Closure(kind="person", subject="ana", from_ns=at_ns, until_ns=now.end_ns)
    stage.store.add_closure(closure)
    await stage.service.look()
    await stage.until(lambda: stage.board.duty("ledger", PRIMARY).person != "ana")


async def test_pages_put_together_are_the_table(stage):
    stage.publish(around(stage))
    page = msgspec.msgpack.decode(
        await stage.world.request(duty.SUBJECT, encode(GetDuty())), type=DutyPage
    )
    assert page.n_pages == 1
    assert {slot.person for slot in page.table.slots} == {"ana"}
    with pytest.raises(Permanent, match="no page 7"):
        await stage.world.request(duty.SUBJECT, encode(GetDuty(page=7)))
