"""Public holidays in a handoff note: where the people of the seam and the owners live."""

from datetime import date

from msgspec.structs import replace

from sunwise.contracts.people.directory import Person
from sunwise.people.handoff.holidays import holidays_of
from sunwise.people.handoff.note import Material, Section, draft
from tests.support.handoff_company import at, company, day, roster

# Kenya: 12 December is Jamhuri Day; the seams are on 27 November.
SEAM = next(s for s in roster(day(("ledger",))).seams[0] if s.at_ns == at(8))
LATER = replace(SEAM, at_ns=at(24 * 13), until_ns=at(24 * 13 + 8))
OWNERS = company().people


def test_a_holiday_within_three_days_is_told_with_its_name_and_whose_it_is():
    incoming = replace(LATER, incoming="eve")
    [found] = holidays_of(OWNERS, incoming)
    assert (found.country, found.day, found.n_owners) == ("KE", date(2026, 12, 12), 1)
    assert found.is_incomings
    assert not found.is_outgoings
    [part] = [p for p in draft(Material(seam=incoming, shift=None, holidays=(found,)))
              if p.section is Section.RISKS]  # fmt: skip
    assert part.lines[0].text == (
        "Public holiday in Kenya on 2026-12-12 (Jamhuri Day): 1 of the owners, the incoming among them."
    )
    assert part.lines[0].evidence.url == "/evidence/holiday/KE/2026-12-12"


def test_beyond_three_days_nothing_is_told():
    assert holidays_of(OWNERS, replace(LATER, at_ns=at(24 * 11), until_ns=at(24 * 11 + 8))) == ()


def test_owners_of_one_place_are_one_holiday_that_begins_with_the_first_midnight():
    two = [
        Person(id=name, name=name, email="", zone=zone, country="US")
        for name, zone in (("cy", "America/Los_Angeles"), ("fay", "America/New_York"))
    ]
    thanksgiving = replace(SEAM, at_ns=at(-24), until_ns=at(-16))
    [found] = holidays_of(two, thanksgiving)
    assert (found.day, found.n_owners) == (date(2026, 11, 26), 2)
    assert found.begins_ns == at(-24 + 5), "midnight in New York"


def test_a_place_that_nobody_knows_makes_holidays_unknown_not_none():
    nowhere = Person(id="x", name="X", email="", zone="UTC", country="ZZ")
    assert holidays_of([*OWNERS, nowhere], SEAM) is None
