"""Other people's packages, each installed into an environment of its own.

So that nothing of a peer reaches this project's environment. A peer that cannot
run on this machine is skipped with its reason, never quietly.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ENVIRONMENTS = Path(__file__).resolve().parent.parent / "build" / "peers"


class PeerMissing(RuntimeError):
    """The peer cannot run on this machine; the message says why."""


def installed(
    requirements: Sequence[str], oldest: tuple[int, int], folder: Path | None = None
) -> Path:
    """The `bin` folder of an environment that holds these requirements. Raises PeerMissing.

    `oldest`: the oldest Python that will do. Without `folder` the environment is kept
    in the build folder under a hash of the requirements, and made once.
    """
    python = _interpreter(requirements[0], oldest)
    key = hashlib.blake2b(repr((python, *requirements)).encode(), digest_size=6).hexdigest()
    venv = folder or ENVIRONMENTS / key
    ready = venv / "ready"
    if not ready.exists():
        _run([python, "-m", "venv", "--clear", str(venv)])
        _run([str(venv / "bin" / "python"), "-m", "pip", "install", "-q", *requirements])
        ready.touch()
    return venv / "bin"


def _run(command: list[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerMissing(f"`{' '.join(command[1:])}` failed: {last}")


def _interpreter(wanted_by: str, oldest: tuple[int, int]) -> str:
    """A Python of at least this version: this one if it will do."""
    if sys.version_info[:2] >= oldest:
        return sys.executable
    found = next((path for path in _candidates(oldest) if _starts(path)), None)
    if found is None:
        version = ".".join(map(str, oldest))
        raise PeerMissing(f"{wanted_by} needs Python {version} or newer: name one in BENCH_PYTHON")
    return found


def _candidates(oldest: tuple[int, int]) -> Iterator[str]:
    """Interpreters that may do: named, on the PATH, or installed by pyenv."""
    yield from filter(None, [os.environ.get("BENCH_PYTHON")])
    names = [f"python{oldest[0]}.{oldest[1] + newer}" for newer in range(4)]
    yield from filter(None, map(shutil.which, names))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for name in names:
        yield from map(str, sorted(pyenv.glob(f"versions/*/bin/{name}")))


def _starts(path: str) -> bool:
    """Whether it is a real interpreter: a version shim may refuse to start."""
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
