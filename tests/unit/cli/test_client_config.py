import ast
import json
import os
import re

import msgspec
import pytest
from click.testing import CliRunner

from sunwise.cli.client_config import TEMPLATES, client_lines
from sunwise.cli.main import main
from sunwise.cli.running import DemoKey, RunningExchange, remove_running, write_running

RUNNING = RunningExchange(
    pid=os.getpid(),
    rest_url="http://127.0.0.1:7070",
    ws_url="ws://127.0.0.1:7071",
    nats_url="nats://127.0.0.1:4222",
    nats_keys="keys",
    demo=DemoKey(account=2, api_key="THEKEY", api_secret="THESECRET"),
)


@pytest.mark.parametrize("client", TEMPLATES)
def test_every_client_gets_addresses_key_and_secret(client):
    lines = client_lines(client, RUNNING)
    assert "http://127.0.0.1:7070" in lines
    assert "ws://127.0.0.1:7071" in lines
    assert "$" not in lines
    if client != "cryptofeed":  # public data only
        assert "THEKEY" in lines
        assert "THESECRET" in lines


@pytest.mark.parametrize("client", [name for name in TEMPLATES if name != "freqtrade"])
def test_the_lines_are_python(client):
    ast.parse(client_lines(client, RUNNING))


def test_the_lines_for_freqtrade_are_json():
    lines = re.sub(r"^//.*$", "", client_lines("freqtrade", RUNNING), flags=re.MULTILINE)
    assert json.loads("{" + lines + "}")["exchange"]["key"] == "THEKEY"


def test_the_command_reads_the_running_exchange(tmp_path):
    write_running(tmp_path, RUNNING)
    assert (tmp_path / "running.json").stat().st_mode & 0o777 == 0o600
    result = CliRunner().invoke(main, ["client-config", "ccxt", "--data", str(tmp_path)])
    assert result.exit_code == 0
    assert result.output.strip() == client_lines("ccxt", RUNNING)


def test_a_client_that_cannot_be_pointed_here_is_told_why(tmp_path):
    result = CliRunner().invoke(main, ["client-config", "jesse", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "'jesse' is not one of 'python-binance'" in result.output
    assert (
        "jesse cannot be pointed here: Binance's address is written in its source" in result.output
    )


@pytest.mark.parametrize("left_over", [True, False])
def test_without_a_running_exchange_it_says_what_to_do(tmp_path, left_over):
    if left_over:
        write_running(tmp_path, msgspec.structs.replace(RUNNING, pid=2**22 + 1))
    result = CliRunner().invoke(main, ["client-config", "ccxt", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.strip() == (
        f"Error: No exchange is running on {tmp_path}. Start one: sunwise up --data {tmp_path}"
    )
    remove_running(tmp_path)


def test_a_secret_is_not_printed_by_accident():
    assert "THESECRET" not in repr(RUNNING)
