import errno
import os
from pathlib import Path

import pytest

from sunwise.chassis.checkpoint import Checkpoint, CheckpointStore


def make(folder: Path, layout: bytes = b"v1", keep: int = 2) -> CheckpointStore:
    return CheckpointStore(folder, name="accounts", layout=layout, keep=keep)


def test_nothing_is_loaded_from_an_empty_folder(tmp_path: Path):
    assert make(tmp_path / "new" / "folder").load() is None


def test_the_newest_is_loaded_and_older_ones_are_dropped(tmp_path: Path):
    store = make(tmp_path)
    for seq in (5, 70, 600):
        store.save(seq=seq, position=b"p%d" % seq, state=[b"state ", memoryview(b"%d" % seq)])
    assert store.load() == Checkpoint(600, b"p600", b"state 600")
    assert len(list(tmp_path.iterdir())) == 2
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())


@pytest.mark.parametrize("where", [0, 8, 39, 41, 60, 70, -1])
def test_any_flipped_bit_makes_it_fall_back_to_the_older_one(tmp_path: Path, where: int):
    store = make(tmp_path)
    store.save(seq=1, position=b"old", state=[bytes(100)])
    path = store.save(seq=2, position=b"new", state=[bytes(100)])
    content = bytearray(path.read_bytes())
    content[where] ^= 4
    path.write_bytes(content)
    loaded = store.load()
    assert loaded is not None
    assert loaded.position == b"old"


@pytest.mark.parametrize("length", [0, 10, 71, 72, 100])
def test_a_torn_file_is_passed_over(tmp_path: Path, length: int):
    store = make(tmp_path)
    path = store.save(seq=2, position=b"new", state=[bytes(100)])
    path.write_bytes(path.read_bytes()[:length])
    assert store.load() is None


def test_another_layout_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    make(tmp_path).save(seq=1, position=b"", state=[b"x"])
    assert make(tmp_path, layout=b"v2").load() is None
    assert "layout b'v1'" in caplog.records[0].why  # type: ignore[attr-defined]
    assert make(tmp_path).load() is not None


def test_names_do_not_see_each_other(tmp_path: Path):
    make(tmp_path).save(seq=1, position=b"", state=[b"x"])
    assert CheckpointStore(tmp_path, name="account", layout=b"v1").load() is None


def test_a_full_disk_leaves_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = make(tmp_path)
    store.save(seq=1, position=b"", state=[b"x"])

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            store.save(seq=2, position=b"", state=[b"y"])
    assert store.load() == Checkpoint(1, b"", b"x")
    assert [path.suffix for path in tmp_path.iterdir()] == [".ckpt"]


def test_what_a_crash_left_half_written_is_removed(tmp_path: Path):
    (tmp_path / "accounts-00000000000000000009.new").write_bytes(b"half")
    make(tmp_path)
    assert list(tmp_path.iterdir()) == []
