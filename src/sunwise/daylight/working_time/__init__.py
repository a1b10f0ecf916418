"""What working-time law demands of duty, as dated, sourced data; and the check against it.

Not legal advice: rows say where they come from and how sure they are.
"""

from sunwise.daylight.working_time.breaches import Breach, Duty, breaches
from sunwise.daylight.working_time.rules import Confidence, Exemption, WorkingTime, exempted

__all__ = [
    "Breach",
    "Confidence",
    "Duty",
    "Exemption",
    "WorkingTime",
    "breaches",
    "exempted",
]
