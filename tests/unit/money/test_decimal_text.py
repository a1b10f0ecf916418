"""Decimal text to integers and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunwise.money.decimal_text import (
    INT64_MAX,
    Malformed,
    TooLarge,
    TooPrecise,
    format_scaled,
    parse_scaled,
)


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [
        ("0", 0, 0),
        ("0.00000000", 8, 0),
        ("1", 8, 100_000_000),
        ("61837.63000000", 2, 6_183_763),  # zeros beyond the scale carry nothing
        ("1.5", 8, 150_000_000),
        ("00012.50", 1, 125),
        ("92233720368.54775807", 8, INT64_MAX),
    ],
)
def test_plain_numbers_are_read_exactly(text: str, decimals: int, value: int) -> None:
    assert parse_scaled(text, decimals) == value


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".5", "-0", "-1", "+1", "1e-9", "1e400", "NaN", "inf", " 1", "1 ", "1_0", "1,5",
     "1.2.3", "٣", "\uff11", "²", "0x10", "1\n", "1\0", "9" * 41],
)  # fmt: skip
def test_anything_but_plain_ascii_digits_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_scaled(text, 8)


def test_a_digit_beyond_the_scale_is_too_precise() -> None:
    with pytest.raises(TooPrecise):
        parse_scaled("0.000000001", 8)


@pytest.mark.parametrize("text", ["92233720368.54775808", "9" * 40])
def test_what_passes_64_bits_is_too_large(text: str) -> None:
    with pytest.raises(TooLarge):
        parse_scaled(text, 8)


@given(value=st.integers(0, INT64_MAX), decimals=st.integers(0, 18))
def test_formatting_then_parsing_gives_the_value_back(value: int, decimals: int) -> None:
    assert parse_scaled(format_scaled(value, decimals), decimals) == value


def test_formatting_keeps_every_decimal_and_the_sign() -> None:
    assert format_scaled(0, 8) == "0.00000000"
    assert format_scaled(-5, 2) == "-0.05"
    assert format_scaled(7, 0) == "7"
