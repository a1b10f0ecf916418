"""Shares, fees and averages within 64 bits, against Python's integers."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunwise.exchange.engine.core import jit
from sunwise.exchange.engine.core.averages import _window_average
from sunwise.exchange.engine.core.codes import MAX_MULTIPLIER_PPM, PPM
from sunwise.exchange.engine.core.layout import SYMBOL, empty_array
from sunwise.exchange.engine.core.millionths import share_rounded_down, share_rounded_up
from tests.support.plain_kernels import plain_python_only

atoms = st.integers(0, 2**62)
ppm = st.integers(0, PPM - 1)
word = st.integers(-(2**63), 2**63 - 1)


@plain_python_only
@given(atoms, ppm)
def test_a_share_is_exact(value, share):
    assert share_rounded_down(np.int64(value), np.int64(share)) == value * share // PPM
    assert share_rounded_up(np.int64(value), np.int64(share)) == -(-value * share // PPM)


@plain_python_only
@given(st.integers(1, 2**42 - 1), st.integers(0, MAX_MULTIPLIER_PPM))
def test_a_multiple_of_a_price_is_exact(ticks, multiplier):
    assert share_rounded_up(np.int64(ticks), np.int64(multiplier)) == -(-ticks * multiplier // PPM)


def window_of(lots, notional, last_price=7):
    symbol = empty_array(SYMBOL, 1)[0]
    symbol["last_price_ticks"] = last_price
    for name, value in (("lots", lots), ("notional", notional)):
        symbol[f"window_{name}_high"], symbol[f"window_{name}_low"] = divmod(value, 2**31)
    return symbol


@plain_python_only
@given(st.integers(1, 2**20), st.integers(1, 2**42 - 1))
def test_an_average_under_62_bits_is_exact(lots, ticks):
    notional = lots * ticks + lots // 2
    assert _window_average(window_of(lots, notional)) == notional // lots


@plain_python_only
@given(st.integers(2**53, 2**62), st.integers(2**20, 2**42 - 1))
def test_an_average_of_enormous_volume_keeps_five_digits(lots, ticks):
    notional = min(lots * ticks, 2**92)
    exact = notional // lots
    assert abs(_window_average(window_of(lots, notional)) - exact) <= exact // 10**5 + 1


@plain_python_only
def test_without_volume_the_average_is_the_last_price():
    assert _window_average(window_of(0, 0)) == 7


@numba.njit
def compiled_instructions(left, right):
    return jit.lowest_bit(left), jit.highest_bit(left), jit.folded_product(left, right)


@pytest.mark.skipif(not jit.IS_COMPILED, reason="compares machine code with plain Python")
@given(word.filter(bool), word)
def test_machine_instructions_are_what_their_plain_twins_say(left, right):
    plain = (jit._lowest_bit(left), jit._highest_bit(left), jit._folded_product(left, right))
    assert compiled_instructions(left, right) == plain
