"""What the person at the terminal sees of a replay: a progress bar, then the report."""

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sunwise.cli.terminal import Terminal
from sunwise.exchange.replay.recording import Recording
from sunwise.exchange.replay.report import ReplayReport, SymbolReport
from sunwise.exchange.replay.session import Progress as Step


class ProgressBar:
    """A bar while the block runs; nothing where there is no terminal."""

    def __init__(self, recording: Recording, terminal: Terminal | None) -> None:
        self._progress: Progress | None = None
        if terminal is not None and terminal.console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("frames"),
                TimeRemainingColumn(),
                console=terminal.console,
            )
            self._task = self._progress.add_task("Replaying", total=recording.frames)

    def move(self, step: Step) -> None:
        """Shows how far it has come."""
        if self._progress is not None:
            recorded = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(step.time_ms / 1000))
            self._progress.update(
                self._task, completed=step.frames, description=f"Replaying {recorded}"
            )

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()


def tell(report: ReplayReport, terminal: Terminal) -> None:
    """Prints the report."""
    table = Table(title="Replay")
    for column in ("symbol", "books equal", "trades printed", "organic", "injected", "others'"):
        table.add_column(column, justify="left" if column == "symbol" else "right", no_wrap=True)
    for each in report.symbols:
        table.add_row(
            each.symbol,
            _share(each.equal, each.compared),
            _share(each.printed, each.trades),
            _share(each.organic, each.trades),
            _share(each.injected, each.trades),
            str(each.foreign_trades),
        )
    terminal.console.print(table)
    terminal.say(
        f"{report.frames:,} frames in {report.elapsed_s:.1f} s: {report.frames_per_s:,.0f} "
        "frames/s. Organic trades met a recorded level; for injected ones a maker had to be "
        "invented, because the depth feed is 100 ms late."
    )
    if report.foreign_trades:
        terminal.say(
            "Others traded with the replay's orders: books and prints are as recorded but for that."
        )
    for each in report.symbols:
        _tell_oddities(each, terminal)


def _tell_oddities(report: SymbolReport, terminal: Terminal) -> None:
    if report.gaps:
        terminal.say(
            f"{report.symbol}: updates are missing in {report.gaps} places; the book started from "
            "nothing there."
        )
    if report.unbridged_snapshots:
        terminal.say(
            f"{report.symbol}: {report.unbridged_snapshots} snapshots connect to no update and "
            "were left out."
        )
    if report.crossed_levels_skipped:
        terminal.say(
            f"{report.symbol}: the recorded book is crossed ({report.crossed_levels_skipped} "
            "levels were left out): lines are missing or out of order."
        )
    for name, count in report.refusals.items():
        terminal.say(f"{report.symbol}: {count} orders were refused: {name}.")
    for text in report.differences[:5]:
        terminal.say(f"{report.symbol}: {text}")


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if whole else "0"
