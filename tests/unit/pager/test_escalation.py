"""Who is told, when, and who is left in peace."""

import pytest
from msgspec.structs import replace

from sunwise.contracts.people.directory import EmergencyHours, Exempt, Role
from sunwise.contracts.people.pager import ALARMS_BEAT
from sunwise.people.pager.core.facts import (
    Acknowledged,
    ChannelKind,
    Closed,
    Contact,
    ContactsSet,
    Reassigned,
    Received,
    Silenced,
    Snoozed,
    Unsilenced,
)
from sunwise.people.pager.core.intake import Busy, Sender, acknowledge
from sunwise.people.pager.core.policy import InhibitRule, Policy, Severity, Step, Target, Watchdog
from sunwise.people.pager.core.responders import Shift
from tests.support.pager_people import (
    MINUTE,
    NOON_UTC,
    Stage,
    firing,
    resolved,
    someone,
    told,
)

ALL_NIGHT = EmergencyHours(begins_minute=22 * 60, ends_minute=8 * 60)
ALWAYS = EmergencyHours(begins_minute=0, ends_minute=1_440)


def test_worst_goes_to_primary_at_0_secondary_at_5_deputy_at_10_owners_at_15():
    stage = Stage()
    stage.company.people["mia"] = someone("mia", emergency=ALWAYS)
    stage.signal(firing())
    assert told(stage.run()) == ["ana"]
    assert told(stage.run(4.9)) == []
    assert told(stage.run(0.2)) == ["noa"]
    assert told(stage.run(5)) == ["kenji"]
    assert told(stage.run(5)) == ["mia"]


def test_whoever_keeps_a_duty_that_is_not_accepted_is_told_with_whoever_is_planned():
    stage = Stage()
    stage.company.kept["gateway", Role.PRIMARY] = "kenji"
    stage.signal(firing())
    assert told(stage.run()) == ["kenji", "ana"]
    assert told(stage.run(5)) == ["noa"]


def test_an_acknowledgement_ends_the_escalation():
    stage = Stage()
    stage.signal(firing())
    stage.run(1)
    stage.tell(acknowledge(stage.board, stage.page, "ana"))
    assert stage.run(120, step_s=30) == []


def test_an_old_acknowledgement_of_a_page_still_open_looks_for_somebody_again():
    stage = Stage()
    stage.signal(firing())
    stage.run()
    stage.tell(acknowledge(stage.board, stage.page, "ana"))
    assert told(stage.run(4 * 60 + 1, step_s=30)) == ["ana"]


def test_nobody_asked_twice_in_one_round_and_the_next_round_begins_with_the_primary():
    stage = Stage()
    stage.signal(firing())
    sent = stage.run(29.9)
    assert told(sent) == ["ana", "noa", "kenji"]
    again = stage.run(1)
    assert told(again) == ["ana"]
    assert again[0].round == 2


def test_nobody_on_duty_goes_on_at_once_and_the_page_stays_queued():
    stage = Stage()
    stage.company.on_duty("gateway", None, None)
    stage.signal(firing())
    assert told(stage.run()) == ["kenji"]
    stage.company.deputies.clear()
    stage.company.owned.clear()
    assert stage.run(31) == []
    assert stage.desk.waiting_for[stage.page]
    stage.company.on_duty("gateway", "ana")
    assert told(stage.run(0.6)) == ["ana"]


def test_a_service_nobody_knows_reaches_the_last_resort():
    stage = Stage(policy=Policy(last_resort=("noa",)))
    stage.signal(firing(service="no-such-service"))
    assert told(stage.run()) == ["noa"]


@pytest.mark.parametrize("where", ["leave", "rest"])
def test_somebody_on_leave_or_in_legal_rest_is_never_told(where):
    stage = Stage()
    getattr(stage.company, where).update(("ana", "kenji", "mia"))
    stage.signal(firing())
    assert set(told(stage.run(300, step_s=30))) == {"noa"}


@pytest.mark.parametrize("where", ["leave", "rest"])
def test_leave_and_rest_give_way_only_to_an_opt_in_of_just_these_hours(where):
    stage = Stage()
    getattr(stage.company, where).add("ana")
    hours = EmergencyHours(begins_minute=12 * 60, ends_minute=14 * 60, also_in_rest=True)
    stage.company.people["ana"] = someone("ana", emergency=hours)
    stage.signal(firing())
    assert told(stage.run()) == ["ana"]
    stage.tell(Closed(page=stage.page, person="ana"))
    stage.pass_s(3_600)
    stage.signal(firing())
    assert told(stage.run()) == ["noa"]


def test_owners_are_told_in_working_hours_or_hours_they_opted_into_only():
    stage = Stage()
    stage.company.on_duty("gateway", None)
    stage.company.deputies.clear()
    stage.company.owned["gateway"] = ("kenji", "mia", "tui", "noa")
    stage.company.people["tui"] = someone("tui", emergency=ALL_NIGHT)
    stage.signal(firing())
    assert told(stage.run()) == ["tui", "noa"]  # Kenji's day is over, Mia's has not begun


@pytest.mark.parametrize(("minutes", "expected"), [(-30, ["kenji"]), (30, ["noa"])])
def test_whoever_is_spared_nights_is_not_called_for_work_that_runs_into_one(minutes, expected):
    stage = Stage(start_ns=NOON_UTC + minutes * MINUTE)  # 20:30 or 21:30 where Kenji is
    stage.company.on_duty("gateway", None)
    stage.company.people["kenji"] = replace(someone("kenji"), exempt=Exempt(no_nights=True))
    stage.company.owned["gateway"] = ("noa",)
    stage.signal(firing())
    assert told(stage.run()) == expected


def test_whoever_is_spared_nights_is_called_off_duty_only_by_day_or_when_they_opted_in():
    spared = replace(someone("tui"), exempt=Exempt(no_nights=True))  # it is midnight where Tui is
    for person, expected in (
        (someone("tui"), ["tui"]),
        (spared, ["noa"]),
        (replace(spared, emergency=ALL_NIGHT), ["tui"]),
    ):
        stage = Stage()
        stage.company.on_duty("gateway", None)
        stage.company.people["tui"] = person
        stage.company.deputies["gateway"] = "tui"
        stage.company.owned["gateway"] = ("noa",)
        stage.signal(firing())
        assert told(stage.run()) == expected


def test_people_who_left_are_not_told():
    stage = Stage()
    stage.company.people["ana"] = someone("ana", active=False)
    stage.signal(firing())
    assert told(stage.run()) == ["noa"]


def test_whoever_is_woken_reads_why():
    stage = Stage()
    stage.company.on_duty("gateway", "mia")
    stage.signal(firing())
    (notify,) = stage.run()
    assert notify.woke
    assert "outside of your 07:00 to 22:00" in notify.reason
    assert "on duty as primary" in notify.reason
    (page,) = stage.board.pages.values()
    assert page.sent[notify.key].body.woke


def test_the_lowest_waits_for_the_responders_daylight():
    stage = Stage()
    stage.company.on_duty("gateway", "mia")  # 05:00 for her
    stage.signal(firing(severity="info"))
    assert stage.run(115, step_s=30) == []
    assert "night" in stage.desk.waiting_for[stage.page]
    sent = stage.run(10, step_s=30)
    assert told(sent) == ["mia"]
    assert not sent[0].woke


def test_the_lowest_is_told_to_the_owners_where_nobody_is_ever_on_duty():
    stage = Stage()
    stage.company.on_duty("gateway", None)
    stage.signal(firing(severity="info"))
    sent = stage.run()
    assert sorted(told(sent)) == ["ana", "noa"]  # those at work now
    assert not any(each.woke for each in sent)


def test_what_waits_for_daylight_goes_to_whoever_of_the_chain_is_awake():
    stage = Stage()
    stage.company.on_duty("gateway", "mia", "noa")
    stage.signal(firing(severity="warning"))
    assert told(stage.run()) == ["noa"]


def test_told_before_nightfall_is_not_passed_on_at_nightfall():
    stage = Stage()
    stage.company.on_duty("gateway", "kenji", "noa")  # 21:00 for him
    stage.pass_s(50 * 60)
    stage.signal(firing(severity="warning"))
    assert told(stage.run(59)) == ["kenji"]


def test_a_duty_that_passes_on_takes_the_page_with_it():
    stage = Stage()
    stage.signal(firing())
    assert told(stage.run(1)) == ["ana"]
    stage.company.on_duty("gateway", "kenji", "noa")
    assert told(stage.run(1)) == ["kenji"]


def contacts(person: str, *kinds: ChannelKind) -> ContactsSet:
    return ContactsSet(
        person=person, contacts=tuple(Contact(kind=kind, address="x") for kind in kinds)
    )


def test_without_a_receipt_in_time_the_next_channel_is_used():
    stage = Stage()
    stage.tell(contacts("ana", ChannelKind.WEB_PUSH, ChannelKind.EMAIL, ChannelKind.SMS))
    stage.signal(firing())
    kinds = [notify.contact.kind.value for notify in stage.run(4.5)]
    assert kinds == ["web-push", "email", "sms"]


def test_a_receipt_keeps_to_the_channel():
    stage = Stage()
    stage.tell(contacts("ana", ChannelKind.WEB_PUSH, ChannelKind.EMAIL))
    stage.signal(firing())
    (notify,) = stage.run()
    stage.tell(Received(page=stage.page, key=notify.key))
    assert stage.run(4.5) == []


def test_a_channel_that_refuses_hands_on_at_once_and_so_does_a_person_without_any():
    stage = Stage()
    stage.tell(contacts("ana", ChannelKind.WEB_PUSH, ChannelKind.EMAIL))
    stage.tell(contacts("noa", ChannelKind.SMS))
    stage.refuses = {"web-push", "email"}
    stage.signal(firing())
    assert told(stage.run()) == ["noa"]


def test_reassigned_goes_to_the_named_first_and_then_on():
    stage = Stage()
    stage.signal(firing())
    stage.run(1)
    stage.tell(Reassigned(page=stage.page, to="kenji", person="ana"))
    assert told(stage.run(4.9)) == ["kenji"]
    assert told(stage.run(0.2)) == ["ana"]
    assert told(stage.run(5)) == ["noa"]


def test_reassigned_to_somebody_on_leave_goes_on_at_once():
    stage = Stage()
    stage.company.leave.add("kenji")
    stage.signal(firing())
    stage.run(1)
    stage.tell(Reassigned(page=stage.page, to="kenji", person="ana"))
    assert told(stage.run(1)) == ["ana"]


def test_snoozed_is_quiet_for_its_time_and_then_begins_anew():
    stage = Stage()
    stage.signal(firing())
    stage.run(1)
    stage.tell(Snoozed(page=stage.page, person="ana", for_s=3_600))
    assert stage.run(59, step_s=30) == []
    assert told(stage.run(2)) == ["ana"]


def test_worse_than_what_was_acknowledged_looks_for_somebody_at_once():
    stage = Stage()
    stage.signal(firing("k1", "error"))
    stage.run()
    stage.tell(acknowledge(stage.board, stage.page, "ana"))
    assert stage.run(2) == []
    stage.signal(firing("k2", "critical"))
    assert told(stage.run()) == ["ana"]


def test_a_burst_of_one_group_is_one_page():
    stage = Stage()
    stage.signal(*(firing(f"k{n}") for n in range(50)))
    assert len(stage.run()) == 1
    stage.tell(acknowledge(stage.board, stage.page, "ana"))
    stage.signal(*(firing(f"k{n}") for n in range(60)))
    assert stage.run(1) == []


def test_what_begins_long_after_an_acknowledgement_is_a_page_of_its_own():
    stage = Stage()
    stage.signal(firing("k1"))
    stage.run()
    stage.tell(acknowledge(stage.board, stage.page, "ana"))
    stage.run(6)
    stage.signal(firing("k1"))
    assert stage.run(1) == []
    stage.signal(firing("k2"))
    assert told(stage.run()) == ["ana"]
    assert len(stage.pages) == 2


def test_group_by_overrules_how_the_sender_groups():
    stage = Stage(policy=Policy(group_by=("cluster",)))
    stage.signal(firing("k1", group="x", cluster="1"), firing("k2", group="y", cluster="1"))
    stage.signal(firing("k3", group="x", cluster="2"))
    assert len(stage.pages) == 2


def test_a_resolved_page_closes_and_the_next_alert_opens_another():
    stage = Stage()
    stage.signal(firing())
    stage.run()
    first = stage.page
    stage.signal(resolved())
    assert stage.run(60, step_s=30) == []
    assert stage.pages == []
    assert isinstance(stage.board.pages[first].attention.body, Closed)
    stage.signal(firing())
    assert told(stage.run()) == ["ana"]
    assert stage.page != first


def test_a_page_is_open_until_the_last_of_its_alerts_is_resolved():
    stage = Stage()
    stage.signal(firing("k1"), firing("k2"))
    stage.signal(resolved("k1"))
    assert len(stage.pages) == 1
    stage.signal(resolved("k2"))
    assert stage.pages == []


def test_inhibited_pages_wait_until_their_source_is_over():
    rule = InhibitRule(source={"alertname": "Down"}, target={"layer": "app"}, equal=("region",))
    stage = Stage(policy=Policy(inhibit=(rule,)))
    stage.signal(firing("down", group="d", alertname="Down", region="eu"))
    assert len(stage.run()) == 1
    stage.signal(firing("slow", group="s", layer="app", region="eu"))
    stage.signal(firing("far", group="f", layer="app", region="us"))
    assert [stage.board.pages[n.page].head.labels["region"] for n in stage.run(1)] == ["us"]
    stage.signal(resolved("down", group="d", alertname="Down", region="eu"))
    assert told(stage.run(1)) == ["ana"]


def test_a_silence_holds_for_its_time_or_until_it_is_ended():
    stage = Stage()
    end_ns = stage.now.wall_ns + 30 * MINUTE
    for id_ in ("s1", "s2"):
        stage.tell(
            Silenced(
                id=id_,
                labels={"region": "eu"},
                from_ns=stage.now.wall_ns,
                until_ns=end_ns,
                person="ana",
                why="maintenance",
            )
        )
    stage.signal(firing(region="eu"))
    stage.tell(Unsilenced(id="s1", person="ana"))
    assert stage.run(29) == []
    assert stage.desk.waiting_for[stage.page] == "silenced: maintenance"
    assert told(stage.run(2)) == ["ana"]


def test_a_watchdog_that_stops_coming_is_an_alarm_and_its_return_ends_it():
    watchdog = Watchdog(
        name="prometheus", service="gateway", every_s=300, labels={"alertname": "Watchdog"}
    )
    stage = Stage(policy=Policy(watchdogs=(watchdog,)))
    beat = firing("w", severity="none", group="w", alertname="Watchdog")
    for _ in range(10):
        stage.signal(beat)
        assert stage.run(4) == []
    assert told(stage.run(2)) == ["ana"]
    assert stage.board.pages[stage.page].head.labels["alertname"] == "WatchdogSilent"
    stage.signal(beat)
    stage.run(1)
    assert stage.pages == []


@pytest.mark.parametrize(
    ("watchdogs", "key"),
    [
        ((), "alarms"),
        ((Watchdog(name="alarms", service="pager", labels={"alertname": ALARMS_BEAT}),), "alarms"),
        (
            (
                Watchdog(
                    name="alarms",
                    service="pager",
                    labels={"alertname": ALARMS_BEAT},
                    sender="watchers",
                ),
            ),
            "watchers",
        ),
    ],
    ids=["of the plane", "of a policy without a sender", "of a policy with one"],
)
def test_the_alarms_live_only_by_the_key_that_they_are_bound_to(watchdogs, key):
    stage = Stage(policy=Policy(watchdogs=watchdogs, own_service="gateway"))
    beat = firing(ALARMS_BEAT, severity="info", group="b", alertname=ALARMS_BEAT)
    stage.sender = Sender(key, "people")
    stage.signal(beat)
    stage.sender = Sender("ci", "people")
    for _ in range(6):
        stage.run(1)
        stage.signal(beat)
    late = [stage.board.pages[page].head.summary for page in stage.pages]
    assert any(f"Watchdog alarms has not come with the key {key!r}" in each for each in late)


def test_a_watchdog_that_never_came_is_an_alarm():
    watchdog = Watchdog(
        name="prometheus", service="gateway", every_s=300, labels={"alertname": "Watchdog"}
    )
    stage = Stage(policy=Policy(watchdogs=(watchdog,)))
    assert told(stage.run(5.5)) == ["ana"]


def test_a_shift_begins_with_a_test_and_an_unanswered_one_is_an_alarm_for_the_secondary():
    stage = Stage()
    stage.company.shifts = [
        Shift("ana", service, "primary", NOON_UTC + 10 * MINUTE) for service in ("gateway", "desk")
    ]
    assert stage.run(9) == []
    (test,) = stage.run(5)
    assert (test.person.id, test.woke) == ("ana", False)
    sent = stage.run(15)
    assert told(sent) == ["noa"]
    assert "does not answer" in stage.board.pages[sent[0].page].head.summary


def test_an_answered_test_is_over():
    stage = Stage()
    stage.company.shifts = [Shift("ana", "gateway", "primary", NOON_UTC + MINUTE)]
    (test,) = stage.run(2)
    stage.tell(acknowledge(stage.board, test.page, "ana"))
    assert stage.run(60, step_s=30) == []
    assert stage.pages == []


@pytest.mark.parametrize("seconds", [-86_400, -3_600, 3_600, 86_400])
def test_a_jump_of_the_wall_clock_neither_delays_nor_hurries_the_escalation(seconds):
    stage = Stage()
    stage.company.people["ana"] = someone("ana")
    stage.signal(firing())
    assert told(stage.run(1)) == ["ana"]
    stage.jump_s(seconds)
    assert told(stage.run(3.9)) == []
    assert told(stage.run(0.2)) == ["noa"]


def test_no_more_alerts_than_can_be_held_and_nothing_of_the_message_is_taken():
    stage = Stage(policy=Policy(max_open_alerts=100))
    stage.signal(*(firing(f"k{n}") for n in range(99)))
    with pytest.raises(Busy, match="resolve or silence"):
        stage.signal(firing("x"), firing("y"))
    assert stage.board.n_open_alerts == 99


def test_severities_are_known_by_their_other_names_and_unknown_ones_are_not_the_lowest():
    table = Stage().board.severities
    assert table.rank("P1") == table.rank("critical") == 0
    assert table.rank("whatever") == table.rank("error") == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"unknown_severity": "blue"}, "there are critical"),
        ({"severities": (Severity(name="a", steps=(Step(to=Target.PRIMARY),)),) * 2}, "own"),
        (
            {
                "unknown_severity": "a",
                "severities": (
                    Severity(
                        name="a",
                        steps=(
                            Step(to=Target.PRIMARY, after_s=9),
                            Step(to=Target.DEPUTY, after_s=3),
                        ),
                    ),
                ),
            },
            "order",
        ),
    ],
)
def test_a_policy_that_leads_nowhere_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        Policy(**changes)


def test_an_acknowledged_page_that_is_fired_into_after_it_closed_looks_for_somebody():
    """The other instance did not know that it was over, and put a new alert on the same page."""
    stage = Stage()
    stage.signal(firing("k1"))
    stage.run()
    page = stage.board.pages[stage.page]
    stage.tell(Acknowledged(page=page.id, person="ana", rank=0))
    stage.signal(resolved("k1"))
    stage.run(1)
    assert stage.pages == []
    fired = page.alerts[next(iter(page.alerts))].fired
    stage.tell(type(fired)(alert="other", page=page.id, group=page.group, generation=1,
                           service="gateway", severity="critical", summary="late"))  # fmt: skip
    assert told(stage.run(0.1)) == ["ana"]


def test_a_page_that_closes_because_all_is_resolved_ends_nothing_that_came_in_meanwhile():
    stage = Stage()
    stage.signal(firing("k1"))
    page = stage.page
    stage.tell(Closed(page=page))
    assert stage.pages == [page]
    stage.tell(Closed(page=page, person="ana"))
    assert stage.pages == []


def test_a_sender_cannot_pass_an_alert_off_as_a_test_of_reach():
    stage = Stage()
    stage.signal(firing(severity="reach-test"))
    assert told(stage.run()) == ["ana"]
    assert stage.board.severities.at(stage.board.pages[stage.page].rank).name == "error"
