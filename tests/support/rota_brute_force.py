"""The best rota of a small problem by trying every assignment: the specification of the solver."""

from sunwise.daylight.night import DAY_BEGINS_MINUTE, DAY_ENDS_MINUTE
from sunwise.daylight.working_time import Duty, breaches, night_minutes
from sunwise.daylight.zones import local
from sunwise.people.rota.core.problem import absences, overlap


def best_value(problem, slots):
    """(gap minutes, night minutes) that no lawful assignment of people to the slots goes below."""
    found = [(float("inf"), 0)]
    _try(problem, list(slots), {}, (0, 0), found)
    return found[0]


def _try(problem, slots, taken, so_far, found):
    if so_far >= found[0]:
        return
    if not slots:
        found[0] = so_far
        return
    slot, rest = slots[0], slots[1:]
    duty = Duty(*slot[:2])
    assert slot.need == 1, "one role"
    for person in problem.able():
        own = taken.get(person.id, ())
        if _lawful(problem, person, own, duty):
            night = night_minutes(
                duty, person.zone, begins_minute=DAY_ENDS_MINUTE, ends_minute=DAY_BEGINS_MINUTE
            )
            value = (so_far[0], so_far[1] + night)
            _try(problem, rest, taken | {person.id: (*own, duty)}, value, found)
    minutes = (slot.end_ns - slot.start_ns) // 60_000_000_000
    _try(problem, rest, taken, (so_far[0] + minutes, so_far[1]), found)


def _lawful(problem, person, own, duty):
    """Touching duties would count as one: nobody takes two slots without rest between them."""
    if any(overlap(duty, window) for window in absences(person, problem)):
        return False
    if any(duty.start_ns <= each.end_ns for each in (*own, *person.held)):
        return False
    most = person.law.max_days_in_row  # a second duty on one local day counts as a day of its own
    day = local(duty.start_ns, person.zone).toordinal()
    begun = [local(each.start_ns, person.zone).toordinal() for each in (*person.held, *own)]
    if sum(day - each <= most for each in begun) >= most:
        return False
    return not breaches(
        [*person.held, *own, duty], person.rules, zone=person.zone, exemption=person.exemption
    )
