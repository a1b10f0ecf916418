"""Who is told when a connection to the bus is lost and when it is back."""

from collections.abc import Callable

ConnectionCallback = Callable[[bool], None]


class ConnectionListeners:
    """The listeners of one connection, told in the order in which they came."""

    def __init__(self) -> None:
        self._callbacks: dict[object, ConnectionCallback] = {}

    def add(self, callback: ConnectionCallback) -> Callable[[], None]:
        """What ends the listening; calling it again does nothing."""
        key = object()
        self._callbacks[key] = callback
        return lambda: _forget(self._callbacks, key)

    def tell(self, *, connected: bool) -> None:
        """Calls everyone who still listens when its turn comes."""
        for key in list(self._callbacks):
            callback = self._callbacks.get(key)
            if callback is not None:
                callback(connected)


def _forget(callbacks: dict[object, ConnectionCallback], key: object) -> None:
    callbacks.pop(key, None)
