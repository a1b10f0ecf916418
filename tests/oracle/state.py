"""What the naive exchange knows: dictionaries, sorted lists and Python's own integers."""

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field

from sunwise.contracts.exchange.records import OrderType, Side

BID, ASK, STOP_DOWN, STOP_UP = range(4)
BUCKET_NS = 10_000_000_000
BUCKETS_PER_MINUTE = 6
PPM = 1_000_000


@dataclass(eq=False)
class Balance:
    free: int = 0
    locked: int = 0


@dataclass(eq=False)
class Order:
    """An order from acceptance to its end."""

    command: object  # as it was placed
    order_id: int
    accepted_ns: int
    working_ns: int
    executed_lots: int = 0
    executed_quote: int = 0
    is_open: bool = False
    is_waiting: bool = False  # a stop that has not been triggered

    @property
    def is_buy(self):
        return self.command.side == Side.BUY

    @property
    def is_market(self):
        return self.command.order_type == OrderType.MARKET

    @property
    def is_by_quote(self):
        return self.command.quote_atoms > 0

    @property
    def remaining_lots(self):
        return self.command.qty_lots - self.executed_lots

    @property
    def is_done(self):
        if self.is_by_quote:
            return self.executed_quote == self.command.quote_atoms
        return self.remaining_lots == 0

    def locked_atoms(self, terms):
        """What backs the rest of the order: quote to buy, base to sell."""
        if self.is_by_quote:
            return self.command.quote_atoms - self.executed_quote if self.is_buy else 0
        if not self.is_buy:
            return self.remaining_lots * terms.base_atoms_per_lot
        if self.is_market:
            return 0
        return self.remaining_lots * self.command.price_ticks * terms.quote_atoms_per_tick_lot


class Book:
    """Queues of orders by price. `rising`: the lowest price is the best."""

    def __init__(self, rising, digits):
        self.rising = rising
        self.queues = {}
        self.prices = []  # sorted
        self.n_orders = 0
        self._digits = digits  # of six bits, in the largest price
        self._prefixes = Counter()

    def best(self):
        """The best price; None when the book is empty."""
        if not self.prices:
            return None
        return self.prices[0] if self.rising else self.prices[-1]

    def from_best(self):
        return list(self.prices) if self.rising else self.prices[::-1]

    def add(self, price, order):
        if price not in self.queues:
            self.queues[price] = []
            insort(self.prices, price)
            self._prefixes.update(self._nodes_above(price))
        self.queues[price].append(order)
        self.n_orders += 1

    def remove(self, price, order):
        self.queues[price].remove(order)
        self.n_orders -= 1
        if not self.queues[price]:
            del self.queues[price]
            self.prices.pop(bisect_left(self.prices, price))
            nodes = self._nodes_above(price)
            self._prefixes.subtract(nodes)
            for node in nodes:
                if not self._prefixes[node]:
                    del self._prefixes[node]

    def n_nodes(self):
        """Trie nodes that the engine needs for these prices: the root, and one for each prefix."""
        return 1 + len(self._prefixes)

    def _nodes_above(self, price):
        return [(digit, price >> 6 * digit) for digit in range(1, self._digits)]


@dataclass(eq=False)
class Symbol:
    """A listed symbol with its books and counters."""

    index: int
    terms: object  # the command that listed it
    status: int
    version: int = 1
    last_order_id: int = 0
    last_trade_id: int = 0
    last_prevented_id: int = 0
    last_update_id: int = 0
    last_price: int = 0
    trigger_low: int | None = None  # range of prices since stops began to wait for their turn
    trigger_high: int | None = None
    volumes: dict = field(default_factory=dict)  # bucket -> [lots, ticks x lots]

    def __post_init__(self):
        self.digits = max(1, -(-self.terms.max_price_ticks.bit_length() // 6))
        self.books = [Book(rising=side % 2 == 1, digits=self.digits) for side in range(4)]

    def opposite(self, side):
        return self.books[ASK if side == Side.BUY else BID]

    def next_update(self):
        self.last_update_id += 1
        return self.last_update_id

    def add_volume(self, now_ns, price, lots):
        bucket = self.volumes.setdefault(now_ns // BUCKET_NS, [0, 0])
        bucket[0] += lots
        bucket[1] += price * lots

    def average_price(self, now_ns):
        """Volume-weighted over the last minutes, the last price without any; 0 before a trade."""
        oldest = now_ns // BUCKET_NS - self.terms.avg_price_mins * BUCKETS_PER_MINUTE
        for bucket in [bucket for bucket in self.volumes if bucket <= oldest]:
            del self.volumes[bucket]
        lots = sum(volume[0] for volume in self.volumes.values())
        return (
            sum(volume[1] for volume in self.volumes.values()) // lots if lots else self.last_price
        )
