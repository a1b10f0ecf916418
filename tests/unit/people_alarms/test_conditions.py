"""What somebody must be told, and under which key."""

from msgspec.structs import replace

from sunwise.contracts.people.handoff import (
    Asked,
    HandoffState,
    OpenHandoff,
    OpenHandoffs,
    Step,
)
from sunwise.people.alarms.conditions import Company, of_gaps, of_handoffs
from sunwise.people.pager.core.policy import SEVERITIES, Target
from tests.support.handoff_company import OFFERED, at, company, slot, table

ASKED = replace(OFFERED, asked=(Asked(person="bo", step=Step.INCOMING),))
WHO = Company.of(company())


def told(handoff: OpenHandoff, hour: float = 8):
    return list(of_handoffs(OpenHandoffs(as_of_ns=0, handoffs=(handoff,)), WHO, at(hour)))


def test_the_incoming_is_told_once_their_shift_has_begun():
    assert told(ASKED, 7.9) == []
    [alarm] = told(ASKED, 8)
    assert (alarm.severity, alarm.person, alarm.path) == ("handoff", "bo", "/handoff/h1")


def test_whoever_is_asked_reads_names_and_their_own_clock():
    [alarm] = told(ASKED)
    assert "Accept Ledger, Matching as primary" in alarm.summary
    assert "on Fri 27 Nov 09:00 in Paris (Fri 08:00 UTC)" in alarm.summary


def test_whoever_is_asked_next_is_told_at_once_under_a_key_of_their_own():
    both = (*ASKED.asked, Asked(person="di", step=Step.SECONDARY))
    alarms = told(replace(ASKED, asked=both), 7.9)
    assert [(each.person, each.key) for each in alarms] == [("di", "handoff/h1/asked/di")]
    assert [each.person for each in told(replace(ASKED, asked=both))] == ["bo", "di"]


def test_nobody_left_to_ask_is_told_to_the_people_of_the_service_with_the_end_in_sight():
    alarms = told(replace(ASKED, is_unanswered=True))
    assert [(each.severity, each.person) for each in alarms] == [("error", ""), ("handoff", "bo")]
    assert "from Fri 27 Nov 11:00 UTC on nobody holds it" in alarms[0].summary


def test_a_duty_that_nobody_holds_pages_as_the_worst_does_and_asks_nobody_beside_it():
    [alarm] = told(replace(ASKED, state=HandoffState.UNHELD, is_unanswered=True))
    assert (alarm.severity, alarm.service, alarm.person) == ("critical", "ledger", "")
    assert SEVERITIES[0].name == "critical"


def test_each_team_is_paged_for_its_own_services():
    other = replace(ASKED, services=("ledger", "web"), state=HandoffState.UNHELD)
    assert [each.service for each in told(other)] == ["ledger", "web"]


def gaps(*slots, planners=("fay",), hour: float = 0):
    until_ns = at(hour + 24)
    return list(of_gaps(table(slots), WHO, planners, now_ns=at(hour), until_ns=until_ns))


def test_a_gap_that_begins_within_a_day_is_told_to_its_owner_and_whoever_plans():
    gap = slot("ledger", None, 23, 30, gap_owner="bo")
    assert [each.person for each in gaps(gap)] == ["bo", "fay"]
    assert {each.severity for each in gaps(gap)} == {"gap"}
    assert gaps(slot("ledger", None, 24, 30)) == []
    assert gaps(gap, hour=30) == []


def test_a_gap_that_nobody_has_accepted_is_the_leads():
    [alarm] = gaps(slot("ledger", None, 8, 16), planners=("eve",))
    assert alarm.person == "eve", "told once, though they lead and plan"
    assert "nobody has accepted that" in alarm.summary


def test_services_that_lack_the_same_hours_are_one_gap():
    both = [slot(name, None, 8, 16) for name in ("ledger", "matching")]
    assert len(gaps(*both)) == 2, "one for the lead, one for the planner"
    assert len({each.group for each in gaps(*both, slot("ledger", None, 20, 22))}) == 2


def test_every_severity_stands_in_the_pagers_table_and_names_one_person_where_one_is_meant():
    table_of = {severity.name: severity for severity in SEVERITIES}
    alarms = [*told(ASKED), *told(replace(ASKED, is_unanswered=True))]
    alarms += [
        *told(replace(ASKED, state=HandoffState.UNHELD)),
        *gaps(slot("ledger", None, 1, 2)),
    ]
    for alarm in alarms:
        is_for_one = table_of[alarm.severity].steps[0].to is Target.ASSIGNEE
        assert is_for_one == bool(alarm.person)
