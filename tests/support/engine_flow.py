"""Seeded flows that try everything: many order types, colliding ids, bad input, full tables.

Prices stand close together and ids come from small pools, so that orders meet, cancels
hit and names collide without anybody looking at what the engine said.
"""

from collections import deque
from random import Random

from sunwise.contracts.exchange.log import ADMIN_WRITER, CLOCK_WRITER, FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import COMMAND_STRIDE, CommandFlag, RuleFlag
from tests.support.engine_commands import (
    SECOND_NS,
    Capacity,
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    SymbolStatus,
    TimeInForce,
    activate_rules,
    cancel,
    cancel_all,
    clock,
    funds,
    list_asset,
    list_symbol,
    open_account,
    place,
    raise_capacity,
    set_status,
)

GATEWAYS = (FIRST_GATEWAY_WRITER, FIRST_GATEWAY_WRITER + 1)
DAY_NS = 24 * 3600 * SECOND_NS
_STOPS = (OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
_SYMBOL_TERMS = (
    {"name": "PLAIN", "max_num_orders": 40},
    {
        "name": "FEES", "maker_fee_ppm": 1_000, "taker_fee_ppm": 2_500, "base_atoms_per_lot": 10,
        "quote_atoms_per_tick_lot": 30, "price_atoms_per_tick": 3_000, "base_asset": 2,
        "avg_price_mins": 1, "bid_multiplier_up_ppm": 1_200_000, "bid_multiplier_down_ppm": 700_000,
        "ask_multiplier_up_ppm": 1_300_000, "ask_multiplier_down_ppm": 800_000,
    },
    {
        "name": "STRICT", "min_qty_lots": 3, "max_qty_lots": 500, "market_min_qty_lots": 5,
        "market_max_qty_lots": 300, "min_notional_atoms": 500, "max_notional_atoms": 40_000,
        "notional_flags": 3, "min_price_ticks": 10, "max_price_ticks": 4_000, "max_num_orders": 12,
        "taker_fee_ppm": 999_999,
    },
)  # fmt: skip


class Flow:
    """Endless batches for a market of three symbols, from one seed."""

    def __init__(self, seed, n_accounts=8):
        self.random = Random(seed)
        self.n_accounts = n_accounts
        self.mid = [200, 100, 150]
        self.versions = [1, 1, 1]
        self.n_placed = [0, 0, 0]
        self.named = deque(
            [(2, 0, "a0")], maxlen=15
        )  # owner, symbol and name of orders placed last

    def setup(self):
        """Batches that list and fund; (writer, records) each."""
        yield CLOCK_WRITER, [clock(1_700_000_000 * SECOND_NS)]
        yield ADMIN_WRITER, [list_asset("A0"), list_asset("A1"), list_asset("A2", decimals=3)]
        yield ADMIN_WRITER, [list_symbol(**terms) for terms in _SYMBOL_TERMS]
        yield ADMIN_WRITER, [open_account() for _ in range(self.n_accounts)]
        yield ADMIN_WRITER, [funds(CommandKind.DEPOSIT, asset, 10**12) for asset in range(3)]
        yield ADMIN_WRITER, [
            funds(CommandKind.CREDIT, asset, 10**6 if account % 3 else 3_000, account)
            for account in range(2, 2 + self.n_accounts) for asset in range(3)
        ]  # fmt: skip

    def batch(self, size):
        """(writer, records, step of time in ns): mostly a gateway's orders."""
        draw = self.random.random()
        step_ns = self.random.choice((0, 1_000_000, SECOND_NS // 10))
        if draw < 0.08:
            step_ns = self.random.choice((SECOND_NS // 10, 5 * SECOND_NS, 50 * SECOND_NS))
            return CLOCK_WRITER, [None], step_ns
        if draw < 0.14:
            return ADMIN_WRITER, [self._administer() for _ in range(min(size, 3))], step_ns
        records = [self.order() for _ in range(self.random.randint(1, size))]
        return self.random.choice(GATEWAYS), records, step_ns

    def order(self):
        """What a gateway sends: a new order, a cancel, or a spoilt record."""
        draw = self.random.random()
        if draw < 0.62:
            return self._place()
        if draw < 0.92:
            return self._cancel()
        if draw < 0.94:
            flags = self.random.choice((0, 4))
            return cancel_all(self._account(), self._symbol(), flags=flags)
        return self._spoilt()

    def _place(self):
        random = self.random
        symbol = self._symbol()
        self.mid[symbol] = min(max(self.mid[symbol] + random.randint(-2, 2), 60), 400)
        self.n_placed[symbol] += 1
        fields = {
            "symbol": symbol, "symbol_version": self.versions[symbol], "client_id": self._name(),
            "order_type": random.choices(tuple(OrderType), (60, 12, 8, 10, 10))[0],
            "time_in_force": random.choices(tuple(TimeInForce), (80, 10, 10))[0],
            "stp": random.choices(tuple(SelfTradePrevention), (40, 20, 20, 20))[0],
            "strategy_id": random.randint(0, 3), "strategy_type": random.randint(0, 3),
        }  # fmt: skip
        side = random.choice(tuple(Side))
        price = self.mid[symbol] + random.randint(-12, 12)
        qty = random.choice((1, 5, 20, 60, 200, 700)) + random.randint(0, 9)
        account = self._account()
        if fields["client_id"]:
            self.named.append((account, symbol, fields["client_id"]))
        if fields["order_type"] in (OrderType.MARKET, OrderType.LIMIT_MAKER):
            fields["time_in_force"] = TimeInForce.GTC
        if fields["order_type"] == OrderType.MARKET:
            price = 0
            if random.random() < 0.5:
                fields |= {"flags": 1, "quote_atoms": qty * self.mid[symbol], "symbol": symbol}
                qty = 0
        elif fields["order_type"] in _STOPS:
            fields["stop_ticks"] = self.mid[symbol] + random.randint(-15, 15)
        return place(account, side, price, qty, **fields)

    def _cancel(self):
        if self.random.random() < 0.6:
            account, symbol, name = self.random.choice(self.named)
            return cancel(account, client_id=name, only=self._restriction(), symbol=symbol)
        symbol = self._symbol()
        order_id = max(1, self.n_placed[symbol] - self.random.randint(0, 60))
        return cancel(self._account(), order_id, only=self._restriction(), symbol=symbol)

    def _spoilt(self):
        """An order with some bytes wrong: it must be refused as both sides say, or do no harm."""
        record = bytearray(self._place() if self.random.random() < 0.7 else self._cancel())
        for _ in range(self.random.randint(1, 3)):
            place_of = self.random.randrange(COMMAND_STRIDE)
            record[place_of] = self.random.choice((0, 1, 2, 3, 5, 255, self.random.randrange(256)))
        return bytes(record)

    def _administer(self):
        random = self.random
        draw = random.random()
        amount = random.choice((1, 1_000, 100_000, 2**62, -5, 0))
        if draw < 0.5:
            kind = random.choice(
                (CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.CREDIT, CommandKind.DEBIT)
            )
            return funds(kind, random.randint(-1, 3), amount, self._account())
        if draw < 0.7:
            symbol = random.randint(0, 3)
            status = random.choices((*SymbolStatus, 7), (70, 10, 15, 5))[0]
            if symbol < 3 and status <= SymbolStatus.CANCEL_ONLY:
                self.versions[symbol] += 1
            return set_status(status, symbol)
        if draw < 0.8:
            rules = random.choice((0, RuleFlag.REFUSE_RECENT_CLIENT_IDS, 64))
            return activate_rules(rules)
        if draw < 0.85:
            return raise_capacity(random.choice((*Capacity, 99)), random.randint(4, 40))
        if draw < 0.9:
            return open_account()
        if draw < 0.95:
            return list_asset(random.choice(("A0", "A9", "")), decimals=random.randint(-1, 19))
        return list_symbol(**self._strange_terms())

    def _strange_terms(self):
        field = self.random.choice(
            ("min_price_ticks", "max_qty_lots", "taker_fee_ppm", "quote_atoms_per_tick_lot",
             "base_atoms_per_lot", "avg_price_mins", "quote_asset", "max_price_ticks")
        )  # fmt: skip
        return {
            "name": f"S{self.random.randint(0, 2)}",
            field: self.random.choice((0, -1, 7, 2**30)),
        }

    def _account(self):
        return self.random.choices((2, 3, 4, 5, 6, 7, 1, 99), (30, 20, 15, 10, 10, 10, 1, 1))[0]

    def _symbol(self):
        return self.random.choices((0, 1, 2, 3, -1), (50, 30, 20, 0.5, 0.5))[0] % 5 % 3

    def _restriction(self):
        both = CommandFlag.ONLY_NEW | CommandFlag.ONLY_PARTIALLY_FILLED
        restrictions = (0, CommandFlag.ONLY_NEW, CommandFlag.ONLY_PARTIALLY_FILLED, both)
        return self.random.choices(restrictions, (60, 15, 23, 2))[0]

    def _name(self):
        return self.random.choice(
            ("", f"a{self.random.randint(0, 60)}", f"b{self.random.getrandbits(40)}")
        )


def send_batch(twins, batch):
    """Sends (writer, records, step of time); the clock's own record is written here."""
    writer, records, step_ns = batch
    twins.now_ns += step_ns
    if records == [None]:
        records = [clock(twins.now_ns)]
    return twins.send(*records, writer=writer)
