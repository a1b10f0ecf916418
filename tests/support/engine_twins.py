"""The engine core and the naive exchange side by side: the same batches in, the same bytes out."""

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.log import ADMIN_WRITER, CLOCK_WRITER, FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import COMMAND_STRIDE, EVENT_STRIDE, CommandKind, EventKind
from sunwise.exchange.engine.core import (
    MIN_EVENT_BUFFER,
    Capacities,
    Core,
    command_array,
    event_buffer,
)
from tests.oracle.exchange import Exchange
from tests.support.engine_commands import (
    QUOTE,
    START_NS,
    TERMS,
    clock,
    funds,
    list_asset,
    list_symbol,
    open_account,
)

SMALL = Capacities(64, 256, 600, 600, 4000, 1000, 4, 8, 256, 8)


def apply_all(core, records, out):
    """All events of a batch, however often the buffer had to be drained."""
    commands, done, events = command_array(records), 0, []
    while done < len(commands):
        done, n_events = core.apply(commands, done, out)
        events.append(out[:n_events].tobytes())
    return b"".join(events)


class Twins:
    """Sends batches to both and stops at the first event that differs."""

    def __init__(self, capacities=SMALL, *, n_buffer=4 * MIN_EVENT_BUFFER):
        self.core = Core.create(capacities)
        self.oracle = Exchange(capacities)
        self.now_ns = START_NS
        self._out = event_buffer(n_buffer)
        self._batch_no = {}

    def send(self, *records, writer=FIRST_GATEWAY_WRITER):
        """Applies one batch; its events as bytes."""
        number = self._batch_no[writer] = self._batch_no.get(writer, 0) + 1
        header = (writer, 1, number, self.now_ns)
        assert self.core.begin_batch(*header) == self.oracle.begin_batch(*header) == 0
        batch = b"".join(records)
        events = apply_all(self.core, batch, self._out)
        expected = self.oracle.apply(batch)
        if events != b"".join(expected):
            raise AssertionError(_difference(batch, events, expected))
        return events

    def admin(self, *records):
        """What an administrator sends, as event tuples; all of it must be accepted."""
        events = unpack_events(self.send(*records, writer=ADMIN_WRITER))
        refused = [event.reject for event in events if event.kind == EventKind.REJECTED]
        assert not refused, f"refused with {refused}"
        return events

    def tick(self, step_ns=0):
        """Lets log time pass; the events that came of it."""
        self.now_ns += step_ns
        return unpack_events(self.send(clock(self.now_ns), writer=CLOCK_WRITER))

    def check_state(self):
        """Invariants of the core, and its balances against the oracle's."""
        self.core.audit()
        state = self.core.state
        live = state.balances[1 : int(state.pools[0]["live"]) + 1]
        fields = ("account", "asset", "free_atoms", "locked_atoms")
        rows = zip(*(live[field].tolist() for field in fields), strict=True)
        mine = {(account, asset): amounts for account, asset, *amounts in rows}
        theirs = {key: [own.free, own.locked] for key, own in self.oracle.balances.items()}
        assert mine == theirs


def market_of_two(n_accounts=4, capacities=SMALL, atoms=10**9, **terms):
    """Twins with one symbol and accounts (2, 3, 4...) of `atoms` each of both assets."""
    twins = Twins(capacities)
    twins.tick()
    twins.tick(100_000_000)
    twins.admin(list_asset("BASE"), list_asset("QUOTE"), list_symbol(**terms))
    twins.admin(*[open_account() for _ in range(n_accounts)])
    total = atoms * (n_accounts + 1)
    twins.admin(*[funds(CommandKind.DEPOSIT, asset, total) for asset in (0, QUOTE)])
    twins.admin(*[
        funds(CommandKind.CREDIT, asset, atoms, account)
        for asset in (0, QUOTE) for account in range(2, 2 + n_accounts)
    ])  # fmt: skip
    return twins


def _difference(batch, events, expected):
    rows = [events[at : at + EVENT_STRIDE] for at in range(0, len(events), EVENT_STRIDE)]
    at = next(
        (
            place
            for place, pair in enumerate(zip(rows, expected, strict=False))
            if pair[0] != pair[1]
        ),
        min(len(rows), len(expected)),
    )
    said = [unpack_events(side[at])[0] if at < len(side) else None for side in (rows, expected)]
    index = next((event.command_index for event in said if event is not None), 0)
    command = batch[index * COMMAND_STRIDE : (index + 1) * COMMAND_STRIDE]
    return f"event {at}, command {index} {command.hex()}:\n core   {said[0]}\n oracle {said[1]}"


__all__ = ["SMALL", "TERMS", "Twins", "apply_all", "market_of_two"]
