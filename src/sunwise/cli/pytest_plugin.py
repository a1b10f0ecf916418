"""The pytest plugin: `def test_my_bot(sunwise_exchange): ...` gets an exchange of its own.

One exchange process serves all tests that ask for the same market (marker `sunwise`); every test
gets a fresh account in it, whose orders are cancelled when the test ends. See
docs/howto/test-your-bot.md.
"""

import hashlib
import hmac
import json
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from sunwise.cli.launched import LaunchedExchange
    from sunwise.cli.running import DemoKey

_MARKER: Final = (
    "sunwise(liquidity=False, seed=1, speed=1.0, symbols=None, balances=None, fresh=False): "
    "the market of the sunwise_exchange fixture"
)
_BALANCES: Final = {"USDT": "100000", "BTC": "10", "ETH": "100"}
_CHOICES: Final = {"liquidity", "seed", "speed", "symbols", "balances", "fresh"}


class SunwiseExchange:
    """What a test sees: addresses, keys of its own account, and the operator's hand."""

    def __init__(self, launched: "LaunchedExchange", balances: Mapping[str, str]) -> None:
        self._launched = launched
        self._balances = balances
        self._accounts: list[DemoKey] = []
        self._own = self.new_account(balances)

    @property
    def rest_url(self) -> str:
        """Where REST listens, `http://127.0.0.1:<port>`."""
        return self._launched.rest_url

    @property
    def ws_url(self) -> str:
        """Where `/ws`, `/stream` and `/ws-api/v3` listen, `ws://127.0.0.1:<port>`."""
        return self._launched.ws_url

    @property
    def account(self) -> int:
        """Number of the test's own account."""
        return self._own.account

    @property
    def api_key(self) -> str:
        """Key of the test's own account."""
        return self._own.api_key

    @property
    def api_secret(self) -> str:
        """Its secret."""
        return self._own.api_secret

    def credit(self, asset: str, amount: str, *, account: int | None = None) -> None:
        """Gives the own (or another) account money; with a minus sign takes it away."""
        self._launched.credit(self.account if account is None else account, asset, amount)

    def new_account(self, balances: Mapping[str, str] | None = None) -> "DemoKey":
        """Another account: `.account`, `.api_key`, `.api_secret`."""
        made = self._launched.new_account(balances)
        self._accounts.append(made)
        return made

    def reset(self) -> None:
        """Cancels every order of the test's accounts and starts over with a fresh one.

        Afterwards `account`, `api_key` and `api_secret` are new. What has traded stays in the
        tape; a test that needs an exchange without any past asks for `fresh=True`.
        """
        self.cancel_all()
        self._accounts.clear()
        self._own = self.new_account(self._balances)

    def client_lines(self, client: str) -> str:
        """The lines that point a client here, as `sunwise client-config` prints them."""
        import msgspec

        from sunwise.cli.client_config import client_lines

        return client_lines(client, msgspec.structs.replace(self._launched.running, demo=self._own))

    def cancel_all(self) -> None:
        """Cancels every open order of the test's accounts."""
        for key in self._accounts:
            orders = _signed(self.rest_url, key, "GET", "/api/v3/openOrders")
            for symbol in sorted({order["symbol"] for order in orders}):
                _signed(self.rest_url, key, "DELETE", "/api/v3/openOrders", symbol=symbol)


class Exchanges:
    """The exchanges of a test session, one a market."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, LaunchedExchange] = {}
        self._count = 0

    def launched(self, market: Mapping[str, Any]) -> "LaunchedExchange":
        """The exchange of this market, started when it is first asked for."""
        options = _options(market)
        key = " ".join(options)
        if market.get("fresh") and key in self._running:
            self._running.pop(key).stop()
        if key not in self._running:
            from sunwise.cli.launched import LaunchedExchange

            self._count += 1
            folder = self._folder / f"exchange{self._count}"
            self._running[key] = LaunchedExchange.start(folder, options=options)
        return self._running[key]

    def stop(self) -> None:
        """Ends them all."""
        for exchange in self._running.values():
            exchange.stop()
        self._running.clear()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def sunwise_exchanges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchanges]:
    """The exchanges of this session; a test asks for `sunwise_exchange` instead."""
    exchanges = Exchanges(tmp_path_factory.mktemp("sunwise"))
    yield exchanges
    exchanges.stop()


@pytest.fixture
def sunwise_exchange(
    request: pytest.FixtureRequest, sunwise_exchanges: Exchanges
) -> Iterator[SunwiseExchange]:
    """An exchange with a fresh account for this test."""
    marker = request.node.get_closest_marker("sunwise")
    market = dict(marker.kwargs) if marker else {}
    unknown = market.keys() - _CHOICES
    if unknown or (marker and marker.args):
        pytest.fail(
            f"@pytest.mark.sunwise takes {', '.join(sorted(_CHOICES))} as keywords, "
            f"not {', '.join(sorted(unknown)) or 'positions'}.",
            pytrace=False,
        )
    launched = sunwise_exchanges.launched(market)
    exchange = SunwiseExchange(launched, market.get("balances") or _BALANCES)
    yield exchange
    exchange.cancel_all()


def _options(market: Mapping[str, Any]) -> list[str]:
    options = ["--seed", str(market.get("seed", 1)), "--speed", str(market.get("speed", 1.0))]
    if market.get("symbols"):
        options += ["--symbols", ",".join(market["symbols"])]
    if not market.get("liquidity", False):
        options.append("--no-liquidity")
    return options


def _signed(url: str, key: "DemoKey", method: str, path: str, **parameters: str) -> Any:  # noqa: ANN401 - any JSON
    now_ms = _server_ms(url)
    query = urlencode({**parameters, "timestamp": now_ms, "recvWindow": 60_000})
    digest = hmac.digest(key.api_secret.encode(), query.encode(), hashlib.sha256).hex()
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{url}{path}?{query}&signature={digest}",
        method=method,
        headers={"X-MBX-APIKEY": key.api_key},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - our own address
            return json.loads(reply.read())
    except HTTPError as error:
        with error:
            detail = error.read().decode("utf-8", "replace")
        if '"code":-2011' in detail:  # none is open any more
            return []
        raise RuntimeError(f"{method} {path}: {detail}") from error


def _server_ms(url: str) -> int:
    """The exchange's own time: a fast exchange's differs from the machine's."""
    with urllib.request.urlopen(f"{url}/api/v3/time", timeout=10) as reply:  # noqa: S310 - ours
        return int(json.loads(reply.read())["serverTime"])
