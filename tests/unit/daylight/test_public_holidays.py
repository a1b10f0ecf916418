from datetime import date

import pytest

from sunwise.daylight.public_holidays import UnknownPlace, public_holidays

OCTOBER, NOVEMBER = date(2026, 10, 19), date(2026, 11, 15)


def test_a_part_has_its_own_days_besides_the_countrys():
    year = date(2026, 1, 1), date(2026, 12, 31)
    assert date(2026, 10, 3) in public_holidays("DE", "", *year)
    assert date(2026, 11, 1) not in public_holidays("DE", "", *year)
    assert public_holidays("DE", "BY", *year) > public_holidays("DE", "", *year)


def test_a_part_may_be_written_as_iso_3166_2_has_it():
    found = public_holidays("DE", "DE-BY", OCTOBER, NOVEMBER)
    assert found == public_holidays("DE", "BY", OCTOBER, NOVEMBER) == {date(2026, 11, 1)}


def test_both_ends_are_in():
    day = date(2026, 12, 25)
    assert public_holidays("US", "", day, day) == {day}


def test_a_span_may_cross_years():
    found = public_holidays("FR", "", date(2026, 12, 25), date(2027, 1, 1))
    assert found == {date(2026, 12, 25), date(2027, 1, 1)}


@pytest.mark.parametrize(
    ("country", "subdivision", "said"),
    [
        ("XX", "", "no public holidays are known for country 'XX'"),
        ("uk", "", "country 'uk'"),
        ("DE", "XY", "DE has no part 'XY'.*BY.*leave it empty"),
        ("JP", "13", "JP has no part '13'.*leave it empty"),
    ],
)
def test_an_unknown_place_is_refused_with_what_is_known(country, subdivision, said):
    with pytest.raises(UnknownPlace, match=said):
        public_holidays(country, subdivision, OCTOBER, NOVEMBER)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [(NOVEMBER, OCTOBER, "swap"), (OCTOBER, date(2099, 1, 1), "ask for less")],
)
def test_a_span_that_makes_no_sense_is_refused(first, last, said):
    with pytest.raises(ValueError, match=said):
        public_holidays("FR", "", first, last)
