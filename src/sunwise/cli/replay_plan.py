"""What is listed so that a recording can be replayed: its symbols, as fine as it is, without bounds.

Recorded books hold what today's filters would refuse: trades of less than the smallest notional,
levels older than the lot in force, prices far outside of the band, thousands of levels that one
account rests here. So a replayed symbol has the recording's own tick and lot, no NOTIONAL minimum,
no price band and room for every level.
"""

from typing import Final

from sunwise.chassis.errors import Permanent
from sunwise.cli.market_plan import DEMO, MarketPlan
from sunwise.contracts.exchange.desk import AssetTerms, SymbolTerms
from sunwise.contracts.exchange.records import Capacity
from sunwise.exchange.replay.recording import RecordedSymbol, Recording
from sunwise.money.decimal_text import format_scaled, parse_scaled

RESTING: Final = "replay resting"
TAKING: Final = "replay taking"

_QUOTES: Final = (
    *("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "DAI"),
    *("EUR", "GBP", "TRY", "BRL", "AUD", "JPY", "PLN", "RON", "UAH", "ZAR", "ARS", "MXN", "COP"),
    *("BTC", "ETH", "BNB", "SOL", "XRP", "TRX", "DOGE"),
)
_LEAST_DECIMALS: Final = 8
_MOST_DECIMALS: Final = 18
_REPLAY_ATOMS: Final = 2**60
"""What each replay account gets of each asset: a quarter of all that can exist."""
_MAX_PRODUCT: Final = 2**62
_DEMO_QUOTE_UNITS: Final = 1_000_000
_ORDERS_A_SYMBOL: Final = 50_000


class CannotList(Permanent):
    """A recorded symbol cannot be listed here; the message says why and what to do."""


def plan_for(recording: Recording) -> MarketPlan:
    """Everything that must exist to replay `recording`. Raises CannotList."""
    pairs = {name: split_symbol(name) for name in recording.symbols}
    decimals: dict[str, int] = {}
    for name, (base, quote) in pairs.items():
        symbol = recording.symbols[name]
        needed = symbol.price_decimals + symbol.quantity_decimals
        decimals[quote] = max(decimals.get(quote, _LEAST_DECIMALS), needed)
        decimals[base] = max(decimals.get(base, _LEAST_DECIMALS), symbol.quantity_decimals)
    for asset, needed in decimals.items():
        if needed > _MOST_DECIMALS:
            raise CannotList(f"{asset} would need {needed} decimals; {_MOST_DECIMALS} is the most.")
    terms = [
        _terms(recording.symbols[name], *pair, quote_decimals=decimals[pair[1]])
        for name, pair in pairs.items()
    ]
    n_orders = 100_000 + _ORDERS_A_SYMBOL * len(terms)
    return MarketPlan(
        assets=[AssetTerms(name=name, decimals=n) for name, n in decimals.items()],
        symbols=terms,
        anchors={},
        accounts={
            DEMO: _demo_floors(recording, pairs, decimals),
            RESTING: dict.fromkeys(decimals, _REPLAY_ATOMS),
            TAKING: dict.fromkeys(decimals, _REPLAY_ATOMS),
        },
        capacities={
            Capacity.ORDERS: n_orders,
            Capacity.LEVELS: n_orders,
            Capacity.TRIE_NODES: n_orders,
        },
    )


def split_symbol(name: str) -> tuple[str, str]:
    """Base and quote of a symbol by its ending. Raises CannotList."""
    for quote in _QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote), quote
    raise CannotList(
        f"Cannot tell base and quote of {name}: it ends in none of {', '.join(_QUOTES)}."
    )


def _terms(symbol: RecordedSymbol, base: str, quote: str, *, quote_decimals: int) -> SymbolTerms:
    price_decimals, lot_decimals = symbol.price_decimals, symbol.quantity_decimals
    max_ticks = 10 ** len(str(symbol.max_price))
    atoms_per_tick_lot = 10 ** (quote_decimals - price_decimals - lot_decimals)
    max_lots = _MAX_PRODUCT // (max_ticks * atoms_per_tick_lot)
    if max_lots < 2 * symbol.max_quantity:
        raise CannotList(
            f"{symbol.name}: prices up to {format_scaled(symbol.max_price, price_decimals)} and "
            f"quantities up to {format_scaled(symbol.max_quantity, lot_decimals)} are too much "
            "money for 64 bits together: leave the extreme levels out of the recording."
        )
    return SymbolTerms(
        name=symbol.name,
        base=base,
        quote=quote,
        tick=format_scaled(1, price_decimals),
        lot=format_scaled(1, lot_decimals),
        max_price=format_scaled(max_ticks, price_decimals),
        max_qty=format_scaled(max_lots, lot_decimals),
        max_num_orders=1_000_000,
    )


def _demo_floors(
    recording: Recording, pairs: dict[str, tuple[str, str]], decimals: dict[str, int]
) -> dict[str, int]:
    """A million units of each quote, and the same worth of each base."""
    floors = {quote: _DEMO_QUOTE_UNITS * 10 ** decimals[quote] for _, quote in pairs.values()}
    for name, (base, _) in pairs.items():
        symbol = recording.symbols[name]
        ticks = parse_scaled(symbol.last_price or "0", symbol.price_decimals)
        units = _DEMO_QUOTE_UNITS * 10**symbol.price_decimals // max(1, ticks)
        floors.setdefault(base, max(1, units) * 10 ** decimals[base])
    return floors
