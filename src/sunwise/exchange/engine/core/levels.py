"""Price levels: a trie of 64-way nodes finds them, a linked list queues the orders in each.

A price is cut into digits of six bits, the highest first; a node holds one bit
for each digit that has something below it, so that the next better or worse
price is one bit operation away at each step: at most seven steps for any book,
however its prices are spread. (As in van Emde Boas trees, with a fixed fan-out.)

Four books a symbol use the same code: BID, ASK, and the stops that wait for the
price to fall or to rise. In odd ones the lowest price is the best.
"""

from typing import Any

from sunwise.exchange.engine.core.codes import NO_ASK, NO_BID
from sunwise.exchange.engine.core.jit import ALL_ONES, ONE, highest_bit, kernel, lowest_bit
from sunwise.exchange.engine.core.layout import POOL_LEVELS, POOL_NODES
from sunwise.exchange.engine.core.pools import give_back, take

_DIGIT = 63  # mask of a digit
_BITS = 6  # bits in a digit


@kernel
def enqueue(state: Any, place: int, ticks: int, order_no: int) -> None:
    """Puts the order at the end of the queue at `ticks` in book `place`; its quantity is added later."""
    level_no = _level_at(state, place, ticks)
    level = state.levels[level_no]
    order = state.orders[order_no]
    order.level = level_no
    order.next = 0
    order.prev = level.last
    if level.last:
        state.orders[level.last].next = order_no
    else:
        level.first = order_no
    level.last = order_no


@kernel
def dequeue(state: Any, order_no: int) -> None:
    """Takes the order out of its queue, and the level out of its book when nobody is left."""
    order = state.orders[order_no]
    level_no = int(order.level)
    level = state.levels[level_no]
    if order.prev:
        state.orders[order.prev].next = order.next
    else:
        level.first = order.next
    if order.next:
        state.orders[order.next].prev = order.prev
    else:
        level.last = order.prev
    order.level = 0
    if level.first == 0:
        _remove_level(state, level_no)


@kernel
def next_level(state: Any, level_no: int) -> int:
    """The next worse level of the same book; 0 at its end. At most two steps a digit."""
    level = state.levels[level_no]
    rising = level.book & 1 == 1
    ticks = level.price_ticks
    node = int(level.node)
    shift = 0
    while node:
        digit = (ticks >> shift) & _DIGIT
        worse = ALL_ONES << digit << 1 if rising else ~(ALL_ONES << digit)
        bits = state.nodes[node].bits & worse
        if bits:
            digit = lowest_bit(bits) if rising else highest_bit(bits)
            child = int(state.children[(node << _BITS) + digit])
            return child if shift == 0 else _best_below(state, child, shift - _BITS, rising)
        node = int(state.nodes[node].parent)
        shift += _BITS
    return 0


@kernel
def _level_at(state: Any, place: int, ticks: int) -> int:
    """The level of `ticks` in book `place`, made when there is none. One step a digit."""
    book = state.books[place]
    if ticks == book.best_ticks:
        return int(book.best_level)
    node = int(book.root)
    shift = int(book.top_shift)
    while shift > 0:
        digit = (ticks >> shift) & _DIGIT
        if (state.nodes[node].bits >> digit) & 1:
            node = int(state.children[(node << _BITS) + digit])
        else:
            node = _add_node(state, node, digit)
        shift -= _BITS
    digit = ticks & _DIGIT
    if (state.nodes[node].bits >> digit) & 1:
        return int(state.children[(node << _BITS) + digit])
    return _add_level(state, place, ticks, node)


@kernel
def _add_node(state: Any, parent: int, digit: int) -> int:
    node = take(state.pools[POOL_NODES], state.nodes)
    state.nodes[node].bits = 0
    state.nodes[node].parent = parent
    state.nodes[parent].bits |= ONE << digit
    state.children[(parent << _BITS) + digit] = node
    return node


@kernel
def _add_level(state: Any, place: int, ticks: int, node: int) -> int:
    level_no = take(state.pools[POOL_LEVELS], state.levels)
    level = state.levels[level_no]
    level.price_ticks = ticks
    level.qty_lots = 0
    level.first = 0
    level.last = 0
    level.node = node
    level.book = place
    digit = ticks & _DIGIT
    state.nodes[node].bits |= ONE << digit
    state.children[(node << _BITS) + digit] = level_no
    book = state.books[place]
    is_best = ticks < book.best_ticks if place & 1 else ticks > book.best_ticks
    if is_best:
        book.best_ticks = ticks
        book.best_level = level_no
    return level_no


@kernel
def _remove_level(state: Any, level_no: int) -> None:
    """Frees the level and the nodes that it alone kept, and finds the next best.

    When the best goes, the next best is below the lowest node that still has a
    child: every other path leaves the way to the best higher up.
    """
    level = state.levels[level_no]
    place = int(level.book)
    ticks = level.price_ticks
    node = int(level.node)
    shift = 0
    bits = state.nodes[node].bits & ~(ONE << (ticks & _DIGIT))
    while bits == 0 and state.nodes[node].parent:
        empty = node
        node = int(state.nodes[empty].parent)
        give_back(state.pools[POOL_NODES], state.nodes, empty)
        shift += _BITS
        bits = state.nodes[node].bits & ~(ONE << ((ticks >> shift) & _DIGIT))
    state.nodes[node].bits = bits
    give_back(state.pools[POOL_LEVELS], state.levels, level_no)
    book = state.books[place]
    if book.best_level != level_no:
        return
    if bits == 0:
        book.best_level = 0
        book.best_ticks = NO_ASK if place & 1 else NO_BID
    else:
        book.best_level = _best_below(state, node, shift, place & 1 == 1)
        book.best_ticks = state.levels[book.best_level].price_ticks


@kernel
def _best_below(state: Any, node: int, shift: int, rising: bool) -> int:
    """The best level below `node`, whose digit stands at `shift`."""
    while True:
        bits = state.nodes[node].bits
        digit = lowest_bit(bits) if rising else highest_bit(bits)
        child = int(state.children[(node << _BITS) + digit])
        if shift == 0:
            return child
        node = child
        shift -= _BITS
