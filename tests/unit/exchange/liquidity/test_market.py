import pytest

from sunwise.exchange.liquidity.market import read_market
from sunwise.exchange.liquidity.quoting import fitting_lots

ENTRY = {
    "symbol": "BTCUSDT",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00002", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
    ],
}  # fmt: skip


def test_ticks_and_lots_come_from_the_filters():
    market = read_market(ENTRY)
    assert market.price_text(6_000_012) == "60000.12"
    assert market.quantity_text(123) == "0.00123"
    assert market.quantity_text(100_000) == "1"
    assert market.lots_of_text("0.00123000") == 123
    assert market.lots_of_text("12345") == 1_234_500_000
    assert market.ticks_of_text("60000.12000000") == 6_000_012
    assert market.price_ticks(60_000.12) == pytest.approx(6_000_012)
    assert (market.min_lots, market.max_lots) == (2, 900_000_000)


@pytest.mark.parametrize(
    ("wish", "price", "lots"),
    [
        (1.0, 6_000_000, 100_000),
        (0.0, 6_000_000, 10),
        (0.0, 60_000_000_000, 2),
        (1e9, 1, 900_000_000),
    ],
)
def test_quantities_keep_to_the_filters(wish, price, lots):
    market = read_market(ENTRY)
    fitted = fitting_lots(market, wish, price)
    assert fitted == lots
    if lots < market.max_lots:
        assert fitted * price * 1e-7 >= 5
