"""Countries have names."""

import pytest

from sunwise.daylight.countries import country_name


@pytest.mark.parametrize(
    ("code", "name"), [("DE", "Germany"), ("CI", "Côte d’Ivoire"), ("XK", "XK"), ("", "")]
)
def test_a_country_is_called_by_its_name_and_one_that_has_none_by_its_code(code, name):
    assert country_name(code) == name
