"""A hub is lost for a week: the rota service's own desk re-plans, and people are asked.

The rotas of three windows are put into a store as they are by then; from there on `Mending` and
`RotaDesk` do what they do in the service, with the planning done at once instead of in a child.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Engine

from benchmarks.year.agenda import NS, Agenda
from benchmarks.year.duty_table import DutyRotas, windows_at
from benchmarks.year.habits import SAYS_YES, Habits, part_of_day
from sunwise.chassis.db import open_database
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.pager.core.responders import is_at_work
from sunwise.people.rota.desk import RotaDesk
from sunwise.people.rota.directory_copy import HeardDirectory
from sunwise.people.rota.jobs import Answer, Failed, Job
from sunwise.people.rota.kept import Inputs, Kept, RequestState, State, window_of
from sunwise.people.rota.mending import Consequences, Mending
from sunwise.people.rota.planning_process import answer
from sunwise.people.rota.store import Closure, RotaStore
from sunwise.people.rota.turns import Held, Piece, Turn

_NOTHING_READ: Final = Inputs(directory_version=1, tzdata="", digest="")


class _Now:
    """The agenda's time, for whoever takes a clock."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def now_ns(self) -> int:
        return self._agenda.now_ns

    def monotonic_ns(self) -> int:
        return self._agenda.now_ns

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here waits, least of all for {seconds} s")


class LostHub:
    """One hub, from `closure.from_ns` to `closure.until_ns`. `changed(unit)` is told of new turns."""

    def __init__(
        self,
        agenda: Agenda,
        rotas: DutyRotas,
        habits: Habits,
        *,
        random: Random,
        leave_at_once: Callable[[Iterable[Piece], str], None],
        changing: Callable[[str, int, tuple[Turn, ...]], None],
    ) -> None:
        self._agenda, self._rotas, self._habits, self._random = agenda, rotas, habits, random
        self._leave_at_once, self._changing = leave_at_once, changing
        self._folder: TemporaryDirectory[str] | None = None
        self._engine: Engine | None = None
        self._store: RotaStore | None = None
        self.found: list[Consequences] = []
        self.counts: Counter[str] = Counter()
        self._n_handoffs = itertools.count()

    def strike(self, closure: Closure) -> None:
        """The hub is lost now: its people's hours are gaps at once, and others are asked."""
        self._habits.closures.append(closure)
        self._store = self._filled()
        mending = Mending(self._desk())
        self.found = asyncio.run(mending.absent(closure, by="", is_dry=False))
        for each in self.found:
            self._leave_at_once(each.vacated, each.unit)
            self._take(each.unit, each.window_ns)
            for gap in each.vacated:
                self._escalate(each.unit, gap)
            if each.request is not None:
                self.counts["requests"] += 1
                self.counts["changes"] += len(each.request.changes)
                for person in each.request.asked:
                    self._ask(each.request.id, person)

    def hold(self, unit: str, piece: Piece) -> None:
        """A handoff has made these hours another's."""
        window_ns = window_of(piece.start_ns)
        if self._store is not None and self._store.find(unit, window_ns, State.PUBLISHED):
            assert piece.after is not None, "whoever accepts is somebody"
            handoff = f"h{next(self._n_handoffs)}"
            held = Held(handoff, piece.role, piece.after, piece.start_ns, piece.end_ns)
            self._store.hold(unit, held)

    def end(self) -> None:
        """The week is over long since."""
        if self._engine is not None and self._folder is not None:
            self._engine.dispose()
            self._folder.cleanup()
        self._store = None

    def _filled(self) -> RotaStore:
        self._folder = TemporaryDirectory()
        file = Path(self._folder.name) / "rota.sqlite"
        self._engine = open_database(file, is_derived=False)
        store = RotaStore(self._engine, _Now(self._agenda))
        store.set_units(self._rotas.units.values())
        for unit, windows in self._rotas.turns.items():
            for window_ns in windows_at(self._agenda.now_ns):
                if window_ns in windows:
                    draft = Kept(
                        unit=unit,
                        window_ns=window_ns,
                        inputs=_NOTHING_READ,
                        turns=windows[window_ns],
                    )
                    store.publish(store.save_draft(draft), draft.turns)
        return store

    def _desk(self) -> RotaDesk:
        assert self._store is not None, "the hub was struck"
        return RotaDesk(
            self._store,
            _Now(self._agenda),
            heard=lambda: HeardDirectory(self._rotas.snapshot),
            pseudonyms=_themselves,
            solve=_solved,
            blocking=_at_once,
        )

    def _ask(self, request: str, person: str) -> None:
        """They answer when they see it: within an hour or two by day, later at night."""
        part = part_of_day(self._habits.people[person], self._agenda.now_ns)
        within_h = 2.0 if part == "day" else 9.0
        is_yes = self._random.random() < SAYS_YES
        at_ns = self._agenda.now_ns + round(self._random.uniform(0.1, within_h) * 3_600 * NS)
        self._agenda.at(at_ns, self._answered, request, (person, is_yes))

    def _answered(self, request: str, said: tuple[str, bool]) -> None:
        assert self._store is not None, "somebody was asked"
        person, is_yes = said
        if self._store.find_request(request).state is not RequestState.OPEN:
            return
        try:
            found = asyncio.run(self._desk().answer(request, person, is_yes=is_yes))
        except (Permanent, Retryable):
            self.counts["too late"] += 1
            return
        self.counts["declined"] += found.state is RequestState.DECLINED
        if found.state is RequestState.APPLIED:
            self.counts["agreed"] += 1
            self._take(found.unit, found.window_ns)

    def _escalate(self, unit: str, gap: Piece) -> None:
        """The owner of the gap accepts it in their next working hour, if it is one still."""
        self.counts["gaps"] += 1
        owner = self._habits.people[self._rotas.gap_owner(unit)]
        at_ns = self._agenda.now_ns
        while not is_at_work(owner, at_ns) or self._habits.is_out(owner.id, at_ns):
            at_ns += NS_PER_HOUR
        self._agenda.at(at_ns + NS_PER_HOUR // 2, self._accept_gap, unit, gap, owner.id)

    def _accept_gap(self, unit: str, gap: Piece, owner: str) -> None:
        at_ns = max(gap.start_ns, self._agenda.now_ns)
        try:
            kept = asyncio.run(self._desk().accept_gap(unit, gap.role, at_ns, owner=owner))
        except (Permanent, Retryable):
            self.counts["gaps filled or over before"] += 1
            return
        self.counts["gaps accepted"] += 1
        self._changing(unit, kept.window_ns, kept.turns)

    def _take(self, unit: str, window_ns: int) -> None:
        """What the store has in force is the duty table's."""
        assert self._store is not None, "the hub was struck"
        kept = self._store.find(unit, window_ns, State.PUBLISHED)
        assert kept is not None, "it was published"
        self._changing(unit, window_ns, kept.turns)


async def _solved(job: Job) -> Answer:
    found = answer(job)
    if isinstance(found, Failed):
        raise Permanent(found.why)
    return found


async def _themselves(people: Iterable[str]) -> dict[str, str]:
    return {person: person for person in people}


async def _at_once(call: Callable[..., Any], *args: object, **named: object) -> Any:  # noqa: ANN401 - what `call` gives
    return call(*args, **named)
