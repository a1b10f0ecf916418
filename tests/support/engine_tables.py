"""Pictures of a market as text: rows of commands, what each one does, and how things stand then.

A case is a few lines::

    terms taker_fee_ppm=1000            the symbol's terms, where they matter (first line)
    alice sell 10 @ 100                 a command
      accepted 1 rests                  each event that it causes, indented
    bob buy 4 @ 101 ioc
      accepted 2 works
      trade 4 @ 100 taker 2 maker 1
    book 99:7 | 100:6                   bids to the best, asks from the best
    alice base 990+10 quote 1000+0      free + locked
    clock +10s                          log time passes
    status HALT

Both the engine and the naive exchange play it, and must agree in every byte.
Accounts start with 1000 of base and 100000 of quote; a tick is one atom of
quote, a lot one of base.
"""

import re

from sunwise.contracts.exchange.codec import unpack_events
from sunwise.contracts.exchange.log import ADMIN_WRITER, FIRST_GATEWAY_WRITER
from sunwise.contracts.exchange.records import (
    CommandFlag,
    EventFlag,
    EventKind,
    ExpiryReason,
    OrderType,
    RuleFlag,
    SelfTradePrevention,
    Side,
    SymbolStatus,
    TimeInForce,
)
from sunwise.contracts.exchange.rejects import Reject
from tests.oracle.state import ASK, BID
from tests.support.engine_commands import (
    BASE,
    QUOTE,
    SECOND_NS,
    activate_rules,
    cancel,
    cancel_all,
    funds,
    place,
    set_status,
)
from tests.support.engine_commands import CommandKind as Kind
from tests.support.engine_twins import market_of_two

ACCOUNTS = {"alice": 2, "bob": 3, "carol": 4, "dave": 5}
START_BASE, START_QUOTE = 1_000, 100_000
_SYMBOL = re.compile(r"[a-z]+_\w+=|funds")
_STP = {
    "taker": SelfTradePrevention.EXPIRE_TAKER,
    "maker": SelfTradePrevention.EXPIRE_MAKER,
    "both": SelfTradePrevention.EXPIRE_BOTH,
}
_RESTRICTIONS = {
    "new": CommandFlag.ONLY_NEW,
    "partial": CommandFlag.ONLY_PARTIALLY_FILLED,
}


class Market:
    """One market that a table is played on."""

    def __init__(self, **terms):
        self.twins = market_of_two(atoms=START_QUOTE, **terms)
        self.version = 1
        for account in ACCOUNTS.values():
            debit = funds(Kind.DEBIT, BASE, START_QUOTE - START_BASE, account)
            self.twins.admin(debit)

    def play(self, text):
        """Plays the lines and holds each expectation against what happened."""
        events, source = [], ""
        for raw in text.splitlines():
            line = raw.split("#")[0].rstrip()
            if not line:
                continue
            if line.startswith("  "):
                said = events.pop(0) if events else "nothing more"
                assert said == line.strip(), f"after {source!r}"
                continue
            assert not events, f"{source!r} also did: {events}"
            source = line
            events = self.act(line.split())
        assert not events, f"{source!r} also did: {events}"
        self.twins.check_state()

    def act(self, words):
        """Sends the command of a line, or checks a picture; the events as text."""
        match words:
            case ["book", *levels]:
                assert self.book() == " ".join(levels)
            case [name, "base", base, "quote", quote]:
                assert self.balances(ACCOUNTS[name]) == (base, quote)
            case ["clock", step]:
                return self.say(self.twins.tick(_duration(step)))
            case ["status", status]:
                self.version += 1
                return self.say(self.twins.admin(set_status(SymbolStatus[status])))
            case ["rules", *names]:
                rules = RuleFlag(0) if names == ["none"] else RuleFlag[names[0]]
                return self.say(self.twins.admin(activate_rules(rules)))
            case [name, *order]:
                record = self.command(ACCOUNTS[name], order)
                return self.say(unpack_events(self.twins.send(record, writer=FIRST_GATEWAY_WRITER)))
        return []

    def command(self, account, words):
        """The record of `buy 10 @ 100 ...`, `market sell 5`, `cancel 1`..."""
        match words:
            case ["cancel", "all"]:
                return cancel_all(account)
            case ["cancel", "all", "symbols"]:
                return cancel_all(account, flags=CommandFlag.ALL_SYMBOLS)
            case ["cancel", "id", name, *only]:
                return cancel(account, client_id=name, only=_restriction(only))
            case ["cancel", order_id, *only]:
                return cancel(account, int(order_id), only=_restriction(only))
            case ["market", side, "quote", atoms, *rest]:
                fields = {"quote_atoms": int(atoms), "flags": CommandFlag.BY_QUOTE}
                return self._place(account, side, (0, 0), rest, OrderType.MARKET, **fields)
            case ["market", side, lots, *rest]:
                return self._place(account, side, (0, int(lots)), rest, OrderType.MARKET)
            case [side, lots, "@", price, *rest]:
                return self._place(account, side, (int(price), int(lots)), rest, OrderType.LIMIT)
        raise AssertionError(f"no such command: {words}")

    def _place(self, account, side, price_and_lots, rest, order_type, **fields):
        fields |= {"order_type": order_type, "symbol_version": self.version}
        words = iter(rest)
        for word in words:
            match word:
                case "ioc" | "fok":
                    fields["time_in_force"] = TimeInForce[word.upper()]
                case "maker":
                    fields["order_type"] = OrderType.LIMIT_MAKER
                case "stop":
                    fields["order_type"] = OrderType.STOP_LOSS_LIMIT
                    fields["stop_ticks"] = int(next(words))
                case "profit":
                    fields["order_type"] = OrderType.TAKE_PROFIT_LIMIT
                    fields["stop_ticks"] = int(next(words))
                case "stp":
                    fields["stp"] = _STP[next(words)]
                case "id":
                    fields["client_id"] = next(words)
                case _:
                    raise AssertionError(f"no such word in an order: {word}")
        price, lots = price_and_lots
        return place(account, Side[side.upper()], price, lots, **fields)

    def say(self, events):
        """Each event as a line of a table; what an administrator did needs none."""
        return [text for text in map(_say, events) if text]

    def book(self):
        """Bids to the best, a bar, asks from the best: price:quantity."""
        books = self.twins.oracle.symbols[0].books
        sides = []
        for side in (BID, ASK):
            queues = books[side].queues
            rows = [
                f"{price}:{sum(order.remaining_lots for order in queues[price])}"
                for price in sorted(queues)
            ]
            sides.append(rows)
        return " ".join([*sides[0], "|", *sides[1]])

    def balances(self, account):
        owned = self.twins.oracle.balances
        return tuple(
            f"{owned[account, asset].free}+{owned[account, asset].locked}"
            for asset in (BASE, QUOTE)
        )


def play(text):
    """Plays one case."""
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    lines = [line[indent:] for line in lines]
    terms = {}
    if lines[0].startswith("terms"):
        pairs = (word.split("=") for word in lines.pop(0).split()[1:])
        terms = {name: int(value) for name, value in pairs}
    Market(**terms).play("\n".join(lines))


def _restriction(words):
    """The flags of `only new`, `only partial` or nothing."""
    match words:
        case []:
            return CommandFlag(0)
        case ["only", state]:
            return _RESTRICTIONS[state]
    raise AssertionError(f"no such words in a cancel: {words}")


def _duration(text):
    number, unit = re.fullmatch(r"\+(\d+)(ns|s|h)", text).groups()
    return int(number) * {"ns": 1, "s": SECOND_NS, "h": 3600 * SECOND_NS}[unit]


def _say(event):
    kind = EventKind(event.kind)
    name = kind.name.lower()
    if kind == EventKind.REJECTED:
        return f"rejected {Reject(event.reject).name}"
    if kind in (EventKind.TRADE, EventKind.PREVENTED):
        fees = ""
        if event.taker_fee_atoms or event.maker_fee_atoms:
            fees = f" fees {event.taker_fee_atoms} {event.maker_fee_atoms}"
        orders = f"taker {event.taker_order_id} maker {event.maker_order_id}"
        return f"{name} {event.qty_lots} @ {event.price_ticks} {orders}{fees}"
    if kind == EventKind.ACCEPTED:
        state = "waits"
        if event.flags & EventFlag.WORKING:
            state = "rests" if event.flags & EventFlag.ON_BOOK else "works"
        return f"accepted {event.order_id} {state}"
    if kind in (EventKind.RESTED, EventKind.CANCELED, EventKind.EXPIRED, EventKind.TRIGGERED):
        reason = f" {ExpiryReason(event.reject).name}" if kind == EventKind.EXPIRED else ""
        more = " more" if event.flags & EventFlag.MORE else ""
        left = f" with {event.qty_lots - event.executed_lots}" if event.qty_lots else ""
        return f"{name} {event.order_id}{reason}{left}{more}"
    return ""


__all__ = ["ACCOUNTS", "ADMIN_WRITER", "START_BASE", "START_QUOTE", "Market", "play"]
