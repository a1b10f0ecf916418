"""Decimal text to scaled integers and back, exactly.

The grammar is what Binance takes for a number: ASCII digits with at most one
point, no sign, no exponent, no spaces. `Malformed` and `TooPrecise` let the
gateway answer with Binance's own codes (-1100 and -1111).
"""

from typing import Final

INT64_MAX: Final = 2**63 - 1
_MAX_CHARACTERS: Final = 40
_DIGITS: Final = frozenset("0123456789")


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
    if not digits or len(text) > _MAX_CHARACTERS or not _DIGITS.issuperset(digits):
        raise Malformed(text[:_MAX_CHARACTERS])
    if point and not (whole and fraction):
        raise Malformed(text)
    if len(fraction) > decimals:
        kept, dropped = fraction[:decimals], fraction[decimals:]
        if dropped.strip("0"):
            raise TooPrecise(text)
        fraction = kept
    value: int = int(whole + fraction) * 10 ** (decimals - len(fraction))
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
