"""Where duty changes hands, read off the duty table."""

from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import DutySlot
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.handoff.seams import seams_of


def slot(service: str, person: str | None, since: int, until: int, role=Role.PRIMARY) -> DutySlot:
    return DutySlot(
        service=service,
        role=role,
        person=person,
        since_ns=since * NS_PER_HOUR,
        until_ns=until * NS_PER_HOUR,
    )


def times(seam) -> tuple[int, int, int, int]:
    every = (seam.since_ns, seam.outgoing_until_ns, seam.at_ns, seam.until_ns)
    return tuple(at // NS_PER_HOUR for at in every)


def test_services_that_change_hands_together_have_one_seam():
    seams, wrong = seams_of(
        [
            slot("b", "ana", 0, 8),
            slot("b", "bo", 8, 16),
            slot("a", "ana", 2, 8),
            slot("a", "bo", 8, 16),
        ]
    )
    assert wrong == []
    assert [(seam.services, seam.outgoing, seam.incoming) for seam in seams] == [
        (("a", "b"), "ana", "bo")
    ]
    assert times(seams[0]) == (0, 8, 8, 16)


def test_roles_have_seams_of_their_own():
    seams, _ = seams_of(
        [
            slot("a", "ana", 0, 8),
            slot("a", "bo", 8, 16),
            slot("a", "cy", 0, 8, Role.SECONDARY),
            slot("a", "ana", 8, 16, Role.SECONDARY),
        ]
    )
    assert [(seam.role, seam.outgoing, seam.incoming) for seam in seams] == [
        (Role.PRIMARY, "ana", "bo"),
        (Role.SECONDARY, "cy", "ana"),
    ]


def test_slots_of_one_person_that_touch_are_one_shift_without_a_seam():
    seams, _ = seams_of([slot("a", "ana", 0, 4), slot("a", "ana", 4, 8), slot("a", "bo", 8, 16)])
    assert [times(seam) for seam in seams] == [(0, 8, 8, 16)]


def test_nobody_hands_over_to_themselves_across_a_gap():
    assert seams_of([slot("a", "ana", 0, 8), slot("a", "ana", 24, 32)]) == ([], [])


def test_a_declared_gap_lies_between_the_shifts_of_a_seam():
    seams, _ = seams_of([slot("a", "ana", 0, 8), slot("a", None, 8, 10), slot("a", "bo", 10, 16)])
    assert [times(seam) for seam in seams] == [(0, 8, 10, 16)]


def test_a_seam_keeps_its_id_when_somebody_else_is_planned():
    first, _ = seams_of([slot("a", "ana", 0, 8), slot("a", "bo", 8, 16)])
    swapped, _ = seams_of([slot("a", "ana", 0, 8), slot("a", "cy", 8, 16)])
    moved, _ = seams_of([slot("a", "ana", 0, 9), slot("a", "bo", 9, 16)])
    assert first[0].id == swapped[0].id != moved[0].id


def test_two_incoming_for_one_duty_are_refused_and_other_services_go_on():
    seams, wrong = seams_of(
        [
            slot("a", "ana", 0, 8),
            slot("a", "bo", 8, 16),
            slot("a", "cy", 8, 16),
            slot("b", "ana", 0, 8),
            slot("b", "bo", 8, 16),
        ]
    )
    assert [seam.services for seam in seams] == [("b",)]
    assert [(each.service, each.role) for each in wrong] == [("a", Role.PRIMARY)]
