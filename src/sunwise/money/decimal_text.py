"""Decimal text to scaled integers and back, exactly.

The grammar is what Binance takes for a number: ASCII digits with at most one
point, no sign, no exponent, no spaces. `Malformed` and `TooPrecise` let the
gateway answer with Binance's own codes (-1100 and -1111).
"""

from typing import Final

INT64_MAX: Final = 2**63 - 1
_MAX_CHARACTERS: Final = 40
_POWERS: Final = tuple(10**exponent for exponent in range(_MAX_CHARACTERS))


class Malformed(ValueError):
    """The text is not a plain decimal number."""


class TooPrecise(ValueError):
    """The text has more significant decimals than the scale holds."""


class TooLarge(ValueError):
    """The number does not fit 64 bits at this scale."""


def parse_scaled(text: str, decimals: int) -> int:
    """The number in units of 10**-decimals, 0 to 2**63-1.

    Trailing zeros beyond `decimals` are allowed: "1.500" at 1 decimal is 15.
    Raises Malformed, TooPrecise or TooLarge.
    """
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    if len(text) > _MAX_CHARACTERS or not (digits.isdecimal() and digits.isascii()):
        raise Malformed(text[:_MAX_CHARACTERS])
    if point and not (whole and fraction):
        raise Malformed(text)
    missing = decimals - len(fraction)
    if missing < 0:
        if fraction[decimals:].strip("0"):
            raise TooPrecise(text)
        digits, missing = whole + fraction[:decimals], 0
    value: int = int(digits) * _POWERS[missing]
    if value > INT64_MAX:
        raise TooLarge(text)
    return value


def format_scaled(value: int, decimals: int) -> str:
    """The value of `value` units of 10**-decimals, with exactly that many decimals.

    format_scaled(150, 2) is "1.50"; negative values get a leading minus.
    """
    if decimals == 0:
        return str(value)
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).zfill(decimals + 1)
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"
