"""What every benchmark writes: a table for the eye and a JSON file for the record.

A figure is a number with its unit and, where the issue names one, its target.
Nothing here measures: a benchmark hands in what it has seen.
"""

import json
import operator
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

_ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = _ROOT / "benchmarks" / "results"
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Figure:
    """One measured number; `target` reads like "<= 2.5" and `met` follows from it."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = field(init=False)

    def __post_init__(self) -> None:
        """Compare with the target, once."""
        object.__setattr__(self, "met", _is_met(self.value, self.target))


def _is_met(value: float, target: str) -> bool | None:
    if not target:
        return None
    sign, bound = target.split()
    return _COMPARE[sign](value, float(bound))


def publish(name: str, method: str, figures: list[Figure]) -> Path:
    """Print the table, write `results/<name>.json` and return its path."""
    _print_table(name, figures)
    content = {
        "name": name,
        "machine": _machine(),
        "commit": _commit(),
        "method": " ".join(method.split()),
        "figures": [asdict(figure) for figure in figures],
    }
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def _print_table(name: str, figures: list[Figure]) -> None:
    table = Table(title=name, title_justify="left")
    for column in ("figure", "value", "unit", "target", ""):
        table.add_column(column, justify="right" if column == "value" else "left")
    for row in figures:
        verdict = {None: "", True: "met", False: "[bold red]missed[/]"}[row.met]
        table.add_row(row.name, _readable(row.value), row.unit, row.target, verdict)
    Console(width=120).print(table)


def _readable(value: float) -> str:
    """Three significant digits, never in powers of ten."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _machine() -> dict[str, str | int]:
    model = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": model[0] if model else platform.processor(),
        "cores": os.cpu_count() or 1,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _commit() -> str:
    """The commit measured, with a plus when the tree had changes other than results."""
    commit = _git("rev-parse", "--short", "HEAD")
    changes = _git("status", "--porcelain", "--", ".", f":!{RESULTS.relative_to(_ROOT)}")
    return (commit + ("+" if changes else "")) or "unknown"


def _git(*words: str) -> str:
    run = subprocess.run(["git", *words], capture_output=True, text=True, check=False, cwd=_ROOT)
    return run.stdout.strip()
