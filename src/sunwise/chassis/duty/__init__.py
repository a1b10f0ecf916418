"""Who is on duty, answered from memory by whoever needs to know: `duty(service, role, t)`.

Owns: a copy of the rota's table in memory and in a private file.
Consumes: `people.duty.changed`, and pages of the table from `people.duty` when a version was missed.
Promises: an answer in well under a millisecond, also after a restart and with the bus cut off; it
    says which version it is of, as of when, and whether that is stale.
State: the file only spares the wait for the rota; it is never the truth.
"""

from sunwise.chassis.duty.answer import DutyAnswer, Standing
from sunwise.chassis.duty.board import STALE_AFTER_S, DutyBoard
from sunwise.chassis.duty.duty_file import DutyFile
from sunwise.chassis.duty.index import DutyIndex

__all__ = ["STALE_AFTER_S", "DutyAnswer", "DutyBoard", "DutyFile", "DutyIndex", "Standing"]
