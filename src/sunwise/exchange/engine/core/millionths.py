"""Shares in millionths, exact within 64 bits: whole millions and the rest are taken apart."""

from sunwise.exchange.engine.core.codes import PPM
from sunwise.exchange.engine.core.jit import kernel


@kernel
def share_rounded_down(value: int, ppm: int) -> int:
    """floor(value x ppm / 1,000,000) for values and shares of zero and more."""
    millions = value // PPM
    return millions * ppm + (value - millions * PPM) * ppm // PPM


@kernel
def share_rounded_up(value: int, ppm: int) -> int:
    """The same, rounded up."""
    millions = value // PPM
    return millions * ppm + ((value - millions * PPM) * ppm + (PPM - 1)) // PPM
