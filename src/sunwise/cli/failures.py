"""What went wrong, in one sentence that says what to do; exit code 1."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from sunwise.chassis.errors import Permanent, Retryable

_P = ParamSpec("_P")
_R = TypeVar("_R")


def told_in_one_sentence(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """`command`, whose Permanent and Retryable faults are printed as `Error: ...`, exit code 1."""

    @functools.wraps(command)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return command(*args, **kwargs)
        except (Permanent, Retryable) as failure:
            click.echo(f"Error: {one_line(failure)}", err=True)
            sys.exit(1)

    return told


def one_line(failure: BaseException) -> str:
    """The failure's message on one line."""
    return " ".join(str(failure).split()) or type(failure).__name__
