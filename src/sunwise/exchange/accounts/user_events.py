"""What accounts are told: gathered while events are applied, handed over command by command.

A command's executions come first, then the balances that it touched, once. A command may go on in
the next event message; what it has told so far waits for its end, so that balances stay one message.
"""

import msgspec

from sunwise.contracts.exchange.accounts import (
    Execution,
    ExecutionType,
    HoldingsChanged,
    OrderState,
    Position,
    UserEvent,
    UserEvents,
)
from sunwise.contracts.exchange.records import FIRST_CLIENT_ACCOUNT
from sunwise.exchange.accounts.account import Account


class _Told:
    """What one account has to be told of the command at work."""

    __slots__ = ("assets", "events")

    def __init__(self) -> None:
        self.events: list[UserEvent] = []
        self.assets: dict[int, None] = {}


class UserFeed:
    """Gathers user events; the accounts of the house itself are told nothing.

    While it `tells` nothing, it only keeps who would have been told: the next message that is told
    names the position of the one before it.
    """

    def __init__(self) -> None:
        self.tells = True
        self._at_work: dict[int, _Told] = {}  # of the command at work
        self._done: dict[int, list[UserEvent]] = {}  # of commands that have ended
        self._untold_at_work: set[int] = set()  # accounts, likewise
        self._untold: set[int] = set()

    @property
    def is_empty(self) -> bool:
        """Nothing waits to be handed over."""
        return not (self._at_work or self._done or self._untold_at_work or self._untold)

    def tell(self, account: int, event: UserEvent) -> None:
        """One thing that happened. Only while it tells."""
        if account >= FIRST_CLIENT_ACCOUNT:
            self._of(account).events.append(event)

    def touch(self, account: int, asset: int) -> None:
        """A balance that changed."""
        if account < FIRST_CLIENT_ACCOUNT:
            return
        if self.tells:
            self._of(account).assets[asset] = None
        else:
            self._untold_at_work.add(account)

    def _of(self, account: int) -> _Told:
        told = self._at_work.get(account)
        if told is None:
            told = self._at_work[account] = _Told()
        return told

    def complete_last_trade(self, account: int, order: OrderState) -> None:
        """The last trade told of this order was its end: it is shown with the order filled."""
        events = self._of(account).events
        for i in range(len(events) - 1, -1, -1):
            event = events[i]
            if not isinstance(event, Execution) or event.order.order_id != order.order_id:
                continue
            if event.what == ExecutionType.TRADE and event.order.symbol == order.symbol:
                events[i] = msgspec.structs.replace(event, order=order)
                return

    def end_command(self, accounts: dict[int, Account]) -> None:
        """The command at work has ended: its balances are final."""
        if self._untold_at_work:
            self._untold |= self._untold_at_work
            self._untold_at_work.clear()
        if not self._at_work:
            return
        for account, told in self._at_work.items():
            if told.assets:
                held = accounts[account]
                balances = [held.balance(asset) for asset in told.assets]
                told.events.append(HoldingsChanged(balances=balances))
            self._done.setdefault(account, []).extend(told.events)
        self._at_work = {}

    def take(
        self, accounts: dict[int, Account], position: Position, time_ns: int
    ) -> list[UserEvents]:
        """Everything that ended commands told, a message an account; each names the one before."""
        for account in self._untold:
            accounts[account].told = position
        self._untold.clear()
        if not self._done:
            return []
        done, self._done = self._done, {}
        messages = []
        for account, events in done.items():
            held = accounts[account]
            messages.append(
                UserEvents(
                    account=account,
                    position=position,
                    time_ns=time_ns,
                    events=events,
                    previous=held.told,
                )
            )
            held.told = position
        return messages
