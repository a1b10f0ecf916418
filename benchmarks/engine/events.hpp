// The records that say what happened: each is zeroed before it is filled.
#pragma once

#include "state.hpp"

namespace sunwise {

inline Balance& given_balance(State& s, const Order& order) {
    return s.balances[order.side == Side::BUY ? order.quote_balance : order.base_balance];
}

inline Event& new_event(State& s, int kind) {
    Event& event = s.out[s.n_events++];
    std::memset(&event, 0, sizeof event);
    event.order.kind = uint8_t(kind);
    event.order.flags = s.cause_flag;
    event.order.command_index = s.command_index;
    return event;
}

// An event about the order as it stands; the caller adds flags, reason and update id.
inline OrderEvent& tell_order(State& s, int kind, Order& order) {
    OrderEvent& event = new_event(s, kind).order;
    const Balance& balance = given_balance(s, order);
    if (order.by_quote) {
        event.flags |= EventFlag::BY_QUOTE;
        event.quote_atoms = order.quote_atoms();
    } else {
        event.stop_ticks = order.stop_ticks;
    }
    event.symbol = order.symbol;
    event.side = order.side;
    event.order_type = order.order_type;
    event.time_in_force = order.time_in_force;
    event.stp = order.stp;
    event.account = order.account;
    event.order_id = order.order_id;
    event.price_ticks = order.price_ticks;
    event.qty_lots = order.qty_lots;
    event.executed_lots = order.executed_lots;
    event.executed_quote_atoms = order.executed_quote_atoms;
    event.free_atoms = balance.free_atoms;
    event.locked_atoms = balance.locked_atoms;
    event.accepted_ns = order.accepted_ns;
    event.working_ns = order.working_ns;
    event.client_id = s.client_ids[order.client_id].name;
    event.strategy_id = order.strategy_id;
    event.strategy_type = order.strategy_type;
    return event;
}

// A TRADE or PREVENTED with both sides as they stand; the caller adds what was matched.
inline TradeEvent& tell_match(State& s, int kind, const Order& taker, const Order& maker) {
    TradeEvent& event = new_event(s, kind).trade;
    if (taker.side == Side::SELL) event.flags |= EventFlag::BUYER_IS_MAKER;
    event.symbol = taker.symbol;
    event.taker_account = taker.account;
    event.taker_order_id = taker.order_id;
    event.maker_account = maker.account;
    event.maker_order_id = maker.order_id;
    event.price_ticks = maker.price_ticks;
    event.taker_executed_lots = taker.executed_lots;
    event.taker_executed_quote_atoms = taker.executed_quote_atoms;
    event.maker_executed_lots = maker.executed_lots;
    event.maker_executed_quote_atoms = maker.executed_quote_atoms;
    const Balance& taker_base = s.balances[taker.base_balance];
    const Balance& taker_quote = s.balances[taker.quote_balance];
    const Balance& maker_base = s.balances[maker.base_balance];
    const Balance& maker_quote = s.balances[maker.quote_balance];
    event.taker_base_free_atoms = taker_base.free_atoms;
    event.taker_base_locked_atoms = taker_base.locked_atoms;
    event.taker_quote_free_atoms = taker_quote.free_atoms;
    event.taker_quote_locked_atoms = taker_quote.locked_atoms;
    event.maker_base_free_atoms = maker_base.free_atoms;
    event.maker_base_locked_atoms = maker_base.locked_atoms;
    event.maker_quote_free_atoms = maker_quote.free_atoms;
    event.maker_quote_locked_atoms = maker_quote.locked_atoms;
    return event;
}

inline void tell_refusal(State& s, const Command& command, int code) {
    OrderEvent& event = new_event(s, EventKind::REJECTED).order;
    event.reject = uint16_t(code);
    const OrderCommand& order = command.order;
    if (order.kind == 0 || order.kind > CommandKind::CANCEL_ALL) return;
    event.symbol = order.symbol;
    event.account = order.account;
    const bool is_place = order.kind == CommandKind::PLACE;
    const Name40& name = is_place ? order.client_id : order.target_client_id;
    if (name.is_ascii()) event.client_id = name;  // else no reader of the log could read it
    if (!is_place) {
        if (order.client_id.is_ascii()) event.request_client_id = order.client_id;
        return;
    }
    event.side = order.side;
    event.order_type = order.order_type;
    event.time_in_force = order.time_in_force;
    event.stp = order.stp;
    event.price_ticks = order.price_ticks;
    event.qty_lots = order.qty_lots;
    event.quote_atoms = order.quote_atoms;
    event.stop_ticks = order.stop_ticks;
    event.strategy_id = order.strategy_id;
    event.strategy_type = order.strategy_type;
}

}  // namespace sunwise
