"""A port that is settled once must still be free when its listener starts."""

import pytest

from sunwise.chassis import ports
from sunwise.chassis.http.server import AddressTaken, bind
from sunwise.chassis.ports import settled_port

HERE = "127.0.0.1"


def test_a_drawn_port_is_free_and_goes_to_no_outgoing_connection():
    drawn = {settled_port(HERE) for _ in range(20)}
    assert len(drawn) > 10
    first_outgoing = int(ports._OUTGOING.read_text().split()[0])
    for port in drawn:
        assert port < first_outgoing
        bind(HERE, port).close()


def test_a_port_that_was_asked_for_is_kept_or_refused():
    port = settled_port(HERE)
    assert settled_port(HERE, port) == port
    with bind(HERE, port), pytest.raises(AddressTaken, match=f"port {port} .*choose another"):
        settled_port(HERE, port)


def test_where_outgoing_connections_may_have_any_port_the_kernel_chooses(tmp_path, monkeypatch):
    allowed = tmp_path / "range"
    allowed.write_text("1024\t65000\n")
    monkeypatch.setattr(ports, "_OUTGOING", allowed)
    taken = settled_port(HERE)
    with bind(HERE, ports._FIRST):
        assert settled_port(HERE) not in {0, ports._FIRST}
    assert taken


def test_a_system_without_such_a_file_has_the_usual_range(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "_OUTGOING", tmp_path / "missing")
    assert ports._FIRST <= settled_port(HERE) < 32_768
