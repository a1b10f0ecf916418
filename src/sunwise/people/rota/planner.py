"""The solver in a process of its own: the loop is never blocked, and a plan that hangs is ended.

The child reads one job and writes one answer. Whatever ends it before (a kill, the time limit, a fault)
leaves nothing behind: a half-done plan is no plan.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from typing import Final

import msgspec

from sunwise.chassis.child_process import dying_with_parent
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.people.rota.jobs import Answer, Failed, Job

_SIGKILL: Final = 9
_COMMAND: Final = [sys.executable, "-m", "sunwise.people.rota.planning_process"]
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


class PlannerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long a plan may take, and how many are made at a time."""

    longest_s: float = 300.0
    """Seconds after which a plan is given up."""
    at_once: int = 1
    """Plans made at a time; each takes a core."""


class Planner:
    """Runs jobs; call it from the main thread's loop."""

    def __init__(self, settings: PlannerSettings | None = None) -> None:
        self._settings = settings or PlannerSettings()
        self._free = asyncio.Semaphore(self._settings.at_once)

    async def run(self, job: Job) -> Answer:
        """The answer. Raises Permanent when it cannot be planned, Retryable when the child ended."""
        async with self._free:
            content = await self._run(_encode(job))
        answer = _decode.decode(content)
        if isinstance(answer, Failed):
            raise Permanent(answer.why)
        return answer

    async def _run(self, job: bytes) -> bytes:
        command = dying_with_parent(_COMMAND, signal_number=_SIGKILL)
        child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        try:
            async with asyncio.timeout(self._settings.longest_s):
                content, _ = await child.communicate(job)
        except TimeoutError as late:
            raise Retryable(
                f"No rota was found within {self._settings.longest_s:g} s: nothing was changed.",
                after_s=600.0,
            ) from late
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode != 0 or not content:
            raise Retryable(f"{_ended(child.returncode)}: nothing was changed.", after_s=60.0)
        return content


def _ended(status: int | None) -> str:
    """What became of a child that gave no answer."""
    if status is not None and status < 0:
        return f"The planning process was killed (signal {-status}), as when memory is short"
    return "The planning process failed, which the log tells more of"
