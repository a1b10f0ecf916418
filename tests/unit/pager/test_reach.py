"""Whether messages arrive is asked by day, and an answer that does not come by the shift is an alarm."""

import pytest

from sunwise.people.pager.core.intake import acknowledge
from sunwise.people.pager.core.responders import Shift
from tests.support.pager_people import MINUTE, NOON_UTC, Stage, told

HOUR = 60 * MINUTE
NIGHT = NOON_UTC + 6 * HOUR
"""03:00 in Tokyo, where Kenji is; his day ends at 13:00 UTC."""


def before_the_night(hours: float = 3) -> Stage:
    """Kenji's duty for the gateway begins at night; it is so many hours before his last of the day."""
    stage = Stage(start_ns=NOON_UTC - int(hours * HOUR))
    stage.company.on_duty("gateway", "ana", "noa")
    stage.company.shifts = [
        Shift("kenji", service, "primary", NIGHT) for service in ("gateway", "x")
    ]
    return stage


def hand_over(stage: Stage) -> None:
    """The night begins: Kenji is on duty."""
    stage.company.on_duty("gateway", "kenji", "noa")


def test_a_shift_that_begins_at_night_is_tested_in_the_last_hour_of_the_day_before():
    stage = before_the_night()
    assert stage.run(170, step_s=60) == []
    (test,) = stage.run(20, step_s=60)
    assert (test.person.id, test.woke) == ("kenji", False)
    stage.tell(acknowledge(stage.board, test.page, "kenji"))
    hand_over(stage)
    assert stage.run(8 * 60, step_s=60) == []


def test_a_test_by_day_may_be_answered_until_the_shift_begins():
    stage = before_the_night(hours=0)
    assert told(stage.run(5 * 60 + 50, step_s=60)) == ["kenji"]
    hand_over(stage)
    sent = stage.run(13, step_s=60)
    assert told(sent) == ["noa"]
    said = stage.board.pages[sent[0].page].head.summary
    assert said.startswith("Whoever is on duty for gateway")
    assert "kenji" not in said, "an incident takes its words over, for ever"


def test_who_has_given_the_shift_away_is_no_alarm():
    stage = before_the_night(hours=0)
    assert told(stage.run(5 * 60, step_s=60)) == ["kenji"]
    stage.company.shifts = []
    assert stage.run(3 * 60, step_s=60) == []
    assert stage.pages == []


@pytest.mark.parametrize(("hours", "rest_h"), [(6, 2), (30, 26)], ids=["rest", "a day off"])
def test_what_is_free_before_a_night_is_left_alone(hours, rest_h):
    stage = before_the_night(hours=hours)
    stage.company.in_legal_rest = lambda _person, at_ns, _called: (
        NOON_UTC - rest_h * HOUR <= at_ns < NIGHT
    )
    assert stage.run(2 * 60 + 50, step_s=60) == []
    (test,) = stage.run(20, step_s=60)
    assert test.person.id == "kenji"
    assert stage.run(30 * 60, step_s=60) == []


@pytest.mark.parametrize("why", ["rest", "leave"])
def test_without_an_hour_of_day_the_night_itself_has_to_do(why):
    stage = before_the_night(hours=0)
    getattr(stage.company, why).add("kenji")
    assert stage.run(5 * 60 + 59, step_s=60) == []
    getattr(stage.company, why).clear()
    hand_over(stage)
    (test,) = stage.run(5, step_s=60)
    assert (test.person.id, test.woke) == ("kenji", True)


def test_a_shift_of_the_night_that_is_taken_over_by_day_is_tested_by_day():
    stage = before_the_night(hours=-0.5)
    shifts, stage.company.shifts = stage.company.shifts, []
    assert stage.run(5) == []
    stage.company.shifts = shifts
    assert told(stage.run(15)) == ["kenji"]
