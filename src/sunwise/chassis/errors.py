"""Faults of the world, named by what the caller should do about them; and what a rule forbids."""

from enum import StrEnum


class Retryable(Exception):
    """The same call may succeed later: wait `after_s` seconds and try again."""

    def __init__(self, message: str, *, after_s: float = 0.1) -> None:
        super().__init__(message)
        self.after_s = after_s


class Permanent(Exception):
    """The same call will fail again: somebody has to change something first."""


class Refused(Exception):
    """It cannot be done; nothing has changed. The message says what to do instead."""

    def __init__(self, why: StrEnum, message: str) -> None:
        super().__init__(message)
        self.why = why
        """In one word of the service's own."""
