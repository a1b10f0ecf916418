// PLACE, CANCEL and CANCEL_ALL, with every refusal in the order of the reject codes.
#pragma once

#include "matching.hpp"

namespace sunwise {

inline bool is_stop(const OrderCommand& c) { return c.order_type >= OrderType::STOP_LOSS_LIMIT; }

inline bool may_rest(const OrderCommand& c) {
    if (c.order_type == OrderType::MARKET) return false;
    return c.time_in_force == TimeInForce::GTC || is_stop(c);
}

inline bool would_take(State& s, const OrderCommand& c) {
    return is_crossing(opposite_book(s, c.symbol, c.side), c.side, c.price_ticks);
}

inline int check_fields(const State& s, const OrderCommand& c) {
    const bool is_market = c.order_type == OrderType::MARKET;
    const bool by_quote = c.flags == CommandFlag::BY_QUOTE;
    const bool has_unbuilt =
        c.iceberg_lots || c.trailing_bips || c.peg_offset || c.list_leg || c.list_kind;
    if (c.flags > CommandFlag::BY_QUOTE || c.side > Side::SELL ||
        c.order_type > OrderType::TAKE_PROFIT_LIMIT || c.time_in_force > TimeInForce::FOK ||
        c.stp > SelfTradePrevention::EXPIRE_BOTH || c.price_ticks < 0 || c.qty_lots < 0 ||
        c.stop_ticks < 0 || c.expires_ns < 0 || has_unbuilt || !c.client_id.is_ascii()) {
        return Reject::BAD_FIELD;
    }
    if (is_market && c.price_ticks) return Reject::BAD_FIELD;
    if (by_quote && !(is_market && c.qty_lots == 0 && c.quote_atoms > 0)) return Reject::BAD_FIELD;
    if (!by_quote && c.quote_atoms) return Reject::BAD_FIELD;
    if (!is_stop(c) && c.stop_ticks) return Reject::BAD_FIELD;
    if ((is_market || c.order_type == OrderType::LIMIT_MAKER) &&
        c.time_in_force != TimeInForce::GTC) {
        return Reject::BAD_FIELD;
    }
    if (0 < c.expires_ns && c.expires_ns < s.now_ns) return Reject::EXPIRED_COMMAND;
    return Reject::NONE;
}

inline int check_subject(State& s, const OrderCommand& c) {
    if (c.account < FIRST_CLIENT_ACCOUNT || c.account >= s.n_accounts) {
        return Reject::UNKNOWN_ACCOUNT;
    }
    if (c.symbol < 0 || c.symbol >= s.n_symbols) return Reject::UNKNOWN_SYMBOL;
    const Symbol& symbol = s.symbols[c.symbol];
    if (c.symbol_version != symbol.symbol_version) return Reject::STALE_SYMBOL_VERSION;
    if (symbol.terms.status == SymbolStatus::HALT) return Reject::SYMBOL_HALTED;
    if (symbol.terms.status == SymbolStatus::CANCEL_ONLY) return Reject::SYMBOL_CANCEL_ONLY;
    return Reject::NONE;
}

// --- filters, in Binance's order ---

inline int filter_market_value(State& s, const OrderCommand& c) {
    const SymbolTerms& terms = s.symbols[c.symbol].terms;
    if (terms.notional_flags == 0) return Reject::NONE;
    i64 atoms = c.quote_atoms;
    if (atoms == 0) {
        const i64 average = average_price(s, c.symbol);
        if (average == 0) return Reject::NONE;
        atoms = average * c.qty_lots * terms.quote_atoms_per_tick_lot;
    }
    if ((terms.notional_flags & 1) && atoms < terms.min_notional_atoms) return Reject::MIN_NOTIONAL;
    if ((terms.notional_flags & 2) && terms.max_notional_atoms &&
        atoms > terms.max_notional_atoms) {
        return Reject::MAX_NOTIONAL;
    }
    return Reject::NONE;
}

inline int filter_distance(State& s, const OrderCommand& c) {
    const SymbolTerms& terms = s.symbols[c.symbol].terms;
    const bool is_buy = c.side == Side::BUY;
    const i64 up = is_buy ? terms.bid_multiplier_up_ppm : terms.ask_multiplier_up_ppm;
    const i64 down = is_buy ? terms.bid_multiplier_down_ppm : terms.ask_multiplier_down_ppm;
    if (up == 0 && down == 0) return Reject::NONE;
    const i64 average = average_price(s, c.symbol);
    if (average == 0) return Reject::NONE;
    if (up && c.price_ticks > share_rounded_down(average, up)) {
        return Reject::PERCENT_PRICE_BY_SIDE;
    }
    if (c.price_ticks < share_rounded_up(average, down)) return Reject::PERCENT_PRICE_BY_SIDE;
    return Reject::NONE;
}

inline int filter_order(State& s, const OrderCommand& c) {
    const SymbolTerms& terms = s.symbols[c.symbol].terms;
    const bool is_market = c.order_type == OrderType::MARKET;
    const auto is_price = [&](i64 ticks) {
        return terms.min_price_ticks <= ticks && ticks <= terms.max_price_ticks;
    };
    if (!is_market && !is_price(c.price_ticks)) return Reject::PRICE_FILTER;
    if (is_stop(c) && !is_price(c.stop_ticks)) return Reject::PRICE_FILTER;
    if (c.quote_atoms == 0) {
        const i64 lots = c.qty_lots;
        if (lots < terms.min_qty_lots || lots > terms.max_qty_lots) return Reject::LOT_SIZE;
        if (is_market && (lots < terms.market_min_qty_lots || lots > terms.market_max_qty_lots)) {
            return Reject::MARKET_LOT_SIZE;
        }
    }
    if (is_market) return filter_market_value(s, c);
    const i64 atoms = c.price_ticks * c.qty_lots * terms.quote_atoms_per_tick_lot;
    if (atoms < terms.min_notional_atoms) return Reject::MIN_NOTIONAL;
    if (terms.max_notional_atoms && atoms > terms.max_notional_atoms) return Reject::MAX_NOTIONAL;
    return filter_distance(s, c);
}

// --- acceptance ---

// Places of what the ordering account already has; 0 for what it has not.
struct Owner {
    i32 account_symbol, base_balance, quote_balance;
};

inline Owner find_owner(State& s, const OrderCommand& c) {
    if (const i32 held_no = find_account_symbol(s, c.account, c.symbol)) {
        const AccountSymbol& held = s.account_symbols[held_no];
        return {held_no, held.base_balance, held.quote_balance};
    }
    const SymbolTerms& terms = s.symbols[c.symbol].terms;
    return {0, find_balance(s, c.account, terms.base_asset),
            find_balance(s, c.account, terms.quote_asset)};
}

inline i64 least_atoms(State& s, const OrderCommand& c) {
    const SymbolTerms& terms = s.symbols[c.symbol].terms;
    const bool by_quote = c.flags == CommandFlag::BY_QUOTE;
    if (c.side != Side::BUY) return (by_quote ? 1 : c.qty_lots) * terms.base_atoms_per_lot;
    if (by_quote) return c.quote_atoms;
    if (c.order_type != OrderType::MARKET) {
        return c.price_ticks * c.qty_lots * terms.quote_atoms_per_tick_lot;
    }
    const BookRecord& best = opposite_book(s, c.symbol, c.side);
    return best.best_level ? best.best_ticks * terms.quote_atoms_per_tick_lot : 0;
}

// The first table that could overflow. `places`: 0 cannot rest, 1 may rest, 2 a stop.
inline int missing_room(State& s, const OrderCommand& c, const Owner& owner, int places) {
    const int new_balances = (owner.base_balance == 0) + (owner.quote_balance == 0);
    if (!s.balances.has_room(new_balances)) return Reject::BALANCES_FULL;
    if (!s.orders.has_room(1)) return Reject::ORDERS_FULL;
    if (places) {
        if (!s.levels.has_room(places + s.reserved_levels)) return Reject::LEVELS_FULL;
        const i64 nodes = places * (s.symbols[c.symbol].top_shift / DIGIT_BITS);
        if (!s.nodes.has_room(nodes + s.reserved_nodes)) return Reject::TRIE_NODES_FULL;
    }
    if (!c.client_id.is_empty() && !s.client_ids.has_room(1)) return Reject::CLIENT_IDS_FULL;
    if (places && owner.account_symbol == 0 && !s.account_symbols.has_room(1)) {
        return Reject::ACCOUNT_SYMBOLS_FULL;
    }
    return Reject::NONE;
}

inline int check_owner(State& s, const OrderCommand& c, const Owner& owner) {
    const Symbol& symbol = s.symbols[c.symbol];
    const bool rests = may_rest(c);
    if (rests && s.account_symbols[owner.account_symbol].count >= symbol.terms.max_num_orders) {
        return Reject::MAX_NUM_ORDERS;
    }
    if (!c.client_id.is_empty()) {
        forget_client_ids(s, 2);
        if (find_client_id(s, c, c.client_id, false)) return Reject::DUPLICATE_CLIENT_ID;
    }
    if (is_stop(c) && would_trigger(symbol, c)) return Reject::WOULD_TRIGGER_IMMEDIATELY;
    if (c.order_type == OrderType::LIMIT_MAKER && would_take(s, c)) return Reject::WOULD_TAKE;
    const i32 given = c.side == Side::BUY ? owner.quote_balance : owner.base_balance;
    if (s.balances[given].free_atoms < least_atoms(s, c)) return Reject::INSUFFICIENT_FUNDS;
    if (c.order_type == OrderType::MARKET && opposite_book(s, c.symbol, c.side).best_level == 0) {
        return Reject::NO_LIQUIDITY;
    }
    const int places = is_stop(c) ? 2 : rests ? 1 : 0;
    return missing_room(s, c, owner, places);
}

inline i32 accept(State& s, const OrderCommand& c, const Owner& owner) {
    Symbol& symbol = s.symbols[c.symbol];
    const i32 order_no = s.orders.take();
    Order& order = s.orders[order_no];
    order.level = 0;
    order.account = i32(c.account);
    order.base_balance = owner.base_balance
                             ? owner.base_balance
                             : find_or_add_balance(s, c.account, symbol.terms.base_asset);
    order.quote_balance = owner.quote_balance
                              ? owner.quote_balance
                              : find_or_add_balance(s, c.account, symbol.terms.quote_asset);
    order.symbol = c.symbol;
    order.side = c.side;
    order.order_type = c.order_type;
    order.time_in_force = c.time_in_force;
    order.stp = c.stp;
    order.order_id = ++symbol.last_order_id;
    order.qty_lots = c.qty_lots;
    order.executed_lots = 0;
    order.executed_quote_atoms = 0;
    order.price_ticks = c.price_ticks;
    order.stop_ticks = c.stop_ticks;
    order.accepted_ns = s.now_ns;
    order.working_ns = is_stop(c) ? 0 : s.now_ns;
    order.strategy_id = c.strategy_id;
    order.strategy_type = c.strategy_type;
    order.client_id = hold_client_id(s, c, order_no);
    order.account_symbol = 0;
    order.by_quote = c.flags == CommandFlag::BY_QUOTE;
    if (order.by_quote) order.quote_atoms() = c.quote_atoms;
    lock(given_balance(s, order), locked_atoms(symbol, order));
    return order_no;
}

inline void place(State& s, const Command& command) {
    const OrderCommand& c = command.order;
    int code = check_fields(s, c);
    if (code == Reject::NONE) code = check_subject(s, c);
    if (code == Reject::NONE) code = filter_order(s, c);
    if (code != Reject::NONE) return tell_refusal(s, command, code);
    const Owner owner = find_owner(s, c);
    code = check_owner(s, c, owner);
    if (code != Reject::NONE) return tell_refusal(s, command, code);

    const i32 order_no = accept(s, c, owner);
    Order& order = s.orders[order_no];
    if (is_stop(c)) {
        wait_for_trigger(s, order_no);
        open_order(s, order_no, owner.account_symbol);
        tell_order(s, EventKind::ACCEPTED, order);
    } else if (may_rest(c) && !would_take(s, c)) {
        open_order(s, order_no, owner.account_symbol);
        const i64 update_id = rest_order(s, order_no);
        OrderEvent& event = tell_order(s, EventKind::ACCEPTED, order);
        event.flags |= EventFlag::ON_BOOK | EventFlag::WORKING;
        event.update_id = update_id;
    } else {
        tell_order(s, EventKind::ACCEPTED, order).flags |= EventFlag::WORKING;
        work(s, order_no);
    }
}

// --- cancels ---

constexpr uint8_t RESTRICTIONS = CommandFlag::ONLY_NEW | CommandFlag::ONLY_PARTIALLY_FILLED;

inline int check_cancel(State& s, const OrderCommand& c, uint8_t known_flags) {
    if ((c.flags & ~known_flags) || c.expires_ns < 0) return Reject::BAD_FIELD;
    if ((c.flags & RESTRICTIONS) == RESTRICTIONS) return Reject::BAD_FIELD;
    if (!c.client_id.is_ascii() || !c.target_client_id.is_ascii()) return Reject::BAD_FIELD;
    if (0 < c.expires_ns && c.expires_ns < s.now_ns) return Reject::EXPIRED_COMMAND;
    if (c.account < FIRST_CLIENT_ACCOUNT || c.account >= s.n_accounts) {
        return Reject::UNKNOWN_ACCOUNT;
    }
    if (c.flags == CommandFlag::ALL_SYMBOLS) return Reject::NONE;
    if (c.symbol < 0 || c.symbol >= s.n_symbols) return Reject::UNKNOWN_SYMBOL;
    if (s.symbols[c.symbol].terms.status == SymbolStatus::HALT) return Reject::SYMBOL_HALTED;
    return Reject::NONE;
}

// The open order that a CANCEL names, if it is the account's own; else 0.
inline i32 find_target(State& s, const OrderCommand& c) {
    if (c.flags & CommandFlag::BY_CLIENT_ID) {
        return s.client_ids[find_client_id(s, c, c.target_client_id, true)].order;
    }
    const i32 order_no = find_order(s, c.symbol, c.order_id);
    return s.orders[order_no].account == c.account ? order_no : 0;
}

inline int check_target(State& s, const OrderCommand& c, i32 order_no) {
    if (order_no == 0) return Reject::UNKNOWN_ORDER;
    const bool is_new = s.orders[order_no].executed_lots == 0;
    const int refused = is_new ? CommandFlag::ONLY_PARTIALLY_FILLED : CommandFlag::ONLY_NEW;
    return c.flags & refused ? Reject::CANCEL_RESTRICTED : Reject::NONE;
}

inline OrderEvent& end_order(State& s, i32 order_no, const OrderCommand& c) {
    Order& order = s.orders[order_no];
    Symbol& symbol = s.symbols[order.symbol];
    release(given_balance(s, order), locked_atoms(symbol, order));
    const i64 update_id = remove_order(s, order);
    OrderEvent& event = tell_order(s, EventKind::CANCELED, order);
    event.request_client_id = c.client_id;
    if (update_id) {
        event.flags |= EventFlag::ON_BOOK | EventFlag::WORKING;
        event.update_id = update_id;
    } else {
        reserve_for_stops(s, symbol, -1);
    }
    close_order(s, order_no);
    return event;
}

inline void cancel(State& s, const Command& command) {
    int code = check_cancel(s, command.order, CommandFlag::BY_CLIENT_ID | RESTRICTIONS);
    i32 order_no = 0;
    if (code == Reject::NONE) {
        order_no = find_target(s, command.order);
        code = check_target(s, command.order, order_no);
    }
    if (code != Reject::NONE) return tell_refusal(s, command, code);
    end_order(s, order_no, command.order);
}

// This list or the next one behind it whose symbol is not halted.
inline i32 next_list(State& s, i32 held_no) {
    while (held_no) {
        const AccountSymbol& held = s.account_symbols[held_no];
        if (s.symbols[held.symbol].terms.status != SymbolStatus::HALT) break;
        held_no = held.next;
    }
    return held_no;
}

inline void cancel_all(State& s, const Command& command) {
    const OrderCommand& c = command.order;
    const int code = check_cancel(s, c, CommandFlag::ALL_SYMBOLS);
    if (code != Reject::NONE) return tell_refusal(s, command, code);
    const bool is_all = c.flags == CommandFlag::ALL_SYMBOLS;
    i32 held_no = is_all ? next_list(s, s.accounts[c.account].first_symbol)
                         : find_account_symbol(s, c.account, c.symbol);
    if (held_no == 0) return tell_refusal(s, command, Reject::UNKNOWN_ORDER);
    for (int done = 0; done < MAX_CANCELS; ++done) {
        const AccountSymbol& held = s.account_symbols[held_no];
        const i32 order_no = held.first;
        if (held.count == 1) held_no = is_all ? next_list(s, held.next) : 0;
        OrderEvent& event = end_order(s, order_no, c);
        if (held_no == 0) return;
        if (done == MAX_CANCELS - 1) event.flags |= EventFlag::MORE;
    }
}

}  // namespace sunwise
