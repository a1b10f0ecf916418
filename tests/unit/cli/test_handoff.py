"""What `sunwise handoff` asks and says, against the real routes."""

import pytest
from click.testing import CliRunner

from sunwise.cli.handoff import (
    NotOneHandoff,
    command,
    held_lines,
    history_lines,
    page_lines,
    page_of,
    row_lines,
)
from sunwise.cli.people_client import Credentials, PeopleClient, write_credentials
from tests.support.handoff_company import at
from tests.unit.people_handoff.test_api import Stage

NOTHING = {"you": {"zone": "UTC"}, "now_ns": at(0), "shifts": []}


class Reader(PeopleClient):
    """Asks the routes themselves as one person, not a server."""

    def __init__(self, stage: Stage, who: str) -> None:
        self._stage, self._who = stage, who

    def ask(self, method, path, content=None, **_more):
        if path == "/me":
            return {"person_id": self._who}
        answer = self._stage.client.request(
            method, path, headers={"x-person": self._who}, json=content
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def stage(tmp_path):
    found = Stage(tmp_path)
    yield found
    found.engine.dispose()


def test_what_waits_comes_first_and_says_how_to_accept(stage):
    lines = list(row_lines(Reader(stage, "bo").get("/people/handoffs")))
    assert "ledger (primary), Ana to Bo, Fri 2026-11-27 09:00 Europe/Paris" in lines[0]
    assert "(Fri 2026-11-27 17:00 Asia/Tokyo): planned" in lines[0] or "offered" in lines[0]
    assert list(row_lines([])) == ["No handoff is yours to give or to take."]


def test_a_handoff_is_named_by_its_beginning_or_by_what_one_wants(stage):
    bo, ana = Reader(stage, "bo"), Reader(stage, "ana")
    [mine] = [r for r in bo.get("/people/handoffs") if r["incoming"]["id"] == "bo"]
    assert page_of(bo, mine["id"][:10])["id"] == mine["id"]
    assert page_of(ana, "", why="edit")["outgoing"]["id"] == "ana"
    with pytest.raises(NotOneHandoff, match=r"begins with 'zz': there are .*ledger \(primary\)"):
        page_of(bo, "zz")
    with pytest.raises(NotOneHandoff, match="the one to show"):
        page_of(bo, "")
    with pytest.raises(NotOneHandoff, match="there are none"):
        page_of(Reader(stage, "nobody"), "", why="accept")


def test_a_note_shows_each_fact_with_both_clocks_and_its_evidence(stage):
    lines = list(page_lines(page_of(Reader(stage, "bo"), stage.id)))
    text = "\n".join(lines)
    assert "Alerts:" in text
    assert "Fri 2026-11-27 07:00 Europe/Paris (Fri 2026-11-27 15:00 Asia/Tokyo)" in text
    assert "still open: The ledger answers slowly." in text
    assert "/people/alerts/a1" in text
    assert lines[-1] == "  nothing yet"
    stage.shift = None
    unknown = "\n".join(page_lines(page_of(Reader(stage, "bo"), stage.id)))
    assert "Alerts: not known, whoever knows could not be asked." in unknown


def test_a_history_says_who_accepted_each(stage):
    bo = Reader(stage, "bo")
    bo.post(f"/people/handoffs/{stage.id}/accept", {"read_version": 0})
    rows = bo.get("/people/handoffs/of/ledger")
    assert [row["at"]["ns"] for row in rows] == sorted((r["at"]["ns"] for r in rows), reverse=True)
    assert any(line.endswith("Ana to Bo: accepted by Bo") for line in history_lines(rows, "ledger"))
    assert list(history_lines(bo.get("/people/handoffs/of/web"), "web")) == [
        "web was not handed over in the last four weeks."
    ]


def test_what_one_holds_ends_on_both_clocks():
    shift = {"services": ["ledger"], "role": "primary", "since_ns": at(0), "until_ns": at(8)}
    then = {"name": "Bo", "zone": "Europe/Paris"}
    today = {
        "you": {"zone": "Asia/Tokyo"},
        "now_ns": at(7),
        "shifts": [{**shift, "after": then}, {**shift, "since_ns": at(24), "until_ns": at(32)}],
    }
    assert list(held_lines(today)) == [
        (
            "You hold ledger (primary) until Fri 2026-11-27 17:00 Asia/Tokyo (Fri 2026-11-27 09:00 "
            "Europe/Paris), then Bo."
        )
    ]
    assert list(held_lines({**today, "now_ns": at(9)})) == ["You hold no duty now."]


@pytest.fixture
def run(stage, tmp_path, monkeypatch):
    """Runs the command as somebody."""
    file = tmp_path / "people.json"
    write_credentials(file, Credentials(url="http://127.0.0.1:1", token="none"))

    def run(who: str, *arguments: str, typed: str = ""):
        monkeypatch.setattr(PeopleClient, "of", classmethod(lambda _cls, _path: Reader(stage, who)))
        options = [*arguments, "--credentials", str(file)]
        return CliRunner().invoke(command, options, input=typed)

    return run


def test_the_outgoing_writes_and_the_incoming_reads_and_accepts(stage, run):
    written = run("ana", "edit", "--text", "Slow disk.")
    assert written.output == "Version 1 of the note is written.\n", written.output
    assert run("ana", "edit", "--text", "Slow disk.").output == "Nothing was changed.\n"
    again = run("ana", "edit", "--file", "-", typed="Slower disk.\n")
    assert again.output == "Version 2 of the note is written.\n"
    unasked = run("bo", "accept", stage.id)
    assert unasked.exit_code == 1
    assert "Slower disk." in unasked.output
    assert "add --yes" in unasked.output
    taken = run("bo", "accept", stage.id, "--yes")
    assert taken.exit_code == 0, taken.output
    assert "You hold it from Fri 2026-11-27 09:00 Europe/Paris" in taken.output
    late = run("di", "accept", stage.id, "--yes")
    assert late.exit_code == 1
    assert "bo has accepted and holds it: ask them for it." in late.output


def test_without_a_word_it_shows_as_the_one_whom_the_file_belongs_to(monkeypatch, tmp_path):
    asked = []

    class Today:
        def get(self, path):
            asked.append(path)
            return [] if path == "/people/handoffs" else NOTHING

    monkeypatch.setattr(
        PeopleClient, "of", classmethod(lambda _cls, path: asked.append(path) or Today())
    )
    monkeypatch.setenv("SUNWISE_PEOPLE_CREDENTIALS", str(tmp_path / "mine.json"))
    shown = CliRunner().invoke(command, [])
    assert shown.output == "You hold no duty now.\nNo handoff is yours to give or to take.\n"
    assert asked[0] == tmp_path / "mine.json"
