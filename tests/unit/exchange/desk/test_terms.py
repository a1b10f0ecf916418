import pytest

from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.desk import AssetTerms, SymbolTerms
from sunwise.exchange.desk import binance_spot
from sunwise.exchange.desk.terms import (
    BadTerms,
    asset_record,
    differs,
    symbol_fields,
    symbol_record,
)

ASSETS = {
    name: Asset(index=index, name=name, decimals=8)
    for index, name in enumerate(["BTC", "USDT", "ETH"])
}


def terms(**changes):
    plain = {
        "name": "BTCUSDT",
        "base": "BTC",
        "quote": "USDT",
        "tick": "0.01",
        "lot": "0.00001",
        "max_price": "1000000",
        "max_qty": "9000",
    }
    return SymbolTerms(**{**plain, **changes})


def test_terms_become_whole_units():
    fields = symbol_fields(terms(min_notional="5", maker_fee="0.0002"), ASSETS)
    assert fields["base_atoms_per_lot"] == 1_000
    assert fields["price_atoms_per_tick"] == 1_000_000
    assert fields["quote_atoms_per_tick_lot"] == 10
    assert (fields["min_price_ticks"], fields["max_price_ticks"]) == (1, 100_000_000)
    assert (fields["min_qty_lots"], fields["max_qty_lots"]) == (1, 900_000_000)
    assert fields["market_max_qty_lots"] == 900_000_000
    assert fields["min_notional_atoms"] == 500_000_000
    assert fields["notional_flags"] == 1
    assert (fields["maker_fee_ppm"], fields["taker_fee_ppm"]) == (200, 1_000)


def test_price_bands_hold_for_both_sides():
    fields = symbol_fields(terms(price_band_up="5", price_band_down="0.2"), ASSETS)
    bands = [
        fields[f"{side}_multiplier_{way}_ppm"] for side in ("bid", "ask") for way in ("up", "down")
    ]
    assert bands == [5_000_000, 200_000] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lot": "0.000000001"}, "lot '0.000000001' is no number that fits"),
        ({"tick": "0.00001", "lot": "0.0001"}, "not a whole number of atoms of USDT"),
        ({"tick": "0"}, "above zero"),
        ({"tick": "1e-2"}, "is no number"),
        ({"max_price": "0.015"}, "not a whole number of ticks"),
        ({"max_price": "99999999", "max_qty": "9000"}, "too much money for 64 bits"),
        ({"base": "XYZ"}, "asset XYZ is not listed"),
        ({"name": "BTC USDT"}, "is no name"),
        ({"name": "B" * 25}, "is no name"),
        ({"maker_fee": "0.0000001"}, "maker_fee"),
    ],
)
def test_impossible_terms_are_refused_with_the_reason(changes, message):
    with pytest.raises(BadTerms, match=message):
        symbol_record(terms(**changes), ASSETS)


def test_an_asset_has_0_to_18_decimals():
    record = COMMAND_CODECS["asset"].unpack(asset_record(AssetTerms(name="BTC", decimals=18)))
    assert (record.name, record.decimals) == ("BTC", 18)
    with pytest.raises(BadTerms, match="0 to 18"):
        asset_record(AssetTerms(name="BTC", decimals=19))


def test_listed_terms_are_compared_but_for_the_status():
    fields = {**symbol_fields(terms(), ASSETS), "status": 2}
    listed = Symbol(index=0, version=3, name="BTCUSDT", **fields)
    assert not differs(terms(), listed, ASSETS)
    assert differs(terms(max_num_orders=201), listed, ASSETS)


def test_the_dozen_can_be_listed():
    assets = {
        each.name: Asset(index=index, name=each.name, decimals=each.decimals)
        for index, each in enumerate(binance_spot.assets())
    }
    symbols = binance_spot.symbols()
    assert len(symbols) == 12
    for each in symbols:
        fields = symbol_fields(each, assets)
        assert fields["quote_atoms_per_tick_lot"] >= 1
        price = binance_spot.ANCHOR_VALUES[each.base] / binance_spot.ANCHOR_VALUES[each.quote]
        ticks = price * 1e8 / fields["price_atoms_per_tick"]
        assert ticks > 500, f"{each.name}: a tick is {1e4 / ticks:.1f} basis points"
        assert ticks * 10 < fields["max_price_ticks"]
