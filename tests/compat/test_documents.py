"""What the documents tell to run is run, word for word but for the address."""

import re

import pytest

pytestmark = [pytest.mark.compat, pytest.mark.filterwarnings("ignore")]  # the library's own
EXAMPLE = re.compile(
    r"<!-- example: first-trade.*?-->\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def test_the_first_trade_of_the_readme_is_filled(lively_exchange, root, monkeypatch, capsys):
    pytest.importorskip("binance")
    key = lively_exchange.running.demo
    monkeypatch.setenv("SUNWISE_KEY", key.api_key)
    monkeypatch.setenv("SUNWISE_SECRET", key.api_secret)
    [code] = EXAMPLE.findall((root / "README.md").read_text())
    names = {}
    exec(code.replace("http://127.0.0.1:7070", lively_exchange.rest_url), names)
    del names["Client"].API_URL  # back to what the library inherits
    assert "'status': 'FILLED'" in capsys.readouterr().out
    names["client"].close_connection()
    names["client"].loop.close()
