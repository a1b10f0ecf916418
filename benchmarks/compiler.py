"""C++ that a benchmark needs, compiled once for its sources on this machine."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_BUILT: Final = Path(__file__).resolve().parents[1] / "build"
_CHECKS: Final = ["-std=c++20", "-Wall", "-Wextra", "-Werror"]


class CompilerMissing(RuntimeError):
    """There is no C++ compiler; the message says what to install."""


def compiled(
    source: Path, flags: Sequence[str], generated: Mapping[str, str] | None = None
) -> Path:
    """What `source` compiles to, with the headers beside it and those `generated`, by name.

    Kept in the build folder under a hash of all of it. Raises CompilerMissing.
    """
    compiler = os.environ.get("CXX") or shutil.which("g++")
    if compiler is None:
        raise CompilerMissing(f"{source.name} needs g++: on Debian, apt install g++")
    command = [compiler, *_CHECKS, *flags]
    headers = generated or {}
    folder = _BUILT / source.stem / _hash(source, command, headers)
    target = folder / source.stem
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in headers.items():
            (folder / name).write_text(text)
        fresh = folder / f"{os.getpid()}.fresh"
        places = [f"-I{folder}", f"-I{source.parent}", str(source)]
        subprocess.run([*command, *places, "-o", str(fresh)], check=True)
        fresh.replace(target)  # whole or not at all, also when two build at once
    return target


def _hash(source: Path, command: list[str], generated: Mapping[str, str]) -> str:
    digest = hashlib.blake2b(repr((command, dict(generated))).encode(), digest_size=8)
    for path in sorted([*source.parent.glob("*.hpp"), source]):
        digest.update(path.name.encode() + path.read_bytes())
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if "flags" in line)
    digest.update(cpu.encode())  # -march=native
    return digest.hexdigest()
