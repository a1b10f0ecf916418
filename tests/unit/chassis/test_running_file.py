"""How commands find what runs, and who holds a data folder."""

import os
import subprocess
import sys

import msgspec
import pytest

from sunwise.chassis.data_folder import holder_of, open_data_folder
from sunwise.chassis.running_file import RunningFile


class Running(msgspec.Struct, frozen=True, kw_only=True):
    pid: int
    url: str = ""


@pytest.fixture
def file(tmp_path):
    return RunningFile(tmp_path / "running.json", Running)


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_runs_is_found_until_it_is_removed(file):
    file.write(Running(pid=os.getpid(), url="http://here"))
    assert file.find() == Running(pid=os.getpid(), url="http://here")
    file.remove()
    file.remove()
    assert file.find() is None


def test_what_a_killed_process_left_behind_does_not_run(file):
    file.write(Running(pid=ended_process()))
    assert file.find() is None


def test_a_damaged_file_is_nothing_that_runs(file, tmp_path):
    (tmp_path / "running.json").write_text("{")
    assert file.find() is None


def test_a_data_folder_names_its_holder_while_it_is_held(tmp_path):
    assert holder_of(tmp_path / "none") is None
    with open_data_folder(tmp_path / "held") as folder:
        assert holder_of(folder.path) == os.getpid()
    assert holder_of(tmp_path / "held") is None
