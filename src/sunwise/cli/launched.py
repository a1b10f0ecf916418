"""An exchange in a process of its own, for whoever is not the command line: tests, notebooks.

    with LaunchedExchange.start(folder) as exchange:
        account = exchange.new_account({"USDT": "10000"})
        ... exchange.rest_url, account.api_key, account.api_secret ...

Everything here blocks; the requests to the exchange run on a thread's own event loop, so that it
can be used inside and outside of asyncio.
"""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from sunwise.chassis.child_process import dying_with_parent
from sunwise.chassis.children import READY_FD
from sunwise.chassis.errors import Permanent
from sunwise.cli.credit import asset_named, atoms_of
from sunwise.cli.operator import Operator
from sunwise.cli.running import DemoKey, RunningExchange, find_running
from sunwise.contracts.exchange.desk import Listed

_STOP_S: Final = 30.0
_R = TypeVar("_R")


class NotLaunched(Permanent):
    """The exchange did not come up; the message holds what it said."""


class LaunchedExchange:
    """A running exchange; made by `start`, ended by `stop`."""

    def __init__(self, process: "subprocess.Popen[bytes]", data: Path, output: Path) -> None:
        self.data = data
        self._process = process
        self._output = output
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.running: RunningExchange = find_running(data)
        self._operator: Operator = self._do(Operator.connect(self.running))
        self._listed: Listed = self._do(self._operator.listed())

    @classmethod
    def start(
        cls,
        data: Path,
        *,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        timeout_s: float = 180.0,
    ) -> Self:
        """An exchange in the folder `data` on free ports; `options` are those of `sunwise up`.

        The first start on a machine compiles the engine, which takes up to a minute. Raises
        NotLaunched.
        """
        data = data.absolute()
        data.parent.mkdir(parents=True, exist_ok=True)
        output = data.with_name(data.name + ".out")
        read_fd, write_fd = os.pipe()
        command = [sys.executable, "-m", "sunwise.cli", "up", "--data", str(data)]
        command += ["--rest-port", "0", "--ws-port", "0", *options]
        try:
            with output.open("wb") as file:
                process = subprocess.Popen(
                    dying_with_parent(command),
                    env={**os.environ, **(environment or {}), READY_FD: str(write_fd)},
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    pass_fds=(write_fd,),
                    start_new_session=True,
                )
        finally:
            os.close(write_fd)
        is_ready = _wait_for_line(read_fd, timeout_s)
        if not is_ready:
            process.kill()
            process.wait()
            said = output.read_text("utf-8", "replace").strip().splitlines()
            raise NotLaunched(said[-1] if said else f"It was not ready in {timeout_s:g} s.")
        return cls(process, data, output)

    @property
    def rest_url(self) -> str:
        """Where REST listens."""
        return self.running.rest_url

    @property
    def ws_url(self) -> str:
        """Where streams and the WebSocket API listen."""
        return self.running.ws_url

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text("utf-8", "replace")

    def refresh(self) -> RunningExchange:
        """What is running now: children that were started again have new process ids."""
        self.running = find_running(self.data)
        return self.running

    def new_account(self, balances: Mapping[str, str] | None = None) -> DemoKey:
        """A fresh account with these balances (decimal text by asset) and a key of its own."""
        account = self._do(self._operator.open_account())
        for asset, amount in (balances or {}).items():
            self.credit(account, asset, amount)
        return self._do(self._operator.create_key(account))

    def credit(self, account: int, asset: str, amount: str) -> None:
        """Gives the account money, or with a minus sign takes it away. Raises Permanent."""
        listed = asset_named(asset, self._listed)
        self._do(self._operator.move_funds(account, listed, atoms_of(amount, listed)))

    def stop(self, *, timeout_s: float = _STOP_S) -> int:
        """Ends it politely; its exit code. Safe to call twice."""
        if self._thread.is_alive():
            with contextlib.suppress(Exception):
                self._do(self._operator.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def kill(self) -> None:
        """Ends the supervisor like a power cut (SIGKILL); its children end with it."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _do(self, work: Coroutine[Any, Any, _R]) -> _R:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_STOP_S)


def _wait_for_line(fd: int, timeout_s: float) -> bool:
    """Whether a line came before the pipe was closed and before the time was up."""
    deadline_s = time.monotonic() + timeout_s
    with os.fdopen(fd, "rb", buffering=0) as file:
        while (left_s := deadline_s - time.monotonic()) > 0:
            readable, _, _ = select.select([file], [], [], left_s)
            if readable:
                return bool(file.read(1))
    return False
