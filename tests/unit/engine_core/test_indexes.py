"""Hash tables without tombstones: whatever comes and goes, every key is found from its home."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sunwise.exchange.engine.core.indexes import insert, order_hash, remove
from sunwise.exchange.engine.core.layout import CONTROL, empty_array
from tests.support.plain_kernels import plain_python_only

pytestmark = plain_python_only
SLOTS = 64
# Few different homes, some at the table's end, so that runs are long and wrap around.
key_hash = st.sampled_from([0, 1, 2, 5, 61, 62, 63, 64, 64 + 63, 2**32 - 1, 2**31])


def found(table, wanted_hash, place):
    slot = wanted_hash % SLOTS
    while table[slot]:
        if int(table[slot]) % 2**32 == place and (int(table[slot]) >> 32) % 2**32 == wanted_hash:
            return True
        slot = (slot + 1) % SLOTS
    return False


@given(st.lists(st.tuples(st.booleans(), key_hash), max_size=120))
def test_what_was_put_in_and_not_taken_out_is_found(steps):
    table, inside = np.zeros(SLOTS, np.int64), []
    for place, (is_insert, one_hash) in enumerate(steps, start=1):
        if is_insert and len(inside) < SLOTS // 2:
            insert(table, one_hash, place)
            inside.append((one_hash, place))
        elif inside:
            gone = inside.pop(one_hash % len(inside))
            remove(table, *gone)
            assert not found(table, *gone)
        assert all(found(table, *entry) for entry in inside)
        assert np.count_nonzero(table) == len(inside)


def test_eight_order_ids_in_a_row_share_a_cache_line():
    control = empty_array(CONTROL, 1)[0]
    control["seed_0"], control["seed_1"] = 3, 5
    homes = [int(order_hash(control, 7, np.int64(order_id))) for order_id in range(800, 808)]
    assert [home - homes[0] for home in homes] == list(range(8))
    assert homes[0] % 8 == 0
