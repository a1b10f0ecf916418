"""A whole replay against a shard of a page: equal books, printed trades, others trading too."""

import itertools
import random

import pytest

from sunwise.contracts.exchange.codec import COMMAND_CODECS, EVENT_CODECS
from sunwise.contracts.exchange.records import CommandKind, EventKind, Side, TimeInForce
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.replay.frames import DepthUpdate, RecordedTrade
from sunwise.exchange.replay.recording import scan
from sunwise.exchange.replay.replayer import ForeignFill, Instrument, ReplayAccounts, Replayer
from tests.unit.exchange.replay.naive_shard import NaiveShard

ACCOUNTS = ReplayAccounts(resting=2, taking=3)
OWN = {ACCOUNTS.resting, ACCOUNTS.taking}
STRANGER = 9
_numbers, _seqs = itertools.count(), itertools.count(1)


def instrument(name="S", decimals=0):
    return Instrument(name=name, index=0, version=1, price_decimals=decimals, lot_decimals=decimals)


def replayer():
    return Replayer([instrument()], ACCOUNTS, token="t")


def run(replayer, shard, frames):
    for frame in frames:
        for command in replayer.on_frame(frame):
            replayer.settled(command, shard.apply(command.record), next(_seqs))
    return replayer.reports[0]


def depth(number, *, bids=(), asks=()):
    texts = [[(str(p), str(q)) for p, q in levels] for levels in (bids, asks)]
    return DepthUpdate("S", number * 100, number, number, *texts)


def trade(price, lots, *, buyer_is_maker=False):
    return RecordedTrade("S", 0, 1, str(price), str(lots), buyer_is_maker)


def test_books_are_equal_and_trades_print_on_their_side():
    shard = NaiveShard()
    report = run(
        replayer(),
        shard,
        [
            depth(1, bids=[(99, 10)], asks=[(101, 10), (102, 5)]),
            trade(101, 4),
            trade(99, 1, buyer_is_maker=True),
            depth(2, bids=[(99, 9)], asks=[(101, 6)]),
            trade(102, 5),
            trade(100, 2, buyer_is_maker=True),
            depth(3, asks=[(101, 0), (102, 0), (103, 1)]),
        ],
    )
    assert shard.trades == [(101, 4, False), (99, 1, True), (102, 5, False), (100, 2, True)]
    assert (report.compared, report.equal) == (3, 3)
    assert (report.trades, report.printed) == (4, 4)
    assert (report.organic, report.organic_past_stale, report.injected) == (3, 1, 1)
    assert shard.levels(OWN) == {(Side.BUY, 99): 9, (Side.SELL, 103): 1}
    assert report.is_exact


def test_outcomes_are_judged_in_the_order_of_the_commands():
    shard, replay = NaiveShard(), replayer()
    frames = [
        depth(1, bids=[(99, 10)]),
        trade(99, 4, buyer_is_maker=True),
        depth(2, bids=[(99, 6)]),
    ]
    commands = [command for frame in frames for command in replay.on_frame(frame)]
    outcomes = [(command, shard.apply(command.record)) for command in commands]
    for command, records in reversed(outcomes):
        assert replay.reports[0].compared == 0
        replay.settled(command, records, 1)
    assert replay.reports[0].is_exact
    assert replay.reports[0].compared == 2


def test_a_fill_by_others_counts_after_the_commands_that_stand_before_it_in_the_log():
    shard, replay = NaiveShard(), replayer()
    [place] = replay.on_frame(depth(1, bids=[(99, 10)]))
    placed = shard.apply(place.record)
    replay.foreign_fill(ForeignFill(command_seq=7, symbol=0, maker_order_id=1, lots=4))
    replay.settled(place, placed, 5)
    stored = replay.symbols["S"].comparison.stored
    assert stored.lots == {(Side.BUY, 99): 6}
    assert replay.reports[0].equal == 1
    [cancel, again] = replay.on_frame(depth(2))
    replay.foreign_fill(ForeignFill(command_seq=9, symbol=0, maker_order_id=2, lots=1))
    replay.settled(cancel, shard.apply(cancel.record), 8)
    replay.settled(again, shard.apply(again.record), 10)
    assert stored.lots == {(Side.BUY, 99): 10}


def test_a_refused_order_shows_as_a_difference_and_is_tried_again():
    shard, replay = NaiveShard(), replayer()
    refusal = EVENT_CODECS["order"].pack(kind=EventKind.REJECTED, reject=Reject.LEVELS_FULL)
    [command] = replay.on_frame(depth(1, bids=[(99, 10)]))
    replay.settled(command, refusal, 1)
    report = run(replay, shard, [depth(2)])
    assert report.refusals == {"LEVELS_FULL": 1}
    assert (report.compared, report.equal) == (2, 1)
    assert shard.levels(OWN) == {(Side.BUY, 99): 10}
    assert report.differences


def test_a_wrong_print_is_found():
    class Careless(NaiveShard):
        def _match(self, taker):
            event = super()._match(taker)
            return event.replace((101).to_bytes(8, "little"), (100).to_bytes(8, "little"))

    report = run(replayer(), Careless(), [depth(1, asks=[(101, 10)]), trade(101, 4)])
    assert report.printed == 0
    assert not report.is_exact


def test_others_may_trade_and_the_next_update_repairs_the_book(seed):
    dice = random.Random(seed)
    shard, replay = NaiveShard(), replayer()
    middle = 1000
    for number in range(1, 400):
        middle += dice.randint(-3, 3)
        bids = [(middle - n, dice.randint(0, 5)) for n in range(1, 6)]
        asks = [(middle + n, dice.randint(0, 5)) for n in range(1, 6)]
        recorded = replay.symbols["S"].book.sides
        bids += [(price, 0) for price in recorded[Side.BUY] if price >= middle]
        asks += [(price, 0) for price in recorded[Side.SELL] if price <= middle]
        frames = [depth(number, bids=bids, asks=asks)]
        frames += [trade(middle, dice.randint(1, 9), buyer_is_maker=dice.random() < 0.5)]
        run(replay, shard, frames)
        _stranger(shard, replay, dice, middle)
    for order in [order for order in shard.book.values() if order.account == STRANGER]:
        shard.remove(order)
    run(replay, shard, [depth(400)])
    expected = {(side, price): lots for side in Side for price, lots in recorded[side].lots.items()}
    assert shard.levels(OWN) == expected
    assert replay.symbols["S"].comparison.different == set()
    assert replay.reports[0].foreign_trades > 0


def _stranger(shard, replay, dice, middle):
    """One order of somebody else; the replay is told of fills, as its reader of events would."""
    side = dice.choice(list(Side))
    record = COMMAND_CODECS["order"].pack(
        kind=CommandKind.PLACE,
        account=STRANGER,
        side=side,
        price_ticks=middle + dice.randint(-4, 4),
        qty_lots=dice.randint(1, 6),
        time_in_force=dice.choice([TimeInForce.GTC, TimeInForce.IOC]),
        client_id=f"x{next(_numbers)}",
    )
    for event in _events(shard.apply(record)):
        if event.kind == EventKind.TRADE:
            fill = ForeignFill(next(_seqs), 0, event.maker_order_id, event.qty_lots)
            replay.foreign_fill(fill)


def _events(records):
    for at in range(0, len(records), 256):
        table = "trade" if records[at] == EventKind.TRADE else "order"
        yield EVENT_CODECS[table].unpack(records, at)


@pytest.mark.parametrize("day", ["20240808", "20240809"])
def test_recorded_minutes_are_replayed_exactly(shared_data, day):
    """The first frames of both symbols, snapshots included, against a shard of a page."""
    paths = [shared_data / f"market/binance_spot_{s}usdt_{day}.ws.gz" for s in ("btc", "eth")]
    recording = scan(paths)
    instruments = [
        Instrument(
            name=s.name,
            index=number,
            version=1,
            price_decimals=s.price_decimals,
            lot_decimals=s.quantity_decimals,
        )
        for number, s in enumerate(recording.symbols.values())
    ]
    replay = Replayer(instruments, ACCOUNTS, token="t")
    shards = {each.index: NaiveShard() for each in instruments}
    for frame in itertools.islice(recording.in_order(), 6_000):
        for command in replay.on_frame(frame):
            shard = shards[command.of.instrument.index]
            replay.settled(command, shard.apply(command.record), next(_seqs))
    for report in replay.reports:
        assert report.is_exact, report.differences
        assert report.compared > 100
        assert report.organic > report.injected > 0
        assert (report.gaps, report.refusals, report.crossed_levels_skipped) == (0, {}, 0)
