// Accounts, money, assets, symbols, rules and time.
//
// What an administrator or the clock does wrongly is refused by the core with codes of its own;
// this program does not implement those refusals and stops instead.
#pragma once

#include "placing.hpp"

namespace sunwise {

inline void open_account(State& s, const Command& command) {
    const FundsCommand& c = command.funds;
    require(c.flags == 0 && c.expires_ns == 0 && c.reference.is_ascii(), "OPEN_ACCOUNT that may be refused");
    require(s.n_accounts < s.accounts.size, "ACCOUNTS_FULL is not implemented");
    FundsEvent& event = new_event(s, EventKind::ACCOUNT_OPENED).funds;
    event.command_kind = c.kind;
    event.account = s.n_accounts++;
    event.reference = c.reference;
}

inline void move_funds(State& s, const Command& command) {
    const FundsCommand& c = command.funds;
    require(c.flags == 0 && c.expires_ns == 0 && c.amount_atoms > 0 && c.asset >= 0 &&
                c.asset < s.n_assets && c.reference.is_ascii(), "a movement of funds that would be refused");
    const i64 atoms = c.amount_atoms;
    Asset& asset = s.assets[c.asset];
    Balance& house = s.balances[asset.house_balance];
    i64 account = HOUSE_ACCOUNT;
    Balance* moved = &house;
    if (c.kind == CommandKind::DEPOSIT) {
        require(atoms <= MAX_ATOMS - asset.deposited_atoms, "a deposit that would be refused");
        asset.deposited_atoms += atoms;
        house.free_atoms += atoms;
    } else if (c.kind == CommandKind::WITHDRAW) {
        asset.deposited_atoms -= atoms;
        spend_free(house, atoms);
    } else {
        const bool is_credit = c.kind == CommandKind::CREDIT;
        account = c.account;
        require(account >= (is_credit ? FIRST_CLIENT_ACCOUNT : FEE_ACCOUNT) &&
                    account < s.n_accounts, "funds of an unknown account");
        require(s.balances.has_room(1), "BALANCES_FULL is not implemented");
        moved = &s.balances[find_or_add_balance(s, account, c.asset)];
        spend_free(is_credit ? house : *moved, atoms);
        (is_credit ? *moved : house).free_atoms += atoms;
    }
    FundsEvent& event = new_event(s, EventKind::FUNDS_MOVED).funds;
    event.command_kind = c.kind;
    event.asset = c.asset;
    event.account = account;
    event.amount_atoms = atoms;
    event.free_atoms = moved->free_atoms;
    event.locked_atoms = moved->locked_atoms;
    event.house_free_atoms = house.free_atoms;
    event.deposited_atoms = asset.deposited_atoms;
    event.reference = c.reference;
}

inline void list_asset(State& s, const Command& command) {
    const AssetCommand& c = command.asset;
    require(c.flags == 0 && s.n_assets < s.assets.size && s.balances.has_room(2),
            "an asset that would be refused");
    const i32 asset_no = s.n_assets++;
    Asset& asset = s.assets[asset_no];
    asset.name = c.name;
    asset.decimals = c.decimals;
    asset.house_balance = find_or_add_balance(s, HOUSE_ACCOUNT, asset_no);
    asset.fee_balance = find_or_add_balance(s, FEE_ACCOUNT, asset_no);
    AssetEvent& event = new_event(s, EventKind::ASSET_LISTED).asset;
    event.asset = asset_no;
    event.decimals = c.decimals;
    event.name = c.name;
}

inline void tell_symbol(State& s, int kind, i32 symbol_no) {
    const Symbol& symbol = s.symbols[symbol_no];
    SymbolEvent& event = new_event(s, kind).symbol;
    event.symbol = symbol_no;
    event.symbol_version = symbol.symbol_version;
    std::memcpy(static_cast<void*>(&event.name), &symbol.terms, TERM_BYTES);
}

// The terms are taken as sound: that is what the core's BAD_TERMS is tested for, not what it costs.
inline void list_symbol(State& s, const Command& command) {
    const SymbolCommand& c = command.symbol;
    require(c.flags == 0 && s.n_symbols < s.symbols.size && s.nodes.has_room(BOOKS_PER_SYMBOL) &&
                0 < c.max_price_ticks && c.max_price_ticks <= MAX_PRICE_TICKS,
            "a symbol that would be refused");
    const i32 symbol_no = s.n_symbols++;
    Symbol& symbol = s.symbols[symbol_no];
    std::memcpy(static_cast<void*>(&symbol.terms), &c.name, TERM_BYTES);
    symbol.symbol_version = 1;
    symbol.top_shift = (63 - __builtin_clzll(u64(c.max_price_ticks))) / DIGIT_BITS * DIGIT_BITS;
    symbol.fee_base_balance = s.assets[c.base_asset].fee_balance;
    symbol.fee_quote_balance = s.assets[c.quote_asset].fee_balance;
    symbol.average_bucket = s.average_bucket;
    for (int side = 0; side < BOOKS_PER_SYMBOL; ++side) {
        const i32 root = s.nodes.take();
        s.nodes[root] = {0, 0};
        s.books[symbol_no * BOOKS_PER_SYMBOL + side] = {side & 1 ? NO_ASK : NO_BID, 0, root,
                                                        symbol.top_shift};
    }
    tell_symbol(s, EventKind::SYMBOL_LISTED, symbol_no);
}

inline void set_status(State& s, const Command& command) {
    const SymbolCommand& c = command.symbol;
    require(c.flags == 0 && c.status <= SymbolStatus::CANCEL_ONLY && c.symbol >= 0 &&
                c.symbol < s.n_symbols, "a status that would be refused");
    Symbol& symbol = s.symbols[c.symbol];
    symbol.terms.status = c.status;
    ++symbol.symbol_version;
    if (symbol.is_triggering == WAITS_FOR_TRADING) join_trigger_queue(s, c.symbol);
    tell_symbol(s, EventKind::SYMBOL_STATUS_SET, c.symbol);
}

inline void activate_rules(State& s, const Command& command) {
    const ControlCommand& c = command.control;
    require(c.flags == 0 && !(c.rules & ~RuleFlag::REFUSE_RECENT_CLIENT_IDS), "unknown rules");
    s.rules = c.rules;
    new_event(s, EventKind::RULES_ACTIVATED).control.rules = c.rules;
}

inline void set_clock(State& s, const Command& command) {
    i64 wall_ns = command.control.wall_ns;
    require(command.control.flags == 0 && wall_ns > 0, "a CLOCK that would be refused");
    if (s.clock_ns) wall_ns = std::min(wall_ns, s.clock_ns + MAX_CLOCK_STEP_NS);
    s.clock_ns = std::max(s.clock_ns, wall_ns);
    forget_client_ids(s, 64);
}

}  // namespace sunwise
