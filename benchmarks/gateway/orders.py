"""The flow of orders that both servers get, and how each is spoken to.

A limit order a request: nine tenths rest within 5 USDT of the price, a tenth
crosses. The peer gets the same terms without a signature, which it does not
know.
"""

import hashlib
import hmac
import itertools
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

_CENTER_TICKS: Final = 6_000_000
QUANTITY: Final = "0.001"
T = TypeVar("T")


@dataclass(frozen=True)
class Credentials:
    """An API key with its HMAC secret."""

    key: str
    secret: str

    def signature(self, payload: str) -> str:
        """HMAC-SHA256 of the payload in hex."""
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def terms(rng: Random) -> tuple[str, str]:
    """Side and price of the next order."""
    side = rng.choice(("BUY", "SELL"))
    away = -rng.randrange(1, 50) if rng.random() < 0.1 else rng.randrange(1, 500)
    ticks = _CENTER_TICKS + (away if side == "SELL" else -away)
    return side, f"{ticks // 100}.{ticks % 100:02d}"


class Stock(Iterator[T]):
    """Requests made before they are needed, so that making them is no part of the load.

    `fill` before a run; a run that needs more makes the rest as it goes.
    """

    def __init__(self, requests: Iterator[T]) -> None:
        self._requests = requests
        self._made: deque[T] = deque()

    def fill(self, count: int) -> None:
        """At least `count` fresh ones from now on; older ones would be refused as too old."""
        self._made = deque(itertools.islice(self._requests, count))

    def __next__(self) -> T:
        """The next request."""
        return self._made.popleft() if self._made else next(self._requests)


def rest_requests(host: str, credentials: list[Credentials], seed: int) -> Iterator[bytes]:
    """Signed orders over REST, without end; the accounts take turns."""
    rng = Random(seed)
    while True:
        who = rng.choice(credentials)
        side, price = terms(rng)
        query = (
            f"symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={QUANTITY}"
            f"&price={price}&newOrderRespType=RESULT&recvWindow=60000&timestamp={_now_ms()}"
        )
        body = f"{query}&signature={who.signature(query)}"
        yield (
            f"POST /api/v3/order HTTP/1.1\r\nHost: {host}\r\nX-MBX-APIKEY: {who.key}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}"
            f"\r\n\r\n{body}"
        ).encode()


def websocket_messages(credentials: list[Credentials], seed: int) -> Iterator[tuple[int, bytes]]:
    """Signed order.place requests with their ids, without end; the accounts take turns."""
    rng = Random(seed)
    for request_id in itertools.count(1):
        yield request_id, _websocket_message(request_id, rng.choice(credentials), rng)


def _websocket_message(request_id: int, who: Credentials, rng: Random) -> bytes:
    side, price = terms(rng)
    params = {
        "apiKey": who.key, "newOrderRespType": "RESULT", "price": price, "quantity": QUANTITY,
        "recvWindow": "60000", "side": side, "symbol": "BTCUSDT", "timeInForce": "GTC",
        "timestamp": str(_now_ms()), "type": "LIMIT",
    }  # fmt: skip
    signature = who.signature("&".join(f"{name}={params[name]}" for name in sorted(params)))
    fields = ",".join(f'"{name}":"{value}"' for name, value in params.items())
    return (
        f'{{"id":{request_id},"method":"order.place",'
        f'"params":{{{fields},"signature":"{signature}"}}}}'
    ).encode()


def peer_requests(host: str, seed: int) -> Iterator[bytes]:
    """The same orders as `matching-engine` takes them."""
    rng = Random(seed)
    while True:
        side, price = terms(rng)
        body = (
            f'{{"account":{rng.randrange(1, 1001)},"side":"{side.lower()}","price":"{price}",'
            f'"quantity":"{QUANTITY}"}}'
        )
        yield (
            f"POST /markets/BTC-USDT/orders HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
