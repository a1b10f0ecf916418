"""A rota from the directory to whoever asks who is on duty, over real processes."""

import pytest

from tests.support.launched_people import launched_people, until

pytestmark = pytest.mark.timeout(180)
UNIT = "core.daylight"


@pytest.fixture
def people(tmp_path):
    with launched_people(tmp_path) as plane:
        yield plane


def test_a_service_is_planned_agreed_to_and_answered_for(people):
    ada = people.client
    team = {"name": "Core", "members": ["ada"], "lead": "ada"}
    ada.patch("/directory/teams/core", {"said": team})
    service = {"name": "Ledger", "team": "core", "tier": "daylight"}
    ada.patch("/directory/services/ledger", {"said": service})

    def planned():
        units = ada.get("/people/rota/units")
        return [each for each in units if each["unit"] == UNIT and len(each["published"]) >= 2]

    until(planned, within_s=120)
    change = until(lambda: ada.get("/people/rota/changes"))[0]
    assert change["waits_for"] == ["ada"], "hours within notice need her own yes"
    piece = change["changes"][0]
    board = {"role": "primary", "at_ns": piece["start_ns"]}
    until(lambda: ada.get("/duty/ledger", **board)["standing"] == "gap")
    done = ada.post(f"/people/rota/changes/{change['id']}/answer", {"is_yes": True})
    assert done["state"] == "applied"
    until(lambda: ada.get("/duty/ledger", **board)["person"] == "ada")

    shown = people.command("rota", "replan", "ledger")
    assert "Nothing changes hands." in shown.stdout, shown.stdout + shown.stderr
    drafted = people.command("rota", "plan", "ledger")
    assert f"sunwise rota publish {UNIT}" in drafted.stdout, drafted.stderr
    refused = people.command("rota", "explain", "nothing")
    assert refused.returncode == 1
    assert UNIT in refused.stderr
