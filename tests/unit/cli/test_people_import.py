"""The words and the files of `sunwise people import`."""

import pytest

from sunwise.chassis.json_client import RequestRefused
from sunwise.cli.people_import import (
    ImportRefused,
    NothingToImport,
    _sent,
    outcome_lines,
    plan_lines,
    texts_of,
)
from sunwise.people.directory.imports.bounds import Unreadable

EMPTY = {
    "base_version": 3, "changes": [], "overruled": [], "refusals": [], "warnings": [],
    "for_two": [], "leave_added": [], "leave_removed": [],
}  # fmt: skip


def change(verb, old=None, new=None) -> dict:
    return {"verb": verb, "kind": "service", "id": "api", "field": "team", "old": old, "new": new}


def told(**more) -> list[str]:
    return list(plan_lines(EMPTY | more))


def test_each_change_is_told_with_old_and_new():
    lines = told(
        changes=[change("changed", "core", "edge"), change("added", new=["a", "b"])],
        leave_added=[{"person": "ana", "first": "2026-12-01", "last": "2026-12-04"}],
    )
    assert lines == [
        "~ service api: team core -> edge",
        "+ service api: team a b",
        "+ leave ana 2026-12-01 2026-12-04",
        "2 fields of 1 objects, 1 stretches of leave would change.",
    ]


def test_what_is_said_in_vain_and_what_is_refused_is_told_with_its_place():
    vain = {
        "kind": "person", "id": "ana", "field": "name", "value": "A", "source": "csv", "by": "scim",
    }  # fmt: skip
    dangling = {"place": "s.csv:7", "kind": "service", "id": "api", "text": "team 'x' is no team"}
    lines = told(overruled=[vain], refusals=[dangling])
    assert "overruled: person ana: name = A; scim is believed before csv" in lines
    assert "refused: s.csv:7: service api: team 'x' is no team" in lines
    assert lines[-1] == "The directory says all of it already."


def test_a_long_list_is_cut_and_says_by_how_much():
    lines = told(changes=[change("changed", n, n + 1) for n in range(100)])
    assert "  (and 60 more of these)" in lines
    assert lines[-1] == "100 fields of 1 objects would change."


def test_what_needs_a_second_person_is_told_before_and_after():
    assert "1 of them need a second person" in told(changes=[change("changed")], for_two=[1])[-1]
    assert "It waits for a second person as proposal 9" in "".join(
        outcome_lines({"is_applied": False, "proposal": 9})
    )
    assert list(outcome_lines({"is_applied": True})) == ["It is in force."]


def test_of_a_folder_the_files_of_the_format_are_read_by_their_path_in_it(tmp_path):
    (tmp_path / "sig").mkdir()
    (tmp_path / "sig" / "OWNERS").write_text("approvers: [ana]")
    (tmp_path / "OWNERS_ALIASES").write_text("aliases: {}")
    (tmp_path / "README").write_text("no")
    assert texts_of("owners", [tmp_path]) == {
        "OWNERS_ALIASES": "aliases: {}",
        "sig/OWNERS": "approvers: [ana]",
    }
    with pytest.raises(NothingToImport, match=r"There is no CODEOWNERS in"):
        texts_of("codeowners", [tmp_path])


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(NothingToImport, match=r"people\.csv cannot be read: No such file"):
        texts_of("csv", [tmp_path / "people.csv"])
    (tmp_path / "people.csv").write_bytes(b"id,name\nana,\xff\n")
    with pytest.raises(Unreadable, match=r"people\.csv:2: is not UTF-8"):
        texts_of("csv", [tmp_path / "people.csv"])


def test_faults_of_unreadable_files_are_told_line_by_line(capsys):
    class Client:
        def post(self, *_args, **_more):
            raise RequestRefused(422, "Nothing was changed.\na.csv:1: no header\na.csv:9: twice")

    with pytest.raises(ImportRefused, match="mend what is refused"):
        _sent(Client(), "/", {})
    assert capsys.readouterr().out == "refused: a.csv:1: no header\nrefused: a.csv:9: twice\n"
