"""`sunwise up`: an exchange to trade against, on this machine, until Ctrl-C."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Final

import click
import msgspec

from sunwise.chassis.bus import Message
from sunwise.chassis.children import tell_ready
from sunwise.chassis.errors import Retryable
from sunwise.cli.exchange import SHARD, Exchange, ExchangeSettings
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.market_plan import dozen
from sunwise.cli.running import RunningExchange, data_option
from sunwise.cli.stopping import run_until_told
from sunwise.cli.terminal import Terminal
from sunwise.contracts.exchange.catalog import Asset, Symbol
from sunwise.contracts.exchange.market_data import Feed, TradePrint
from sunwise.money.decimal_text import format_scaled

_FIRST_TRADE_S: Final = 60.0

_host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
_rest_port = click.option(
    "--rest-port", default=7070, show_default=True, help="Port of the REST API; 0: any free one."
)
_ws_port = click.option(
    "--ws-port",
    default=7071,
    show_default=True,
    help="Port of streams and the WebSocket API; 0: any free one.",
)
_legacy = click.option(
    "--legacy-listen-key",
    is_flag=True,
    help="Answer old clients' listen keys, which Binance retired in 2026.",
)


@click.command("up")
@data_option
@_host
@_rest_port
@_ws_port
@click.option("--seed", default=1, show_default=True, help="Of the demo market.")
@click.option(
    "--speed",
    type=click.FloatRange(0, 1_000, min_open=True),
    default=1.0,
    show_default=True,
    help="Exchange seconds a real second.",
)
@click.option("--symbols", help="Symbols to list, with commas between; a dozen when not given.")
@click.option("--no-liquidity", is_flag=True, help="No market makers and takers.")
@_legacy
@told_in_one_sentence
def command(
    *,
    data: Path,
    host: str,
    rest_port: int,
    ws_port: int,
    seed: int,
    speed: float,
    symbols: str | None,
    no_liquidity: bool,
    legacy_listen_key: bool,
) -> None:
    """Start an exchange to trade against, and keep it running until Ctrl-C."""
    names = [name.strip().upper() for name in symbols.split(",")] if symbols else None
    plan = dozen(names, with_liquidity=not no_liquidity)
    settings = ExchangeSettings(
        data=data.absolute(),
        host=host,
        rest_port=rest_port,
        ws_port=ws_port,
        seed=seed,
        speed=speed,
        legacy_listen_key=legacy_listen_key,
    )
    terminal = Terminal()
    exchange = Exchange(settings, plan, report=terminal.say, liquidity=not no_liquidity)
    asyncio.run(_up(exchange, terminal, liquidity=not no_liquidity))


async def _up(exchange: Exchange, terminal: Terminal, *, liquidity: bool) -> None:
    started_s = time.monotonic()

    async def meanwhile() -> None:
        _tell_how_to_reach(exchange.running, terminal, time.monotonic() - started_s)
        tell_ready({"data": str(exchange.settings.data)})
        if liquidity:
            with contextlib.suppress(Retryable):  # a line less is no reason to stop
                await _tell_first_trade(exchange, terminal, started_s)

    await run_until_told(exchange, terminal, what="the exchange", meanwhile=meanwhile)


def _tell_how_to_reach(running: RunningExchange, terminal: Terminal, took_s: float) -> None:
    terminal.say(f"The exchange is up ({took_s:.1f} s).")
    tell_addresses(running, terminal)
    terminal.say(
        "No real money is here. To point a client here: sunwise client-config python-binance. "
        "Ctrl-C stops everything."
    )


def tell_addresses(running: RunningExchange, terminal: Terminal) -> None:
    """Where it listens, and the demo account's key as lines for a shell."""
    terminal.table(
        {
            "REST": running.rest_url,
            "WebSocket": f"{running.ws_url}/ws, /stream, /ws-api/v3",
            "API page": f"{running.rest_url}/docs",
        }
    )
    terminal.say("The demo account's key:")
    terminal.say(f"  export SUNWISE_KEY={running.demo.api_key}")
    terminal.say(f"  export SUNWISE_SECRET={running.demo.api_secret}")


async def _tell_first_trade(exchange: Exchange, terminal: Terminal, started_s: float) -> None:
    """Prints the first trade on the feed."""
    listed = await exchange.operator.listed()
    printed: asyncio.Future[TradePrint] = asyncio.get_running_loop().create_future()
    decoder = msgspec.msgpack.Decoder(list[TradePrint])

    def on_trades(message: Message) -> None:
        if not printed.done():
            printed.set_result(decoder.decode(message.payload)[0])

    subject = f"md.{SHARD}.*.{Feed.TRADES}"
    subscription = await exchange.operator.bus.subscribe(subject, on_trades)
    try:
        trade = await asyncio.wait_for(printed, _FIRST_TRADE_S)
        passed_s = time.monotonic() - started_s
        symbol = listed.symbols[trade.symbol]
        terminal.say(
            f"First trade after {passed_s:.1f} s: {trade_line(trade, symbol, listed.assets)}"
        )
    except TimeoutError:
        terminal.say(f"Nothing has traded for {_FIRST_TRADE_S:g} s: look into the logs folder.")
    finally:
        await subscription.close()


def trade_line(trade: TradePrint, symbol: Symbol, assets: list[Asset]) -> str:
    """One trade in words: `BTCUSDT 0.00250000 BTC at 60012.37000000 USDT`."""
    base, quote = assets[symbol.base_asset], assets[symbol.quote_asset]
    quantity = format_scaled(trade.qty_lots * symbol.base_atoms_per_lot, base.decimals)
    price = format_scaled(trade.price_ticks * symbol.price_atoms_per_tick, quote.decimals)
    return f"{symbol.name} {quantity} {base.name} at {price} {quote.name}"
