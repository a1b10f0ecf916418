"""What a colleague reads when a change of the rota may not be."""

import pytest

from sunwise.daylight.working_time import WorkingTime
from sunwise.daylight.working_time.packs import HOUSE, packs
from sunwise.people.rota.core.check import Finding
from sunwise.people.rota.core.problem import Person
from sunwise.people.rota.refusals import refusal

MORNING_NS = 1_796_709_600_000_000_000  # Tue 8 Dec 2026, 06:00 UTC
FELIX = Person(id="felix", zone="Europe/Berlin", rules=packs().rows[HOUSE][0])


def test_it_names_the_rule_in_words_and_the_time_on_their_clock():
    said = refusal(Finding("max_duty_h", MORNING_NS, "felix"), [FELIX])
    assert said == (
        "felix would be on duty for too long in one piece (Tue 08 Dec 07:00 in Berlin, Tue 08 Dec 06:00 "
        "UTC). Choose another shift, or ask somebody else."
    )


@pytest.mark.parametrize("private", ["away", "no_nights"])
def test_leave_and_exemptions_are_told_to_nobody(private):
    said = refusal(Finding(private, MORNING_NS, "felix"), [FELIX])
    assert said.startswith("felix cannot be on duty then (")


RULES = [
    name
    for name in WorkingTime.__struct_fields__
    if name.startswith(("daily_rest", "weekly_", "max_", "week_"))
]


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_shown_by_its_name_in_the_code(rule):
    said = refusal(Finding(rule, MORNING_NS, "felix"), [FELIX])
    assert rule not in said
    assert "would break a rule" not in said
