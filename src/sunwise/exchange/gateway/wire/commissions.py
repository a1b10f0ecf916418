"""Commission rates as Binance shows them.

Here a symbol has one rate for makers and one for takers; special rates, taxes and the discount of
an exchange's own coin do not exist and read as zero.
"""

from typing import Final

from sunwise.exchange.gateway.wire.listings import Listing
from sunwise.money.decimal_text import format_scaled

_PPM_DECIMALS: Final = 6
_DECIMALS: Final = 8
_ZERO: Final = format_scaled(0, _DECIMALS)
_NO_DISCOUNT: Final = (
    '{"enabledForAccount":false,"enabledForSymbol":false,"discountAsset":"BNB",'
    f'"discount":"{_ZERO}"}}'
)


def rate(ppm: int) -> str:
    """A rate as a fraction of one, eight decimals."""
    return format_scaled(ppm * 10 ** (_DECIMALS - _PPM_DECIMALS), _DECIMALS)


def commission_of_account(listing: Listing) -> bytes:
    """Answer of GET account/commission."""
    terms = listing.symbol
    none = _rates(0, 0)
    return (
        f'{{"symbol":"{listing.text.name}",'
        f'"standardCommission":{_rates(terms.maker_fee_ppm, terms.taker_fee_ppm)},'
        f'"specialCommission":{none},"taxCommission":{none},"discount":{_NO_DISCOUNT}}}'
    ).encode()


def commission_of_order(listing: Listing) -> bytes:
    """Answer of POST order/test with computeCommissionRates."""
    terms = listing.symbol
    none = f'{{"maker":"{_ZERO}","taker":"{_ZERO}"}}'
    return (
        f'{{"standardCommissionForOrder":{{"maker":"{rate(terms.maker_fee_ppm)}",'
        f'"taker":"{rate(terms.taker_fee_ppm)}"}},"specialCommissionForOrder":{none},'
        f'"taxCommissionForOrder":{none},"discount":{_NO_DISCOUNT}}}'
    ).encode()


def _rates(maker_ppm: int, taker_ppm: int) -> str:
    return (
        f'{{"maker":"{rate(maker_ppm)}","taker":"{rate(taker_ppm)}",'
        f'"buyer":"{_ZERO}","seller":"{_ZERO}"}}'
    )
