import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sunwise.chassis.data_folder import DataFolderUnusable, open_data_folder, write_private


def test_a_folder_is_made_private_and_opens_again(tmp_path: Path):
    path = tmp_path / "a" / "data"
    with open_data_folder(path) as folder:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        sub = folder.subfolder("nats")
        assert stat.S_IMODE(sub.stat().st_mode) == 0o700
    path.chmod(0o755)
    with open_data_folder(path) as folder:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert folder.subfolder("nats") == sub


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path):
    with (
        open_data_folder(tmp_path / "data"),
        pytest.raises(DataFolderUnusable, match=rf"in use .*process {os.getpid()}.*Stop that"),
    ):
        open_data_folder(tmp_path / "data")
    open_data_folder(tmp_path / "data").close()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path):
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from sunwise.chassis.data_folder import open_data_folder;"
        "held = open_data_folder(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "data"], check=False)
    open_data_folder(tmp_path / "data").close()


def test_a_strangers_folder_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(DataFolderUnusable, match=r"not empty.*'photo\.jpg'"):
        open_data_folder(tmp_path)
    assert not (tmp_path / "sunwise-data.json").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "sunwise"}'])
def test_a_damaged_marker_is_refused(tmp_path: Path, content: bytes):
    open_data_folder(tmp_path / "data").close()
    (tmp_path / "data" / "sunwise-data.json").write_bytes(content)
    with pytest.raises(DataFolderUnusable, match="damaged"):
        open_data_folder(tmp_path / "data")
    (tmp_path / "data" / "sunwise-data.json").unlink()
    open_data_folder(tmp_path / "data").close()


def test_another_releases_layout_is_refused(tmp_path: Path):
    open_data_folder(tmp_path / "data").close()
    (tmp_path / "data" / "sunwise-data.json").write_bytes(b'{"format":"sunwise","layout":99}')
    with pytest.raises(DataFolderUnusable, match="layout sunwise 99; this release reads sunwise 1"):
        open_data_folder(tmp_path / "data")


def test_a_path_that_cannot_be_a_folder_is_told(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(DataFolderUnusable, match="is a file"):
            open_data_folder(path)
    with pytest.raises(DataFolderUnusable, match="Cannot use"):
        open_data_folder(Path("/proc/nowhere/data"))


def test_private_files_are_whole_and_private(tmp_path: Path):
    path = tmp_path / "seed"
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
