"""Child processes: started, waited for, started again when they crash, stopped in order.

A child says that it is ready by writing one line of JSON to the descriptor that SUNWISE_READY_FD
names. It is killed when this process dies, however it dies: nothing is left behind but what is meant
to outlive us.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from sunwise.chassis.child_process import dying_with_parent
from sunwise.chassis.errors import Permanent

READY_FD: Final = "SUNWISE_READY_FD"


class ChildFailed(Permanent):
    """A child did not become ready; the message says what it said last."""


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a child."""

    name: str
    command: Sequence[str]
    """An absolute path and its arguments."""
    environment: Mapping[str, str]
    log: Path
    """Where its standard output and error go; its earlier logs are kept beside it."""
    ready_timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    stop_timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    outlives_us: bool = False
    """Whether it goes on when this process is killed; it is still stopped with it in good order."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait before starting a crashed child again, s."""

    first_s: float = 0.1
    longest_s: float = 5.0
    healthy_after_s: float = 20.0
    """A child that ran so long starts from `first_s` again."""


Report = Callable[[str], None]
"""Takes a sentence for the person at the terminal."""


class Child:
    """One supervised child process."""

    def __init__(self, spec: ChildSpec, *, report: Report, patience: Patience) -> None:
        self.spec = spec
        self.restarts = 0
        self.answer: dict[str, Any] = {}
        """What it said when it was ready."""
        self.is_ready = False
        """Whether it is ready, as far as is known."""
        self._report = report
        self._patience = patience
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Returns when the child is ready and from then on watched. Raises ChildFailed."""
        await self._start_once()
        self._watching = asyncio.create_task(self._watch(), name=f"watch {self.spec.name}")

    async def stop(self) -> None:
        """Ends it politely, or by force after its time. Safe to call twice, and before `start`."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self.spec.stop_timeout_s)
        except TimeoutError:
            self._report(f"{self.spec.name} did not end in time and was killed.")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _watch(self) -> None:
        wait_s, started_s = self._patience.first_s, time.monotonic()
        while True:
            assert self._process is not None, "watched only once started"
            how = _how_it_ended(await self._process.wait())
            self.is_ready = False
            if time.monotonic() - started_s >= self._patience.healthy_after_s:
                wait_s = self._patience.first_s
            self.restarts += 1
            self._report(f"{self.spec.name} {how}: starting it again in {wait_s:g} s.")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, self._patience.longest_s)
            started_s = time.monotonic()
            try:
                await self._start_once()
            except ChildFailed as failure:
                self._report(str(failure))
            else:
                self._report(f"{self.spec.name} is back.")

    async def _start_once(self) -> None:
        read_fd, write_fd = os.pipe()
        try:
            self._process = await self._spawn(write_fd)
        finally:
            os.close(write_fd)
        line = await _read_line(read_fd, timeout_s=self.spec.ready_timeout_s)
        if not line:
            raise ChildFailed(await self._why_not_ready())
        self.answer = msgspec.json.decode(line)
        self.is_ready = True

    async def _spawn(self, ready_fd: int) -> asyncio.subprocess.Process:
        _keep_last_log(self.spec.log)
        log_fd = os.open(self.spec.log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        command = list(self.spec.command)
        if not self.spec.outlives_us:
            command = dying_with_parent(command, signal_number=signal.SIGKILL)
        try:
            return await asyncio.create_subprocess_exec(
                *command,
                env={**self.spec.environment, READY_FD: str(ready_fd)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                pass_fds=(ready_fd,),
                # Ctrl-C goes to the whole group: the supervisor alone decides who stops when.
                start_new_session=True,
            )
        finally:
            os.close(log_fd)

    async def _why_not_ready(self) -> str:
        process = self._process
        assert process is not None, "spawned"
        # A closed pipe without a word comes a moment before the end of its process.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 1.0)
        if process.returncode is None:
            process.kill()
            await process.wait()
            said = f"was not ready in {self.spec.ready_timeout_s:g} s"
        else:
            said = _how_it_ended(process.returncode)
        return f"{self.spec.name} {said}. {last_words(self.spec.log)}"


def tell_ready(answer: Mapping[str, Any]) -> None:
    """In a child: says that it is ready, with `answer`; nothing when nobody asked."""
    fd = os.environ.get(READY_FD)
    if fd is not None:
        with contextlib.suppress(OSError):  # whoever asked has gone
            os.write(int(fd), msgspec.json.encode(dict(answer)) + b"\n")
            os.close(int(fd))


def last_words(log: Path) -> str:
    """What a child logged last, worst lines first, in one line; and where the rest is."""
    try:
        lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    if not lines:
        return f"It said nothing (log: {log})."
    critical = [line for line in lines if " CRITICAL " in line]
    worst = critical or [line for line in lines if "Error" in line] or lines
    return f"It said: {worst[-1].strip()[:300]} (log: {log})"


def _keep_last_log(log: Path) -> None:
    """One earlier log is kept: the one that tells why the child crashed."""
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous.log"))


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


async def _read_line(fd: int, *, timeout_s: float) -> bytes:
    """The first line written to the pipe; b"" when it was closed before, or in time out."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    file = os.fdopen(fd, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    try:
        return await asyncio.wait_for(reader.readline(), timeout_s)
    except TimeoutError:
        return b""
    finally:
        transport.close()
