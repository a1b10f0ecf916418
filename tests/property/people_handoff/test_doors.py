"""Several doors on one database, killed and opened in any order: a duty has one holder at a time."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sunwise.chassis.db import open_database
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.handoff import HandoffAccepted, HandoffState, HandoffUnheld
from sunwise.people.handoff.acceptance import Refused, advance, holder_at, step_down
from sunwise.people.handoff.following import changes
from sunwise.people.handoff.store import HandoffStore
from tests.support.handoff_company import ZONES, at, day, roster

ROTA = roster(day(("ledger",)))
door = st.integers(0, 2)
who = st.sampled_from(sorted(ZONES))


class Doors(RuleBasedStateMachine):
    """The primary's duty at eight, and whoever comes for it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "handoff.db"
        self.now_ns = at(6.5)
        self.doors: dict[int, HandoffStore] = {}
        store = self.through(0)
        store.follow(changes({}, ROTA, at(1)), at(1))
        self.id = next(
            each.id
            for each in store.known(0).values()
            if each.seam.at_ns == at(8) and each.seam.role is Role.PRIMARY
        )
        self.read = dict.fromkeys(ZONES, 0)
        self.n_told = 0

    def through(self, number: int) -> HandoffStore:
        if number not in self.doors:
            self.doors[number] = HandoffStore(open_database(self.path, is_derived=False))
        return self.doors[number]

    @rule(number=door)
    def kill(self, number):
        store = self.doors.pop(number, None)
        if store is not None:
            store._engine.dispose()

    @rule(minutes=st.integers(-20, 90))
    def time_passes_or_jumps(self, minutes):
        self.now_ns += minutes * 60 * 1_000_000_000

    @rule(number=door)
    def look(self, number):
        store, now_ns = self.through(number), self.now_ns
        store.follow(changes(store.known(0), ROTA, now_ns), now_ns)
        store.act(self.id, lambda found: advance(found, now_ns))

    @rule(number=door, person=who)
    def open_the_page(self, number, person):
        self.read[person] = self.through(number).note(self.id).version

    @rule(number=door)
    def write(self, number):
        store = self.through(number)
        version = store.note(self.id).version
        try:
            store.write_note(self.id, "ana", f"More {version}", read_version=version)
        except Refused:
            assert store.find(self.id).is_final

    @rule(number=door, person=who)
    def accept(self, number, person):
        store = self.through(number)
        before, note = store.find(self.id), store.note(self.id)
        try:
            after, events = store.accept(
                self.id, person, read_version=self.read[person], now_ns=self.now_ns, parts=()
            )
        except Refused:
            assert store.find(self.id) == before
            return
        assert after.holder == person
        if events:
            assert self.read[person] == note.version, "whoever accepts has read the newest note"
            self.n_told += 1

    @rule(number=door)
    def step_down(self, number):
        store, now_ns = self.through(number), self.now_ns
        try:
            store.act(self.id, lambda found: step_down(found, "ana", now_ns))
        except Refused:
            return

    @invariant()
    def one_holder(self):
        store = self.through(0)
        handoff = store.find(self.id)
        events = [e for e in store.events_after(0, 1_000) if e.handoff == self.id]
        accepted = [e for e in events if isinstance(e, HandoffAccepted)]
        assert len(accepted) == self.n_told <= 1, "as many as accepted, and never by silence"
        assert (handoff.state is HandoffState.ACCEPTED) == bool(accepted)
        if accepted:
            assert accepted[0].holder == handoff.holder
            assert holder_at(handoff, accepted[0].since_ns) == handoff.holder
        assert handoff.keeps_until_ns <= at(12), "the outgoing's legal rest limit"
        assert len([e for e in events if isinstance(e, HandoffUnheld)]) <= 1

    @invariant()
    def events_are_numbered_without_a_gap(self):
        store = self.through(0)
        numbers = [event.seq for event in store.events_after(0, 1_000)]
        assert numbers == list(range(1, store.head() + 1))

    def teardown(self):
        for number in list(self.doors):
            self.kill(number)
        self.folder.cleanup()


TestDoors = Doors.TestCase
TestDoors.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
