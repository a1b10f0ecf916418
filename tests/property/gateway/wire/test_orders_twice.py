"""The quick way and the general way read every order alike, and refuse the same ones."""

from hypothesis import example, given
from hypothesis import strategies as st

from sunwise.exchange.gateway.calls.parameters import DECIMAL_RANGE, Reader
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.wire.listings import Listings
from sunwise.exchange.gateway.wire.orders import NewOrder, decode_new
from sunwise.exchange.gateway.wire.orders_quickly import decode_quickly
from tests.support.fake_gateway import catalog

LISTINGS = Listings(catalog())
READER = Reader(NewOrder, signed=True)
ACCOUNT, EXPIRES_NS = 5, 1_700_000_000_000_000_000

digits = st.text("0123456789", min_size=1, max_size=22)
numbers = st.one_of(
    st.builds("{}.{}".format, digits, digits),
    digits,
    st.decimals(0, 100_000, places=2).map(str),
    st.decimals(0, 100, places=5).map(str),
    st.text(max_size=6),
)
plain = {
    "symbol": st.sampled_from(["BTCUSDT", "ETHUSDT", "NOPE", "btcusdt", ""]),
    "side": st.sampled_from(["BUY", "SELL", "buy", ""]),
    "type": st.sampled_from(
        ["LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "STOP_LOSS", "X"]
    ),
    "quantity": numbers,
    "timestamp": st.just("1"),
}
more = {
    "timeInForce": st.sampled_from(["GTC", "IOC", "FOK", "gtc", ""]),
    "price": numbers,
    "newClientOrderId": st.text("aB9-_.:/ é", max_size=40),
    "newOrderRespType": st.sampled_from(["ACK", "RESULT", "FULL", "SOME"]),
    "selfTradePreventionMode": st.sampled_from(["NONE", "EXPIRE_TAKER", "DECREMENT"]),
    "stopPrice": numbers,
    "quoteOrderQty": numbers,
    "strategyId": digits,
    "icebergQty": numbers,
    "signature": st.just("x"),
    "recvWindow": st.just("5000"),
    "nonsense": st.just("1"),
}
orders = st.fixed_dictionaries(plain, optional=more).flatmap(
    lambda order: st.sets(st.sampled_from(sorted(order)), max_size=1).map(
        lambda left_out: {name: text for name, text in order.items() if name not in left_out}
    )
)
LIMIT = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
    "quantity": "1.00", "price": "61000.01", "newClientOrderId": "mine", "timestamp": "1",
}  # fmt: skip


def generally(arguments):
    """What the general way makes of it: the order, or code and message."""
    try:
        order = READER.read(arguments)
        listing = LISTINGS.named(order.symbol)
        return decode_new(order, listing, account=ACCOUNT, expires_ns=EXPIRES_NS)
    except ApiError as refusal:
        return refusal.code, refusal.message


def without_own_id(placing, arguments):
    """The fields to compare: an id that the gateway drew differs each time."""
    values = {name: getattr(placing, name) for name in placing.__struct_fields__}
    if "newClientOrderId" not in arguments:
        at = placing.record.index(placing.client_id.encode())
        values["record"] = placing.record[:at] + placing.record[at + 22 :]
        values["client_id"] = ""
    return values


@given(orders)
@example(LIMIT)
@example(LIMIT | {"price": "0" * 19 + "1"})
@example(LIMIT | {"price": "0" * 21})
@example(LIMIT | {"quantity": "1." + "0" * 30})
@example(LIMIT | {"type": "MARKET"})
def test_the_quick_way_reads_what_the_general_way_reads(arguments):
    quick = decode_quickly(arguments, LISTINGS, ACCOUNT, EXPIRES_NS)
    if quick is not None:
        general = generally(arguments)
        assert not isinstance(general, tuple), general
        assert without_own_id(quick, arguments) == without_own_id(general, arguments)


@given(st.decimals(1, 1_000_000, places=2), st.decimals("0.00001", 9_000, places=5))
def test_the_quick_way_takes_every_plain_order(price, quantity):
    arguments = LIMIT | {"price": f"{price:.2f}", "quantity": f"{quantity:.5f}"}
    assert decode_quickly(arguments, LISTINGS, ACCOUNT, EXPIRES_NS) is not None


@given(st.dictionaries(st.sampled_from([*plain, *more]), st.text(max_size=30)))
def test_whatever_is_sent_is_an_order_or_a_refusal_of_binances(arguments):
    result = generally(arguments)
    if isinstance(result, tuple):
        code, message = result
        assert -2_100 < code < -999
        assert message
        assert DECIMAL_RANGE.isascii()
    else:
        assert len(result.record) == 192
