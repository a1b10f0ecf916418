"""What is listed, from the admin writer's events."""

from sunwise.chassis.log import Catalog
from sunwise.contracts.exchange.codec import EVENT_CODECS
from sunwise.contracts.exchange.log import ADMIN_WRITER, EventMessage
from sunwise.contracts.exchange.records import EventKind, SymbolStatus

ASSETS = b"".join(
    EVENT_CODECS["asset"].pack(kind=EventKind.ASSET_LISTED, asset=i, decimals=8, name=name)
    for i, name in enumerate(["BTC", "USDT"])
)
SYMBOL = EVENT_CODECS["symbol"].pack(
    kind=EventKind.SYMBOL_LISTED, symbol=0, symbol_version=1, name="BTCUSDT", quote_asset=1,
    min_price_ticks=5,
)  # fmt: skip
HALT = EVENT_CODECS["symbol"].pack(
    kind=EventKind.SYMBOL_STATUS_SET, symbol=0, symbol_version=2, status=SymbolStatus.HALT
)


def admin(records, writer=ADMIN_WRITER):
    return EventMessage(1, 0, 1, writer, 1, 1, 5, b"", b"", records)


def listed():
    catalog = Catalog()
    catalog.apply(admin(ASSETS + SYMBOL))
    return catalog


def test_assets_and_symbols_are_found_by_name_and_index():
    catalog = listed()
    assert catalog.asset("USDT") is catalog.assets[1]
    assert catalog.symbol("BTCUSDT") is catalog.symbols[0]
    assert catalog.symbols[0].min_price_ticks == 5
    assert catalog.asset("ETH") is catalog.symbol("ETHUSDT") is None


def test_a_status_keeps_the_terms_and_raises_the_version():
    catalog = listed()
    before = catalog.version
    catalog.apply(admin(HALT))
    symbol = catalog.symbol("BTCUSDT")
    assert (symbol.status, symbol.version, symbol.min_price_ticks) == (SymbolStatus.HALT, 2, 5)
    assert catalog.version == before + 1


def test_repeats_change_nothing():
    catalog = listed()
    catalog.apply(admin(HALT))
    before = catalog.version
    catalog.apply(admin(ASSETS + SYMBOL + HALT))
    assert catalog.version == before
    assert catalog.symbols[0].status == SymbolStatus.HALT


def test_other_writers_list_nothing():
    catalog = Catalog()
    catalog.apply(admin(ASSETS, writer=16))
    assert catalog.assets == []
