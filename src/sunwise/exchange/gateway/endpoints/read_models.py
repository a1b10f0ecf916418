"""Questions to the services that remember: accounts, history and market data, over NATS.

Every answer is at or beyond what was stored when the question arrived there, so a client reads
its own writes through any gateway.
"""

from typing import Any, Final, TypeVar

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.contracts.exchange import accounts, history, market_data
from sunwise.exchange.gateway import errors

T = TypeVar("T")
_Reply = accounts.AccountsReply | history.HistoryReply | market_data.MarketReply

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_accounts: Final = msgspec.msgpack.Decoder(accounts.AccountsReply).decode
_decode_history: Final = msgspec.msgpack.Decoder(history.HistoryReply).decode
_decode_market: Final = msgspec.msgpack.Decoder(market_data.MarketReply).decode


class ReadModels:
    """Asks the read models of one shard. Raises ApiError -1001 when there is no answer."""

    def __init__(self, bus: Bus, *, shard: str, timeout_s: float) -> None:
        self._bus = bus
        self._timeout_s = timeout_s
        self._accounts = accounts.query_subject(shard)
        self._history = history.query_subject(shard)
        self._market = market_data.query_subject(shard)

    async def accounts(self, query: accounts.AccountsQuery, wanted: type[T]) -> T:
        """Balances or open orders."""
        return self._of(wanted, _decode_accounts(await self._ask(self._accounts, query)))

    async def history(self, query: history.HistoryQuery, wanted: type[T]) -> T:
        """Orders and fills of the past."""
        return self._of(wanted, _decode_history(await self._ask(self._history, query)))

    async def market(self, query: market_data.MarketQuery, wanted: type[T]) -> T:
        """Depth, trades, candles, tickers."""
        return self._of(wanted, _decode_market(await self._ask(self._market, query)))

    async def _ask(self, subject: str, query: Any) -> bytes:  # noqa: ANN401 - one of the contracts' queries
        try:
            return await self._bus.request(subject, _encode(query), timeout_s=self._timeout_s)
        except (Retryable, Permanent) as fault:
            raise errors.internal() from fault

    def _of(self, wanted: type[T], reply: _Reply) -> T:
        assert isinstance(reply, wanted), "a reply of another kind than the question's"
        return reply
