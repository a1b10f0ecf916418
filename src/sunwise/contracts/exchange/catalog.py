"""What is listed: assets and symbols, as decoded from the log's own events.

The listing events all come from batches of the admin writer, so whoever needs
the catalog reads one subject of EVT from its beginning and stays up to date.
"""

from msgspec import Struct


class Asset(Struct, frozen=True, kw_only=True):
    """A listed asset."""

    index: int
    name: str
    decimals: int  # an atom is 10**-decimals


class Symbol(Struct, frozen=True, kw_only=True):
    """A listed symbol with its terms; units as in `records.SYMBOL_COMMAND`."""

    index: int
    version: int
    name: str
    base_asset: int
    quote_asset: int
    base_atoms_per_lot: int
    quote_atoms_per_tick_lot: int
    price_atoms_per_tick: int
    min_price_ticks: int
    max_price_ticks: int
    min_qty_lots: int
    max_qty_lots: int
    market_min_qty_lots: int
    market_max_qty_lots: int
    min_notional_atoms: int
    max_notional_atoms: int
    bid_multiplier_up_ppm: int
    bid_multiplier_down_ppm: int
    ask_multiplier_up_ppm: int
    ask_multiplier_down_ppm: int
    avg_price_mins: int
    max_num_orders: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    notional_flags: int
    status: int  # records.SymbolStatus
