"""The core says, byte for byte, what the naive exchange says."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sunwise.contracts.exchange.records import (
    CommandFlag,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from sunwise.exchange.engine.core import Capacities
from tests.support.engine_commands import cancel, cancel_all, place
from tests.support.engine_flow import Flow, send_batch
from tests.support.engine_twins import SMALL, Twins, market_of_two

# Tables that fill up all the time, one after another raised a little by the flow itself.
TIGHT = Capacities(12, 40, 60, 50, 300, 120, 4, 5, 14, 6)
CHECK_EVERY = 200

account = st.integers(2, 4)
price = st.integers(95, 105)
lots = st.integers(1, 12)
name = st.sampled_from(["", "", "a", "b", "c"])
side = st.sampled_from(list(Side))
stp = st.sampled_from(list(SelfTradePrevention))
tif = st.sampled_from(list(TimeInForce))
only = st.sampled_from([0, 0, CommandFlag.ONLY_NEW, CommandFlag.ONLY_PARTIALLY_FILLED])
stop_types = (OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


@st.composite
def limit_order(draw):
    return place(
        draw(account), draw(side), draw(price), draw(lots), client_id=draw(name), stp=draw(stp),
        time_in_force=draw(tif),
    )  # fmt: skip


@st.composite
def maker_order(draw):
    return place(
        draw(account), draw(side), draw(price), draw(lots), order_type=OrderType.LIMIT_MAKER
    )


@st.composite
def stop_order(draw):
    return place(
        draw(account), draw(side), draw(price), draw(lots), order_type=draw(st.sampled_from(stop_types)),
        stop_ticks=draw(price), time_in_force=draw(tif), stp=draw(stp),
    )  # fmt: skip


@st.composite
def market_order(draw):
    quote = draw(st.integers(0, 1500))
    qty = 0 if quote else draw(lots)
    return place(
        draw(account), draw(side), 0, qty, order_type=OrderType.MARKET, quote_atoms=quote,
        flags=int(quote > 0), stp=draw(stp),
    )  # fmt: skip


order = st.one_of(
    limit_order(), limit_order(), limit_order(), maker_order(), stop_order(), market_order()
)
canceling = st.one_of(
    st.builds(
        lambda owner, number, only: cancel(owner, number, only=only),
        account,
        st.integers(1, 12),
        only,
    ),
    st.builds(
        lambda owner, named, only: cancel(owner, client_id=named or "a", only=only),
        account,
        name,
        only,
    ),
    st.builds(cancel_all, account),
)

any_bytes = st.builds(
    lambda kind, rest: bytes([kind]) + rest,
    st.sampled_from([*CommandKind, 0, 255]),
    st.binary(min_size=191, max_size=191),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(order, order, order, canceling), max_size=40))
def test_a_few_orders(commands):
    twins = market_of_two(n_accounts=3, atoms=2_000, taker_fee_ppm=1_500, maker_fee_ppm=500)
    for start in range(0, len(commands), 7):
        twins.send(*commands[start : start + 7])
    twins.check_state()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_bytes, min_size=1, max_size=10), st.sampled_from([1, 2, 16]))
def test_any_bytes_at_all(commands, writer):
    twins = market_of_two(n_accounts=3)
    twins.send(*commands, writer=writer)
    twins.check_state()


def run_flow(seed, n_commands, capacities):
    """A seeded flow, checked as a whole now and then."""
    print(f"seed {seed}")
    twins, flow = Twins(capacities), Flow(seed)
    for writer, records in flow.setup():
        twins.send(*records, writer=writer)
    done = batches = 0
    while done < n_commands:
        batch = flow.batch(40)
        send_batch(twins, batch)
        done += len(batch[1])
        batches += 1
        if batches % CHECK_EVERY == 0:
            twins.check_state()
    twins.check_state()


@pytest.mark.parametrize("seed", range(5))
def test_a_long_flow_with_room(seed):
    run_flow(seed, 20_000, SMALL)


@pytest.mark.parametrize("seed", range(100, 105))
def test_a_long_flow_with_full_tables(seed):
    run_flow(seed, 20_000, TIGHT)
