"""Client order ids: unique among an account's open orders of a symbol, and remembered for a day.

Binance lets an id be used again as soon as its order has closed. With the rule
REFUSE_RECENT_CLIENT_IDS it stays taken for 24 h of log time, so that a client
that lost an answer can send the same order again and never trades twice. Ids
that are due are forgotten two before each new one and 64 at each CLOCK; when the
table is full all the same, orders are refused: an id is never evicted early.

An id of no characters is no id: it is neither checked nor remembered. Ids are ASCII,
so that every reader of the log can read them: others are refused and not repeated.
"""

from typing import Any

from sunwise.exchange.engine.core.codes import CLIENT_ID_MEMORY_NS, REFUSE_RECENT_CLIENT_IDS
from sunwise.exchange.engine.core.indexes import client_hash, insert, remove
from sunwise.exchange.engine.core.jit import kernel
from sunwise.exchange.engine.core.layout import POOL_CLIENT_IDS
from sunwise.exchange.engine.core.pools import give_back, take

_LOW = 2**32 - 1
_HIGH_BITS = 0x8080808080808080 - 2**64  # of the eight bytes of a word


@kernel
def name_of(command: Any) -> tuple[int, int, int, int, int]:
    """The client order id of a PLACE, or the request's own id of a cancel, as five words."""
    return (
        command.client_id_0,
        command.client_id_1,
        command.client_id_2,
        command.client_id_3,
        command.client_id_4,
    )


@kernel
def target_of(command: Any) -> tuple[int, int, int, int, int]:
    """The client order id that a CANCEL names."""
    return (
        command.target_client_id_0,
        command.target_client_id_1,
        command.target_client_id_2,
        command.target_client_id_3,
        command.target_client_id_4,
    )


@kernel
def is_ascii(name: Any) -> bool:
    """Whether no byte of the five words is above 127."""
    return (name[0] | name[1] | name[2] | name[3] | name[4]) & _HIGH_BITS == 0


@kernel
def find_client_id(state: Any, command: Any, name: Any, is_open_only: bool) -> int:
    """Place of this name of the command's account and symbol; 0 when there is none.

    Finds the name of an open order, and unless `is_open_only` one remembered for the day.
    """
    control = state.control[0]
    table = state.client_index
    mask = len(table) - 1
    key_hash = client_hash(control, command.account, command.symbol, name)
    slot = key_hash & mask
    entry = table[slot]
    while entry:
        if (entry >> 32) & _LOW == key_hash:
            place = int(entry & _LOW)
            known = state.client_ids[place]
            is_owner = known.account == command.account and known.symbol == command.symbol
            if is_owner and name_of(known) == name:
                if known.order:
                    return place
                if not is_open_only and _is_remembered(control, known):
                    return place
        slot = (slot + 1) & mask
        entry = table[slot]
    return 0


@kernel
def _is_remembered(control: Any, known: Any) -> bool:
    is_rule = control.rules & REFUSE_RECENT_CLIENT_IDS != 0
    return is_rule and control.now_ns - known.closed_ns <= CLIENT_ID_MEMORY_NS


@kernel
def hold_client_id(state: Any, command: Any, order_no: int) -> int:
    """Keeps the command's client order id for its order; 0 when it has none. Not yet searchable."""
    if command.client_id_0 == 0:
        return 0
    place = take(state.pools[POOL_CLIENT_IDS], state.client_ids)
    known = state.client_ids[place]
    known.client_id_0 = command.client_id_0
    known.client_id_1 = command.client_id_1
    known.client_id_2 = command.client_id_2
    known.client_id_3 = command.client_id_3
    known.client_id_4 = command.client_id_4
    known.account = command.account
    known.symbol = command.symbol
    known.order = order_no
    known.closed_ns = 0
    return place


@kernel
def index_client_id(state: Any, place: int) -> None:
    """Makes the id searchable: its order is open, or it is to be remembered."""
    if place:
        known = state.client_ids[place]
        insert(state.client_index, _hash_of(state.control[0], known), place)


@kernel
def end_client_id(state: Any, place: int, was_open: bool) -> None:
    """The order has closed: its id is remembered where the rule is on, else free at once."""
    if place == 0:
        return
    control = state.control[0]
    known = state.client_ids[place]
    if control.rules & REFUSE_RECENT_CLIENT_IDS:
        if not was_open:
            index_client_id(state, place)
        known.order = 0
        known.closed_ns = control.now_ns
        known.next = 0
        if control.remembered_last:
            state.client_ids[control.remembered_last].next = place
        else:
            control.remembered_first = place
        control.remembered_last = place
    else:
        if was_open:
            remove(state.client_index, _hash_of(control, known), place)
        known.account = 0
        give_back(state.pools[POOL_CLIENT_IDS], state.client_ids, place)


@kernel
def forget_client_ids(state: Any, most: int) -> None:
    """Frees up to `most` ids whose day is over, the one closed first first."""
    control = state.control[0]
    for _ in range(most):
        place = int(control.remembered_first)
        if place == 0:
            return
        known = state.client_ids[place]
        if control.now_ns - known.closed_ns <= CLIENT_ID_MEMORY_NS:
            return
        control.remembered_first = known.next
        if known.next == 0:
            control.remembered_last = 0
        remove(state.client_index, _hash_of(control, known), place)
        known.account = 0
        give_back(state.pools[POOL_CLIENT_IDS], state.client_ids, place)


@kernel
def _hash_of(control: Any, known: Any) -> int:
    return client_hash(control, known.account, known.symbol, name_of(known))
