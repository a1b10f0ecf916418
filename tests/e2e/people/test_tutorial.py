"""The tutorial's commands, run word for word against a real people plane."""

import doctest
import os
import re
import shlex

import pytest

from tests.support.launched_people import LaunchedPeople

pytestmark = pytest.mark.timeout(600)
PAGE = "docs/tutorials/your-company.md"
STEP = re.compile(
    r"<!-- file: (?P<file>\S+) -->\n```\n(?P<text>.*?)^```|^```console\n(?P<console>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ sunwise (?P<command>.*)\n(?P<shown>(?:(?!\$ ).*\n)*)", re.MULTILINE)
SAME = doctest.OutputChecker()


def said(plane: LaunchedPeople, command: str) -> str:
    done = plane.command(*shlex.split(command), within_s=300)
    return done.stdout + "".join(
        line for line in done.stderr.splitlines(keepends=True) if line.startswith("Error")
    )


def test_every_command_of_the_tutorial_shows_what_it_says(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plane = LaunchedPeople(tmp_path, {"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    try:
        for step in STEP.finditer((root / PAGE).read_text()):
            if step["file"]:
                (tmp_path / step["file"]).write_text(step["text"])
                continue
            for each in COMMAND.finditer(step["console"]):
                found = said(plane, each["command"])
                assert SAME.check_output(each["shown"], found, doctest.ELLIPSIS), (each[0], found)
                if each["command"].startswith("people init"):
                    plane.start()
    finally:
        plane.stop()
