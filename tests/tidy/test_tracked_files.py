"""What may stand in a file of the repository. A finding says what to do instead."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
MAX_BYTES = 1_000_000
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Groups keep these lines from finding themselves.
MACHINE_PATH = re.compile(r"(?<![\w.}>~/])/(?:work|root|home|Users)/\w")
REGISTRY_HOST = re.compile(r"(?:(?:pypi|pythonhosted|npmjs)\.org|(?:deb)\.debian)")
DOWNLOAD = re.compile(r"https?://[^\s\"'<>)]+\.(?:whl|tgz|tar\.gz|deb|zip)\b")


@cache
def tracked_files() -> tuple[Path, ...]:
    """What git holds or would add; the test is skipped where there is no git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: nothing says which files are the repository's")
    paths = (ROOT / name.decode() for name in listed.split(b"\0") if name)
    return tuple(path for path in paths if path.is_file())


def lines_of_text() -> Iterator[tuple[str, str]]:
    """`path:line` and text of every line of every text file."""
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def report(findings: list[str], advice: str) -> None:
    if findings:
        pytest.fail("\n".join([*findings[:20], f"-> {advice}"]), pytrace=False)


def pinned(lock: str) -> dict[str, set[str]]:
    """Versions by name; a name has several where Python versions need different ones."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        if match := re.match(r"([\w.-]+)==([^\s;]+)", line):
            found.setdefault(match[1].lower(), set()).add(match[2])
    return found


def wanted(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"]]
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    return [Requirement(line) for line in asked]


def unmet(lock: str, *extras: str) -> list[str]:
    """The requirements of which the lock holds no version, or one outside the bounds."""
    held = pinned(lock)
    return [
        f"{lock} holds no {asked}"
        for asked in wanted(*extras)
        if not all(map(asked.specifier.contains, held.get(asked.name, {""})))
    ]


def test_no_file_names_a_path_of_one_machine():
    report(
        [
            f"{place}: {line.strip()}"
            for place, line in lines_of_text()
            if MACHINE_PATH.search(line)
        ],
        "Write a path relative to the checkout, or take it from a setting.",
    )


def test_no_file_names_a_package_index_or_a_download():
    report(
        [
            f"{place}: {line.strip()}"
            for place, line in lines_of_text()
            if REGISTRY_HOST.search(line) or DOWNLOAD.search(line)
        ],
        "Name the package and its version; where it comes from is each machine's own setting.",
    )


def test_no_file_is_large():
    sizes = {path: path.stat().st_size for path in tracked_files()}
    report(
        [f"{p.relative_to(ROOT)} has {n:,} bytes" for p, n in sizes.items() if n > MAX_BYTES],
        "Make the data in the test, or read it from ../shared/data and skip where it is absent.",
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_only(lock):
    known = re.compile(r"[\w.-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    #( .*)?")
    content = (ROOT / lock).read_text().splitlines()
    report(
        [
            f"{lock}:{number}: {line}"
            for number, line in enumerate(content, 1)
            if not known.fullmatch(line) or "://" in line
        ],
        "Write it anew with `make lock`.",
    )


def test_the_locks_hold_what_the_project_asks_for():
    runtime, development = (pinned(lock) for lock in LOCKS)
    differing = [name for name in runtime if not runtime[name] <= development.get(name, set())]
    report(
        unmet(LOCKS[0], "editable", "people")
        + unmet(LOCKS[1], "editable", "people", "dev", "compat")
        + [f"{name} differs between the two locks" for name in differing],
        "Run `make lock`.",
    )
