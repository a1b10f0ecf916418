"""What a process tells about itself: log lines and metrics. Never a secret.

Metrics are plain numbers behind an attribute (about 60 ns an increment): the event loop is their
only writer, so they need no lock. The text format is Prometheus's, version 0.0.4.
"""

import bisect
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TextIO, TypeVar

LATENCY_BOUNDS_S: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Upper bounds of a latency histogram's buckets, s."""

_SECRET_NAMES: Final = ("password", "secret", "seed", "token", "signature", "private", "api_key")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

Labels = tuple[tuple[str, str], ...]


class Counter:
    """A number that only grows: `counter.value += n`."""

    __slots__ = ("value",)
    kind = "counter"

    def __init__(self) -> None:
        self.value = 0

    def samples(self) -> Iterator[tuple[str, Labels, float]]:
        """(suffix, additional labels, value) of each line."""
        yield "", (), self.value


class Gauge:
    """A number that goes up and down: `gauge.value = n`."""

    __slots__ = ("value",)
    kind = "gauge"

    def __init__(self) -> None:
        self.value: float = 0

    def samples(self) -> Iterator[tuple[str, Labels, float]]:
        """(suffix, additional labels, value) of each line."""
        yield "", (), self.value


class Histogram:
    """How often a value fell into which bucket, and their sum."""

    __slots__ = ("_bounds", "_counts", "_sum")
    kind = "histogram"

    def __init__(self, bounds: tuple[float, ...] = LATENCY_BOUNDS_S) -> None:
        assert list(bounds) == sorted(bounds), "bounds grow"
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Counts `value` in the first bucket whose bound is not below it."""
        self._counts[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def samples(self) -> Iterator[tuple[str, Labels, float]]:
        """(suffix, additional labels, value) of each line."""
        total = 0
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            yield "_bucket", (("le", _number(bound)),), total
        yield "_sum", (), self._sum
        yield "_count", (), total


Metric = Counter | Gauge | Histogram
_M = TypeVar("_M", Counter, Gauge, Histogram)


class Metrics:
    """The metrics of one process, by name and labels. The same name twice is the same metric."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[str, str, dict[Labels, Metric]]] = {}

    def counter(self, name: str, meaning: str, **labels: str) -> Counter:
        """The counter `name` (ends in `_total`) with these labels."""
        assert name.endswith("_total"), "Prometheus's convention for counters"
        return self._metric(Counter(), name, meaning, labels)

    def gauge(self, name: str, meaning: str, **labels: str) -> Gauge:
        """The gauge `name` with these labels; the unit is the end of its name."""
        return self._metric(Gauge(), name, meaning, labels)

    def histogram(
        self, name: str, meaning: str, bounds: tuple[float, ...] = LATENCY_BOUNDS_S, **labels: str
    ) -> Histogram:
        """The histogram `name` with these labels; the unit is the end of its name."""
        return self._metric(Histogram(bounds), name, meaning, labels)

    def _metric(self, fresh: _M, name: str, meaning: str, labels: dict[str, str]) -> _M:
        kind, _meaning, members = self._families.setdefault(name, (fresh.kind, meaning, {}))
        assert kind == fresh.kind, f"{name} is a {kind} already"
        found = members.setdefault(tuple(sorted(labels.items())), fresh)
        assert isinstance(found, type(fresh))
        return found

    def text(self) -> str:
        """Everything in Prometheus's text format."""
        lines: list[str] = []
        for name, (kind, meaning, members) in sorted(self._families.items()):
            lines.append(f"# HELP {name} {_escaped(meaning)}")
            lines.append(f"# TYPE {name} {kind}")
            for labels, metric in members.items():
                lines.extend(
                    f"{name}{suffix}{_labels(labels + added)} {_number(value)}"
                    for suffix, added, value in metric.samples()
                )
        return "\n".join(lines) + "\n"


METRICS: Final = Metrics()
"""The metrics of this process."""


def _number(value: float) -> str:
    return "+Inf" if value == float("inf") else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (
        f'{name}="{_escaped(value).replace(chr(34), chr(92) + chr(34))}"' for name, value in labels
    )
    return "{" + ",".join(pairs) + "}"


class JsonLines(logging.Formatter):
    """A log record as one JSON object a line, with whatever was passed in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str, ensure_ascii=False)


class ShortLines(logging.Formatter):
    """A log record for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line (or lines, with an exception), without its end."""
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        place = record.name.removeprefix("sunwise.")
        line = f"{_time(record)[11:23]} {record.levelname:7} {place}: {record.getMessage()}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def start_logging(
    *, form: Literal["json", "short"], level: str = "INFO", stream: TextIO | None = None
) -> None:
    """Sends every log record of this process to `stream` (standard error), one form for all."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else ShortLines())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)


def _time(record: logging.LogRecord) -> str:
    seconds = int(record.created)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int((record.created - seconds) * 1e6):06d}Z"


def _extra(record: logging.LogRecord) -> Mapping[str, object]:
    return {
        name: "***" if any(mark in name.lower() for mark in _SECRET_NAMES) else value
        for name, value in vars(record).items()
        if name not in _STANDARD
    }
