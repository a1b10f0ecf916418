import io
import json
import logging
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sunwise.chassis.telemetry import Metrics, start_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_metrics_read_as_prometheus_reads_them():
    metrics = Metrics()
    metrics.counter("orders_total", 'Orders "taken".\nAll.', side="buy").value += 3
    metrics.counter("orders_total", "", side='se"l\\l\n').value += 1
    metrics.gauge("queue_depth", "Waiting.").value = 2.5
    latency = metrics.histogram("latency_seconds", "To the stored event.", bounds=(0.001, 0.01))
    for value in (0.0005, 0.001, 0.002, 5):
        latency.observe(value)
    found = {family.name: family for family in text_string_to_metric_families(metrics.text())}
    assert {(s.labels["side"], s.value) for s in found["orders"].samples} == {
        ("buy", 3.0),
        ('se"l\\l\n', 1.0),
    }
    assert found["orders"].documentation == 'Orders "taken".\nAll.'
    assert found["queue_depth"].samples[0].value == 2.5
    samples = [(s.name, s.labels.get("le"), s.value) for s in found["latency_seconds"].samples]
    assert samples == [
        ("latency_seconds_bucket", "0.001", 2.0),
        ("latency_seconds_bucket", "0.01", 3.0),
        ("latency_seconds_bucket", "+Inf", 4.0),
        ("latency_seconds_sum", None, pytest.approx(5.0035)),
        ("latency_seconds_count", None, 4.0),
    ]


def test_the_same_name_and_labels_are_the_same_metric():
    metrics = Metrics()
    assert metrics.counter("a_total", "") is metrics.counter("a_total", "")
    assert metrics.counter("a_total", "") is not metrics.counter("a_total", "", x="1")
    with pytest.raises(AssertionError, match="already"):
        metrics.gauge("a_total", "")


def test_json_lines_hold_what_was_passed_and_no_secret(stream: io.StringIO):
    start_logging(form="json", stream=stream)
    extra = {"order_id": 7, "password": "hunter2", "api_key_id": "abc"}
    logging.getLogger("sunwise.x").warning("placed %s", "it", extra=extra)
    try:
        int("bad")
    except ValueError:
        logging.getLogger("sunwise.x").exception("broke")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "warning",
        "logger": "sunwise.x",
        "message": "placed it",
        "order_id": 7,
        "password": "***",
        "api_key_id": "***",
    }
    assert "ValueError: invalid literal" in second["exception"]
    assert "hunter2" not in stream.getvalue()


def test_short_lines_are_for_people(stream: io.StringIO):
    start_logging(form="short", stream=stream)
    logging.getLogger("sunwise.engine").info("ready", extra={"seq": 3, "seed": b"x"})
    line = stream.getvalue()
    assert line.endswith(" INFO    engine: ready seq=3 seed=***\n")
    assert "\n" not in line[:-1]
