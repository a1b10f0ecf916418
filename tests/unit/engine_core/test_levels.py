"""The trie of price levels against a dictionary and a sort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.exchange.engine.core.codes import ASK, BID, NO_ASK, NO_BID
from sunwise.exchange.engine.core.layout import (
    POOL_LEVELS,
    POOL_NODES,
    Capacities,
    empty_state,
)
from sunwise.exchange.engine.core.levels import dequeue, enqueue, next_level
from tests.support.plain_kernels import plain_python_only

pytestmark = plain_python_only
ROOM = Capacities(8, 8, 128, 128, 1_000, 8, 1, 1, 8, 1)


def empty_books(digits):
    state = empty_state(ROOM)
    for place in (BID, ASK):
        root = place + 1
        state.pools[POOL_NODES]["high_water"] = state.pools[POOL_NODES]["live"] = root
        book = state.books[place]
        book["root"], book["top_shift"] = root, 6 * (digits - 1)
        book["best_ticks"] = NO_ASK if place == ASK else NO_BID
    return state


def walk(state, place):
    """Prices and queues from the best on."""
    level_no, seen = int(state.books[place]["best_level"]), []
    while level_no:
        level, queue = state.levels[level_no], []
        order_no = int(level["first"])
        while order_no:
            queue.append(order_no)
            order_no = int(state.orders[order_no]["next"])
        seen.append((int(level["price_ticks"]), queue))
        level_no = int(next_level(state, level_no))
    return seen


@pytest.mark.parametrize("digits", [1, 2, 5, 7])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_levels_are_found_in_order_of_price(digits, data):
    top = 64**digits - 1
    price = st.one_of(
        st.integers(1, min(top, 70)), st.integers(1, top), st.integers(max(1, top - 3), top)
    )
    state, model = empty_books(digits), {BID: {}, ASK: {}}
    for order_no in range(1, data.draw(st.integers(1, 60))):
        place, is_leaving = data.draw(st.sampled_from([BID, ASK])), data.draw(st.booleans())
        if is_leaving and model[place]:
            ticks = data.draw(st.sampled_from(sorted(model[place])))
            gone = model[place][ticks].pop(data.draw(st.integers(0, len(model[place][ticks]) - 1)))
            if not model[place][ticks]:
                del model[place][ticks]
            dequeue(state, gone)
        else:
            ticks = data.draw(price)
            model[place].setdefault(ticks, []).append(order_no)
            enqueue(state, place, np.int64(ticks), order_no)
        for side in (BID, ASK):
            assert walk(state, side) == sorted(model[side].items(), reverse=side == BID)
    assert int(state.pools[POOL_LEVELS]["live"]) == sum(len(side) for side in model.values())


def test_an_empty_book_keeps_its_root_only():
    state = empty_books(7)
    for order_no, ticks in enumerate((1, 64**6, 64**7 - 1), start=1):
        enqueue(state, ASK, np.int64(ticks), order_no)
    assert int(state.pools[POOL_NODES]["live"]) == 2 + 2 * 6 + 6
    for order_no in (1, 2, 3):
        dequeue(state, order_no)
    assert int(state.pools[POOL_NODES]["live"]) == 2
    assert int(state.books[ASK]["best_ticks"]) == NO_ASK
