"""A client with nothing of ours in it: the standard library over HTTP, `websockets` over streams."""

import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode, urlsplit

from websockets.sync.client import connect

_IDS = itertools.count(1)


class Answer:
    """What came back: status, headers by lower-case name, and the JSON."""

    def __init__(self, reply: http.client.HTTPResponse):
        self.status = reply.status
        self.headers = {name.lower(): value for name, value in reply.getheaders()}
        self.body = reply.read()
        self.json = json.loads(self.body) if self.body else None

    @property
    def refusal(self):
        """(status, code, msg)."""
        return self.status, self.json["code"], self.json["msg"]


class Trader:
    """One account on the exchange, over one keep-alive connection."""

    def __init__(self, exchange, key):
        self.rest_url, self.ws_url = exchange.rest_url, exchange.ws_url
        self.key, self.secret = key.api_key, key.api_secret
        self._connection = http.client.HTTPConnection(urlsplit(self.rest_url).netloc, timeout=15)

    def close(self):
        self._connection.close()

    def ask(self, method, target, body=None, headers=None) -> Answer:
        """A request exactly as given."""
        self._connection.request(method, target, body, headers or {})
        return Answer(self._connection.getresponse())

    def get(self, path, **params):
        """The JSON of a public question that must succeed."""
        query = f"?{urlencode(params)}" if params else ""
        answer = self.ask("GET", f"/api/v3/{path}{query}")
        assert answer.status == 200, answer.body
        return answer.json

    def sign(self, payload: str) -> str:
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def signed(self, params) -> str:
        sent = {name: value for name, value in params.items() if value is not None}
        sent.setdefault("timestamp", int(time.time() * 1000))
        payload = urlencode(sent)
        return f"{payload}&signature={self.sign(payload)}"

    def signed_params(self, **params) -> dict:
        """Parameters of a call of the WebSocket API."""
        params |= {"apiKey": self.key, "timestamp": int(time.time() * 1000)}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        return params | {"signature": self.sign(payload)}

    def call(self, method, path, headers=None, **params) -> Answer:
        """A signed call, whatever becomes of it."""
        named = {"X-MBX-APIKEY": self.key} | (headers or {})
        return self.ask(method, f"/api/v3/{path}?{self.signed(params)}", headers=named)

    def place(self, **params) -> Answer:
        """POST order, whatever becomes of it. LIMIT orders are GTC unless told otherwise."""
        if params.get("type", "LIMIT") in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
            params.setdefault("timeInForce", "GTC")
        return self.call("POST", "order", **({"type": "LIMIT"} | params))

    def order(self, side, symbol, quantity, price, **params) -> dict:
        """A LIMIT order that must be taken."""
        answer = self.place(symbol=symbol, side=side, quantity=quantity, price=price, **params)
        assert answer.status == 200, answer.body
        return answer.json

    def buy(self, symbol, quantity, price, **params):
        return self.order("BUY", symbol, quantity, price, **params)

    def sell(self, symbol, quantity, price, **params):
        return self.order("SELL", symbol, quantity, price, **params)

    def read(self, path, **params):
        """The JSON of a signed question that must succeed."""
        answer = self.call("GET", path, **params)
        assert answer.status == 200, answer.body
        return answer.json

    def balances(self) -> dict[str, tuple[str, str]]:
        """(free, locked) of each asset, as text."""
        rows = self.read("account")["balances"]
        return {row["asset"]: (row["free"], row["locked"]) for row in rows}

    def cancel_all(self, symbol):
        self.call("DELETE", "openOrders", symbol=symbol)

    # ---- streams ----

    @contextlib.contextmanager
    def stream(self, *names) -> "Iterator[Events]":
        """Events of raw market streams, or wrapped ones of several."""
        path = f"/ws/{names[0]}" if len(names) == 1 else f"/stream?streams={'/'.join(names)}"
        with connect(f"{self.ws_url}{path}") as socket:
            yield Events(socket)

    @contextlib.contextmanager
    def user_stream(self) -> "Iterator[Events]":
        """The account's own events, wrapped as they come."""
        with connect(f"{self.ws_url}/ws-api/v3") as socket:
            events = Events(socket)
            events.ask("userDataStream.subscribe.signature", self.signed_params())
            yield events


class Events:
    """What a WebSocket says, one JSON after the other."""

    def __init__(self, socket):
        self.socket = socket

    def next(self, within_s=5.0):
        return json.loads(self.socket.recv(timeout=within_s))

    def until(self, wanted: Callable[[dict], bool], within_s=10.0) -> list[dict]:
        """Everything up to and including the first event that is wanted."""
        seen, deadline_s = [], time.monotonic() + within_s
        while not (seen and wanted(seen[-1])):
            seen.append(self.next(max(0.01, deadline_s - time.monotonic())))
        return seen

    def silent(self, for_s=1.5) -> bool:
        """Whether nothing comes for that long."""
        try:
            self.socket.recv(timeout=for_s)
        except TimeoutError:
            return True
        return False

    def send(self, method, params) -> int:
        """Sends a call of the WebSocket API; its id."""
        request_id = next(_IDS)
        self.socket.send(json.dumps({"id": request_id, "method": method, "params": params}))
        return request_id

    def ask(self, method, params=None):
        """A call of the WebSocket API that must succeed; its result."""
        request_id = self.send(method, params or {})
        answer = self.next()
        assert answer["id"] == request_id
        assert answer["status"] == 200, answer
        return answer["result"]


def atoms(text: str) -> int:
    """A decimal text with eight decimals as an integer: sums are exact."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(8, "0"))


def eventually(ask, wanted, within_s=3.0):
    """The first answer that is wanted, or the last one."""
    deadline_s = time.monotonic() + within_s
    while not wanted(answer := ask()) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return answer
