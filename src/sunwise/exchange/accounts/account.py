"""One account: its balances, its open orders, and those that closed not long ago."""

from sunwise.contracts.exchange.accounts import Balance, Position
from sunwise.exchange.accounts.orders import Order


class Account:
    """What one account holds and has ordered."""

    __slots__ = ("balances", "by_client_key", "closed", "executions", "open", "told", "updated_ns")

    def __init__(self) -> None:
        self.balances: dict[int, tuple[int, int]] = {}  # asset -> free and locked atoms
        self.open: dict[int, Order] = {}  # by order_key, oldest first
        self.closed: dict[int, Order] = {}
        self.by_client_key: dict[bytes, Order] = {}  # the newest of `open` and `closed`
        self.executions = 0  # executions so far: the last execution id
        self.updated_ns = 0
        self.told: Position | None = None  # of its newest user events

    def balance(self, asset: int) -> Balance:
        """What it holds of one asset."""
        free, locked = self.balances.get(asset, (0, 0))
        return Balance(asset=asset, free_atoms=free, locked_atoms=locked)

    def add(self, key: int, order: Order) -> None:
        """Takes a new open order."""
        self.open[key] = order
        self.by_client_key[order.client_key] = order

    def find(self, key: int) -> Order:
        """An order that an event names; it was accepted, so it is here."""
        return self.open.get(key) or self.closed[key]

    def close(self, key: int) -> bool:
        """Moves an order from open to closed; whether it was open."""
        order = self.open.pop(key, None)
        if order is None:
            return False
        self.closed[key] = order
        return True

    def forget(self, key: int) -> None:
        """Drops a closed order."""
        order = self.closed.pop(key)
        client_key = order.client_key
        if self.by_client_key.get(client_key) is order:
            del self.by_client_key[client_key]
