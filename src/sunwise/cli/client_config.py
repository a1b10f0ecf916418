"""`sunwise client-config CLIENT`: the exact lines that point a Binance client here."""

from pathlib import Path
from string import Template
from typing import Final

import click

from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.running import RunningExchange, data_option, find_running

_PYTHON_BINANCE: Final = """
# python-binance has no option for it: set these before the first client is made.
from binance import AsyncClient, BinanceSocketManager, Client
from binance.base_client import BaseClient

BaseClient.API_URL = "$rest/api"
BaseClient.MARGIN_API_URL = "$rest/sapi"
BaseClient.WS_API_URL = "$ws/ws-api/v3"
BinanceSocketManager.STREAM_URL = "$ws/"

client = Client("$key", "$secret")
"""

_CCXT: Final = """
import ccxt  # or: import ccxt.pro as ccxt

exchange = ccxt.binance({
    "apiKey": "$key",
    "secret": "$secret",
    "urls": {"api": {
        "public": "$rest/api/v3",
        "private": "$rest/api/v3",
        "v1": "$rest/api/v1",
        "sapi": "$rest/sapi/v1",
        "ws": {
            "spot": "$ws/ws",
            "margin": "$ws/ws",
            "ws-api": {"spot": "$ws/ws-api/v3"},
        },
    }},
    "options": {
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
    },
})
"""

_BINANCE_SDK: Final = """
# pip install binance-sdk-spot
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot import Spot

spot = Spot(
    config_rest_api=ConfigurationRestAPI(
        api_key="$key", api_secret="$secret", base_path="$rest"
    ),
    config_ws_api=ConfigurationWebSocketAPI(
        api_key="$key", api_secret="$secret", stream_url="$ws/ws-api/v3"
    ),
    config_ws_streams=ConfigurationWebSocketStreams(stream_url="$ws"),
)
"""

_BINANCE_CONNECTOR: Final = """
# pip install binance-connector (deprecated by Binance in favour of binance-sdk-spot)
from binance.spot import Spot
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient

client = Spot(api_key="$key", api_secret="$secret", base_url="$rest")
streams = SpotWebsocketStreamClient(stream_url="$ws")
api = SpotWebsocketAPIClient(
    stream_url="$ws/ws-api/v3", api_key="$key", api_secret="$secret"
)
"""

_FREQTRADE: Final = """
// In config.json; the keys are for this exchange only.
"exchange": {
    "name": "binance",
    "key": "$key",
    "secret": "$secret",
    "ccxt_config": {
        "urls": {"api": {
            "public": "$rest/api/v3",
            "private": "$rest/api/v3",
            "v1": "$rest/api/v1",
            "sapi": "$rest/sapi/v1",
            "ws": {
                "spot": "$ws/ws",
                "margin": "$ws/ws",
                "ws-api": {"spot": "$ws/ws-api/v3"}
            }
        }},
        "options": {
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": false,
            "fetchMargins": false
        }
    }
}
"""

_UNICORN: Final = """
# pip install unicorn-binance-websocket-api
from unicorn_binance_websocket_api import BinanceWebSocketApiManager

manager = BinanceWebSocketApiManager(
    exchange="binance.com",
    websocket_base_uri="$ws/",
    websocket_api_base_uri="$ws/ws-api/v3",
    restful_base_uri="$rest/",
)
manager.create_stream(["!userData"], api=True, api_key="$key", api_secret="$secret")
"""

_NAUTILUS: Final = """
# pip install nautilus_trader (1.221 asks for a listenKey: start the exchange with
# --legacy-listen-key; later releases subscribe by signature)
from nautilus_trader.adapters.binance import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceExecClientConfig

urls = {"base_url_http": "$rest", "base_url_ws": "$ws"}
keys = {"api_key": "$key", "api_secret": "$secret", "account_type": BinanceAccountType.SPOT}
data = BinanceDataClientConfig(**keys, **urls)
execution = BinanceExecClientConfig(**keys, **urls)
"""

_CRYPTOFEED: Final = """
# pip install cryptofeed
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.exchanges import Binance

Binance.websocket_endpoints = [WebsocketEndpoint("$ws")]
Binance.rest_endpoints = [
    RestEndpoint(
        "$rest",
        routes=Routes("/api/v3/exchangeInfo", l2book="/api/v3/depth?symbol={}&limit={}"),
    )
]
"""

_HUMMINGBOT: Final = """
# Save this in Hummingbot's folder and start it there in place of bin/hummingbot.py. Its own settings know no
# address; these constants are read at each connection (releases before 2.13 know no WSS_API_URL and ask for
# a listenKey: start the exchange with --legacy-listen-key).
import runpy
import sys

from hummingbot.connector.exchange.binance import binance_constants

binance_constants.REST_URL = "$rest/api/"
binance_constants.WSS_URL = "$ws/ws"
binance_constants.WSS_API_URL = "$ws/ws-api/v3"

# In Hummingbot: `connect binance`, with these.
API_KEY = "$key"
API_SECRET = "$secret"

sys.path.append("bin")  # bin/hummingbot.py imports path_util from there
runpy.run_path("bin/hummingbot.py", run_name="__main__")
"""

TEMPLATES: Final = {
    "python-binance": _PYTHON_BINANCE,
    "ccxt": _CCXT,
    "binance-sdk": _BINANCE_SDK,
    "binance-connector": _BINANCE_CONNECTOR,
    "freqtrade": _FREQTRADE,
    "unicorn": _UNICORN,
    "nautilus": _NAUTILUS,
    "cryptofeed": _CRYPTOFEED,
    "hummingbot": _HUMMINGBOT,
}
_CANNOT: Final = {
    "jesse": "jesse cannot be pointed here: Binance's address is written in its source, and "
    "its live trading is a plugin whose source is closed.",
}
"""Clients that people ask for, and why there are no lines for them."""


def client_lines(client: str, running: RunningExchange) -> str:
    """The lines for `client`, one of TEMPLATES, with this exchange's addresses and demo key."""
    return (
        Template(TEMPLATES[client])
        .substitute(
            rest=running.rest_url,
            ws=running.ws_url,
            key=running.demo.api_key,
            secret=running.demo.api_secret,
        )
        .strip()
    )


class Client(click.Choice[str]):
    """A client that there are lines for; of some others it is told why there are none."""

    def get_invalid_choice_message(self, value: str, ctx: click.Context | None) -> str:
        """Why not, and what there is."""
        listed = super().get_invalid_choice_message(value, ctx)
        return " ".join([listed, *([_CANNOT[value]] if value in _CANNOT else [])])


@click.command("client-config")
@click.argument("client", type=Client(list(TEMPLATES)))
@data_option
@told_in_one_sentence
def command(client: str, data: Path) -> None:
    """Print the lines that point CLIENT at the exchange running on the data folder."""
    click.echo(client_lines(client, find_running(data)))
