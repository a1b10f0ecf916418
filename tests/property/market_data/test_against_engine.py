"""The market data model on the events of the engine's oracle, which knows every rule."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sunwise.contracts.exchange.market_data import GetAveragePrice, GetDepth, GetTickers
from sunwise.exchange.market_data import checkpoint
from sunwise.exchange.market_data.answers import answer
from sunwise.exchange.market_data.model import MarketData
from tests.oracle.state import ASK, BID, BUCKET_NS, BUCKETS_PER_MINUTE
from tests.support.oracle_log import OracleLog, oracle_log

SEEDS = st.integers(0, 2**32)


def applied(log: OracleLog) -> MarketData:
    model = MarketData()
    for message in log.messages:
        model.apply(message)
    return model


def levels(book) -> list[tuple[int, int]]:
    return [
        (price, sum(order.remaining_lots for order in book.queues[price]))
        for price in book.from_best()
    ]


@settings(max_examples=15)
@given(SEEDS)
def test_depth_is_the_engines_book_after_a_flow(seed):
    log = oracle_log(seed)
    model = applied(log)
    for symbol in log.exchange.symbols:
        depth = answer(model, GetDepth(symbol=symbol.index, limit=5_000))
        assert depth.bids == levels(symbol.books[BID])
        assert depth.asks == levels(symbol.books[ASK])
        assert depth.last_update_id == symbol.last_update_id


@settings(max_examples=15)
@given(SEEDS)
def test_the_average_price_is_the_one_that_the_engines_filters_use(seed):
    log = oracle_log(seed)
    model = applied(log)
    for symbol in log.exchange.symbols:
        minutes = symbol.terms.avg_price_mins
        first = log.exchange.now_ns // BUCKET_NS - minutes * BUCKETS_PER_MINUTE + 1
        window = [sums for bucket, sums in symbol.volumes.items() if bucket >= first and minutes]
        reply = answer(model, GetAveragePrice(symbol=symbol.index))
        assert reply.lots == sum(lots for lots, _ in window)
        assert reply.tick_lots == sum(notional for _, notional in window)
        assert (reply.minutes, reply.last_ticks) == (minutes, symbol.last_price)


@settings(max_examples=15)
@given(SEEDS)
def test_trade_ids_of_the_day_tile(seed):
    log = oracle_log(seed)
    for ticker in answer(applied(log), GetTickers()).tickers:
        symbol = log.exchange.symbols[ticker.symbol]
        assert ticker.last_trade_id in (symbol.last_trade_id, -1)
        assert ticker.last_ticks == symbol.last_price


@settings(max_examples=20)
@given(SEEDS, st.data())
def test_a_restart_from_any_checkpoint_gives_the_same_state_and_the_same_feeds(seed, data):
    messages = oracle_log(seed, n_batches=30).messages
    ends = [i for i, message in enumerate(messages) if message.is_last]
    cut = data.draw(st.sampled_from(ends)) + 1
    model = MarketData()
    for message in messages[:cut]:
        model.apply(message)
        if data.draw(st.booleans()):
            model.feeds.take_live(model.time_ns)
            model.feeds.take_depth(model.time_ns)
    model.feeds.take_live(model.time_ns)
    model.forget_stored(len(model.closed_rows))
    restarted = checkpoint.load(checkpoint.save(model))
    for message in messages[cut:]:
        model.apply(message)
        restarted.apply(message)
    assert model.closed_rows == restarted.closed_rows
    for one in (model, restarted):
        one.forget_stored(len(one.closed_rows))
    assert trades_and_books(model) == trades_and_books(restarted)
    assert checkpoint.save(model) == checkpoint.save(restarted)


def trades_and_books(model: MarketData) -> list:
    """What is told next, but for the top, which a restart tells again."""
    told = [p for p in model.feeds.take_live(model.time_ns) if p.feed != "top"]
    order = {publication[:2]: publication for publication in told}
    told = [order[key] for key in sorted(order)]
    depth = sorted(model.feeds.take_depth(model.time_ns))
    return [told, depth, sorted(model.feeds.take_slow_depth(model.time_ns))]
