"""What working-time law demands of duty, as dated, sourced data; and the check against it.

Not legal advice: rows say where they come from and how sure they are.
"""

from sunwise.daylight.working_time.breaches import Breach, Duty, breaches, join, night_minutes
from sunwise.daylight.working_time.packs import PackFault, packs, rules_of, rules_over
from sunwise.daylight.working_time.rules import (
    Confidence,
    Exemption,
    WorkingTime,
    exempted,
    strictest,
)

__all__ = [
    "Breach",
    "Confidence",
    "Duty",
    "Exemption",
    "PackFault",
    "WorkingTime",
    "breaches",
    "exempted",
    "join",
    "night_minutes",
    "packs",
    "rules_of",
    "rules_over",
    "strictest",
]
