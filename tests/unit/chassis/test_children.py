"""Supervision, tried on real processes of a few lines."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from sunwise.chassis.children import Child, ChildFailed, ChildSpec, Patience, last_words

READY = "import os,time; os.write(int(os.environ['SUNWISE_READY_FD']), b'{\"port\": 7}\\n');"


@pytest.fixture
def said():
    return []


@pytest.fixture
async def child(tmp_path, said):
    made = []

    def make(code, **changes):
        spec = ChildSpec(
            name="worker",
            command=[sys.executable, "-c", code],
            environment=dict(os.environ),
            log=tmp_path / "worker.log",
            **changes,
        )
        made.append(Child(spec, report=said.append, patience=Patience(first_s=0.01)))
        return made[-1]

    yield make
    for each in made:
        await each.stop()


async def until(condition, timeout_s=10.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def test_start_returns_what_the_child_said_when_it_was_ready(child):
    worker = child(READY + "time.sleep(60)")
    await worker.start()
    assert worker.answer == {"port": 7}
    assert worker.pid is not None


async def test_a_child_that_crashes_at_start_is_told_with_its_last_words(child):
    worker = child("raise SystemExit('there is no such port')")
    with pytest.raises(ChildFailed, match=r"ended with code 1\. It said: there is no such port"):
        await worker.start()


async def test_a_child_that_never_gets_ready_is_killed(child):
    worker = child("import time; time.sleep(60)", ready_timeout_s=0.3)
    with pytest.raises(ChildFailed, match=r"not ready in 0.3 s. It said nothing"):
        await worker.start()
    assert worker.pid is None


async def test_a_killed_child_is_started_again_and_it_is_said(child, said):
    worker = child(READY + "time.sleep(60)")
    await worker.start()
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: worker.pid not in (None, first) and "worker is back." in said)
    assert "worker was ended by SIGKILL: starting it again in 0.01 s." in said
    assert worker.restarts == 1


async def test_a_child_that_keeps_crashing_is_started_ever_more_slowly(child, said):
    worker = child(READY + "time.sleep(0.01)")
    await worker.start()
    await until(lambda: worker.restarts >= 4)
    waits = [float(line.split(" in ")[1].split()[0]) for line in said if "again in" in line]
    assert waits[:4] == [0.01, 0.02, 0.04, 0.08]


async def test_stop_is_polite_first_and_forceful_then(child, said):
    polite = child(READY + "time.sleep(60)")
    await polite.start()
    started = time.monotonic()
    await polite.stop()
    assert time.monotonic() - started < 3
    deaf = child(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + READY + "time.sleep(60)",
        stop_timeout_s=0.2,
    )
    await deaf.start()
    await deaf.stop()
    assert deaf.pid is None
    assert said == ["worker did not end in time and was killed."]


@pytest.mark.parametrize("outlives_us", [False, True])
async def test_no_child_outlives_a_killed_supervisor_unless_it_is_meant_to(tmp_path, outlives_us):
    supervisor = textwrap.dedent(f"""
        import asyncio, os, pathlib, sys
        from sunwise.chassis.children import Child, ChildSpec, Patience
        async def main():
            spec = ChildSpec(name="w", command=[sys.executable, "-c", {READY + "time.sleep(60)"!r}],
                environment=dict(os.environ), log=pathlib.Path({str(tmp_path / "w.log")!r}),
                outlives_us={outlives_us})
            child = Child(spec, report=print, patience=Patience())
            await child.start()
            print(child.pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    process = subprocess.Popen(  # noqa: ASYNC220 - its end is awaited, not its work
        [sys.executable, "-c", supervisor], stdout=subprocess.PIPE
    )
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    if outlives_us:
        await asyncio.sleep(0.3)
        assert _is_alive(pid)
        os.kill(pid, signal.SIGKILL)
    await until(lambda: not _is_alive(pid))


def _is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_last_words_prefer_what_went_wrong(tmp_path):
    log = tmp_path / "x.log"
    log.write_text("12:00 CRITICAL engine failed: disk full\nOSError: errno 28\n12:01 INFO bye\n")
    assert "disk full" in last_words(log)
    assert "said nothing" in last_words(tmp_path / "absent.log")
