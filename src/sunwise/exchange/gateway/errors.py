"""What a client is told when something is refused: Binance's codes, HTTP statuses and messages."""

from typing import Final


class ApiError(Exception):
    """A refusal in Binance's terms; the message says what to do where Binance's own does."""

    def __init__(self, code: int, message: str, *, status: int = 400, after_s: int = 0) -> None:
        super().__init__(message)
        self.code: Final = code
        self.message: Final = message
        self.status: Final = status
        self.after_s: Final = after_s
        """Seconds for Retry-After; 0 for no such header."""
