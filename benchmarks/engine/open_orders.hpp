// Open orders: found by id and by client order id, listed by account and symbol.
#pragma once

#include "levels.hpp"

namespace sunwise {

inline i32 find_balance(State& s, i64 account, i32 asset) {
    return s.balance_index.find(pair_hash(account, asset), [&](i32 place) {
        return s.balances[place].account == account && s.balances[place].asset == asset;
    });
}

inline i32 find_or_add_balance(State& s, i64 account, i32 asset) {
    if (const i32 known = find_balance(s, account, asset)) return known;
    const i32 place = s.balances.take();
    s.balances[place].account = account;
    s.balances[place].asset = asset;
    s.balance_index.insert(pair_hash(account, asset), place);
    return place;
}

inline void lock(Balance& balance, i64 atoms) {
    require(balance.free_atoms >= atoms, "more is locked than is free");
    balance.free_atoms -= atoms;
    balance.locked_atoms += atoms;
}
inline void release(Balance& balance, i64 atoms) {
    require(balance.locked_atoms >= atoms, "more is released than is locked");
    balance.locked_atoms -= atoms;
    balance.free_atoms += atoms;
}
inline void spend_locked(Balance& balance, i64 locked_atoms, i64 spent_atoms) {
    require(balance.locked_atoms >= locked_atoms && locked_atoms >= spent_atoms,
            "a trade spends beyond its lock");
    balance.locked_atoms -= locked_atoms;
    balance.free_atoms += locked_atoms - spent_atoms;
}
inline void spend_free(Balance& balance, i64 atoms) {
    require(balance.free_atoms >= atoms, "a trade spends more than is free");
    balance.free_atoms -= atoms;
}

// --- client order ids: unique while open, and remembered for a day where that rule is on ---

inline bool is_remembered(const State& s, const ClientId& known) {
    return (s.rules & RuleFlag::REFUSE_RECENT_CLIENT_IDS) &&
           s.now_ns - known.closed_ns <= CLIENT_ID_MEMORY_NS;
}

inline i32 find_client_id(State& s, const OrderCommand& command, const Name40& name,
                          bool is_open_only) {
    const uint32_t hash = client_hash(command.account, command.symbol, name);
    return s.client_index.find(hash, [&](i32 place) {
        const ClientId& known = s.client_ids[place];
        return known.account == command.account && known.symbol == command.symbol &&
               known.name == name &&
               (known.order || (!is_open_only && is_remembered(s, known)));
    });
}

inline i32 hold_client_id(State& s, const OrderCommand& command, i32 order_no) {
    if (command.client_id.is_empty()) return 0;
    const i32 place = s.client_ids.take();
    s.client_ids[place] = {command.client_id, i32(command.account), command.symbol, order_no, 0, 0};
    return place;
}

inline uint32_t hash_of(const ClientId& known) {
    return client_hash(known.account, known.symbol, known.name);
}

inline void index_client_id(State& s, i32 place) {
    if (place) s.client_index.insert(hash_of(s.client_ids[place]), place);
}

inline void end_client_id(State& s, i32 place, bool was_open) {
    if (place == 0) return;
    ClientId& known = s.client_ids[place];
    if (s.rules & RuleFlag::REFUSE_RECENT_CLIENT_IDS) {
        if (!was_open) index_client_id(s, place);
        known.order = 0;
        known.closed_ns = s.now_ns;
        known.next = 0;
        (s.remembered_last ? s.client_ids[s.remembered_last].next : s.remembered_first) = place;
        s.remembered_last = place;
        return;
    }
    if (was_open) s.client_index.remove(hash_of(known), place);
    known.account = 0;
    s.client_ids.give_back(place);
}

inline void forget_client_ids(State& s, int most) {
    for (; most && s.remembered_first; --most) {
        const i32 place = s.remembered_first;
        ClientId& known = s.client_ids[place];
        if (s.now_ns - known.closed_ns <= CLIENT_ID_MEMORY_NS) return;
        s.remembered_first = known.next;
        if (known.next == 0) s.remembered_last = 0;
        s.client_index.remove(hash_of(known), place);
        known.account = 0;
        s.client_ids.give_back(place);
    }
}

// --- the tables of open orders ---

inline i32 find_order(State& s, i32 symbol, i64 order_id) {
    return s.order_index.find(order_hash(symbol, order_id), [&](i32 place) {
        return s.orders[place].order_id == order_id && s.orders[place].symbol == symbol;
    });
}

inline i32 find_account_symbol(State& s, i64 account, i32 symbol) {
    return s.account_symbol_index.find(pair_hash(account, symbol), [&](i32 place) {
        const AccountSymbol& held = s.account_symbols[place];
        return held.account == account && held.symbol == symbol;
    });
}

inline i32 add_account_symbol(State& s, const Order& order) {
    const i32 held_no = s.account_symbols.take();
    Account& account = s.accounts[order.account];
    s.account_symbols[held_no] = {order.account, order.symbol, 0, 0, 0, order.base_balance,
                                  order.quote_balance, 0, account.last_symbol};
    (account.last_symbol ? s.account_symbols[account.last_symbol].next : account.first_symbol) =
        held_no;
    account.last_symbol = held_no;
    s.account_symbol_index.insert(pair_hash(order.account, order.symbol), held_no);
    return held_no;
}

inline void remove_account_symbol(State& s, i32 held_no) {
    AccountSymbol& held = s.account_symbols[held_no];
    Account& account = s.accounts[held.account];
    (held.prev ? s.account_symbols[held.prev].next : account.first_symbol) = held.next;
    (held.next ? s.account_symbols[held.next].prev : account.last_symbol) = held.prev;
    s.account_symbol_index.remove(pair_hash(held.account, held.symbol), held_no);
    held.account = 0;
    s.account_symbols.give_back(held_no);
}

// `held_no` is the account's list of the symbol; 0 when it has none open.
inline void open_order(State& s, i32 order_no, i32 held_no) {
    Order& order = s.orders[order_no];
    s.order_index.insert(order_hash(order.symbol, order.order_id), order_no);
    index_client_id(s, order.client_id);
    if (held_no == 0) held_no = add_account_symbol(s, order);
    AccountSymbol& held = s.account_symbols[held_no];
    order.account_symbol = held_no;
    order.list_next = 0;
    order.list_prev = held.last;
    (held.last ? s.orders[held.last].list_next : held.first) = order_no;
    held.last = order_no;
    ++held.count;
}

inline void leave_list(State& s, Order& order) {
    const i32 held_no = order.account_symbol;
    AccountSymbol& held = s.account_symbols[held_no];
    (order.list_prev ? s.orders[order.list_prev].list_next : held.first) = order.list_next;
    (order.list_next ? s.orders[order.list_next].list_prev : held.last) = order.list_prev;
    order.account_symbol = 0;
    if (--held.count == 0) remove_account_symbol(s, held_no);
}

inline void close_order(State& s, i32 order_no) {
    Order& order = s.orders[order_no];
    const bool was_open = order.account_symbol != 0;
    if (was_open) {
        s.order_index.remove(order_hash(order.symbol, order.order_id), order_no);
        leave_list(s, order);
    }
    end_client_id(s, order.client_id, was_open);
    order.order_id = 0;
    s.orders.give_back(order_no);
}

inline i64 remaining_lots(const Order& order) { return order.qty_lots - order.executed_lots; }

// What the order locks now, in atoms of the asset that it gives.
inline i64 locked_atoms(const Symbol& symbol, Order& order) {
    const bool is_buy = order.side == Side::BUY;
    if (order.by_quote) return is_buy ? order.quote_atoms() - order.executed_quote_atoms : 0;
    if (!is_buy) return remaining_lots(order) * symbol.terms.base_atoms_per_lot;
    if (order.order_type == OrderType::MARKET) return 0;
    return remaining_lots(order) * order.price_ticks * symbol.terms.quote_atoms_per_tick_lot;
}

// --- the public book ---

inline i64 next_update(Symbol& symbol) { return ++symbol.last_update_id; }

inline i64 rest_order(State& s, i32 order_no) {
    Order& order = s.orders[order_no];
    const int side = order.side == Side::BUY ? BID : ASK;
    enqueue(s, order.symbol * BOOKS_PER_SYMBOL + side, order.price_ticks, order_no);
    s.levels[order.level].qty_lots += remaining_lots(order);
    return next_update(s.symbols[order.symbol]);
}

// Takes the rest out of its book or its stop queue; the update id, 0 for a stop.
inline i64 remove_order(State& s, Order& order) {
    Level& level = s.levels[order.level];
    const bool is_public = (level.book & (BOOKS_PER_SYMBOL - 1)) < STOP_DOWN;
    level.qty_lots -= remaining_lots(order);
    dequeue(s, order);
    return is_public ? next_update(s.symbols[order.symbol]) : 0;
}

inline BookRecord& opposite_book(State& s, i32 symbol, uint8_t side) {
    return s.books[symbol * BOOKS_PER_SYMBOL + (side == Side::BUY ? ASK : BID)];
}

inline bool is_crossing(const BookRecord& book, uint8_t side, i64 ticks) {
    return side == Side::BUY ? book.best_ticks <= ticks : book.best_ticks >= ticks;
}

}  // namespace sunwise
