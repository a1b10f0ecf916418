"""A person's listing terms as the engine wants them: whole ticks, lots and atoms, exactly.

A symbol whose smallest trade, one tick times one lot, is worth less than one atom of the quote
asset cannot exist here: money would have to be rounded. Binance's own ETHBTC (tick 0.00001, lot
0.0001, 8 decimals) is one; it is listed with a lot of 0.001.
"""

from collections.abc import Mapping
from typing import Final

from sunwise.chassis.errors import Permanent
from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.desk import AssetTerms, SymbolTerms
from sunwise.contracts.exchange.records import NAME_BYTES, CommandKind, SymbolStatus
from sunwise.money.decimal_text import Malformed, TooLarge, TooPrecise, parse_scaled

_PPM_DECIMALS: Final = 6
_MAX_PRODUCT: Final = 2**62  # the engine's bound on price times quantity, atoms of quote


class BadTerms(Permanent):
    """A listing that cannot be; the message says which term and what to do."""


def asset_record(terms: AssetTerms) -> bytes:
    """The LIST_ASSET command. Raises BadTerms."""
    _check_name(terms.name)
    if not 0 <= terms.decimals <= 18:
        raise BadTerms(f"Asset {terms.name}: decimals are 0 to 18, not {terms.decimals}.")
    return COMMAND_CODECS["asset"].pack(
        kind=CommandKind.LIST_ASSET, name=terms.name, decimals=terms.decimals
    )


def symbol_record(terms: SymbolTerms, assets: Mapping[str, Asset]) -> bytes:
    """The LIST_SYMBOL command; `assets` by name. Raises BadTerms."""
    return COMMAND_CODECS["symbol"].pack(
        kind=CommandKind.LIST_SYMBOL, name=terms.name, **symbol_fields(terms, assets)
    )


def symbol_fields(terms: SymbolTerms, assets: Mapping[str, Asset]) -> dict[str, int]:
    """The integer fields of `records.SYMBOL_COMMAND`'s terms. Raises BadTerms."""
    _check_name(terms.name)
    reading = _Reading(terms, assets)
    fields = {
        **reading.units(),
        **reading.prices_and_quantities(),
        **reading.rates(),
        "min_notional_atoms": reading.quote_atoms("min_notional"),
        "max_notional_atoms": reading.quote_atoms("max_notional"),
        "avg_price_mins": terms.avg_price_mins,
        "max_num_orders": terms.max_num_orders,
        "notional_flags": 1 if reading.quote_atoms("min_notional") else 0,
        "status": SymbolStatus.TRADING,
    }
    product = (
        fields["max_price_ticks"] * fields["max_qty_lots"] * fields["quote_atoms_per_tick_lot"]
    )
    if product > _MAX_PRODUCT:
        raise BadTerms(
            f"{terms.name}: max_price times max_qty is too much money for 64 bits: "
            f"lower one of them {product / _MAX_PRODUCT:.1f} times."
        )
    return fields


def differs(terms: SymbolTerms, listed: Symbol, assets: Mapping[str, Asset]) -> bool:
    """Whether the symbol was listed under other terms than these (its status aside)."""
    fields = symbol_fields(terms, assets)
    del fields["status"]
    return any(getattr(listed, name) != value for name, value in fields.items())


class _Reading:
    """One symbol's terms being read."""

    def __init__(self, terms: SymbolTerms, assets: Mapping[str, Asset]) -> None:
        self._terms = terms
        self._base = self._asset(terms.base, assets)
        self._quote = self._asset(terms.quote, assets)
        self._tick_atoms = self._atoms("tick", self._quote)
        self._lot_atoms = self._atoms("lot", self._base)
        if not self._tick_atoms or not self._lot_atoms:
            raise BadTerms(f"{terms.name}: tick and lot must be above zero.")

    def units(self) -> dict[str, int]:
        """What one tick and one lot are."""
        product = self._tick_atoms * self._lot_atoms
        atoms, rest = divmod(product, 10**self._base.decimals)
        if rest:
            raise BadTerms(
                f"{self._terms.name}: tick {self._terms.tick} times lot {self._terms.lot} is not a "
                f"whole number of atoms of {self._quote.name} ({self._quote.decimals} decimals). "
                "Take a coarser lot or tick."
            )
        return {
            "base_asset": self._base.index,
            "quote_asset": self._quote.index,
            "base_atoms_per_lot": self._lot_atoms,
            "quote_atoms_per_tick_lot": atoms,
            "price_atoms_per_tick": self._tick_atoms,
        }

    def prices_and_quantities(self) -> dict[str, int]:
        """Bounds in ticks and lots."""
        return {
            "min_price_ticks": self._steps("min_price", self._quote, self._tick_atoms),
            "max_price_ticks": self._steps("max_price", self._quote, self._tick_atoms),
            "min_qty_lots": self._steps("min_qty", self._base, self._lot_atoms),
            "max_qty_lots": self._steps("max_qty", self._base, self._lot_atoms),
            "market_min_qty_lots": self._steps("min_qty", self._base, self._lot_atoms),
            "market_max_qty_lots": self._steps(
                "market_max_qty" if self._terms.market_max_qty else "max_qty",
                self._base,
                self._lot_atoms,
            ),
        }

    def rates(self) -> dict[str, int]:
        """Fees and the price band in millionths."""
        up, down = self._ppm("price_band_up"), self._ppm("price_band_down")
        return {
            "maker_fee_ppm": self._ppm("maker_fee"),
            "taker_fee_ppm": self._ppm("taker_fee"),
            "bid_multiplier_up_ppm": up,
            "bid_multiplier_down_ppm": down,
            "ask_multiplier_up_ppm": up,
            "ask_multiplier_down_ppm": down,
        }

    def quote_atoms(self, field: str) -> int:
        """An amount of the quote asset."""
        return self._atoms(field, self._quote)

    def _asset(self, name: str, assets: Mapping[str, Asset]) -> Asset:
        if name not in assets:
            raise BadTerms(f"{self._terms.name}: asset {name} is not listed. List it first.")
        return assets[name]

    def _steps(self, field: str, asset: Asset, step_atoms: int) -> int:
        if not getattr(self._terms, field):
            return 1
        steps, rest = divmod(self._atoms(field, asset), step_atoms)
        if rest:
            raise BadTerms(
                f"{self._terms.name}: {field} {getattr(self._terms, field)} is not a whole number "
                "of ticks or lots."
            )
        return steps

    def _atoms(self, field: str, asset: Asset) -> int:
        return self._scaled(field, asset.decimals, f"{asset.name} has {asset.decimals} decimals")

    def _ppm(self, field: str) -> int:
        return self._scaled(field, _PPM_DECIMALS, "rates have six decimals")

    def _scaled(self, field: str, decimals: int, why: str) -> int:
        text: str = getattr(self._terms, field)
        try:
            return parse_scaled(text, decimals)
        except (Malformed, TooPrecise, TooLarge) as error:
            raise BadTerms(
                f"{self._terms.name}: {field} {text!r} is no number that fits here ({why})."
            ) from error


def _check_name(name: str) -> None:
    if not name or len(name.encode()) > NAME_BYTES or not name.isprintable() or " " in name:
        raise BadTerms(f"{name!r} is no name: 1 to {NAME_BYTES} bytes, no spaces.")
