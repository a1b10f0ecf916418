"""Drives one peer over a flow, inside the peer's own environment: standard library only.

`python peer_driver.py NAME FLOW SECONDS` prints JSON. One call of the peer for each
command; its own command objects are made before the clock starts; what it answers
is kept and counted after the clock has stopped. It goes as far as the seconds reach.

What a peer does not know is done with what it does: an order that must not rest is
placed and then canceled. Binance's fees, filters, balances and ids of clients are
known to none of them.
"""

# ruff: noqa: ANN401 # the peers' objects have no types that could be named here

import gc
import importlib
import json
import sys
import time
from array import array
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

CHUNK: Final = 256
FIELDS: Final = 9


class Row(NamedTuple):
    """One command. `number` names the order placed, or the order to be canceled."""

    is_cancel: int
    symbol: int
    account: int
    is_sell: int
    is_market: int
    is_ioc: int  # of a MARKET order too: nothing of it may rest
    price_ticks: int
    qty_lots: int
    number: int


class MatchingEngine:
    """matching-engine: pure Python on sorted keys; one engine for each symbol."""

    def __init__(self, rows: list[Row]) -> None:
        domain = importlib.import_module("matching_engine.domain")
        engine = importlib.import_module("matching_engine.engine").MatchingEngine
        self._trade = importlib.import_module("matching_engine.events").Trade
        self._engines = [engine() for _ in range(1 + max(row.symbol for row in rows))]
        self._commands = [self._command(domain, place, row) for place, row in enumerate(rows)]

    def _command(self, domain: Any, place: int, row: Row) -> tuple[Any, Any]:
        if row.is_cancel:
            command = domain.CancelOrder(row.number, row.account)
        else:
            command = domain.NewOrder(
                row.number,
                row.account,
                domain.Side.SELL if row.is_sell else domain.Side.BUY,
                row.price_ticks,
                row.qty_lots,
                domain.OrderType.MARKET if row.is_market else domain.OrderType.LIMIT,
                domain.TimeInForce.IOC if row.is_ioc else domain.TimeInForce.GTC,
                stp=domain.SelfTradePrevention.NONE,
            )
        process = self._engines[row.symbol].process
        return process, domain.SequencedCommand(place + 1, place, command)

    def apply(self, first: int, end: int) -> list[Any]:
        """What the engine answers to each command."""
        return [process(command) for process, command in self._commands[first:end]]

    def lots(self, answers: list[Any]) -> list[int]:
        """Quantity of each trade in the answers."""
        kind = self._trade
        return [event.qty for events in answers for event in events if type(event) is kind]


class OrderMatching:
    """order-matching: pure Python with float prices; one engine for each symbol."""

    def __init__(self, rows: list[Row]) -> None:
        importlib.import_module("loguru").logger.remove()
        order = importlib.import_module("order_matching.order")
        sides = importlib.import_module("order_matching.enums").Side
        self._orders = importlib.import_module("order_matching.orders").Orders
        engine = importlib.import_module("order_matching.matching_engine").MatchingEngine
        self._engines = [engine(seed=1) for _ in range(1 + max(row.symbol for row in rows))]
        start = datetime(2026, 1, 1)  # noqa: DTZ001 # the peer compares with naive times
        self._commands = [
            (row, None if row.is_cancel else self._order(order, sides, row, start), start)
            for row in rows
        ]

    def _order(self, order: Any, sides: Any, row: Row, start: datetime) -> Any:
        terms = {
            "side": sides.SELL if row.is_sell else sides.BUY,
            "size": float(row.qty_lots),
            "timestamp": start + timedelta(microseconds=row.number),
            "order_id": str(row.number),
            "trader_id": str(row.account),
        }
        if row.is_market:
            return order.MarketOrder(**terms)
        return order.LimitOrder(price=float(row.price_ticks), **terms)

    def apply(self, first: int, end: int) -> list[Any]:
        """What the engine answers to each command."""
        return [self._apply(*command) for command in self._commands[first:end]]

    def _apply(self, row: Row, order: Any, start: datetime) -> Any:
        engine = self._engines[row.symbol]
        if row.is_cancel:
            return self._cancel(engine, row.number)
        engine.place(orders=self._orders([order]))
        executed = engine.match(timestamp=start + timedelta(microseconds=row.number))
        if row.is_ioc and order.size > 0:
            self._cancel(engine, row.number)
        return executed

    def _cancel(self, engine: Any, number: int) -> None:
        try:
            engine.cancel_order(str(number))
        except ValueError:
            return  # it has no such order any more

    def lots(self, answers: list[Any]) -> list[int]:
        """Quantity of each trade in the answers."""
        return [round(trade.size) for answer in answers if answer for trade in answer.trades]


class LightMatchingEngine:
    """lightmatchingengine: pure Python on dictionaries; knows several instruments."""

    def __init__(self, rows: list[Row]) -> None:
        module = importlib.import_module("lightmatchingengine.lightmatchingengine")
        self._engine = module.LightMatchingEngine()
        self._ids: dict[int, int] = {}
        buy, sell = module.Side.BUY, module.Side.SELL
        self._commands = [(row, f"SY{row.symbol}", sell if row.is_sell else buy) for row in rows]

    def apply(self, first: int, end: int) -> list[Any]:
        """What the engine answers to each command."""
        return [self._apply(*command) for command in self._commands[first:end]]

    def _apply(self, row: Row, name: str, side: int) -> Any:
        if row.is_cancel:
            return self._cancel(self._ids[row.number], name)
        answer = self._engine.add_order(name, row.price_ticks, row.qty_lots, side)
        order = answer[0]
        self._ids[row.number] = order.order_id
        if row.is_ioc and order.leaves_qty:
            self._cancel(order.order_id, name)
        return answer

    def _cancel(self, order_id: int, name: str) -> None:
        try:
            self._engine.cancel_order(order_id, name)
        except AssertionError:
            return  # its way to say that the order is filled and its price gone

    def lots(self, answers: list[Any]) -> list[int]:
        """Quantity of each trade: it reports the taker's sum too, which is left out."""
        return [
            trade.trade_qty
            for answer in answers
            if answer
            for trade in answer[1]
            if trade.order_id != answer[0].order_id
        ]


class Liquibook:
    """liquibook: C++ behind SWIG. Its wheel demands a listener in Python, called for every event.

    Its plain SimpleOrderBook takes no listener there, so the one that keeps depth is used.
    """

    def __init__(self, rows: list[Row]) -> None:
        module = importlib.import_module("liquibook")

        class Listener(module.OrderListener):
            """Applies fills to the orders, as the wheel's own example does; must answer all calls."""

            def __init__(self) -> None:
                module.OrderListener.__init__(self)
                self.fills: list[int] = []

            def on_fill(self, passive: Any, aggressive: Any, qty: int, cost: int) -> None:
                passive.fill(qty, cost, 0)
                aggressive.fill(qty, cost, 0)
                self.fills.append(qty)

            def on_accept(self, order: Any) -> None:
                pass

            def on_cancel(self, order: Any) -> None:
                pass

            def on_reject(self, order: Any, reason: str) -> None:
                pass

            def on_cancel_reject(self, order: Any, reason: str) -> None:
                pass

        self._listener = Listener()
        self._books = [module.DepthOrderBook() for _ in range(1 + max(r.symbol for r in rows))]
        for book in self._books:
            book.set_order_listener(self._listener)
        self._orders = {
            row.number: module.SimpleOrder(not row.is_sell, row.price_ticks, row.qty_lots)
            for row in rows
            if not row.is_cancel
        }
        plain, now = module.oc_no_conditions, module.oc_immediate_or_cancel
        self._commands = [
            (
                self._books[row.symbol],
                self._orders[row.number],
                row.is_cancel,
                now if row.is_ioc else plain,
            )
            for row in rows
        ]

    def apply(self, first: int, end: int) -> list[Any]:
        """Nothing: fills go to the listener."""
        for book, order, is_cancel, condition in self._commands[first:end]:
            if is_cancel:
                book.cancel(order)
            else:
                book.add(order, condition)
        return []

    def lots(self, _: list[Any]) -> list[int]:
        """Quantity of each trade since this was last asked."""
        fills, self._listener.fills = self._listener.fills, []
        return fills


PEERS: Final = {
    "matching-engine": MatchingEngine,
    "order-matching": OrderMatching,
    "lightmatchingengine": LightMatchingEngine,
    "liquibook": Liquibook,
}


def main(name: str, flow: str, seconds: str) -> None:
    """Runs the peer and prints what it did."""
    values = array("q")
    values.frombytes(Path(flow).read_bytes())
    rows = [Row(*values[at : at + FIELDS]) for at in range(0, len(values), FIELDS)]
    peer = PEERS[name](rows)
    gc.collect()
    gc.freeze()  # the prepared commands are nothing that the peer would have to look through
    limit_ns = int(float(seconds) * 1e9)
    cpu_ns = n_trades = lots = done = 0
    while done < len(rows) and cpu_ns < limit_ns:
        end = min(done + CHUNK, len(rows))
        started = time.thread_time_ns()
        answers = peer.apply(done, end)
        cpu_ns += time.thread_time_ns() - started
        traded = peer.lots(answers)
        n_trades += len(traded)
        lots += sum(traded)
        done = end
    print(json.dumps({"commands": done, "cpu_ns": cpu_ns, "trades": n_trades, "lots": lots}))


if __name__ == "__main__":
    main(*sys.argv[1:])
