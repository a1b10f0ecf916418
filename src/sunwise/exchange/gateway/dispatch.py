"""The way of every call, whatever transport it came by: limits, key, parameters, handler, answer.

A transport calls `run` once and gets one `Call.send`. The WebSocket API and REST differ only in
how they read a request and write an answer.
"""

from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.registry import Call


class Dispatcher:
    """Runs calls. Never raises: what goes wrong is sent to the client."""

    def run(self, call: Call) -> None:
        """Takes the call through to its answer, which may come in a later turn of the loop."""
        raise NotImplementedError

    def succeed(self, call: Call, body: bytes) -> None:
        """Ends the call with the JSON of its result."""
        raise NotImplementedError

    def fail(self, call: Call, error: ApiError) -> None:
        """Ends the call with a refusal."""
        raise NotImplementedError
