"""Fees round up and never exceed what was received."""

from hypothesis import given
from hypothesis import strategies as st

from sunwise.money.rounding import PPM, fee_atoms, notional_atoms


@given(received=st.integers(0, 2**62), ppm=st.integers(0, PPM - 1))
def test_fee_is_the_exact_share_rounded_up(received: int, ppm: int) -> None:
    fee = fee_atoms(received, ppm)
    assert received * ppm <= fee * PPM < received * ppm + PPM
    assert 0 <= fee <= received


def test_dust_is_never_free_of_fee() -> None:
    assert fee_atoms(1, 1_000) == 1
    assert fee_atoms(0, 1_000) == 0


def test_notional_is_exact() -> None:
    assert notional_atoms(6_183_763, 2_000, 10) == 123_675_260_000
