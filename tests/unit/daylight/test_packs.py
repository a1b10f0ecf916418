from datetime import date

import pytest

from sunwise.daylight.working_time import (
    Confidence,
    PackFault,
    WorkingTime,
    packs,
    rules_of,
    rules_over,
    strictest,
)
from sunwise.daylight.working_time.packs import read_packs

ON = date(2026, 10, 19)
FLOOR = '[members]\n[[row]]\ncountry = "HOUSE"\neffective_from = 1900-01-01\nsource = "the house\'s own"\n'


def row(**fields) -> str:
    fields = {
        "country": '"KE"',
        "effective_from": "2008-06-02",
        "source": '"some law, art. 1"',
    } | fields
    return "[[row]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items() if value)


def test_a_country_without_a_row_has_the_floor_and_says_that_it_is_assumed():
    found = rules_of("ZW", ON)
    assert (found.country, found.confidence) == ("ZW", Confidence.ASSUMED)
    assert (found.daily_rest_h, found.weekly_rest_h, found.max_duty_h) == (11, 35, 12)
    assert "floor" in found.source


def test_every_member_has_the_unions_rules():
    members = packs().members["EU"]
    assert len(set(members)) == 27
    assert all("2003/88" in rules_of(member, ON).source for member in members)


def test_a_member_with_a_row_of_its_own_keeps_both():
    found = rules_of("DE", ON)
    assert "Arbeitszeitgesetz" in found.source
    assert "2003/88" in found.source
    assert found.max_duty_h == 10
    assert found.country == "DE"


@pytest.mark.parametrize(
    "country", ["EU", "GB", "US", "SG", "KE", "IN", "JP", "BR", "AE", "DE", "FR"]
)
def test_nobody_gets_less_than_the_floor(country):
    found, floor = rules_of(country, ON), rules_of("ZW", ON)
    assert found.daily_rest_h >= floor.daily_rest_h
    assert found.weekly_rest_h >= floor.weekly_rest_h
    assert found.max_duty_h <= floor.max_duty_h
    assert found.weekly_cap_h <= floor.weekly_cap_h
    assert found.notice_days >= floor.notice_days


def test_how_standby_counts_is_the_laws_to_say():
    assert rules_of("BR", ON).standby_counts == pytest.approx(1 / 3, abs=1e-3)
    assert rules_of("DE", ON).standby_counts == 1


def test_the_law_of_the_day_holds():
    assert rules_of("IN", date(2025, 11, 20)).max_duty_h == 9
    assert rules_of("IN", date(2025, 11, 21)).max_duty_h == 8


def test_before_any_row_the_floor_holds():
    assert rules_of("AE", date(2021, 1, 1)).confidence is Confidence.ASSUMED


def test_over_a_plan_the_strictest_holds():
    found = rules_over("IN", date(2025, 11, 1), date(2025, 11, 28))
    assert found.max_duty_h == 8
    assert "Karnataka" in found.source
    assert "2020" in found.source
    assert rules_over("IN", date(2025, 11, 1), date(2025, 11, 20)).max_duty_h == 9
    assert rules_over("IN", date(2025, 11, 1), date(2025, 11, 21)).max_duty_h == 8


def test_every_row_but_the_floor_names_its_articles():
    rows = [row for name, dated in packs().rows.items() if name != "HOUSE" for row in dated]
    assert len(rows) >= 12
    assert all(
        any(mark in row.source for mark in ("art.", "s. ", "§", "reg.", "CFR", "L31"))
        for row in rows
    )
    assert all(row.note for row in rows)
    assert all(row.confidence is not Confidence.ASSUMED for row in rows)


def test_the_strictest_takes_the_longer_night_and_the_weaker_source():
    one = WorkingTime(
        country="AA",
        effective_from=date(2020, 1, 1),
        night_begins_minute=22 * 60,
        night_ends_minute=5 * 60,
        source="one law, art. 1",
        confidence=Confidence.PRIMARY,
    )
    two = WorkingTime(
        country="BB", effective_from=date(2021, 1, 1), daily_rest_h=12, source="other law, art. 2"
    )
    found = strictest(one, two)
    assert (found.night_begins_minute, found.night_ends_minute) == (22 * 60, 6 * 60)
    assert (found.country, found.daily_rest_h, found.confidence) == ("AA", 12, Confidence.ASSUMED)
    assert found.source == "one law, art. 1; other law, art. 2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[members", "packs.toml"),
        (FLOOR + row(source=""), r"row 2 \(KE, 2008-06-02\).*source"),
        (FLOOR + row(source='"law"'), r"row 2 \(KE.*>= 10"),
        (FLOOR + row(daily_rest_h="-1"), r"row 2 \(KE.*daily_rest_h"),
        (FLOOR + row(daily_rest="11"), r"row 2 \(KE.*unknown field `daily_rest`"),
        (FLOOR + row(effective_until="2008-06-02"), r"row 2 \(KE.*effective_until"),
        (FLOOR + row() + row(effective_from="2010-01-01"), "KE from 2008-06-02 still holds"),
        (
            FLOOR + row(effective_until="2011-01-01") + row(effective_from="2010-01-01"),
            "effective_until = 2010-01-01",
        ),
        ("[members]\n" + row(), "one row of HOUSE"),
        ("[members]\nEU = ['Austria']\n" + row(), "members"),
        (FLOOR + row(country='"Kenya"'), r"row 2 \(Kenya.*country"),
    ],
)
def test_a_faulty_row_is_named(text, said):
    with pytest.raises(PackFault, match=said):
        read_packs(text)


def test_rows_that_follow_each_other_are_no_overlap():
    text = (
        FLOOR + row(effective_until="2010-01-01") + row(effective_from="2010-01-01", max_duty_h="9")
    )
    known = read_packs(text)
    assert known.rules_of("KE", date(2009, 12, 31)).max_duty_h == 12
    assert known.rules_of("KE", date(2010, 1, 1)).max_duty_h == 9
    assert (
        "some law"
        not in read_packs(FLOOR + row(effective_until="2010-01-01"))
        .rules_of("KE", date(2010, 1, 1))
        .source
    )
