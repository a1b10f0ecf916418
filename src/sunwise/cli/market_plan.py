"""What is listed and who holds what when an exchange starts: the dozen, or a recording's symbols."""

from typing import Final

from msgspec import Struct

from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.desk import AccountPlan, AssetTerms, Provision, SymbolTerms
from sunwise.contracts.exchange.records import Capacity, RuleFlag
from sunwise.exchange.desk import binance_spot

DEMO: Final = "demo"
TAKER: Final = "liquidity taker"
DEMO_VALUE: Final = 100_000.0
"""What the demo account gets of each asset, in the unit of account."""
MAKER_VALUE: Final = 50_000_000.0
TAKER_VALUE: Final = 20_000_000.0
_MEMORY_OF_IDS: Final = 2_000_000
"""Client order ids that can be open or remembered: a day of the makers' own and a million others."""


class UnknownSymbol(Permanent):
    """A symbol that is asked for is not among those that can be listed."""


class MarketPlan(Struct, frozen=True, kw_only=True):
    """What must exist before anybody trades."""

    assets: list[AssetTerms]
    symbols: list[SymbolTerms]
    anchors: dict[str, float]
    """What one unit of each asset is roughly worth."""
    accounts: dict[str, dict[str, int]]
    """Floors in atoms by asset, by the account's reference."""
    capacities: dict[int, int] = {}
    rules: int = 0

    def provision(self) -> Provision:
        """The request to the desk."""
        plans = [
            AccountPlan(reference=reference, floor_atoms=floors)
            for reference, floors in self.accounts.items()
        ]
        return Provision(
            assets=self.assets,
            symbols=self.symbols,
            accounts=plans,
            capacities=self.capacities,
            rules=self.rules,
        )


def maker_of(symbol: str) -> str:
    """The reference of a symbol's maker account."""
    return f"liquidity maker {symbol}"


def dozen(names: list[str] | None = None, *, with_liquidity: bool = True) -> MarketPlan:
    """The dozen, or those of `names`. Raises UnknownSymbol."""
    known = {each.name: each for each in binance_spot.symbols()}
    for name in names or ():
        if name not in known:
            raise UnknownSymbol(
                f"Symbol {name} is not among those that can be listed: {', '.join(known)}."
            )
    symbols = [known[name] for name in names] if names else list(known.values())
    used = {asset for each in symbols for asset in (each.base, each.quote)}
    used.add(binance_spot.UNIT_OF_ACCOUNT)
    assets = [each for each in binance_spot.assets() if each.name in used]
    decimals = {each.name: each.decimals for each in assets}
    anchors = {name: binance_spot.ANCHOR_VALUES[name] for name in decimals}

    def worth(value: float, *names: str) -> dict[str, int]:
        return {name: int(value / anchors[name]) * 10 ** decimals[name] for name in names}

    accounts = {DEMO: worth(DEMO_VALUE, *decimals)}
    if with_liquidity:
        accounts[TAKER] = worth(TAKER_VALUE, *decimals)
        for each in symbols:
            accounts[maker_of(each.name)] = worth(MAKER_VALUE, each.base, each.quote)
    return MarketPlan(
        assets=assets,
        symbols=symbols,
        anchors=anchors,
        accounts=accounts,
        capacities={Capacity.CLIENT_IDS: _MEMORY_OF_IDS},
        rules=RuleFlag.REFUSE_RECENT_CLIENT_IDS,
    )
