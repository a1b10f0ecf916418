"""Questions to a service: one tagged union on one subject, answered from what it has applied.

A read model answers only when it has applied everything that was stored before the question came:
so whoever was told that a command is done sees what it did. Questions that wait together share one
read barrier.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Self, TypeVar

import msgspec

from sunwise.chassis.bus import Bus, Message, Subscription
from sunwise.chassis.errors import Permanent

_Query = TypeVar("_Query")

_encode = msgspec.msgpack.Encoder().encode


class QueryDesk(Generic[_Query]):
    """Answers questions until it is closed; made by `open`."""

    def __init__(
        self,
        *,
        kind: Any,  # noqa: ANN401 - a union of Structs is no type that Python can name
        barrier: Callable[[], Awaitable[None]],
        answer: Callable[[_Query], Awaitable[msgspec.Struct]],
    ) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._barrier = barrier
        self._answer = answer
        self._subscription: Subscription | None = None

    @classmethod
    async def open(
        cls,
        bus: Bus,
        subject: str,
        *,
        kind: Any,  # noqa: ANN401 - as above
        barrier: Callable[[], Awaitable[None]],
        answer: Callable[[_Query], Awaitable[msgspec.Struct]],
    ) -> Self:
        """A desk at `subject`, in force on return; replicas at one subject share the questions.

        `kind` is the union of what may be asked; anything else is refused as Permanent, with the
        reason. `answer` may raise Retryable and Permanent for the asker.
        """
        desk = cls(kind=kind, barrier=barrier, answer=answer)
        desk._subscription = await bus.serve(subject, desk._handle, group=subject)
        return desk

    async def close(self) -> None:
        """Answers no more."""
        if self._subscription is not None:
            await self._subscription.close()

    async def _handle(self, message: Message) -> bytes:
        try:
            query = self._decode(message.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Permanent(f"this is no question for {message.subject}: {error}") from error
        await self._barrier()
        return _encode(await self._answer(query))
