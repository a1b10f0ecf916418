"""Somebody who has left stops counting as a second person, by whoever holds the data."""

from click.testing import CliRunner

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.guard import OPERATOR, Right, Role
from sunwise.cli.people import command
from sunwise.cli.people_parts import stores_in
from tests.support.people import person, says


def test_whoever_has_left_holds_nothing_once_the_operator_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("SUNWISE_PEOPLE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SUNWISE_PEOPLE_CREDENTIALS", str(tmp_path / "mine.json"))

    def run(*arguments):
        return CliRunner().invoke(command, arguments)

    about = {"name": "Ada", "email": "a@example.com", "zone": "Europe/Berlin", "country": "DE"}
    options = [part for name, value in about.items() for part in (f"--{name}", value)]
    assert run("init", "--person", "ada", *options).exit_code == 0
    with stores_in(tmp_path / "data", SystemClock()) as (guard, directory):
        directory.apply(says(person("ben")), author="ada")
        guard.grant("ben", Role.ADMINISTRATOR, by=OPERATOR)
        assert "enter that they have left first" in run("left", "ben").output
        directory.apply(says(person("ben", active=False)), author="ada")
        both = {"ada", "ben"}
        assert guard.holders(Right.ROLES_GRANT) == both, "nobody is made to leave for that"
        assert run("left", "ben").exit_code == 0
        assert guard.holders(Right.ROLES_GRANT) == {"ada"}
