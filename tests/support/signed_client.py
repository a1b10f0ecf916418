"""A signed REST client of a page: keep-alive, HMAC, and nothing that hides a failure."""

import hashlib
import hmac
import http.client
import json
import time
from urllib.parse import urlencode, urlsplit


class Refused(Exception):
    """The API's own code and message."""

    def __init__(self, status, code, message):
        super().__init__(f"HTTP {status}, {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class Unanswered(Exception):
    """No answer came: the request may have been carried out."""


class SignedClient:
    """One connection, one account."""

    def __init__(self, rest_url, key, *, timeout_s=10.0):
        self._address = urlsplit(rest_url).netloc
        self._key = key
        self._timeout_s = timeout_s
        self._connection = None

    def call(self, method, path, **parameters):
        """The answer's JSON. Raises Refused and Unanswered."""
        query = urlencode(
            {**parameters, "timestamp": time.time_ns() // 10**6, "recvWindow": 60_000}
        )
        digest = hmac.digest(self._key.api_secret.encode(), query.encode(), hashlib.sha256).hex()
        target = f"/api/v3/{path}?{query}&signature={digest}"
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    self._address, timeout=self._timeout_s
                )
            self._connection.request(method, target, headers={"X-MBX-APIKEY": self._key.api_key})
            reply = self._connection.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(str(error)) from error
        answer = json.loads(body)
        if reply.status != 200:
            raise Refused(reply.status, answer.get("code"), answer.get("msg"))
        return answer

    def all_orders(self, symbol):
        """Every order of the account, page by page."""
        rows, after = [], 0
        while page := self.call("GET", "allOrders", symbol=symbol, orderId=after, limit=1000):
            rows += page
            after = page[-1]["orderId"] + 1
        return rows

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None
