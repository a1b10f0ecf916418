"""What the command line says about owners and duty."""

from datetime import UTC

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.chassis.guard.crossing import OriginUnusable
from sunwise.chassis.json_client import RequestRefused
from sunwise.chassis.ports import settled_port
from sunwise.cli.on_duty import duty_lines
from sunwise.cli.page import told_lines
from sunwise.cli.people_client import (
    Credentials,
    CredentialsUnusable,
    PeopleClient,
    read_credentials,
    write_credentials,
)
from sunwise.cli.people_owners import owned
from sunwise.cli.who_owns import missing_lines, owner_lines
from sunwise.contracts.people.directory import Service, Snapshot, Team, Tier
from sunwise.people.directory.objects import Kind
from sunwise.people.directory.problems import Problem, Rule
from tests.support.snapshots import somebody

NOON_NS = 1_795_780_800 * 10**9  # 2026-11-27 12:00 UTC
HOUR_NS = 3_600 * 10**9


DIRECTORY = Snapshot(
    version=1,
    people=(
        somebody("ada", "Pacific/Auckland"),
        somebody("ben", "Europe/Berlin"),
        somebody("cleo", "Africa/Nairobi"),
        somebody("dan", "Europe/Berlin", active=False),
        somebody("eve", "Europe/Berlin"),
        somebody("fay", "Nowhere/Atall"),
    ),
    teams=(Team(id="core", name="Core", members=("ada", "ben", "cleo", "dan", "fay")),),
    services=(
        Service(id="api", name="API", tier=Tier.TWO_ROLES, team="core", lead="ada", deputy="cleo"),
        Service(id="old", name="Old", tier=Tier.BEST_EFFORT, team="gone"),
    ),
)


def test_owners_come_with_those_first_whose_day_it_is():
    found = owned(DIRECTORY, "api", now_ns=NOON_NS)
    assert [(each.person_id, each.local_time, each.is_day) for each in found.owners] == [
        ("cleo", "15:00", True),
        ("ben", "13:00", True),
        ("ada", "01:00", False),
        ("fay", "", False),
    ]
    assert owned(DIRECTORY, "nothing", now_ns=NOON_NS) is None


def test_a_duty_is_as_fresh_as_its_last_acceptance():
    at_ns = NOON_NS - 30 * HOUR_NS
    lines = list(owner_lines(vars(owned(DIRECTORY, "api", now_ns=NOON_NS, handed_over_ns=at_ns))
                             | {"owners": []}))  # fmt: skip
    assert "Its duty was last accepted 30 h ago." in lines
    assert "Nobody has accepted it in the last day: look at who holds it." in lines
    fresh = owned(DIRECTORY, "api", now_ns=NOON_NS, handed_over_ns=NOON_NS - HOUR_NS)
    assert fresh.is_handoff_fresh
    assert owned(DIRECTORY, "old", now_ns=NOON_NS).is_handoff_fresh is None


def test_a_tier_that_cannot_be_carried_names_who_is_missing_where():
    text = "tier 24x7-two cannot be carried lawfully: at least 3 more needed 14:00-22:00 UTC"
    found = [
        Problem(rule=Rule.CAPACITY, kind=Kind.SERVICE, id=id_, text=text) for id_ in ("api", "old")
    ]
    asked = vars(owned(DIRECTORY, "api", now_ns=NOON_NS, problems=found)) | {"owners": []}
    assert f"It cannot be carried: {text}." in list(owner_lines(asked))
    assert owned(DIRECTORY, "api", now_ns=NOON_NS, problems=()).cannot_be_carried == ""


class Rota:
    """Answers as the rota's doors do."""

    def __init__(self, explained: dict | None) -> None:
        self.explained = explained

    def get(self, path: str, **_query) -> object:
        assert path == "/people/rota/units"
        return [{"unit": "core", "services": ["api"]}]

    def post(self, path: str, _content) -> dict:
        assert path == "/people/rota/units/core/explain"
        if self.explained is None:
            raise RequestRefused(403, "ada may not do this: it needs rota.plan (team).")
        return {"state": "done", "result": self.explained}


def test_the_rota_tells_exactly_who_is_missing_or_why_it_does_not():
    explained = {
        "explanation": {
            "gap_h": 60,
            "conflict": ["weekly_rest_h"],
            "relaxations": [],
            "is_finished": True,
        },
        "missing": {"people": 2, "bands": [[14, 29, 2]], "is_enough": True},
    }
    lines = list(missing_lines(Rota(explained), "api"))
    assert lines[-2:] == [
        "Who would close it, with every rule kept:",
        "  2 more people whose day is 14:00 to 05:00 UTC, as in Denver",
    ]
    [refused] = missing_lines(Rota(None), "api")
    assert "needs rota.plan" in refused
    [unknown] = missing_lines(Rota(explained), "old")
    assert "No rota is planned for 'old'" in unknown


def test_a_service_whose_team_is_gone_says_so():
    found = owned(DIRECTORY, "old", now_ns=NOON_NS)
    lines = list(owner_lines(vars(found)))
    assert lines[-1] == "Nobody at work is in that team: it needs owners."


def test_it_is_told_when_it_is_night_for_all():
    found = owned(DIRECTORY, "api", now_ns=NOON_NS + 9 * HOUR_NS)
    asked = {**vars(found), "owners": [{**vars(each), "is_day": False} for each in found.owners]}
    assert "It is night for all of them." in owner_lines(asked)


def answer(**more) -> dict:
    return {
        "service": "api", "role": "primary", "standing": "planned", "person": "ada",
        "since_ns": NOON_NS, "until_ns": NOON_NS + HOUR_NS, "version": 3, "as_of_ns": NOON_NS,
        "is_stale": False, "gap_owner": None,
    } | more  # fmt: skip


def test_duty_is_told_in_the_readers_zone_and_with_its_staleness():
    assert duty_lines(answer(), zone=UTC) == [
        "ada (primary, as planned)",
        "since Fri 27 Nov 2026 12:00 UTC, until Fri 27 Nov 2026 13:00 UTC",
    ]
    assert "took it over" in duty_lines(answer(standing="actual"), zone=UTC)[0]
    stale = duty_lines(answer(is_stale=True), zone=UTC)[-1]
    assert stale == "Stale: the rota has not been heard since Fri 27 Nov 2026 12:00 UTC."
    never = duty_lines(answer(person=None, standing="unknown", is_stale=True, as_of_ns=0), zone=UTC)
    assert never[-1] == "Stale: the rota has not been heard at all."


def test_who_keeps_a_duty_is_told_beside_whose_it_is_by_plan():
    lines = duty_lines(answer(standing="kept", person="ben", planned="ada"), zone=UTC)
    assert lines[0] == "ben (primary, keeps it until ada accepts)"
    assert lines[1].startswith("ada's by plan: since Fri 27 Nov")
    [nobody] = duty_lines(answer(standing="unheld", person=None, planned="ada"), zone=UTC)
    assert "ada has not accepted it" in nobody


def test_a_gap_names_who_accepted_it():
    [line] = duty_lines(answer(person=None, standing="gap", gap_owner="cleo"), zone=UTC)
    assert "accepted by cleo" in line
    [line] = duty_lines(answer(person=None, standing="gap", gap_owner=None), zone=UTC)
    assert "nobody has accepted yet" in line


def test_a_people_plane_that_is_not_up_is_to_be_started():
    url = f"http://127.0.0.1:{settled_port('127.0.0.1')}"
    with pytest.raises(Retryable, match="start it with sunwise people up"):
        PeopleClient(Credentials(url=url, token="swp_x")).get("/me")


def test_a_page_whose_messages_fail_says_where_it_stands():
    told = [{"person": "ada", "channel": "email", "is_sent": False}]
    page = {"id": "p", "told": told, "waiting_for": "nobody who may be told is known"}
    lines = list(told_lines(page))
    assert "ada could not be told by email." in lines
    assert any("stands on their Today" in line for line in lines)


def test_credentials_are_private_and_the_ones_before_stay(tmp_path):
    path = tmp_path / "sunwise" / "people.json"
    for token in ("swp_one", "swp_two"):
        write_credentials(path, Credentials(url="https://people.example.com", token=token))
    assert read_credentials(path).token == "swp_two"
    assert read_credentials(path.with_suffix(".previous.json")).token == "swp_one"
    assert "swp_two" not in repr(read_credentials(path))
    path.chmod(0o640)
    with pytest.raises(CredentialsUnusable, match="read by others"):
        read_credentials(path)


def test_credentials_for_an_address_in_the_clear_are_not_kept(tmp_path):
    with pytest.raises(OriginUnusable, match="in the clear"):
        write_credentials(
            tmp_path / "x.json", Credentials(url="http://people.example.com", token="swp_x")
        )
    assert not (tmp_path / "x.json").exists()
