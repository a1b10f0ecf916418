// Price levels: a trie of 64-way nodes finds them, a linked list queues the orders in each.
#pragma once

#include "state.hpp"

namespace sunwise {

constexpr int DIGIT_BITS = 6;
constexpr u64 bit(i64 digit) { return u64(1) << (digit & 63); }

inline i32& child(State& s, i32 node, i64 digit) {
    return s.children[(i64(node) << DIGIT_BITS) + (digit & 63)];
}
inline int best_digit(u64 bits, bool rising) {
    return rising ? __builtin_ctzll(bits) : 63 - __builtin_clzll(bits);
}

// The best level below `node`, whose digit stands at `shift`.
inline i32 best_below(State& s, i32 node, int shift, bool rising) {
    for (;; shift -= DIGIT_BITS) {
        const i32 below = child(s, node, best_digit(s.nodes[node].bits, rising));
        if (shift == 0) return below;
        node = below;
    }
}

inline i32 add_node(State& s, i32 parent, i64 digit) {
    const i32 node = s.nodes.take();
    s.nodes[node] = {0, parent};
    s.nodes[parent].bits |= bit(digit);
    child(s, parent, digit) = node;
    return node;
}

inline i32 add_level(State& s, i32 place, i64 ticks, i32 node) {
    const i32 level = s.levels.take();
    s.levels[level] = {ticks, 0, 0, 0, node, place};
    s.nodes[node].bits |= bit(ticks);
    child(s, node, ticks) = level;
    BookRecord& book = s.books[place];
    if (place & 1 ? ticks < book.best_ticks : ticks > book.best_ticks) {
        book.best_ticks = ticks;
        book.best_level = level;
    }
    return level;
}

// The level of `ticks` in book `place`, made when there is none.
inline i32 level_at(State& s, i32 place, i64 ticks) {
    const BookRecord& book = s.books[place];
    if (ticks == book.best_ticks) return book.best_level;
    i32 node = book.root;
    for (int shift = book.top_shift; shift > 0; shift -= DIGIT_BITS) {
        const i64 digit = ticks >> shift;
        node = s.nodes[node].bits & bit(digit) ? child(s, node, digit) : add_node(s, node, digit);
    }
    if (s.nodes[node].bits & bit(ticks)) return child(s, node, ticks);
    return add_level(s, place, ticks, node);
}

// Frees the level and the nodes that it alone kept, and finds the next best.
inline void remove_level(State& s, i32 level_no) {
    const Level level = s.levels[level_no];
    i32 node = level.node;
    int shift = 0;
    u64 bits = s.nodes[node].bits & ~bit(level.price_ticks);
    while (bits == 0 && s.nodes[node].parent) {
        const i32 empty = node;
        node = s.nodes[empty].parent;
        s.nodes.give_back(empty);
        shift += DIGIT_BITS;
        bits = s.nodes[node].bits & ~bit(level.price_ticks >> shift);
    }
    s.nodes[node].bits = bits;
    s.levels.give_back(level_no);
    BookRecord& book = s.books[level.book];
    if (book.best_level != level_no) return;
    const bool rising = level.book & 1;
    book.best_level = bits ? best_below(s, node, shift, rising) : 0;
    book.best_ticks = bits ? s.levels[book.best_level].price_ticks : rising ? NO_ASK : NO_BID;
}

// The next worse level of the same book; 0 at its end.
inline i32 next_level(State& s, i32 level_no) {
    const Level& level = s.levels[level_no];
    const bool rising = level.book & 1;
    int shift = 0;
    for (i32 node = level.node; node; node = s.nodes[node].parent, shift += DIGIT_BITS) {
        const u64 own = bit(level.price_ticks >> shift);
        const u64 worse = s.nodes[node].bits & (rising ? ~(own | (own - 1)) : own - 1);
        if (worse) {
            const i32 below = child(s, node, best_digit(worse, rising));
            return shift == 0 ? below : best_below(s, below, shift - DIGIT_BITS, rising);
        }
    }
    return 0;
}

// Puts the order at the end of the queue at `ticks`; its quantity is added by the caller.
inline void enqueue(State& s, i32 place, i64 ticks, i32 order_no) {
    const i32 level_no = level_at(s, place, ticks);
    Level& level = s.levels[level_no];
    Order& order = s.orders[order_no];
    order.level = level_no;
    order.next = 0;
    order.prev = level.last;
    (level.last ? s.orders[level.last].next : level.first) = order_no;
    level.last = order_no;
}

// Takes the order out of its queue, and the level out of its book when nobody is left.
inline void dequeue(State& s, Order& order) {
    const i32 level_no = order.level;
    Level& level = s.levels[level_no];
    (order.prev ? s.orders[order.prev].next : level.first) = order.next;
    (order.next ? s.orders[order.next].prev : level.last) = order.prev;
    order.level = 0;
    if (level.first == 0) remove_level(s, level_no);
}

}  // namespace sunwise
