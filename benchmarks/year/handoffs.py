"""Every end of shift, through the real handoff core; and with it who really worked when."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from msgspec.structs import replace

from benchmarks.year.agenda import NS, Agenda
from benchmarks.year.duty_table import DutyRotas
from benchmarks.year.habits import ACCEPTS_BEFORE, ACCEPTS_LATE, STANDS_IN, Habits, part_of_day
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.handoff import HandoffAsked, HandoffState, HandoffUnheld, Step
from sunwise.daylight.working_time import Duty, rules_of
from sunwise.people.handoff.acceptance import (
    LEAD_NS,
    WAIT_NS,
    Handoff,
    Refused,
    accept,
    advance,
    closed,
    kept_until_ns,
    opened,
    released,
)
from sunwise.people.handoff.roster import Roster
from sunwise.people.handoff.seams import Seam, seams_of, shifts_of
from sunwise.people.rota.kept import DAY_NS, WINDOW_NS
from sunwise.people.rota.turns import Piece

_AROUND_NS: Final = 3 * DAY_NS
_LOOK_NS: Final = 60 * NS


class Held(NamedTuple):
    """Who holds a duty, and since when."""

    person: str
    since_ns: int


class Live:
    """A handoff on its way to a holder, and what people will say to it."""

    def __init__(self, seam: Seam, group: int, key: tuple[str, str], held: Held | None) -> None:
        self.handoff = opened(
            seam, secondary=None, deputy=None, rest_limit_ns=seam.outgoing_until_ns
        )
        self.group = group
        self.key = key
        """The unit and the role."""
        self.held = held
        """What the outgoing has; None: they never took it over, or have left."""
        self.answers: list[tuple[int, str]] = []
        """When who would accept, if they may."""


class Handoffs:
    """Asks, waits, accepts. `passed(unit, piece)` is called when hours went to others than planned."""

    def __init__(self, agenda: Agenda, rotas: DutyRotas, habits: Habits, *, random: Random) -> None:
        self.rotas = rotas
        self.worked: dict[str, list[Duty]] = defaultdict(list)
        """By person, what they really held."""
        self.counts: Counter[str] = Counter()
        self._agenda, self._habits, self._random = agenda, habits, random
        self._seams: dict[int, dict[str, Seam]] = {}
        self._asked: set[str] = set()
        self._holding: dict[tuple[str, str], Held | None] = {}
        self._live: dict[tuple[str, str], Live] = {}
        self._rosters: dict[int, Roster] = {}
        self._until_ns = 0
        self.passed: Callable[[str, Piece], None] = lambda _unit, _piece: None

    def begin_window(self, window_ns: int, end_ns: int) -> None:
        """Takes up the seams of these weeks."""
        for group in sorted(set(self.rotas.group_of.values())):
            self._look(group, window_ns, min(window_ns + WINDOW_NS, end_ns))

    def changed(self, group: int) -> None:
        """The group's rota is not what it was."""
        now_ns = self._agenda.now_ns
        self._look(group, now_ns, self._until_ns)

    def end(self, end_ns: int) -> None:
        """Whoever holds something has worked until then."""
        for live in list(self._live.values()):
            self._lapse(live)
        for (unit, role), held in list(self._holding.items()):
            if held is not None:
                self._worked(unit, Role(role), held, end_ns)

    def on_duty_until(self, person: str, service: str, at_ns: int) -> int | None:
        """When the person's shift for the service ends by the table; None: they have none."""
        unit = self.rotas.unit_of.get(service)
        for role in unit.roles if unit else ():
            found = self.rotas.on_duty(service, role, at_ns)
            if found is not None and found.person == person:
                return found.until_ns
        return None

    def leave_at_once(self, unit: str, role: str, person: str) -> None:
        """The person cannot go on, from now."""
        held = self._holding.get((unit, role))
        now_ns = self._agenda.now_ns
        if held is not None and held.person == person:
            self._worked(unit, Role(role), held, now_ns)
            self._holding[unit, role] = None
            live = self._live.get((unit, role))
            if live is not None and live.held == held:
                live.handoff, _ = released(live.handoff, now_ns)
                self._keep(live)
                live.held = None

    def _look(self, group: int, from_ns: int, until_ns: int) -> None:
        self._until_ns = until_ns
        self._rosters.pop(group, None)
        slots = self.rotas.slots(group, from_ns - _AROUND_NS, until_ns + _AROUND_NS)
        seams, wrong = seams_of(slots)
        assert not wrong, f"two people for one duty: {wrong[0]}"
        self._seams[group] = {seam.id: seam for seam in seams}
        for seam in seams:
            if from_ns <= seam.at_ns < until_ns and seam.id not in self._asked:
                self._asked.add(seam.id)
                self._agenda.at(seam.at_ns - LEAD_NS, self._open, group, seam.id)

    def _open(self, group: int, id_: str) -> None:
        seam = self._seams[group].get(id_)
        self._asked.discard(id_)
        if seam is None:
            return
        self.counts["due"] += 1
        key = self.rotas.unit_of[seam.services[0]].id, seam.role.value
        if key in self._live:
            self._lapse(self._live[key])
        held = self._holding.setdefault(key, Held(seam.outgoing, seam.since_ns))
        is_held = held is not None and held.person == seam.outgoing
        before_ns = self._accepts_before_ns(seam)
        if held is not None and not is_held:  # the table has passed it on without a handoff
            self._worked(key[0], seam.role, held, min(seam.outgoing_until_ns, seam.since_ns))
        live = Live(seam, group, key, held if is_held else None)
        if before_ns is not None and is_held:
            live.handoff, _ = accept(advance(live.handoff, before_ns)[0], seam.incoming, before_ns)
            self._settle(live)
            return
        live.handoff = self._roster(group).plan(seam, outgoing_holds=is_held)
        live.answers.append((before_ns or self._accepts_late_ns(seam), seam.incoming))
        self._live[key] = live
        self._wait(live)

    def _accepts_before_ns(self, seam: Seam) -> int | None:
        if self._habits.is_out(seam.incoming, seam.at_ns - LEAD_NS):
            return None
        if self._random.random() >= ACCEPTS_BEFORE:
            return None
        return seam.at_ns - round(self._random.uniform(0, LEAD_NS // 2))

    def _wait(self, live: Live) -> None:
        """Asks and waits, a look a minute, until somebody accepts or the next handoff comes."""
        if self._live.get(live.key) is not live:
            return
        now_ns = self._agenda.now_ns
        plan = self._roster(live.group).plan(
            live.handoff.seam, outgoing_holds=live.held is not None
        )
        if set(plan.barred) != set(live.handoff.barred):
            live.handoff = replace(live.handoff, barred=plan.barred)
        live.handoff, events = advance(live.handoff, now_ns)
        for event in events:
            if isinstance(event, HandoffAsked) and event.step is not Step.INCOMING:
                live.answers += self._stands_in(event.person, now_ns)
            elif isinstance(event, HandoffUnheld):
                self.counts["unheld"] += 1
                self._keep(live)
        live.handoff = self._accepted(live.handoff, live.answers, now_ns)
        if live.handoff.is_final:
            self._settle(live)
        else:
            self._agenda.at(now_ns + _LOOK_NS, self._wait, live)

    def _lapse(self, live: Live) -> None:
        """Nobody has accepted, and the next handoff begins to be asked."""
        live.handoff, _ = closed(live.handoff, HandoffState.LAPSED, self._agenda.now_ns)
        self._settle(live)

    def _accepts_late_ns(self, seam: Seam) -> int:
        """In the half hour after the seam; or, whoever forgets, when they come to it hours later."""
        if self._random.random() < ACCEPTS_LATE:
            return seam.at_ns + round(self._random.uniform(0, WAIT_NS))
        return seam.at_ns + round(self._random.uniform(1, 8) * 3_600 * NS)

    def _accepted(self, handoff: Handoff, answers: list[tuple[int, str]], now_ns: int) -> Handoff:
        """With the first of them who says so by now and may."""
        for at_ns, person in sorted(answers):
            if at_ns <= now_ns and not self._habits.is_out(person, now_ns):
                with contextlib.suppress(Refused):
                    return accept(handoff, person, now_ns)[0]
        return handoff

    def _stands_in(self, person: str, now_ns: int) -> list[tuple[int, str]]:
        part = part_of_day(self._habits.people[person], now_ns)
        if self._random.random() >= STANDS_IN[part]:
            return []
        return [(now_ns + round(self._random.uniform(120, 1_500) * NS), person)]

    def _settle(self, live: Live) -> None:
        """It is accepted or has lapsed: who has worked until when, and who holds it now."""
        handoff, seam = live.handoff, live.handoff.seam
        self._live.pop(live.key, None)
        is_accepted = handoff.state is HandoffState.ACCEPTED
        if live.held is not None:
            end_ns = kept_until_ns(handoff, handoff.since_ns if is_accepted else seam.until_ns)
            end_ns = max(seam.outgoing_until_ns, end_ns)
            self._worked(live.key[0], seam.role, live.held, end_ns)
            if end_ns > seam.at_ns:
                self._agenda.at(end_ns, self._keep, live)
        self._count(handoff)
        if not is_accepted or handoff.holder is None:
            self._holding[live.key] = None
            return
        self._holding[live.key] = Held(handoff.holder, handoff.since_ns)
        if handoff.holder != seam.incoming:
            self._agenda.at(handoff.since_ns, self._take_over, handoff)

    def _keep(self, live: Live) -> None:
        """Whoever kept it beyond their shift had it: the rota makes that actual and says so."""
        seam = live.handoff.seam
        until_ns = kept_until_ns(live.handoff, self._agenda.now_ns)
        for unit in self._units(seam):
            at_ns = seam.at_ns if live.held is not None else until_ns
            while at_ns < until_ns:
                window = at_ns, until_ns
                at_ns = self._pass_on(unit, seam.role, seam.outgoing, window) or until_ns

    def _take_over(self, handoff: Handoff) -> None:
        """The holder is another than planned."""
        assert handoff.holder is not None, "somebody has accepted"
        window = handoff.since_ns, handoff.seam.until_ns
        for unit in self._units(handoff.seam):
            self._pass_on(unit, handoff.seam.role, handoff.holder, window)

    def _units(self, seam: Seam) -> dict[str, None]:
        return dict.fromkeys(self.rotas.unit_of[service].id for service in seam.services)

    def _pass_on(self, unit: str, role: Role, holder: str, window: tuple[int, int]) -> int | None:
        """The turn of its beginning is theirs from then on; until when, or None if there is none."""
        turn = self.rotas.turn(unit, role, window[0])
        if turn is None:
            return None
        until_ns = min(turn.end_ns, window[1])
        if turn.person != holder:
            piece = Piece(window[0], until_ns, role, turn.person, holder)
            self.rotas.hold(unit, piece)
            group = self.rotas.group_of[unit]
            self._look(group, self._agenda.now_ns + 1, self._until_ns)  # up to now it is settled
            self.passed(unit, piece)
        return until_ns

    def _worked(self, unit: str, role: Role, held: Held, end_ns: int) -> None:
        """What somebody held up to then: their shifts by the table, the last one to its real end."""
        if held.since_ns >= end_ns:
            return
        service = self.rotas.units[unit].services[0]
        slots = [
            slot
            for slot in self.rotas.slots(self.rotas.group_of[unit], held.since_ns, end_ns)
            if (slot.service, slot.role, slot.person) == (service, role, held.person)
        ]
        shifts = [(slot.since_ns, slot.until_ns) for slot in shifts_of(slots)]
        kept = [*shifts[:-1], (shifts[-1][0] if shifts else held.since_ns, end_ns)]
        for since_ns, until_ns in kept:
            if held.since_ns < until_ns:
                self.worked[held.person].append(Duty(max(held.since_ns, since_ns), until_ns))

    def _count(self, handoff: Handoff) -> None:
        if handoff.state is not HandoffState.ACCEPTED or handoff.holder is None:
            self.counts["lapsed"] += 1
            return
        step = handoff.step_of(handoff.holder)
        self.counts[f"by {step}"] += 1
        in_time = handoff.since_ns <= handoff.seam.at_ns + WAIT_NS
        self.counts["in time"] += in_time

    def _roster(self, group: int) -> Roster:
        now_ns = self._agenda.now_ns
        known = self._rosters.get(group)
        if known is None or now_ns - known.duty.as_of_ns > DAY_NS:
            table = self.rotas.law_table(group, now_ns)
            known = Roster(directory=self.rotas.snapshot, duty=table, rules_of=rules_of)
            self._rosters[group] = known
        return known
