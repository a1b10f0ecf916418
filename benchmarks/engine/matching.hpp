// A taker meets the best resting orders; stops wait; averages feed two filters.
#pragma once

#include <algorithm>

#include "events.hpp"
#include "open_orders.hpp"

namespace sunwise {

inline i64 share_rounded_down(i64 value, i64 ppm) {
    return value / PPM * ppm + value % PPM * ppm / PPM;
}
inline i64 share_rounded_up(i64 value, i64 ppm) {
    return value / PPM * ppm + (value % PPM * ppm + (PPM - 1)) / PPM;
}

// --- average price over the last minutes of log time, in two words so that nothing overflows ---

inline void add(Bucket& sum, i64 lots, i64 notional) {
    constexpr i64 LOW = (i64(1) << 31) - 1;
    sum.lots_high += lots >> 31;
    sum.lots_low += lots & LOW;
    sum.notional_high += notional >> 31;
    sum.notional_low += notional & LOW;
}

inline void advance_average(State& s, i32 symbol_no) {
    Symbol& symbol = s.symbols[symbol_no];
    if (symbol.average_bucket == s.average_bucket) return;
    const i64 length = symbol.terms.avg_price_mins * BUCKETS_PER_MINUTE;
    const i64 end = std::min(s.average_bucket, symbol.average_bucket + length);
    for (i64 newest = symbol.average_bucket + 1; newest <= end; ++newest) {
        Bucket& left = s.buckets[symbol_no * AVERAGE_RING + ((newest - length) & (AVERAGE_RING - 1))];
        symbol.window.lots_high -= left.lots_high;
        symbol.window.lots_low -= left.lots_low;
        symbol.window.notional_high -= left.notional_high;
        symbol.window.notional_low -= left.notional_low;
        left = {};
    }
    symbol.average_bucket = s.average_bucket;
    symbol.average_ticks = 0;
}

inline void add_to_average(State& s, i32 symbol_no, i64 ticks, i64 lots) {
    Symbol& symbol = s.symbols[symbol_no];
    if (symbol.terms.avg_price_mins == 0) return;
    advance_average(s, symbol_no);
    add(s.buckets[symbol_no * AVERAGE_RING + (symbol.average_bucket & (AVERAGE_RING - 1))], lots,
        ticks * lots);
    add(symbol.window, lots, ticks * lots);
    symbol.average_ticks = 0;
}

inline i64 window_average(const Symbol& symbol) {
    constexpr i64 LOW = (i64(1) << 31) - 1;
    const i64 lots_high = symbol.window.lots_high + (symbol.window.lots_low >> 31);
    const i64 lots_low = symbol.window.lots_low & LOW;
    const i64 high = symbol.window.notional_high + (symbol.window.notional_low >> 31);
    const i64 low = symbol.window.notional_low & LOW;
    if (lots_high == 0 && lots_low == 0) return symbol.last_price_ticks;
    const int drop = std::max(63 - __builtin_clzll(u64(high | 1)) - 30, 0);
    const i64 notional = high << (31 - drop) | low >> drop;
    const i64 lots = lots_high << (31 - drop) | lots_low >> drop;
    return notional / std::max<i64>(lots, 1);
}

// In ticks, rounded down; 0 before the first trade.
inline i64 average_price(State& s, i32 symbol_no) {
    Symbol& symbol = s.symbols[symbol_no];
    if (symbol.terms.avg_price_mins == 0) return symbol.last_price_ticks;
    advance_average(s, symbol_no);
    if (symbol.average_ticks == 0) symbol.average_ticks = window_average(symbol);
    return symbol.average_ticks;
}

// --- stops ---

enum Triggering : i32 { IN_QUEUE = 1, WAITS_FOR_TRADING = 2 };

inline int stop_book(uint8_t order_type, uint8_t side) {
    return (order_type == OrderType::STOP_LOSS_LIMIT) == (side == Side::BUY) ? STOP_UP : STOP_DOWN;
}

inline bool would_trigger(const Symbol& symbol, const OrderCommand& command) {
    if (symbol.last_price_ticks == 0) return false;
    const i64 low = symbol.is_triggering ? symbol.trigger_low_ticks : symbol.last_price_ticks;
    const i64 high = symbol.is_triggering ? symbol.trigger_high_ticks : symbol.last_price_ticks;
    return stop_book(command.order_type, command.side) == STOP_UP ? high >= command.stop_ticks
                                                                  : low <= command.stop_ticks;
}

inline void reserve_for_stops(State& s, const Symbol& symbol, int orders) {
    s.reserved_levels += orders;
    s.reserved_nodes += orders * (symbol.top_shift / DIGIT_BITS);
}

inline void wait_for_trigger(State& s, i32 order_no) {
    Order& order = s.orders[order_no];
    const int book = stop_book(order.order_type, order.side);
    enqueue(s, order.symbol * BOOKS_PER_SYMBOL + book, order.stop_ticks, order_no);
    s.levels[order.level].qty_lots += order.qty_lots;
    reserve_for_stops(s, s.symbols[order.symbol], 1);
}

inline void join_trigger_queue(State& s, i32 symbol_no) {
    Symbol& symbol = s.symbols[symbol_no];
    symbol.is_triggering = IN_QUEUE;
    symbol.trigger_next = 0;
    (s.trigger_last ? s.symbols[s.trigger_last - 1].trigger_next : s.trigger_first) = symbol_no + 1;
    s.trigger_last = symbol_no + 1;
}

inline void note_trade_price(State& s, i32 symbol_no, i64 ticks) {
    Symbol& symbol = s.symbols[symbol_no];
    symbol.last_price_ticks = ticks;
    if (symbol.is_triggering) {
        symbol.trigger_low_ticks = std::min(symbol.trigger_low_ticks, ticks);
        symbol.trigger_high_ticks = std::max(symbol.trigger_high_ticks, ticks);
        return;
    }
    const BookRecord* books = &s.books[symbol_no * BOOKS_PER_SYMBOL];
    if (books[STOP_UP].best_ticks <= ticks || books[STOP_DOWN].best_ticks >= ticks) {
        symbol.trigger_low_ticks = symbol.trigger_high_ticks = ticks;
        join_trigger_queue(s, symbol_no);
    }
}

// The stop that is to be triggered now; 0 when the symbol at the head has none.
inline i32 next_triggered(State& s) {
    const i32 symbol_no = s.trigger_first - 1;
    Symbol& symbol = s.symbols[symbol_no];
    s.trigger_first = symbol.trigger_next;
    if (s.trigger_first == 0) s.trigger_last = 0;
    if (symbol.terms.status != SymbolStatus::TRADING) {
        symbol.is_triggering = WAITS_FOR_TRADING;
        return 0;
    }
    const BookRecord* books = &s.books[symbol_no * BOOKS_PER_SYMBOL];
    i32 level = 0;
    if (books[STOP_UP].best_ticks <= symbol.trigger_high_ticks) {
        level = books[STOP_UP].best_level;
    } else if (books[STOP_DOWN].best_ticks >= symbol.trigger_low_ticks) {
        level = books[STOP_DOWN].best_level;
    } else {
        symbol.is_triggering = 0;
        return 0;
    }
    join_trigger_queue(s, symbol_no);
    return s.levels[level].first;
}

// --- matching ---

inline bool is_done(Order& order) {
    if (order.by_quote) return order.executed_quote_atoms == order.quote_atoms();
    return order.executed_lots == order.qty_lots;
}

inline i64 payable(i64 lots, i64 atoms_per_lot, i64 budget_atoms) {
    return lots * atoms_per_lot <= budget_atoms ? lots : budget_atoms / atoms_per_lot;
}

inline i64 takeable_lots(State& s, Order& taker, const Order& maker) {
    i64 lots = remaining_lots(maker);
    if (!taker.by_quote) lots = std::min(lots, remaining_lots(taker));
    if (taker.order_type != OrderType::MARKET) return lots;
    const SymbolTerms& terms = s.symbols[taker.symbol].terms;
    const i64 price_atoms = maker.price_ticks * terms.quote_atoms_per_tick_lot;
    if (taker.by_quote) {
        lots = payable(lots, price_atoms, taker.quote_atoms() - taker.executed_quote_atoms);
        if (taker.side != Side::BUY) {
            const i64 free = s.balances[taker.base_balance].free_atoms;
            lots = payable(lots, terms.base_atoms_per_lot, free);
        }
    } else if (taker.side == Side::BUY) {
        lots = payable(lots, price_atoms, s.balances[taker.quote_balance].free_atoms);
    }
    return lots;
}

// Why a MARKET order cannot take one lot more.
inline int what_is_spent(State& s, Order& taker, const Order& maker) {
    const i64 price_atoms =
        maker.price_ticks * s.symbols[taker.symbol].terms.quote_atoms_per_tick_lot;
    const bool is_quote =
        taker.by_quote && taker.quote_atoms() - taker.executed_quote_atoms < price_atoms;
    return is_quote ? ExpiryReason::QUOTE_SPENT : ExpiryReason::FUNDS_SPENT;
}

inline void give(State& s, const Symbol& symbol, const Order& order, i64 lots, i64 base,
                 i64 quote) {
    const bool is_buy = order.side == Side::BUY;
    const i64 atoms = is_buy ? quote : base;
    Balance& balance = given_balance(s, order);
    if (order.order_type != OrderType::MARKET) {
        const i64 price = order.price_ticks * symbol.terms.quote_atoms_per_tick_lot;
        spend_locked(balance, is_buy ? lots * price : atoms, atoms);
    } else if (order.by_quote ? is_buy : !is_buy) {
        spend_locked(balance, atoms, atoms);
    } else {
        spend_free(balance, atoms);
    }
}

// The other side of the trade arrives, less the fee; returns the fee.
inline i64 receive(State& s, const Symbol& symbol, const Order& order, i64 base, i64 quote,
                   i64 fee_ppm) {
    const bool is_buy = order.side == Side::BUY;
    const i64 atoms = is_buy ? base : quote;
    const i64 fee = share_rounded_up(atoms, fee_ppm);
    s.balances[is_buy ? order.base_balance : order.quote_balance].free_atoms += atoms - fee;
    s.balances[is_buy ? symbol.fee_base_balance : symbol.fee_quote_balance].free_atoms += fee;
    return fee;
}

inline void trade(State& s, Order& taker, i32 maker_no, i64 lots) {
    Order& maker = s.orders[maker_no];
    Symbol& symbol = s.symbols[taker.symbol];
    const i64 ticks = maker.price_ticks;
    const i64 quote = lots * ticks * symbol.terms.quote_atoms_per_tick_lot;
    const i64 base = lots * symbol.terms.base_atoms_per_lot;
    give(s, symbol, taker, lots, base, quote);
    give(s, symbol, maker, lots, base, quote);
    const i64 taker_fee = receive(s, symbol, taker, base, quote, symbol.terms.taker_fee_ppm);
    const i64 maker_fee = receive(s, symbol, maker, base, quote, symbol.terms.maker_fee_ppm);
    taker.executed_lots += lots;
    taker.executed_quote_atoms += quote;
    maker.executed_lots += lots;
    maker.executed_quote_atoms += quote;
    TradeEvent& event = tell_match(s, EventKind::TRADE, taker, maker);
    event.qty_lots = lots;
    event.quote_atoms = quote;
    event.trade_id = ++symbol.last_trade_id;
    event.update_id = next_update(symbol);
    event.taker_fee_atoms = taker_fee;
    event.maker_fee_atoms = maker_fee;
    s.levels[maker.level].qty_lots -= lots;
    if (maker.executed_lots == maker.qty_lots) {
        dequeue(s, maker);
        close_order(s, maker_no);
    }
    add_to_average(s, taker.symbol, ticks, lots);
    note_trade_price(s, taker.symbol, ticks);
}

inline void expire_resting(State& s, i32 order_no) {
    Order& order = s.orders[order_no];
    release(given_balance(s, order), locked_atoms(s.symbols[order.symbol], order));
    const i64 update_id = remove_order(s, order);
    OrderEvent& event = tell_order(s, EventKind::EXPIRED, order);
    event.flags |= EventFlag::ON_BOOK | EventFlag::WORKING;
    event.reject = ExpiryReason::SELF_TRADE_PREVENTION;
    event.update_id = update_id;
    close_order(s, order_no);
}

inline void prevent(State& s, const Order& taker, i32 maker_no, i64 lots) {
    const Order& maker = s.orders[maker_no];
    Symbol& symbol = s.symbols[taker.symbol];
    TradeEvent& event = tell_match(s, EventKind::PREVENTED, taker, maker);
    event.qty_lots = lots;
    event.quote_atoms = lots * maker.price_ticks * symbol.terms.quote_atoms_per_tick_lot;
    event.trade_id = ++symbol.last_prevented_id;
    if (taker.stp != SelfTradePrevention::EXPIRE_TAKER) expire_resting(s, maker_no);
}

// Trades as far as price, book, money and fill cap allow; returns why the rest expires, or 0.
inline int match(State& s, Order& taker) {
    const BookRecord& book = opposite_book(s, taker.symbol, taker.side);
    const bool is_market = taker.order_type == OrderType::MARKET;
    for (int done = 0;; ++done) {
        if (book.best_level == 0) return is_market ? int(ExpiryReason::NO_LIQUIDITY) : 0;
        if (!is_market && !is_crossing(book, taker.side, taker.price_ticks)) return 0;
        if (done == MAX_FILLS) return ExpiryReason::FILL_CAP;
        const i32 maker_no = s.levels[book.best_level].first;
        const Order& maker = s.orders[maker_no];
        const i64 lots = takeable_lots(s, taker, maker);
        if (lots == 0) return what_is_spent(s, taker, maker);
        if (maker.account == taker.account && taker.stp != SelfTradePrevention::NONE) {
            prevent(s, taker, maker_no, lots);
            if (taker.stp != SelfTradePrevention::EXPIRE_MAKER) {
                return ExpiryReason::SELF_TRADE_PREVENTION;
            }
        } else {
            trade(s, taker, maker_no, lots);
            if (is_done(taker)) return 0;
        }
    }
}

// Whether a FILL_OR_KILL order would be filled whole.
inline bool can_fill(State& s, const Order& taker) {
    const BookRecord& book = opposite_book(s, taker.symbol, taker.side);
    if (!is_crossing(book, taker.side, taker.price_ticks)) return false;
    i64 wanted = remaining_lots(taker);
    i32 level = book.best_level;
    i32 maker_no = s.levels[level].first;
    for (int seen = 0; seen < MAX_FILLS; ++seen) {
        const Order& maker = s.orders[maker_no];
        if (maker.account != taker.account || taker.stp == SelfTradePrevention::NONE) {
            wanted -= remaining_lots(maker);
        } else if (taker.stp != SelfTradePrevention::EXPIRE_MAKER) {
            return false;
        }
        if (wanted <= 0) return true;
        maker_no = maker.next;
        if (maker_no == 0) {
            level = next_level(s, level);
            if (level == 0) return false;
            const i64 ticks = s.levels[level].price_ticks;
            if (taker.side == Side::BUY ? ticks > taker.price_ticks : ticks < taker.price_ticks) {
                return false;
            }
            maker_no = s.levels[level].first;
        }
    }
    return false;
}

inline void expire_taker(State& s, i32 order_no, int reason) {
    Order& order = s.orders[order_no];
    release(given_balance(s, order), locked_atoms(s.symbols[order.symbol], order));
    OrderEvent& event = tell_order(s, EventKind::EXPIRED, order);
    event.flags |= EventFlag::WORKING;
    event.reject = uint16_t(reason);
    close_order(s, order_no);
}

// Lets an accepted order that stands in no queue trade, and rest or end.
inline void work(State& s, i32 order_no) {
    Order& order = s.orders[order_no];
    int reason = ExpiryReason::FILL_OR_KILL;
    if (order.time_in_force != TimeInForce::FOK || can_fill(s, order)) reason = match(s, order);
    if (is_done(order)) {
        close_order(s, order_no);
    } else if (reason) {
        expire_taker(s, order_no, reason);
    } else if (order.time_in_force == TimeInForce::GTC) {
        if (order.account_symbol == 0) {
            open_order(s, order_no, find_account_symbol(s, order.account, order.symbol));
        }
        const i64 update_id = rest_order(s, order_no);
        OrderEvent& event = tell_order(s, EventKind::RESTED, order);
        event.flags |= EventFlag::ON_BOOK | EventFlag::WORKING;
        event.update_id = update_id;
    } else {
        expire_taker(s, order_no, ExpiryReason::IMMEDIATE_OR_CANCEL);
    }
}

inline void trigger_next(State& s) {
    const i32 order_no = next_triggered(s);
    if (order_no == 0) return;
    Order& order = s.orders[order_no];
    remove_order(s, order);
    reserve_for_stops(s, s.symbols[order.symbol], -1);
    order.working_ns = s.now_ns;
    s.cause_flag = EventFlag::FROM_TRIGGER;
    tell_order(s, EventKind::TRIGGERED, order).flags |= EventFlag::WORKING;
    work(s, order_no);
    s.cause_flag = 0;
}

}  // namespace sunwise
