"""A shard's log written by hand: listing, funding and orders as batches of CMD, for any test."""

from collections import Counter

from sunwise.chassis.bus import StoredMessage
from sunwise.contracts.exchange.codec import COMMAND_CODECS
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    FIRST_GATEWAY_WRITER,
    Batch,
    command_subject,
    encode_batch,
)
from sunwise.contracts.exchange.records import CommandKind

START_NS = 1_700_000_000_000_000_000
SHARD = "0"


def clock_record(wall_ns=START_NS, **attested):
    return COMMAND_CODECS["control"].pack(kind=CommandKind.CLOCK, wall_ns=wall_ns, **attested)


def listing_records(*, n_accounts=4, funds=10**12):
    """Two assets, one symbol, and accounts 2, 3... with `funds` atoms of each asset."""
    pack = {name: codec.pack for name, codec in COMMAND_CODECS.items()}
    yield pack["asset"](kind=CommandKind.LIST_ASSET, name="BTC", decimals=8)
    yield pack["asset"](kind=CommandKind.LIST_ASSET, name="USDT", decimals=8)
    yield pack["symbol"](
        kind=CommandKind.LIST_SYMBOL, name="BTCUSDT", base_asset=0, quote_asset=1,
        base_atoms_per_lot=1, quote_atoms_per_tick_lot=1, price_atoms_per_tick=10**8,
        min_price_ticks=1, max_price_ticks=10_000, min_qty_lots=1, max_qty_lots=10_000,
        market_min_qty_lots=1, market_max_qty_lots=10_000, max_num_orders=10_000,
        maker_fee_ppm=1_000, taker_fee_ppm=1_000,
    )  # fmt: skip
    for _ in range(n_accounts):
        yield pack["funds"](kind=CommandKind.OPEN_ACCOUNT)
    for asset in (0, 1):
        yield pack["funds"](kind=CommandKind.DEPOSIT, asset=asset, amount_atoms=funds * n_accounts)
        for account in range(2, 2 + n_accounts):
            yield pack["funds"](
                kind=CommandKind.CREDIT, account=account, asset=asset, amount_atoms=funds
            )


def order_record(count, *, side=0, price_ticks=5_000, qty_lots=10, account=2, **fields):
    return COMMAND_CODECS["order"].pack(
        kind=CommandKind.PLACE, account=account, symbol_version=1, side=side,
        price_ticks=price_ticks, qty_lots=qty_lots, client_id=f"c{count}", **fields,
    )  # fmt: skip


class HandWrittenLog:
    """Messages of CMD as JetStream would store them, numbered for each writer."""

    def __init__(self):
        self.messages = []
        self._numbers = Counter()

    def append(self, writer, records, *, epoch=1, number=None, batch_ns=START_NS):
        """The stored message of the next batch of this writer."""
        self._numbers[writer, epoch] += 1
        number = self._numbers[writer, epoch] if number is None else number
        batch = Batch(writer, epoch, number, batch_ns, b"".join(records))
        return self.append_bytes(command_subject(SHARD, writer), encode_batch(batch))

    def append_bytes(self, subject, payload):
        """Anything at all, stored."""
        message = StoredMessage(len(self.messages) + 1, subject, payload)
        self.messages.append(message)
        return message

    def append_listing(self):
        """A CLOCK, then everything that orders need."""
        return [
            self.append(CLOCK_WRITER, [clock_record()]),
            self.append(ADMIN_WRITER, list(listing_records())),
        ]

    def append_orders(self, n_batches, *, per_batch=3, writer=FIRST_GATEWAY_WRITER):
        """Batches of orders that rest and trade by turns."""
        first = len(self.messages) * 1_000
        return [
            self.append(
                writer,
                [
                    order_record(
                        first + batch * per_batch + row, side=row % 2, account=2 + row % 4,
                        price_ticks=5_000 + (batch * 7 + row) % 5 - 2,
                    )
                    for row in range(per_batch)
                ],
            )
            for batch in range(n_batches)
        ]  # fmt: skip
