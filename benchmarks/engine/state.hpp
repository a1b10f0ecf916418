// What the exchange knows: plain arrays of plain records, linked by places (0: none).
//
// The same state as the Numba core's layout.py, written the way C++ writes it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

#include "records.hpp"  // generated from contracts/exchange/{records,rejects}.py by build.py

namespace sunwise {

using i32 = int32_t;
using i64 = int64_t;
using u64 = uint64_t;

[[noreturn]] inline void fail(const char* why) {
    std::fprintf(stderr, "baseline.cpp: %s\n", why);
    std::abort();
}
// An invariant, or a command that this program does not implement: never go on with a wrong state.
inline void require(bool holds, const char* why) {
    if (__builtin_expect(!holds, 0)) fail(why);
}

constexpr i64 MAX_ATOMS = i64(1) << 62;
constexpr i64 MAX_PRICE_TICKS = (i64(1) << 42) - 1;
constexpr i64 PPM = 1'000'000;
constexpr i64 SECOND_NS = 1'000'000'000;
constexpr i64 MAX_CLOCK_STEP_NS = 60 * SECOND_NS;
constexpr i64 CLOCK_LEAD_NS = SECOND_NS;
constexpr i64 CLIENT_ID_MEMORY_NS = 24 * 3600 * SECOND_NS;
constexpr i64 BUCKET_NS = 10 * SECOND_NS;
constexpr i64 BUCKETS_PER_MINUTE = 6;
constexpr i64 AVERAGE_RING = 32;
constexpr int MAX_FILLS = 512;
constexpr int MAX_CANCELS = 512;
constexpr int MAX_TRIGGERS = 8;
constexpr int MAX_EVENTS = 2 * MAX_FILLS + 2;

enum Book : int { BID = 0, ASK = 1, STOP_DOWN = 2, STOP_UP = 3, BOOKS_PER_SYMBOL = 4 };
constexpr i64 NO_BID = 0;
constexpr i64 NO_ASK = i64(1) << 62;

enum WriterClass : int { NOBODY, CLOCK_CLASS, ADMIN_CLASS, GATEWAY_CLASS };

struct Asset {
    Name24 name;
    i64 deposited_atoms;
    i32 decimals, house_balance, fee_balance;
};

struct Bucket {
    i64 lots_high, lots_low, notional_high, notional_low;
};

struct Symbol {
    SymbolTerms terms;
    i64 last_order_id, last_trade_id, last_prevented_id, last_update_id;
    i64 last_price_ticks, trigger_low_ticks, trigger_high_ticks;
    i32 symbol_version, top_shift, fee_base_balance, fee_quote_balance;
    i32 trigger_next, is_triggering;
    i64 average_ticks, average_bucket;
    Bucket window;
};

struct BookRecord {
    i64 best_ticks;
    i32 best_level, root, top_shift;
};

struct Level {
    i64 price_ticks, qty_lots;
    i32 first, last, node, book;
};

struct Node {
    u64 bits;
    i32 parent;
};

struct Account {
    i32 first_symbol, last_symbol;
};

struct Balance {
    i64 account;
    i32 asset;
    i64 free_atoms, locked_atoms;
};

struct alignas(64) Order {
    i32 next, prev, level, account, base_balance, quote_balance, symbol;
    uint8_t side, order_type, time_in_force, stp;
    i64 order_id, qty_lots, executed_lots, executed_quote_atoms;
    i64 price_ticks, stop_ticks, accepted_ns, working_ns, strategy_id;
    i32 strategy_type, client_id, account_symbol, list_next, list_prev, by_quote;

    // A MARKET order has no stop: its quoteOrderQty shares the place.
    i64& quote_atoms() { return stop_ticks; }
};
static_assert(sizeof(Order) == 128);

struct alignas(64) ClientId {
    Name40 name;
    i32 account, symbol, order, next;
    i64 closed_ns;
};
static_assert(sizeof(ClientId) == 64);

struct AccountSymbol {
    i32 account, symbol, first, last, count, base_balance, quote_balance, next, prev;
};

// Zeroed memory in huge pages where the system has them, as NumPy asks for too.
template <class Record>
struct Array {
    Record* data = nullptr;
    i64 size = 0;

    explicit Array(i64 n) : size(n) {
        void* memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        require(memory != MAP_FAILED, "out of memory");
        madvise(memory, bytes(), MADV_HUGEPAGE);
        data = static_cast<Record*>(memory);
    }
    ~Array() { munmap(data, bytes()); }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    Record& operator[](i64 place) { return data[place]; }
    size_t bytes() const { return size_t(size) * sizeof(Record); }
};

// Records that are taken and given back; the last one given back is taken first.
template <class Record, i32 Record::*Link>
struct Pool : Array<Record> {
    i32 free = 0, high_water = 0, live = 0;

    explicit Pool(i64 capacity) : Array<Record>(capacity + 1) {}
    i32 take() {
        i32 place = free;
        if (place) {
            free = this->data[place].*Link;
        } else {
            place = ++high_water;
            require(place < this->size, "a pool is taken from beyond its capacity");
        }
        ++live;
        return place;
    }
    void give_back(i32 place) {
        this->data[place].*Link = free;
        free = place;
        --live;
    }
    bool has_room(i64 wanted) const { return live + wanted < this->size; }
};

// High half xor low half of the 128-bit product (wyhash).
inline u64 folded_product(u64 left, u64 right) {
    const auto product = static_cast<unsigned __int128>(left) * right;
    return u64(product) ^ u64(product >> 64);
}

constexpr u64 SEEDS[6] = {0x2d358dccaa6c78a5, 0x8bb84b93962eacc9, 0x4b33a62ed433d4a3,
                          0x4d5a2da51de1aa47, 0xa0761d6478bd642f, 0xe7037ed1a0b428db};

inline uint32_t order_hash(i64 symbol, i64 order_id) {
    const u64 mixed = folded_product((order_id >> 3) ^ SEEDS[0], (symbol << 1 | 1) ^ SEEDS[1]);
    return (uint32_t(mixed) & ~7u) | (uint32_t(order_id) & 7u);
}
inline uint32_t pair_hash(i64 account, i64 other) {
    return uint32_t(folded_product(u64(account << 20 | other) ^ SEEDS[0], SEEDS[1]));
}
inline uint32_t client_hash(i64 account, i64 symbol, const Name40& name) {
    const u64* w = name.words;
    return uint32_t(folded_product(w[0] ^ SEEDS[0], w[1] ^ SEEDS[1]) ^
                    folded_product(w[2] ^ SEEDS[2], w[3] ^ SEEDS[3]) ^
                    folded_product(w[4] ^ SEEDS[4], u64(account << 20 | symbol) ^ SEEDS[5]));
}

// Hash to place: open addressing, linear probing, removal by moving back (Knuth 6.4 R).
struct Index : Array<u64> {
    u64 mask;

    static i64 slots(i64 capacity) {
        i64 n = 64;
        while (n < 2 * capacity) n *= 2;
        return n;
    }
    explicit Index(i64 capacity) : Array<u64>(slots(capacity)), mask(u64(size) - 1) {}

    // The first place with this hash for which `is_it` holds; 0 when there is none.
    template <class Test>
    i32 find(uint32_t hash, Test is_it) const {
        for (u64 slot = hash & mask; data[slot]; slot = (slot + 1) & mask) {
            const i32 place = i32(data[slot]);
            if (data[slot] >> 32 == hash && is_it(place)) return place;
        }
        return 0;
    }
    void insert(uint32_t hash, i32 place) {
        u64 slot = hash & mask;
        while (data[slot]) slot = (slot + 1) & mask;
        data[slot] = u64(hash) << 32 | uint32_t(place);
    }
    void remove(uint32_t hash, i32 place) {
        u64 slot = hash & mask;
        while (i32(data[slot]) != place) {
            require(data[slot], "a hash table misses a record that is in use");
            slot = (slot + 1) & mask;
        }
        u64 gap = slot;
        for (;;) {
            slot = (slot + 1) & mask;
            const u64 entry = data[slot];
            if (entry == 0) break;
            const u64 home = (entry >> 32) & mask;
            if (((slot - home) & mask) >= ((slot - gap) & mask)) {
                data[gap] = entry;
                gap = slot;
            }
        }
        data[gap] = 0;
    }
};

struct Capacities {
    i64 accounts, balances, orders, levels, trie_nodes, client_ids, symbols, assets,
        account_symbols, writers;
};

struct Writer {
    i64 writer, epoch, batch_no;
};

struct State {
    i64 now_ns = 0, clock_ns = 0, average_bucket = 0, rules = 0;
    i64 reserved_levels = 0, reserved_nodes = 0;
    i32 n_accounts = 0, n_assets = 0, n_symbols = 0, n_writers = 0;
    i32 trigger_first = 0, trigger_last = 0, remembered_first = 0, remembered_last = 0;
    int writer_class = NOBODY;
    i32 command_index = 0;
    uint8_t cause_flag = 0;
    i64 n_events = 0;
    Event* out = nullptr;

    Array<Writer> writers;
    Array<Asset> assets;
    Array<Symbol> symbols;
    Array<BookRecord> books;
    Array<Bucket> buckets;
    Array<Account> accounts;
    Pool<Balance, &Balance::asset> balances;
    Index balance_index;
    Pool<Order, &Order::next> orders;
    Index order_index;
    Pool<Level, &Level::first> levels;
    Pool<Node, &Node::parent> nodes;
    Array<i32> children;
    Pool<ClientId, &ClientId::next> client_ids;
    Index client_index;
    Pool<AccountSymbol, &AccountSymbol::next> account_symbols;
    Index account_symbol_index;

    explicit State(const Capacities& c)
        : writers(c.writers), assets(c.assets), symbols(c.symbols),
          books(c.symbols * BOOKS_PER_SYMBOL), buckets(c.symbols * AVERAGE_RING),
          accounts(c.accounts), balances(c.balances), balance_index(c.balances),
          orders(c.orders), order_index(c.orders), levels(c.levels), nodes(c.trie_nodes),
          children((c.trie_nodes + 1) * 64), client_ids(c.client_ids),
          client_index(c.client_ids), account_symbols(c.account_symbols),
          account_symbol_index(c.account_symbols) {}
};

}  // namespace sunwise
