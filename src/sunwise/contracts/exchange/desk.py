"""What the operator does by hand: list, open accounts, move money, set capacities and rules.

Requests to `desk.<shard>`, one tagged union; the desk is the only holder of the admin writer.
Listing terms are what a person decides, so prices and quantities are decimal text in whole units;
the desk turns them into ticks, lots and atoms exactly or refuses them. Money is integer atoms.
"""

from msgspec import Struct

from sunwise.contracts.exchange.catalog import Asset, Symbol


class AssetTerms(Struct, frozen=True, kw_only=True):
    """An asset to list."""

    name: str
    decimals: int = 8  # an atom is 10**-decimals


class SymbolTerms(Struct, frozen=True, kw_only=True):
    """A symbol to list, with its filters and fees in Binance's sense."""

    name: str
    base: str  # names of listed assets
    quote: str
    tick: str  # PRICE_FILTER tickSize, quote for one unit of base
    lot: str  # LOT_SIZE stepSize, units of base
    min_price: str = ""  # one tick when empty
    max_price: str
    min_qty: str = ""  # one lot when empty
    max_qty: str
    market_max_qty: str = ""  # max_qty when empty
    min_notional: str = "0"  # NOTIONAL, in quote; 0 for none
    max_notional: str = "0"
    price_band_up: str = "0"  # PERCENT_PRICE_BY_SIDE multipliers, both sides; 0 for none
    price_band_down: str = "0"
    avg_price_mins: int = 5
    max_num_orders: int = 200
    maker_fee: str = "0.001"  # fraction of what is received
    taker_fee: str = "0.001"


class AccountPlan(Struct, frozen=True, kw_only=True):
    """An account that must exist and hold at least some money."""

    reference: str  # the operator's name for it, up to 40 bytes; unique
    floor_atoms: dict[str, int] = {}  # by asset name: credited up to this when there is less


class Provision(Struct, frozen=True, kw_only=True, tag="provision"):
    """Make all of this exist; what exists already is left as it is. Answered by Provisioned."""

    assets: list[AssetTerms] = []
    symbols: list[SymbolTerms] = []
    accounts: list[AccountPlan] = []
    capacities: dict[int, int] = {}  # records.Capacity: at least this limit
    rules: int | None = None  # records.RuleFlag to set; left as they are when None
    statuses: dict[str, int] = {}  # records.SymbolStatus by the name of a listed symbol


class OpenAccount(Struct, frozen=True, kw_only=True, tag="open_account"):
    """Open one more account; answered by AccountOpened. Sending it again opens another."""

    reference: str = ""


class MoveFunds(Struct, frozen=True, kw_only=True, tag="move_funds"):
    """Credit (above 0) or debit (below 0) an account; answered by FundsHeld.

    A credit is deposited to the house first, a debit withdrawn from it after. Not idempotent:
    when the outcome is unknown look at the balance before sending it again.
    """

    account: int
    asset: str
    amount_atoms: int


class GetListed(Struct, frozen=True, kw_only=True, tag="listed"):
    """Ask what is listed and which accounts were opened here by name; answered by Listed."""


DeskRequest = Provision | OpenAccount | MoveFunds | GetListed


class Provisioned(Struct, frozen=True, kw_only=True, tag="provisioned"):
    """Answer to Provision: all of it exists, and its events are stored."""

    accounts: dict[str, int]  # account numbers by reference
    listed: list[str]  # symbols listed just now
    differing: list[str]  # symbols that were listed before, under other terms


class AccountOpened(Struct, frozen=True, kw_only=True, tag="account_opened"):
    """Answer to OpenAccount."""

    account: int


class FundsHeld(Struct, frozen=True, kw_only=True, tag="funds_held"):
    """Answer to MoveFunds: what the account holds of the asset now, in atoms."""

    free_atoms: int
    locked_atoms: int


class Listed(Struct, frozen=True, kw_only=True, tag="listed"):
    """Answer to GetListed."""

    assets: list[Asset]
    symbols: list[Symbol]
    accounts: dict[str, int]  # account numbers by reference


DeskReply = Provisioned | AccountOpened | FundsHeld | Listed


def desk_subject(shard: str) -> str:
    """Where the desk listens."""
    return f"desk.{shard}"
