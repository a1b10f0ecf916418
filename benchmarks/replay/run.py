"""`make replay`: recorded Binance frames through a whole exchange, book and tape held against them.

Each day's files are replayed together on a fresh exchange of real processes, at full speed. While
nobody else trades, every depth update must leave the recorded book behind, read from the stored
events, and every recorded trade must print once at its price, quantity and side. The replay never
runs away from the read models: its rate is the rate at which market data, accounts and history
follow too.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.report import Figure, publish
from sunwise.cli.exchange import Exchange, ExchangeSettings
from sunwise.cli.replay import replay_on
from sunwise.cli.replay_output import tell
from sunwise.cli.replay_plan import plan_for
from sunwise.cli.terminal import Terminal
from sunwise.exchange.replay.recording import scan
from sunwise.exchange.replay.report import ReplayReport

MARKET: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "market"
METHOD: Final = """
Both symbols of a day on a fresh exchange of real processes (nats-server synced, engine and clock,
read models and gateway, the replay itself), at full speed. Equality is judged from the stored
events after every depth update and every snapshot used; at the end market data's own books are
compared with the events. A trade counts as printed when its taker's events hold exactly one trade
of the recorded price, quantity and side. Organic: it met a level of the recorded book with enough
quantity; injected: its maker was invented. Frames include bookTicker frames, which are read and
not used. The rate includes waiting until every read model has applied all events.
"""


def main() -> None:
    """Replays what is asked for, prints the tables and writes results/replay.json."""
    arguments = _arguments()
    days = _days(arguments.files)
    if not days:
        sys.exit(f"Nothing to replay: no recordings in {MARKET}. Name files: make replay ARGS=FILE")
    terminal = Terminal()
    figures: list[Figure] = []
    for day, paths in days.items():
        terminal.say(f"{day}: {', '.join(path.name for path in paths)}")
        report = asyncio.run(_replay(paths, terminal))
        tell(report, terminal)
        figures += _figures(day, report)
    publish("replay", METHOD, figures)
    if any(figure.met is False for figure in figures):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="recordings; the sample when absent")
    parser.add_argument("--speed", choices=["max"], default="max", help="only `max` is measured")
    return parser.parse_args()


def _days(files: list[Path]) -> dict[str, list[Path]]:
    """What is replayed together: the files named, or the sample's files by day."""
    if files:
        return {"recording": files}
    days: dict[str, list[Path]] = {}
    for path in sorted(MARKET.glob("*.ws.gz")):
        days.setdefault(path.name.split(".")[0].rpartition("_")[2], []).append(path)
    return days


async def _replay(paths: list[Path], terminal: Terminal) -> ReplayReport:
    recording = scan(paths)
    with tempfile.TemporaryDirectory(prefix="sunwise-replay-") as folder:
        settings = ExchangeSettings(data=Path(folder) / "exchange", rest_port=0, ws_port=0)
        exchange = Exchange(settings, plan_for(recording), report=terminal.say, liquidity=False)
        await exchange.start()
        try:
            return await replay_on(exchange, recording, speed=None, terminal=terminal)
        finally:
            await exchange.stop()


def _figures(day: str, report: ReplayReport) -> list[Figure]:
    figures = []
    for each in report.symbols:
        name = f"{day} {each.symbol}"
        for what, part, whole, target in (
            ("depth updates equal", each.equal, each.compared, "== 100"),
            ("trades printed as recorded", each.printed, each.trades, "== 100"),
            ("organic trades", each.organic, each.trades, ""),
            ("of them past stale levels", each.organic_past_stale, each.trades, ""),
            ("injected trades", each.injected, each.trades, ""),
        ):
            figures.append(Figure(f"{name}: {what}", 100 * part / max(1, whole), "%", target))
        figures.append(Figure(f"{name}: depth updates", each.depth_updates, "updates"))
        figures.append(Figure(f"{name}: trades", each.trades, "trades"))
        figures.append(Figure(f"{name}: orders and cancels", each.commands, "commands"))
    commands = sum(each.commands for each in report.symbols)
    figures.append(Figure(f"{day}: frames", report.frames, "frames"))
    figures.append(Figure(f"{day}: frames a second", report.frames_per_s, "frames/s"))
    figures.append(
        Figure(f"{day}: durable commands a second", commands / report.elapsed_s, "commands/s")
    )
    return figures


if __name__ == "__main__":
    main()
