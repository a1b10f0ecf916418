"""The figures of a time that was lived through. Nothing about one person but the worst-off's count."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from benchmarks.report import Figure
from benchmarks.year import judge
from benchmarks.year.habits import quantile
from benchmarks.year.incidents import Incident
from benchmarks.year.planning import ROBIN, Turns
from benchmarks.year.world import PAGES, TESTS, World
from sunwise.contracts.people.directory import Role
from sunwise.daylight.zones import NS_PER_HOUR, NS_PER_S
from sunwise.people.pager.core.board import Board
from sunwise.people.rota.kept import window_of

_STEPS: Final = ("primary", "secondary", "deputy", "owners", "last-resort", "assignee")


def figures(world: World, robin: Turns | None = None) -> list[Figure]:
    """All of them, as far as the world has come; beside a round robin where there is one."""
    return [
        *_size(world),
        *_pages(world),
        *_daylight(world, robin),
        *_nights(world),
        *_handoffs(world),
        *_gaps(world),
        *_law(world),
        *_restart(world),
    ]


def _size(world: World) -> Iterator[Figure]:
    yield Figure("simulated time", _lived_h(world), "h")
    yield Figure("services", len(world.snapshot.services), "")
    yield Figure("people", len(world.snapshot.people), "")
    yield Figure("units of planning", len(world.rotas.turns), "")


def _lived_h(world: World) -> float:
    """Without the quiet day after the end."""
    until_ns = min(world.agenda.now_ns, world.setting.end_ns)
    return (until_ns - world.setting.start_ns) / NS_PER_HOUR


def _pages(world: World) -> Iterator[Figure]:
    accepted = [each for each in world.incidents if each.accepted_ns is not None]
    answered = [each for each in accepted if each.answered_ns is not None]
    yield Figure("pages accepted with 202", len(accepted), "pages")
    yield Figure(
        "pages lost, by the senders' own ledger",
        len(judge.lost(world.incidents, world.agenda.now_ns)),
        "pages",
        "== 0",
    )
    yield Figure("pages over before anybody answered", len(accepted) - len(answered), "pages")
    yield Figure("pager instances killed", world.pagers.n_kills, "times")
    yield Figure(
        "pages and answers accepted by one instance alone", world.pagers.n_accepted_alone, ""
    )
    yield Figure("messages sent", world.pagers.n_messages, "messages")
    for kind, count in sorted(world.pages.alarms.items()):
        yield Figure(f"of them the pager's own alarms, {kind}", count, "messages")
    for what in ("sent", "answered", "at night"):
        yield Figure(f"tests of reach {what}", world.pages.tests[what], "")
    steps = Counter(each.step for each in answered)
    for step in _STEPS:
        if steps[step]:
            yield Figure(f"answered by {step}", 100 * steps[step] / len(answered), "% of answered")
    for name, at_once in (("critical and error", True), ("warning and info", False)):
        waits_min = [_wait_min(each) for each in answered if _is_at_once(each) is at_once]
        for label, part in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
            yield Figure(f"time to acknowledge, {name}, {label}", quantile(waits_min, part), "min")


def _is_at_once(incident: Incident) -> bool:
    return incident.severity in ("critical", "error")


def _wait_min(incident: Incident) -> float:
    assert incident.answered_ns is not None, "it was answered"
    assert incident.accepted_ns is not None, "and accepted"
    return (incident.answered_ns - incident.accepted_ns) / NS_PER_S / 60


def _daylight(world: World, robin: Turns | None) -> Iterator[Figure]:
    owners = judge.Owners(world.snapshot)
    answered = [each for each in world.incidents if each.answered_ns is not None]
    n_answered = len(answered)
    by_owner = sum(owners.own(each.answered_by, each.service) for each in answered)
    possible = sum(owners.anybody_awake(each.service, each.at_ns) for each in answered)
    others = Counter(_why_not_in_daylight(world, owners, each) for each in answered)
    bright = others.pop("", 0)
    for name, count in (
        ("answered by an owner", by_owner),
        ("answered by an owner in daylight", bright),
        ("an owner had daylight (clock bound)", possible),
        *((f"not by an owner in daylight: {why}", n) for why, n in sorted(others.items())),
    ):
        yield Figure(name, _percent(count, n_answered), "% of answered")
    people = world.habits.people
    ways = {"Sunwise": world.rotas.turns, **({ROBIN: robin} if robin else {})}
    happened = [each for each in world.incidents if each.at_ns < world.agenda.now_ns]
    for name, turns in ways.items():
        found = [_primary(world, turns, each) for each in happened]
        on_duty = [(who, each) for who, each in zip(found, happened, strict=True) if who]
        awake = sum(judge.is_daylight(people[who], each.at_ns) for who, each in on_duty)
        yield Figure(
            f"{name}: incidents with a primary on duty",
            _percent(len(on_duty), len(found)),
            "% of incidents",
        )
        yield Figure(
            f"{name}: that primary had daylight", _percent(awake, len(on_duty)), "% of those"
        )


def _why_not_in_daylight(world: World, owners: judge.Owners, incident: Incident) -> str:
    """What kept an owner in daylight from answering; empty: one of them did."""
    person = world.habits.people[incident.answered_by]
    is_owner = owners.own(person.id, incident.service)
    if is_owner and judge.is_daylight(person, incident.answered_ns or 0):
        return ""
    if not owners.anybody_awake(incident.service, incident.at_ns):
        return "no owner had it"
    if not is_owner:
        return "the last resort, no owner, answered"
    if incident.step == Role.PRIMARY:
        return "the primary is on duty in their night"
    return "called off duty in their night"


def _primary(
    world: World, turns: Mapping[str, Mapping[int, tuple]], incident: Incident
) -> str | None:
    unit = world.rotas.unit_of.get(incident.service)
    if unit is None:
        return None
    for turn in turns[unit.id].get(window_of(incident.at_ns), ()):
        if turn.role is Role.PRIMARY and turn.start_ns <= incident.at_ns < turn.end_ns:
            return turn.person
    return None


def _nights(world: World) -> Iterator[Figure]:
    days = _lived_h(world) / 24
    owning = {team.id for team in world.snapshot.teams} & {
        each.team for each in world.snapshot.services
    }
    people = {p for team in world.snapshot.teams if team.id in owning for p in team.members}
    for kind in (PAGES, TESTS):
        counts = [len(world.wakes[kind].get(person, ())) * 365 / days for person in sorted(people)]
        about = f"night wakes by {kind} a person and year"
        yield Figure(f"{about}, mean", sum(counts) / len(counts), "wakes")
        for label, part in (("median", 0.5), ("p99", 0.99), ("worst-off", 1.0)):
            yield Figure(f"{about}, {label}", quantile(counts, part), "wakes")


def _handoffs(world: World) -> Iterator[Figure]:
    counts = world.handoffs.counts
    due = counts["due"]
    yield Figure("handoffs due", due, "")
    yield Figure(
        "not accepted within 30 minutes", _percent(due - counts["in time"], due), "% of due"
    )
    stood_in = counts["by secondary"] + counts["by deputy"]
    yield Figure("accepted by secondary or deputy", _percent(stood_in, due), "% of due")
    yield Figure("declared unheld for a time", _percent(counts["unheld"], due), "% of due")
    yield Figure("never accepted", _percent(counts["lapsed"], due), "% of due")


def _gaps(world: World) -> Iterator[Figure]:
    turns = [t for windows in world.rotas.turns.values() for each in windows.values() for t in each]
    wanted = sum(turn.end_ns - turn.start_ns for turn in turns)
    gaps = [turn for turn in turns if turn.person is None]
    gap = sum(turn.end_ns - turn.start_ns for turn in gaps)
    named = sum(turn.end_ns - turn.start_ns for turn in gaps if turn.gap_owner)
    yield Figure("declared gaps", _percent(gap, wanted), "% of hours")
    yield Figure("declared gaps accepted by name", _percent(named, gap), "% of gap hours")
    hub = world.hub
    yield Figure("hub lost for a week: rotas re-planned", len(hub.found), "rotas")
    for name in ("changes", "requests", "agreed", "declined", "too late", "gaps", "gaps accepted"):
        yield Figure(f"hub lost for a week: {name}", hub.counts[name], "")


def _law(world: World) -> Iterator[Figure]:
    worked = judge.Worked(world.handoffs.worked, world.pages.calls)
    found = judge.law_breaches(world.snapshot, worked, [world.closure])
    yield Figure("breaches of law", len(found), "", "== 0")
    opted_in = judge.opted_in_calls(world.snapshot, worked)
    yield Figure("calls in their rest that people had opted into", opted_in, "calls")
    for rule, count in sorted(Counter(each.breach.rule for each in found).items()):
        yield Figure(f"breaches of law: {rule}", count, "")


def _restart(world: World) -> Iterator[Figure]:
    node = world.pagers.nodes[0]
    yield Figure("facts in a pager's journal at the end", sum(map(len, node.disk.values())), "")
    began = time.process_time()
    Board(world.pagers.policy).learn(node.read(), node.now(), is_replay=True)
    yield Figure("CPU to add them up at a start", time.process_time() - began, "s")


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0
