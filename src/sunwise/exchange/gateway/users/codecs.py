"""User events as Binance's JSON payloads: executionReport, outboundAccountPosition and their kin.

Fields stand in the documented order (user-data-stream.md, 2026-07-21). What is always there comes
always; conditional fields come under the documented condition and not otherwise.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import msgspec

from sunwise.contracts.exchange.accounts import (
    Execution,
    ExecutionType,
    FundsMoved,
    HoldingsChanged,
    OrderState,
    OrderStatus,
    UserEvents,
)
from sunwise.contracts.exchange.records import (
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from sunwise.exchange.gateway.errors import EXPIRY_REASONS
from sunwise.exchange.gateway.streams.codecs import SymbolText
from sunwise.exchange.gateway.streams.symbols import StreamNames
from sunwise.exchange.gateway.streams.topics import PayloadOf
from sunwise.exchange.gateway.wire.order_codecs import STATUSES
from sunwise.money.decimal_text import format_scaled

_json_text: Final = msgspec.json.Encoder().encode

# A triggered stop is reported as NEW again, now working: Binance has no execution type for it.
_EXECUTIONS: Final = {
    ExecutionType.NEW: "NEW",
    ExecutionType.CANCELED: "CANCELED",
    ExecutionType.TRADE: "TRADE",
    ExecutionType.EXPIRED: "EXPIRED",
    ExecutionType.PREVENTED: "TRADE_PREVENTION",
    ExecutionType.TRIGGERED: "NEW",
}
_WORKING: Final = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class UserCodec:
    """Writes the events of accounts."""

    def __init__(self, names: StreamNames) -> None:
        self._names = names

    def can_write(self, message: UserEvents) -> bool:
        """Whether all that the events name is known here."""
        names = self._names
        for event in message.events:
            if isinstance(event, Execution):
                known = names.has_symbol(event.order.symbol) and names.has_asset(event.fee_asset)
            elif isinstance(event, HoldingsChanged):
                known = all(names.has_asset(balance.asset) for balance in event.balances)
            else:
                known = names.has_asset(event.asset)
            if not known:
                return False
        return True

    def payloads(self, message: UserEvents) -> Iterator[PayloadOf]:
        """Each event as a function from the unit of time to its payload, which it remembers."""
        for event in message.events:
            if isinstance(event, Execution):
                yield _remembered(partial(self.execution_report, event, message.time_ns))
            elif isinstance(event, HoldingsChanged):
                yield _remembered(partial(self.account_position, event, message.time_ns))
            else:
                yield _remembered(partial(self.balance_update, event, message.time_ns))

    def account_position(self, event: HoldingsChanged, time_ns: int, unit_ns: int) -> bytes:
        """The balances that one command touched (`outboundAccountPosition`)."""
        time = time_ns // unit_ns
        balances = []
        for balance in event.balances:
            asset = self._names.asset(balance.asset)
            free = format_scaled(balance.free_atoms, asset.decimals)
            locked = format_scaled(balance.locked_atoms, asset.decimals)
            balances.append(f'{{"a":{_quoted(asset.name)},"f":"{free}","l":"{locked}"}}')
        return (
            f'{{"e":"outboundAccountPosition","E":{time},"u":{time},"B":[{",".join(balances)}]}}'
        ).encode()

    def balance_update(self, event: FundsMoved, time_ns: int, unit_ns: int) -> bytes:
        """Money that came or went other than by trading (`balanceUpdate`)."""
        time = time_ns // unit_ns
        asset = self._names.asset(event.asset)
        delta = format_scaled(event.amount_atoms, asset.decimals)
        return (
            f'{{"e":"balanceUpdate","E":{time},"a":{_quoted(asset.name)},"d":"{delta}","T":{time}}}'
        ).encode()

    def execution_report(self, event: Execution, time_ns: int, unit_ns: int) -> bytes:
        """What happened to an order (`executionReport`)."""
        time = time_ns // unit_ns
        order = event.order
        text = self._names.symbol(order.symbol)
        traded = event.what == ExecutionType.TRADE
        fee, fee_asset = self._fee(event)
        last = event if traded else _NOTHING_TRADED
        return (
            f'{{"e":"executionReport","E":{time},"s":"{text.name}",{_identity(event)}'
            f'"q":"{text.qty(order.qty_lots)}","p":"{text.price(order.price_ticks)}",'
            f'"P":"{text.price(order.stop_ticks)}","F":"{text.qty(0)}","g":-1,'
            f'"C":{_quoted(order.client_id if _is_cancel(event) else "")},{_strategy(order)}'
            f'"x":"{_EXECUTIONS[event.what]}","X":"{STATUSES[order.status]}","r":"NONE",'
            f'"i":{order.order_id},"l":"{text.qty(last.last_lots)}",'
            f'"z":"{text.qty(order.executed_lots)}","L":"{text.price(last.last_price_ticks)}",'
            f'"n":"{fee}","N":{fee_asset},"T":{time},"t":{event.trade_id if traded else -1},'
            f'{_prevention(event, text)}"I":{event.execution_id},"w":{_bool(_is_on_book(order))},'
            f'"m":{_bool(event.is_maker)},"M":{_bool(traded)},"O":{order.accepted_ns // unit_ns},'
            f'"Z":"{text.quote(order.executed_quote_atoms)}",'
            f'"Y":"{text.quote(last.last_quote_atoms)}","Q":"{text.quote(order.quote_atoms)}",'
            f'{_working_time(order, unit_ns)}"V":"{SelfTradePrevention(order.stp).name}"'
            f"{_expiry(order)}}}"
        ).encode()

    def _fee(self, event: Execution) -> tuple[str, str]:
        if event.what != ExecutionType.TRADE or event.fee_asset < 0:
            return "0", "null"
        asset = self._names.asset(event.fee_asset)
        return format_scaled(event.fee_atoms, asset.decimals), _quoted(asset.name)


def stream_terminated(time: int) -> bytes:
    """Nothing follows on this subscription (`eventStreamTerminated`)."""
    return b'{"e":"eventStreamTerminated","E":%d}' % time


def listen_key_expired(key: str, time: int) -> bytes:
    """The key's hour is over (`listenKeyExpired`), for connections opened with one."""
    return b'{"e":"listenKeyExpired","E":%d,"listenKey":"%b"}' % (time, key.encode())


class _Last(msgspec.Struct, frozen=True):
    """The last trade of a report that tells of none."""

    last_lots: int = 0
    last_price_ticks: int = 0
    last_quote_atoms: int = 0


_NOTHING_TRADED: Final = _Last()


def _remembered(make: Callable[[int], bytes]) -> PayloadOf:
    made: dict[int, bytes] = {}

    def payload_of(unit_ns: int) -> bytes:
        payload = made.get(unit_ns)
        if payload is None:
            payload = made[unit_ns] = make(unit_ns)
        return payload

    return payload_of


def _identity(event: Execution) -> str:
    order = event.order
    name = event.request_client_id if _is_cancel(event) else order.client_id
    return (
        f'"c":{_quoted(name)},"S":"{Side(order.side).name}","o":"{OrderType(order.order_type).name}",'
        f'"f":"{TimeInForce(order.time_in_force).name}",'
    )


def _is_cancel(event: Execution) -> bool:
    return event.what == ExecutionType.CANCELED


def _is_on_book(order: OrderState) -> bool:
    return order.is_working and order.status in _WORKING


def _strategy(order: OrderState) -> str:
    parts = [f'"j":{order.strategy_id},'] if order.strategy_id else []
    if order.strategy_type:
        parts.append(f'"J":{order.strategy_type},')
    return "".join(parts)


def _prevention(event: Execution, text: SymbolText) -> str:
    """Fields of orders that self-trade prevention ended; the trade group is the account alone."""
    order = event.order
    if not order.prevented_match_id:
        return ""
    found = f'"v":{order.prevented_match_id},"A":"{text.qty(order.prevented_lots)}",'
    if event.what == ExecutionType.PREVENTED:
        found += (
            f'"B":"{text.qty(event.last_lots)}","u":{order.account},"U":{event.counter_order_id},'
            f'"Cs":"{text.name}","pl":"{text.qty(event.last_lots)}",'
            f'"pL":"{text.price(event.last_price_ticks)}","pY":"{text.quote(event.last_quote_atoms)}",'
        )
    return found


def _working_time(order: OrderState, unit_ns: int) -> str:
    return f'"W":{order.working_ns // unit_ns},' if order.working_ns else ""


def _expiry(order: OrderState) -> str:
    reason = EXPIRY_REASONS.get(order.expiry_reason)
    return f',"eR":"{reason}"' if reason and order.status == OrderStatus.EXPIRED else ""


def _quoted(text: str) -> str:
    return _json_text(text).decode()


def _bool(value: bool) -> str:  # noqa: FBT001 - JSON's word for its only argument
    return "true" if value else "false"
