"""Why a command has no outcome, by what its sender may do about it."""

from sunwise.chassis.errors import Permanent, Retryable


class Overloaded(Retryable):
    """Too many commands wait already; this one was not taken. Try again later."""


class NotAccepted(Retryable):
    """The command is not in the log and never will be: nothing happened. Safe to send again."""


class OutcomeUnknown(Retryable):
    """The command may be in the log, now or later, but its events did not come in time.

    Ask what became of it (by its client order id), or send it again under the same id where
    the shard refuses recent ids. Never send a different one in its place blindly.
    """


class Fenced(Permanent):
    """Another instance of this writer has taken over: this one must end."""


class LogBroken(Permanent):
    """The log does not hold what it acknowledged, or holds what it must not: stop and look."""
