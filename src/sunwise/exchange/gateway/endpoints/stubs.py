"""What real clients ask at their start and this exchange does not have: margin, futures, wallet.

Each answer is true for an exchange without these things: empty lists, a system that is up. Which
calls: recorded from unmodified clients (ccxt load_markets and fetch_status, python-binance, bots
that look at their key's restrictions).
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from msgspec import Struct

from sunwise.chassis.clock import Clock
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.calls.parameters import SymbolName
from sunwise.exchange.gateway.calls.registry import Call, Endpoint, NoParameters, Security
from sunwise.exchange.gateway.endpoints.trading import unit_ns
from sunwise.exchange.gateway.keys.api_keys import Permission
from sunwise.exchange.gateway.users.listen_keys import ListenKeys
from sunwise.exchange.gateway.wire.commissions import rate
from sunwise.exchange.gateway.wire.listings import Listing, Listings, json_text


class FeeParams(Struct, rename="camel", frozen=True):
    """Parameters of GET asset/tradeFee."""

    symbol: SymbolName | None = None


class _ListenKeyRule:
    """A listen key; whether it exists is seen later."""

    schema: Final = {"type": "string"}

    def read(self, name: str, text: str) -> str:  # noqa: ARG002 - a Rule names its parameter
        """The key as sent."""
        return text


class ListenKeyParams(Struct, rename="camel", frozen=True):
    """Parameters of PUT and DELETE userDataStream."""

    listen_key: Annotated[str, _ListenKeyRule()]


class Stubs:
    """Margin, futures and wallet, as an exchange that has none of them answers."""

    def __init__(self, listings: Listings, clock: Clock) -> None:
        self._listings = listings
        self._clock = clock

    def endpoints(self) -> Iterable[Endpoint]:
        """Everything under /sapi, /fapi and /dapi."""
        rows = (
            # path, security, parameters, handler
            ("/sapi/v1/system/status", Security.NONE, NoParameters, self.status),
            ("/sapi/v1/margin/allPairs", Security.KEY, NoParameters, self.nothing),
            ("/sapi/v1/margin/isolated/allPairs", Security.USER_DATA, NoParameters, self.nothing),
            ("/sapi/v1/capital/config/getall", Security.USER_DATA, NoParameters, self.coins),
            ("/sapi/v1/asset/tradeFee", Security.USER_DATA, FeeParams, self.fees),
            ("/sapi/v1/account/apiRestrictions", Security.USER_DATA, NoParameters, self.rights),
            ("/sapi/v1/account/status", Security.USER_DATA, NoParameters, self.account_status),
            ("/fapi/v1/exchangeInfo", Security.NONE, NoParameters, self.no_futures),
            ("/dapi/v1/exchangeInfo", Security.NONE, NoParameters, self.no_futures),
        )
        for path, security, params, handler in rows:
            yield Endpoint(
                name="stub" + path.replace("/", "_"),
                summary="Asked by clients at their start",
                method="GET",
                path=path,
                security=security,
                params=params,
                handler=handler,
            )

    def status(self, _call: Call, _params: NoParameters) -> bytes:
        """The system is up."""
        return b'{"status":0,"msg":"normal"}'

    def account_status(self, _call: Call, _params: NoParameters) -> bytes:
        """Nothing is wrong with the account."""
        return b'{"data":"Normal"}'

    def nothing(self, _call: Call, _params: NoParameters) -> bytes:
        """An empty list."""
        return b"[]"

    def no_futures(self, call: Call, _params: NoParameters) -> bytes:
        """An exchange without contracts."""
        return (
            b'{"timezone":"UTC","serverTime":%d,"futuresType":"","rateLimits":[],'
            b'"exchangeFilters":[],"assets":[],"symbols":[]}'
        ) % (self._clock.now_ns() // unit_ns(call))

    def coins(self, _call: Call, _params: NoParameters) -> bytes:
        """Every asset; none can be deposited or withdrawn over a network."""
        rows = [
            f'{{"coin":{json_text(asset.name)},"name":{json_text(asset.name)},'
            '"depositAllEnable":false,"withdrawAllEnable":false,"free":"0","locked":"0",'
            '"freeze":"0","withdrawing":"0","ipoing":"0","ipoable":"0","storage":"0",'
            '"isLegalMoney":false,"trading":true,"networkList":[]}'
            for asset in self._listings.assets
        ]
        return f"[{','.join(rows)}]".encode()

    def fees(self, _call: Call, params: FeeParams) -> bytes:
        """Rates of one symbol or all."""
        listings: Iterable[Listing] = self._listings
        if params.symbol is not None:
            listings = [self._listings.named(params.symbol)]
        rows = [
            f'{{"symbol":"{listing.text.name}",'
            f'"makerCommission":"{rate(listing.symbol.maker_fee_ppm)}",'
            f'"takerCommission":"{rate(listing.symbol.taker_fee_ppm)}"}}'
            for listing in listings
        ]
        return f"[{','.join(rows)}]".encode()

    def rights(self, call: Call, _params: NoParameters) -> bytes:
        """What the key may be used for."""
        key = call.key
        assert key is not None, "the endpoint is signed"
        restricted = "true" if key.allowed_ips else "false"
        trades = "true" if key.permissions & Permission.TRADE else "false"
        return (
            f'{{"ipRestrict":{restricted},"createTime":{key.created_ns // unit_ns(call)},'
            f'"enableReading":true,"enableSpotAndMarginTrading":{trades},'
            '"enableWithdrawals":false,"enableInternalTransfer":false,'
            '"permitsUniversalTransfer":false,"enableVanillaOptions":false,'
            '"enableMargin":false,"enableFutures":false,"enablePortfolioMarginTrading":false}'
        ).encode()


class UserDataStream:
    """The retired listen keys: gone, as on Binance since 2026-02-20, unless keys are handed in."""

    def __init__(self, keys: ListenKeys | None) -> None:
        self._keys = keys

    def endpoints(self) -> Iterable[Endpoint]:
        """POST, PUT and DELETE userDataStream."""
        rows: tuple[tuple[str, type[Struct], Any], ...] = (
            ("POST", NoParameters, self.create),
            ("PUT", ListenKeyParams, self.renew),
            ("DELETE", ListenKeyParams, self.end),
        )
        for method, params, handler in rows:
            gone = self._keys is None
            yield Endpoint(
                name=f"user_data_stream_{method.lower()}",
                summary="Retired: subscribe by the WebSocket API instead",
                method=method,
                path="/api/v3/userDataStream",
                security=Security.NONE if gone else Security.KEY,
                params=params,
                weight=2,
                reads_itself=gone,
                handler=self.gone if gone else handler,
            )

    def gone(self, _call: Call, _arguments: dict[str, str]) -> bytes:
        """Refused with 410, whatever was sent along."""
        raise errors.retired()

    def create(self, call: Call, _params: NoParameters) -> bytes:
        """A key for the account, good for an hour."""
        assert self._keys is not None, "otherwise this endpoint is `gone`"
        return b'{"listenKey":"%b"}' % self._keys.create(call.account).encode()

    def renew(self, call: Call, params: ListenKeyParams) -> bytes:
        """Another hour."""
        assert self._keys is not None, "otherwise this endpoint is `gone`"
        if not self._keys.renew(params.listen_key, call.account):
            raise errors.invalid_listen_key()
        return b"{}"

    def end(self, call: Call, params: ListenKeyParams) -> bytes:
        """The key is good no more."""
        assert self._keys is not None, "otherwise this endpoint is `gone`"
        if not self._keys.forget(params.listen_key, call.account):
            raise errors.invalid_listen_key()
        return b"{}"
