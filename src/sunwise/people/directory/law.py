"""The working-time law of today, by country: what tiers are held against."""

from sunwise.chassis.clock import Clock
from sunwise.daylight.working_time import WorkingTime, rules_of
from sunwise.people.directory.capacity import Law
from sunwise.people.directory.holding import today


def law_of(clock: Clock) -> Law:
    """The packs that come with Sunwise, on the day of the clock."""

    def law(country: str) -> WorkingTime:
        return rules_of(country, today(clock.now_ns()))

    return law
