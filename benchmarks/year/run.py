"""`make bench-year`: a simulated year of the people plane: `python -m benchmarks.year.run [--short]`."""

import argparse
import gc
from typing import Final

from benchmarks.report import publish
from benchmarks.year.company import SHORT, YEAR, Setting
from benchmarks.year.pagers import Weather
from benchmarks.year.planning import ROBIN, planned
from benchmarks.year.report import figures
from benchmarks.year.world import World

METHOD: Final = """
One discrete-event simulation on one seed and a simulated clock, which jumps from timer to timer. Real
are: the invented company (sunwise.cli.company, seed 7: real zones, public holidays, leave at random;
where it has too few services, teams own a second one like their first); the planner, window after
window of 4 weeks from 18 January 2027, about half a CPU second of solver for each unit and window, the
burden as planned carried over; the duty table (chassis.duty); two instances of the pager's sans-I/O
core, each with a disk of its own, killed at random (kill -9: what was committed is left), between a
commit and its answer, between sending and recording, alone and both at once, and cut off from each
other; the handoff core at every end of shift, looked at each minute, whose outcome the duty table takes
on as the rota does, hours that somebody kept for want of a taker included; and, for a hub that is lost
for a week without notice, the rota service's own desk on SQLite, which vacates at once, re-plans, and
asks. Nobody is told of handoffs that wait (the service alarms is not played): people come by themselves. Heartbeats between
instances that hear each other are not played one by one. Incidents are a Poisson process, two a
service in four weeks, by a cosine 35 % more frequent at 15:00 UTC than on average, and once in four
weeks one cause that takes 5 to 15 % of the services; half are critical, 30 % errors, 15 % warnings.
People are assumed (benchmarks/year/habits.py): on duty 95 % react by day and 88 % at night, off duty
75 and 50 %, after 75 s by day and 210 s at night (median, log-normal); 93 % accept a handoff before it
is due, most of the others within half an hour. Lost is counted by the senders: answered 202, and then
neither held by somebody, nor over, nor asked about in the last day. The law is judged by
daylight.working_time over all that was really held in the whole time, with calls off duty and outside
of working hours as duty of their own. The round robin (people/rota/round_robins.py, repaired) is
planned on the same company and time, and asked only who is primary at each incident. Figures are
written after each window, so that a year that is cut short says how far it came.
"""
_STORMY: Final = Weather(kill_days=1, twin_kill_days=5, cut_days=2, malice=0.01)


def main() -> None:
    """Plans what is not planned yet, lives through it, prints the table, writes the results."""
    arguments = _arguments()
    setting = SHORT if arguments.short else _year(arguments)
    name, weather = ("year-short", _STORMY) if arguments.short else ("year", Weather())
    turns = planned(setting)
    robin = planned(setting, ROBIN) if arguments.robin or arguments.short else None
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing here goes in circles, and there are millions of facts to look through
    world = World(setting, turns, weather=weather)
    world.live(lambda: publish(name, METHOD, figures(world, robin)) and None)
    publish(name, METHOD, figures(world, robin))


def _year(arguments: argparse.Namespace) -> Setting:
    return YEAR._replace(n_units=arguments.units, without=tuple(arguments.without))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="4 weeks of 10 services, more kills")
    parser.add_argument("--units", type=int, default=YEAR.n_units, help="of planning, at least")
    parser.add_argument(
        "--without", nargs="*", default=YEAR.without, help="teams that are left out"
    )
    parser.add_argument("--robin", action="store_true", help="plan the year as a round robin too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
