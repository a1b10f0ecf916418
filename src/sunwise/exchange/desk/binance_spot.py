"""A dozen symbols with filters like Binance's, and what each asset is roughly worth.

Filters follow Binance's exchangeInfo of 2025 where this exchange can have them: see `terms` for the
rule that makes ETHBTC, BNBBTC and SOLBTC coarser here. Values are anchors for demo prices only.
"""

from typing import Final

from sunwise.contracts.exchange.desk import AssetTerms, SymbolTerms

UNIT_OF_ACCOUNT: Final = "USDT"

ANCHOR_VALUES: Final[dict[str, float]] = {
    "USDT": 1.0,
    "BTC": 60_000.0,
    "ETH": 2_500.0,
    "BNB": 550.0,
    "SOL": 150.0,
    "XRP": 0.55,
    "ADA": 0.40,
    "DOGE": 0.12,
    "LTC": 70.0,
    "LINK": 12.0,
}
"""Units of account for one unit of the asset."""

_ASSET_DECIMALS: Final = 8
_TABLE: Final = """
BTCUSDT  BTC  USDT 0.01     0.00001 1000000 9000      120     5
ETHUSDT  ETH  USDT 0.01     0.0001  1000000 9000      2500    5
BNBUSDT  BNB  USDT 0.01     0.001   100000  90000     5000    5
SOLUSDT  SOL  USDT 0.01     0.001   100000  90000     20000   5
XRPUSDT  XRP  USDT 0.0001   0.1     1000    9000000   2000000 5
ADAUSDT  ADA  USDT 0.0001   0.1     1000    900000    500000  5
DOGEUSDT DOGE USDT 0.00001  1       1000    9000000   5000000 1
LTCUSDT  LTC  USDT 0.01     0.001   100000  90000     10000   5
LINKUSDT LINK USDT 0.01     0.01    10000   90000     50000   5
ETHBTC   ETH  BTC  0.00001  0.001   922     100000    1000    0.0001
BNBBTC   BNB  BTC  0.000001 0.01    922     100000    2000    0.0001
SOLBTC   SOL  BTC  0.000001 0.01    922     90000     10000   0.0001
"""


def assets() -> list[AssetTerms]:
    """Every asset of the dozen."""
    return [AssetTerms(name=name, decimals=_ASSET_DECIMALS) for name in ANCHOR_VALUES]


def symbols() -> list[SymbolTerms]:
    """The dozen."""
    return [_terms(*row.split()) for row in _TABLE.splitlines() if row]


def _terms(name: str, base: str, quote: str, *numbers: str) -> SymbolTerms:
    tick, lot, max_price, max_qty, market_max_qty, min_notional = numbers
    return SymbolTerms(
        name=name,
        base=base,
        quote=quote,
        tick=tick,
        lot=lot,
        max_price=max_price,
        max_qty=max_qty,
        market_max_qty=market_max_qty,
        min_notional=min_notional,
        price_band_up="5",
        price_band_down="0.2",
    )
