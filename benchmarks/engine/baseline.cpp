// The engine in C++: what the Numba core is measured against.
//
// The same algorithm over the same state: commands of 192 bytes in, events of 256 bytes out, byte
// for byte those of sunwise.exchange.engine.core. A command that is not implemented here stops the
// program, so that two digests never agree by accident. Built by build.py, called with ctypes.

#include <ctime>

#include "administration.hpp"

namespace sunwise {

// A batch as its header tells it, and the place of its commands: [first, end).
struct Batch {
    i64 writer, epoch, batch_no, batch_ns, first, end;
};

static void begin_batch(State& s, const Batch& batch) {
    i64 row = 0;
    while (row < s.n_writers && s.writers[row].writer != batch.writer) ++row;
    if (row == s.n_writers) {
        require(row < s.writers.size, "WRITERS_FULL is not implemented");
        ++s.n_writers;
    }
    Writer& known = s.writers[row];
    const i64 last = known.epoch == batch.epoch ? known.batch_no : 0;
    require(batch.epoch >= known.epoch && batch.batch_no == last + 1,
            "a batch that is repeated, stale or out of order");
    known = {batch.writer, batch.epoch, batch.batch_no};
    if (s.clock_ns) {
        s.now_ns = std::max(s.now_ns, std::min(batch.batch_ns, s.clock_ns + CLOCK_LEAD_NS));
    }
    s.average_bucket = s.now_ns / BUCKET_NS;
    s.writer_class = batch.writer == CLOCK_WRITER             ? CLOCK_CLASS
                     : batch.writer == ADMIN_WRITER           ? ADMIN_CLASS
                     : batch.writer >= FIRST_GATEWAY_WRITER   ? GATEWAY_CLASS
                                                              : NOBODY;
}

// UNKNOWN_KIND, or NOT_AUTHORISED when this writer may not send the kind.
static int check_writer(const State& s, int kind) {
    switch (kind) {
        case CommandKind::PLACE:
        case CommandKind::CANCEL:
        case CommandKind::CANCEL_ALL:
            return s.writer_class >= ADMIN_CLASS ? Reject::NONE : Reject::NOT_AUTHORISED;
        case CommandKind::CLOCK:
            return s.writer_class == CLOCK_CLASS ? Reject::NONE : Reject::NOT_AUTHORISED;
        case CommandKind::OPEN_ACCOUNT:
        case CommandKind::DEPOSIT:
        case CommandKind::WITHDRAW:
        case CommandKind::CREDIT:
        case CommandKind::DEBIT:
        case CommandKind::LIST_ASSET:
        case CommandKind::LIST_SYMBOL:
        case CommandKind::SET_SYMBOL_STATUS:
        case CommandKind::RAISE_CAPACITY:
        case CommandKind::ACTIVATE_RULES:
            return s.writer_class == ADMIN_CLASS ? Reject::NONE : Reject::NOT_AUTHORISED;
        default: return Reject::UNKNOWN_KIND;
    }
}

static void apply_rare(State& s, const Command& command) {
    switch (command.order.kind) {
        case CommandKind::CANCEL_ALL: return cancel_all(s, command);
        case CommandKind::CLOCK: return set_clock(s, command);
        case CommandKind::OPEN_ACCOUNT: return open_account(s, command);
        case CommandKind::LIST_ASSET: return list_asset(s, command);
        case CommandKind::LIST_SYMBOL: return list_symbol(s, command);
        case CommandKind::SET_SYMBOL_STATUS: return set_status(s, command);
        case CommandKind::ACTIVATE_RULES: return activate_rules(s, command);
        case CommandKind::RAISE_CAPACITY: fail("RAISE_CAPACITY is not implemented");
        default: return move_funds(s, command);
    }
}

static void apply_command(State& s, const Command& command) {
    const int kind = command.order.kind;
    const int code = check_writer(s, kind);
    if (code != Reject::NONE) return tell_refusal(s, command, code);
    if (kind == CommandKind::PLACE) return place(s, command);
    if (kind == CommandKind::CANCEL) return cancel(s, command);
    apply_rare(s, command);
}

// Applies a whole batch; the number of events written. `room` is what `out` holds.
static i64 apply_batch(State& s, const Command* commands, const Batch& batch, Event* out,
                       i64 room) {
    begin_batch(s, batch);
    s.out = out;
    s.n_events = 0;
    for (i64 index = batch.first; index < batch.end; ++index) {
        s.command_index = i32(index - batch.first);
        for (int drained = 0; s.trigger_first && drained < MAX_TRIGGERS; ++drained) {
            require(s.n_events + MAX_EVENTS <= room, "the event buffer is too small");
            trigger_next(s);
        }
        require(s.n_events + MAX_EVENTS <= room, "the event buffer is too small");
        apply_command(s, commands[index]);
    }
    return s.n_events;
}

static i64 thread_cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

}  // namespace sunwise

extern "C" {

// `capacities`: ten numbers in the order of contracts' Capacity.
void* baseline_create(const int64_t* capacities) {
    sunwise::Capacities sizes;
    static_assert(sizeof sizes == 10 * sizeof *capacities);
    std::memcpy(&sizes, capacities, sizeof sizes);
    auto* state = new sunwise::State(sizes);
    state->n_accounts = sunwise::FIRST_CLIENT_ACCOUNT;
    return state;
}

void baseline_destroy(void* state) { delete static_cast<sunwise::State*>(state); }

// Applies one batch; the number of events in `out`.
int64_t baseline_apply(void* state, const void* commands, const int64_t* batch, void* out,
                       int64_t room) {
    return sunwise::apply_batch(
        *static_cast<sunwise::State*>(state), static_cast<const sunwise::Command*>(commands),
        *reinterpret_cast<const sunwise::Batch*>(batch), static_cast<sunwise::Event*>(out), room);
}

// Applies batches one after another into the same buffer; CPU time of it, ns of this thread.
int64_t baseline_run(void* state, const void* commands, const int64_t* batches, int64_t n_batches,
                     void* out, int64_t room) {
    const auto* rows = reinterpret_cast<const sunwise::Batch*>(batches);
    const int64_t started = sunwise::thread_cpu_ns();
    for (int64_t row = 0; row < n_batches; ++row) {
        sunwise::apply_batch(*static_cast<sunwise::State*>(state),
                             static_cast<const sunwise::Command*>(commands), rows[row],
                             static_cast<sunwise::Event*>(out), room);
    }
    return sunwise::thread_cpu_ns() - started;
}

}  // extern "C"
