"""Endpoints that only a connection has: logging on, and subscribing to user data.

They stand in the same registry as everything else; their handlers find the session in the call.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from sunwise.exchange.gateway.calls.authentication import check_key
from sunwise.exchange.gateway.calls.parameters import Id
from sunwise.exchange.gateway.calls.registry import Endpoint, NoParameters, Security
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.keys.api_keys import KeyKind
from sunwise.exchange.gateway.websocket.api import WsCall

_json: Final = msgspec.json.Encoder().encode
_UNSUPPORTED_KEY: Final = {KeyKind.HMAC: "HMAC_SHA256", KeyKind.RSA: "RSA"}


class UnsubscribeParameters(Struct, frozen=True, rename="camel"):
    """Parameters of userDataStream.unsubscribe."""

    subscription_id: Id | None = None


class SessionHandlers:
    """What the connection's own methods do."""

    def log_on(self, call: WsCall, _params: NoParameters) -> bytes:
        """Lets the session speak for an Ed25519 key."""
        key = call.key
        assert key is not None, "a signed call has its key"
        if key.kind is not KeyKind.ED25519:
            # Binance's answer as public reports quote it; the documentation gives none.
            raise ApiError(-4056, f"{_UNSUPPORTED_KEY[key.kind]} API key is not supported.")
        session = call.session
        if session.key is not None and session.key.account != key.account:
            call.after = _ending(call, session.log_out())
        session.log_on(key)
        return _status(call)

    def status(self, call: WsCall, _params: NoParameters) -> bytes:
        """Who the session speaks for."""
        return _status(call)

    def log_out(self, call: WsCall, _params: NoParameters) -> bytes:
        """Forgets the key, and ends the subscription that it made."""
        call.after = _ending(call, call.session.log_out())
        return _status(call)

    def subscriptions(self, call: WsCall, _params: NoParameters) -> bytes:
        """Ids of the subscriptions in force."""
        numbers = call.session.subscriptions.numbers
        return _json([{"subscriptionId": number} for number in numbers])

    async def subscribe(self, call: WsCall, _params: NoParameters) -> bytes:
        """Sends the events of the session's own account."""
        key = call.session.key
        if key is None:
            raise ApiError(
                -1002,
                "You are not authorized to execute this request. Log on with session.logon first.",
                status=401,
            )
        key, _ = call.session.access.keys.find(key.name)
        check_key(key, Security.USER_STREAM, call.ip)
        return await _subscribed(call, key.account, of_session=True)

    async def subscribe_signature(self, call: WsCall, _params: NoParameters) -> bytes:
        """Sends the events of the account that signed."""
        return await _subscribed(call, call.account, of_session=False)

    def unsubscribe(self, call: WsCall, params: UnsubscribeParameters) -> bytes:
        """Ends one subscription, or all."""
        subscriptions = call.session.subscriptions
        wanted = params.subscription_id
        numbers = subscriptions.numbers if wanted is None else [wanted]
        for number in numbers:
            subscriptions.end(number)
        call.after = _ending(call, numbers)
        return b"{}"


async def _subscribed(call: WsCall, account: int, *, of_session: bool) -> bytes:
    subscription, opened = call.session.subscriptions.open(account, of_session=of_session)
    call.after = subscription.announce
    await opened
    return b'{"subscriptionId":%d}' % subscription.number


def _ending(call: WsCall, numbers: list[int]) -> Any:  # noqa: ANN401 - a function of nothing
    session = call.session
    return lambda: session.subscriptions.tell_ended(numbers, session.access.clock.now_ns())


def _status(call: WsCall) -> bytes:
    session, unit_ns = call.session, call.session.unit_ns
    key = session.key
    return _json(
        {
            "apiKey": None if key is None else key.name,
            "authorizedSince": None if key is None else session.authorized_ns // unit_ns,
            "connectedSince": session.connected_ns // unit_ns,
            "returnRateLimits": session.show_limits,
            "serverTime": session.access.clock.now_ns() // unit_ns,
            "userDataStream": bool(session.subscriptions.numbers),
        }
    )


def session_endpoints() -> list[Endpoint]:
    """The endpoints that a registry needs for the WebSocket API, beside those it shares."""
    do = SessionHandlers()
    rows: list[tuple[str, str, Any, dict[str, Any]]] = [
        ("sessionLogon", "session.logon", do.log_on, {"security": Security.SIGNED}),
        ("sessionStatus", "session.status", do.status, {}),
        ("sessionLogout", "session.logout", do.log_out, {}),
        ("sessionSubscriptions", "session.subscriptions", do.subscriptions, {}),
        ("userDataStreamSubscribe", "userDataStream.subscribe", do.subscribe, {}),
        (
            "userDataStreamSubscribeSignature",
            "userDataStream.subscribe.signature",
            do.subscribe_signature,
            {"security": Security.USER_STREAM},
        ),
        (
            "userDataStreamUnsubscribe",
            "userDataStream.unsubscribe",
            do.unsubscribe,
            {"params": UnsubscribeParameters},
        ),
    ]
    return [
        Endpoint(
            name=name,
            summary=str(handler.__doc__).split("\n", 1)[0],
            handler=handler,
            ws_method=method,
            weight=2,
            **options,
        )
        for name, method, handler, options in rows
    ]
