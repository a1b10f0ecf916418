"""`make bench-year`: a simulated year of the people plane: `python -m benchmarks.year.run [--short]`."""

import argparse
import gc
import time
from typing import Final

from benchmarks.report import Figure, publish
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
other; the handoff core at every end of shift; and, for a hub that is lost for a week without notice,
the rota service's own desk on SQLite, which vacates at once, re-plans, and asks. Heartbeats between
instances that hear each other are not played one by one. Incidents are a Poisson process, two a
service in four weeks, by a cosine 35 % more frequent at 15:00 UTC than on average, and once in four
weeks one cause that takes 5 to 15 % of the services; half are critical, 30 % errors, 15 % warnings.
People are assumed (benchmarks/year/habits.py): on duty 95 % react by day and 88 % at night, off duty
75 and 50 %, after 75 s by day and 210 s at night (median, log-normal); 93 % accept a handoff before it
is due, most of the others within half an hour. Lost is counted by the senders: answered 202, and then
neither held by somebody, nor over, nor asked about in the last day. The law is judged by
daylight.working_time over all that was really held in the whole time, with calls off duty and outside
of working hours as duty of their own. The round robin (benchmarks/rota/baselines.py, repaired) is
planned on the same company and time, and asked only who is primary at each incident.
"""
_STORMY: Final = Weather(kill_days=1, twin_kill_days=5, cut_days=2, malice=0.01)


def main() -> None:
    """Plans what is not planned yet, lives through it, prints the table, writes the results."""
    arguments = _arguments()
    setting = SHORT if arguments.short else YEAR._replace(days=arguments.days)
    world = lived(setting, _STORMY if arguments.short else Weather())
    began = time.process_time()
    world.live()
    cpu_s = time.process_time() - began
    found = figures(world, planned(setting, ROBIN))
    found.append(Figure("CPU of the simulation, without planning", cpu_s, "s"))
    publish("year-short" if arguments.short else "year", METHOD, found)


def lived(setting: Setting, weather: Weather) -> World:
    """The world at its beginning, its rotas planned."""
    turns = planned(setting)
    gc.collect()
    gc.freeze()
    return World(setting, turns, weather=weather)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="4 weeks of 10 services, more kills")
    parser.add_argument("--days", type=int, default=YEAR.days, help="of the year")
    return parser.parse_args()


if __name__ == "__main__":
    main()
