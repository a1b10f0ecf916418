"""Round robins: what other tools do, re-implemented from their source, and repaired to keep the law.

Each puts people in a row for every slot. The repair is the same for all three: whoever may not
lawfully take a slot, or is on leave, is passed over for the next in the row, and where nobody is
left the slot is a declared gap. Slots are at most 8 hours, the longest that every law in the data
allows: with whole weeks or half days every slot of the originals would be a gap. They cost next to
nothing, so a plan begins with the best of them where they beat what the solver found.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from sunwise.daylight.night import night_slots
from sunwise.daylight.working_time import Duty
from sunwise.daylight.zones import NS_PER_HOUR, local_minutes, offset_minutes
from sunwise.people.rota.core.law import Diary
from sunwise.people.rota.core.problem import Gap, Person, Problem, Rota, Shift, wanted_hours

WINDOW_H: Final = 8
WEEK_H: Final = 168
_LAYER_BEGINS: Final = 8 * 60
_LAYER_ENDS: Final = 20 * 60

Row = Sequence[Person]
Slots = Iterator[tuple[int, int, Row]]
"""(first hour, hour after the last, who is asked in which order) in order of time."""


def linkedin_weekly(problem: Problem) -> Rota:
    """LinkedIn's oncall: a week each, whoever has not been on call for longest.

    The week's holder has what they may of it; the rest falls to those who would be next.
    """

    def slots() -> Slots:
        row = list(problem.able())
        for week in range(0, problem.n_hours, WEEK_H):
            for begin, end in _wanted(problem, week, week + WEEK_H):
                yield begin, end, row
            row = _turned(row, 1)

    return _filled(problem, slots())


def three_windows(problem: Problem) -> Rota:
    """Follow the sun by hand: three fixed UTC windows, in each a weekly round robin of the nearest."""
    people = problem.able()
    groups: dict[int, list[Person]] = {begin: [] for begin in range(0, 24, WINDOW_H)}
    for person in people:
        night = night_slots(person.zone, problem.start_ns, 24)
        best = min(groups, key=lambda begin: night[begin : begin + WINDOW_H].sum())
        groups[best].append(person)

    def slots() -> Slots:
        for begin, end in _wanted(problem, 0, problem.n_hours):
            group = groups[begin % 24 // WINDOW_H * WINDOW_H]
            week = begin // WEEK_H
            own = _turned(group, week)
            yield begin, end, [*own, *_turned([p for p in people if p not in group], week)]

    return _filled(problem, slots())


def grafana_layers(problem: Problem) -> Rota:
    """Grafana OnCall: a layer for each part of the world, by its own clock, above one for everybody.

    Layers rotate by the week. The upper one wins where two are on; the lowest fills the rest.
    """
    people = problem.able()
    layers = _layers(problem, people)
    hours = [_layer_of(hour, layers) for hour in range(problem.n_hours)]

    def slots() -> Slots:
        for begin, end in _wanted(problem, 0, problem.n_hours):
            for layer, group in groupby(range(begin, end), key=hours.__getitem__):
                run = list(group)
                upper = layers[layer][0] if layer < len(layers) else []
                week = begin // WEEK_H
                rest = [person for person in people if person not in upper]
                yield run[0], run[-1] + 1, [*_turned(upper, week), *_turned(rest, week)]

    return _filled(problem, slots())


ROUND_ROBINS: Final[dict[str, Callable[[Problem], Rota]]] = {
    "LinkedIn weekly, repaired": linkedin_weekly,
    "three windows, repaired": three_windows,
    "Grafana layers, repaired": grafana_layers,
}


def _layers(problem: Problem, people: Row) -> list[tuple[list[Person], list[bool]]]:
    """(people, whether it is on by hour) of America, Europe with Africa, and Asia, where any are."""
    found = []
    for west, east in ((-720, -120), (-120, 240), (240, 900)):
        inside = [
            person
            for person in people
            if west <= offset_minutes(problem.start_ns, person.zone) < east
        ]
        if inside:
            minutes = local_minutes(inside[0].zone, problem.start_ns, problem.n_hours)
            on = [bool(_LAYER_BEGINS <= minute < _LAYER_ENDS) for minute in minutes]
            found.append((inside, on))
    return found


def _layer_of(hour: int, layers: list[tuple[list[Person], list[bool]]]) -> int:
    return next((number for number, (_, on) in enumerate(layers) if on[hour]), len(layers))


def _turned(row: Row, by: int) -> list[Person]:
    by %= max(1, len(row))
    return [*row[by:], *row[:by]]


def _wanted(problem: Problem, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Stretches of wanted hours, cut at the fixed windows."""
    wanted = wanted_hours(problem)
    for begin in range(first, min(last, problem.n_hours), WINDOW_H):
        for is_wanted, group in groupby(
            range(begin, min(begin + WINDOW_H, last)), key=lambda hour: bool(wanted[hour])
        ):
            run = list(group)
            if is_wanted:
                yield run[0], run[-1] + 1


def _filled(problem: Problem, slots: Slots) -> Rota:
    diaries = {person.id: Diary(person, problem) for person in problem.able()}
    shifts: list[Shift] = []
    gaps: list[Gap] = []
    for begin, end, row in slots:
        window = Duty(*(problem.start_ns + hour * NS_PER_HOUR for hour in (begin, end)))
        crew = list(_crew(window, [diaries[person.id] for person in row], len(problem.roles)))
        shifts += [
            Shift(*window, role, person) for role, person in zip(problem.roles, crew, strict=False)
        ]
        gaps += [Gap(*window, role) for role in problem.roles[len(crew) :]]
    return Rota(shifts=tuple(sorted(shifts)), gaps=tuple(sorted(gaps)))


def _crew(duty: Duty, row: Sequence[Diary], most: int) -> Iterator[str]:
    """Those in the row who may lawfully take the duty, and so do."""
    for diary in row:
        if most and diary.may(duty):
            diary.add(duty)
            most -= 1
            yield diary.person.id
