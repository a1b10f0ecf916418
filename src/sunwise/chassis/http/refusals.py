"""What a service refuses, as an HTTP answer: its word for it, and what to do instead."""

from collections.abc import Awaitable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from fastapi import HTTPException

from sunwise.chassis.errors import Refused

_T = TypeVar("_T")
_CONFLICT: Final = 409


class Refusals:
    """The statuses of a service's whys; 409 for others: somebody came first, or it is not the time."""

    def __init__(self, statuses: Mapping[StrEnum, int]) -> None:
        self._statuses = statuses

    async def answered(self, asked: Awaitable[_T]) -> _T:
        """What was asked for. Raises HTTPException where it is refused."""
        try:
            return await asked
        except Refused as refused:
            detail: Any = {"why": refused.why.value, "what": str(refused)}
            raise HTTPException(self._statuses.get(refused.why, _CONFLICT), detail) from refused
