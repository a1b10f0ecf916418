"""Event messages out of the engine's oracle: what the real engine would append to EVT."""

import random

from sunwise.contracts.exchange.log import GENESIS_CHAIN, BatchFlag, EventMessage, chained
from sunwise.contracts.exchange.records import EVENT_STRIDE
from tests.oracle.exchange import Exchange
from tests.support.engine_commands import START_NS, clock
from tests.support.engine_flow import Flow
from tests.support.engine_twins import SMALL

N_ASSETS = 3


class OracleLog:
    """Sends batches to the oracle and gives the event messages that came of them."""

    def __init__(self) -> None:
        self.exchange = Exchange(SMALL)
        self.now_ns = START_NS
        self.messages: list[EventMessage] = []
        self._batch_no: dict[int, int] = {}
        self._chain = GENESIS_CHAIN
        self._seq = 0

    def send(self, writer: int, records: list, *, parts: random.Random) -> None:
        """One batch; its events are cut into parts at random."""
        if records == [None]:
            records = [clock(self.now_ns)]
        number = self._batch_no[writer] = self._batch_no.get(writer, 0) + 1
        assert self.exchange.begin_batch(writer, 1, number, self.now_ns) == 0
        events = list(self.exchange.apply(b"".join(records)))
        self._seq += 1
        cut = parts.randrange(len(events) + 1) if parts.random() < 0.2 else len(events)
        bodies = [events[:cut], events[cut:]] if cut < len(events) else [events]
        for part, body in enumerate(bodies):
            flags = BatchFlag.LAST if part == len(bodies) - 1 else 0
            place = (self._seq, part, flags, writer, 1, number, self.exchange.now_ns)
            message = EventMessage(*place, self._chain, GENESIS_CHAIN, b"".join(body))
            message = chained(message)
            assert len(message.records) % EVENT_STRIDE == 0
            self._chain = message.chain
            self.messages.append(message)


def oracle_log(seed: int, n_batches: int = 50) -> OracleLog:
    """A market of three symbols on which everything is tried, spoilt commands too."""
    flow, log, parts = Flow(seed), OracleLog(), random.Random(seed)
    for writer, records in flow.setup():
        log.send(writer, records, parts=parts)
    for _ in range(n_batches):
        writer, records, step_ns = flow.batch(12)
        log.now_ns += step_ns
        log.send(writer, records, parts=parts)
    return log
