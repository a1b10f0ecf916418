"""The book, its feeds and the rule by which clients rebuild it, against naive recomputation."""

import random

from hypothesis import given
from hypothesis import strategies as st

from sunwise.contracts.exchange.market_data import DepthChanged, Feed, GetDepth
from sunwise.contracts.exchange.records import Side
from sunwise.exchange.market_data.answers import answer
from sunwise.exchange.market_data.model import MarketData
from tests.support.toy_exchange import ToyExchange

SEEDS = st.integers(0, 2**32)


class Client:
    """Builds a book by the seven steps of binance-spot-api-docs, web-socket-streams.md."""

    def __init__(self) -> None:
        self.buffered: list[DepthChanged] = []
        self.last_id: int | None = None
        self.sides: tuple[dict, dict] = ({}, {})

    def load(self, snapshot) -> None:
        if self.buffered and snapshot.last_update_id < self.buffered[0].first_update_id:
            return  # step 4: the snapshot is older than the buffer, ask again
        waiting = [e for e in self.buffered if e.last_update_id > snapshot.last_update_id]
        if waiting:
            assert waiting[0].first_update_id <= snapshot.last_update_id + 1
        self.last_id = snapshot.last_update_id
        self.sides = (dict(snapshot.bids), dict(snapshot.asks))
        for event in waiting:
            self.apply(event)

    def take(self, event: DepthChanged) -> None:
        if self.last_id is None:
            self.buffered.append(event)
        else:
            self.apply(event)

    def apply(self, event: DepthChanged) -> None:
        if event.last_update_id <= self.last_id:
            return
        assert event.first_update_id <= self.last_id + 1, "a gap"
        for side, levels in zip(self.sides, (event.bids, event.asks), strict=True):
            for price, lots in levels:
                if lots:
                    side[price] = lots
                else:
                    side.pop(price, None)
        self.last_id = event.last_update_id


def naive_top(toy: ToyExchange, symbol: int, limit: int = 5_000) -> tuple[list, list]:
    bids = sorted(toy.levels(symbol, Side.BUY).items(), reverse=True)[:limit]
    asks = sorted(toy.levels(symbol, Side.SELL).items())[:limit]
    return bids, asks


@given(SEEDS)
def test_depth_is_the_book_added_up_order_by_order(seed):
    rng = random.Random(seed)
    toy, model = ToyExchange(rng), MarketData()
    for message in toy.open_market():
        model.apply(message)
    for _ in range(25):
        for message in toy.batch(rng.randrange(1, 8)):
            model.apply(message)
        for symbol in range(toy.n_symbols):
            limit = rng.choice([1, 3, 5_000])
            depth = answer(model, GetDepth(symbol=symbol, limit=limit))
            assert (depth.bids, depth.asks) == naive_top(toy, symbol, limit)
            assert depth.last_update_id == toy.update_id(symbol)


class Audience:
    """Clients of both feeds, and what each feed has told."""

    def __init__(self) -> None:
        self.clients: dict[str, list[Client]] = {Feed.DEPTH: [], Feed.DEPTH_SLOW: []}
        self.told = {Feed.DEPTH: 0, Feed.DEPTH_SLOW: 0}

    def hear(self, publications) -> None:
        for publication in publications:
            (event,) = publication.events
            assert event.first_update_id == self.told[publication.feed] + 1
            assert event.last_update_id >= event.first_update_id
            assert event.bids or event.asks
            self.told[publication.feed] = event.last_update_id
            for client in self.clients[publication.feed]:
                client.take(event)

    def those(self, *, loaded: bool) -> list[Client]:
        everybody = [client for clients in self.clients.values() for client in clients]
        return [client for client in everybody if (client.last_id is not None) == loaded]


@given(SEEDS)
def test_a_client_that_follows_the_seven_steps_holds_the_book_at_every_event(seed):
    rng = random.Random(seed)
    toy, model, audience = ToyExchange(rng, n_symbols=1), MarketData(), Audience()
    for message in toy.open_market():
        model.apply(message)
    for _ in range(60):
        roll = rng.random()
        if roll < 0.5:
            for message in toy.batch(rng.randrange(1, 5)):
                model.apply(message)
        elif roll < 0.7:
            model.feeds.take_live(model.time_ns)
            audience.hear(model.feeds.take_depth(model.time_ns))
            if rng.random() < 0.3:
                audience.hear(model.feeds.take_slow_depth(model.time_ns))
        elif roll < 0.8:
            audience.clients[rng.choice(list(audience.clients))].append(Client())
        else:
            snapshot = answer(model, GetDepth(symbol=0, limit=5_000))
            for client in audience.those(loaded=False):
                if rng.random() < 0.5:
                    client.load(snapshot)
    model.feeds.take_live(model.time_ns)
    audience.hear(model.feeds.take_depth(model.time_ns))
    audience.hear(model.feeds.take_slow_depth(model.time_ns))
    bids, asks = naive_top(toy, 0)
    for client in audience.those(loaded=True):
        assert client.last_id == toy.update_id(0)
        assert client.sides == (dict(bids), dict(asks))


@given(SEEDS)
def test_the_top_is_told_when_it_has_changed_and_only_then(seed):
    rng = random.Random(seed)
    toy, model = ToyExchange(rng), MarketData()
    for message in toy.open_market():
        model.apply(message)
    shown = {}
    for _ in range(40):
        for message in toy.batch(rng.randrange(1, 4)):
            model.apply(message)
        for publication in model.feeds.take_live(model.time_ns):
            if publication.feed == Feed.TOP:
                (top,) = publication.events
                assert shown.get(top.symbol) != (top.bid, top.ask)
                shown[top.symbol] = (top.bid, top.ask)
                assert top.update_id == toy.update_id(top.symbol)
        for symbol in range(toy.n_symbols):
            bids, asks = naive_top(toy, symbol, 1)
            best = ((bids or [(0, 0)])[0], (asks or [(0, 0)])[0])
            assert shown.get(symbol, ((0, 0), (0, 0))) == best


@given(SEEDS)
def test_nothing_is_told_about_symbols_in_which_nothing_happened(seed):
    rng = random.Random(seed)
    toy, model = ToyExchange(rng, n_symbols=1), MarketData()
    for message in [*toy.open_market(), *toy.batch(5)]:
        model.apply(message)
    for _ in range(2):
        told = [
            *model.feeds.take_live(model.time_ns),
            *model.feeds.take_depth(model.time_ns),
            *model.feeds.take_slow_depth(model.time_ns),
            *model.feeds.take_tickers(model.time_ns),
            *model.feeds.take_candles(model.clock, longer=True),
        ]
    assert told == []
