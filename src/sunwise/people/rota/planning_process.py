"""The planning process: one job on standard input, one answer on standard output."""

import os
import sys

import msgspec

from sunwise.chassis.clock import SystemClock
from sunwise.daylight.zones import UnknownZone
from sunwise.people.rota.core.problem import BadProblem
from sunwise.people.rota.jobs import Answer, Failed, Job, work


def main() -> None:
    """Reads, solves, writes, ends. It yields to whatever else wants the processor."""
    os.nice(10)
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer(job)))


def answer(job: Job) -> Answer:
    """The answer; what cannot be planned is told, not thrown."""
    try:
        return work(job, SystemClock())
    except (BadProblem, UnknownZone) as fault:
        return Failed(why=str(fault))


if __name__ == "__main__":
    main()
