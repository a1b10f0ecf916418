"""The flow of orders that both servers get, and how each is spoken to.

A limit order a request: nine tenths rest within 5 USDT of the price, a tenth
crosses. The peer gets the same terms without a signature, which it does not
know.
"""

import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from benchmarks.gateway.load import masked_text

_CENTER_TICKS: Final = 6_000_000
_QUANTITY: Final = "0.001"
_N_TRADERS: Final = 1_000


@dataclass(frozen=True)
class Credentials:
    """An API key with its HMAC secret."""

    key: str
    secret: str

    def signature(self, payload: str) -> str:
        """HMAC-SHA256 of the payload in hex."""
        return hmac.digest(self.secret.encode(), payload.encode(), "sha256").hex()


class Order(NamedTuple):
    """What somebody wants, whatever server is asked for it."""

    number: int
    name: str  # no other order's, so that one sent twice would be refused
    trader: int  # below _N_TRADERS
    side: str
    price: str


def orders(seed: int) -> Iterator[Order]:
    """Orders without end, the same for the same seed."""
    rng = Random(seed)
    number = 0
    while True:
        side = rng.choice(("BUY", "SELL"))
        away = -rng.randrange(1, 50) if rng.random() < 0.1 else rng.randrange(1, 500)
        ticks = _CENTER_TICKS + (away if side == "SELL" else -away)
        price = f"{ticks // 100}.{ticks % 100:02d}"
        yield Order(number, f"{seed}-{number}", rng.randrange(_N_TRADERS), side, price)
        number += 1


def rest_requests(credentials: list[Credentials], seed: int) -> Iterator[bytes]:
    """Signed orders over REST, without end."""
    for order in orders(seed):
        who = credentials[order.trader % len(credentials)]
        query = (
            f"symbol=BTCUSDT&side={order.side}&type=LIMIT&timeInForce=GTC&quantity={_QUANTITY}"
            f"&price={order.price}&newClientOrderId={order.name}&newOrderRespType=RESULT"
            f"&recvWindow=60000&timestamp={_now_ms()}"
        )
        body = f"{query}&signature={who.signature(query)}"
        yield _post(
            "/api/v3/order", body, f"application/x-www-form-urlencoded\r\nX-MBX-APIKEY: {who.key}"
        )


def websocket_frames(credentials: list[Credentials], seed: int) -> Iterator[bytes]:
    """Signed order.place requests, without end; a request's id is its number."""
    for order in orders(seed):
        who = credentials[order.trader % len(credentials)]
        yield masked_text(_websocket_message(order, who), order.number)


def _websocket_message(order: Order, who: Credentials) -> bytes:
    params = {
        "apiKey": who.key, "newClientOrderId": order.name, "newOrderRespType": "RESULT",
        "price": order.price, "quantity": _QUANTITY, "recvWindow": "60000", "side": order.side,
        "symbol": "BTCUSDT", "timeInForce": "GTC", "timestamp": str(_now_ms()), "type": "LIMIT",
    }  # fmt: skip
    signature = who.signature("&".join(f"{name}={params[name]}" for name in sorted(params)))
    fields = ",".join(f'"{name}":"{value}"' for name, value in params.items())
    return (
        f'{{"id":{order.number},"method":"order.place",'
        f'"params":{{{fields},"signature":"{signature}"}}}}'
    ).encode()


def peer_requests(seed: int) -> Iterator[bytes]:
    """The same orders as `matching-engine` takes them."""
    for order in orders(seed):
        body = (
            f'{{"account":{order.trader + 1},"side":"{order.side.lower()}",'
            f'"price":"{order.price}","quantity":"{_QUANTITY}"}}'
        )
        yield _post("/markets/BTC-USDT/orders", body, "application/json")


def _post(path: str, body: str, content_type: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
