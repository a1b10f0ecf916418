"""Somebody is erased from a people plane as it runs, killed on the way, and is in no file of it."""

import contextlib
import os
import signal

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.cli.people_client import Credentials, PeopleClient
from tests.support.launched_people import LaunchedPeople, until

pytestmark = pytest.mark.timeout(300)
CLEO = "cleo.marchetti"
TRACES = (CLEO, "Cleo Marchetti", "cleo@example.com", "octo-cleo")


@pytest.fixture
def plane(tmp_path):
    made = LaunchedPeople(tmp_path, {"SUNWISE_PRIVACY_SETTLE_S": "0"})
    assert made.init().returncode == 0
    made.start()
    yield made
    made.stop()
    made.end_pagers()


def enter_company(ada: PeopleClient) -> None:
    """Bo, and Cleo, who owns a service."""
    about = {"zone": "Europe/Paris", "country": "FR"}
    for person, said in (
        ("bo", {"name": "Bo", "email": "bo@example.com"}),
        (CLEO, {"name": "Cleo Marchetti", "email": "cleo@example.com", "handles": ["octo-cleo"]}),
    ):
        ada.patch(f"/directory/people/{person}", {"said": about | said})
    ada.patch("/directory/teams/core", {"said": {"name": "Core", "members": ["ada", CLEO]}})
    owned = {"name": "Api", "team": "core", "tier": "daylight", "lead": CLEO}
    ada.patch("/directory/services/api", {"said": owned})


def client_of(plane: LaunchedPeople, ada: PeopleClient, person: str) -> PeopleClient:
    issued = ada.post(f"/people/{person}/tokens", {"name": "first"})
    return PeopleClient(Credentials(url=plane.running.url, token=issued["secret"]))


def administrator(plane: LaunchedPeople, person: str) -> PeopleClient:
    """With a token that nobody else has seen: made on the machine that holds the data."""
    file = plane.data.with_name(f"{person}.json")
    options = ["--url", plane.running.url, "--credentials", str(file)]
    assert plane.command("people", "token", person, *options).returncode == 0
    return PeopleClient.of(file)


def leave_traces(cleo: PeopleClient) -> None:
    """In an incident, in a page, in what she holds at the door."""
    opened = {"title": "Cleo Marchetti saw it", "severity": 2, "service": "api"}
    made = cleo.post("/people/incidents", opened)["incident"]["id"]
    cleo.post(f"/people/incidents/{made}/notes", {"text": "Ask @octo-cleo."})
    page = {"service": "api", "summary": "Cleo Marchetti needs somebody"}
    until(lambda: tried(lambda: cleo.post("/pager/pages", page)))
    cleo.post("/feeds", {"shows": "me"})


def tried(ask):
    try:
        return ask()
    except Exception as fault:  # noqa: BLE001 - whatever a plane that just begins answers
        return None if isinstance(fault, Retryable) or "knows no" in str(fault) else _raise(fault)


def _raise(fault):
    raise fault


def on_disk(plane: LaunchedPeople) -> dict[str, list[str]]:
    """What is found of Cleo, by file; logs of processes are told apart in the documents."""
    found = {}
    for path in plane.data.rglob("*"):
        if path.is_file() and path.suffix != ".log":
            content = path.read_bytes().lower()
            words = [word for word in TRACES if word.casefold().encode() in content]
            if words:
                found[str(path.relative_to(plane.data))] = words
    return found


def test_an_erased_person_is_in_no_file_of_a_plane_that_was_killed_on_the_way(plane):
    ada = plane.client
    enter_company(ada)
    cleo = client_of(plane, ada, CLEO)
    ada.put("/people/bo/roles/administrator", None)
    bo = administrator(plane, "bo")
    leave_traces(cleo)
    files = {path.partition("/")[0] for path in on_disk(plane)}
    assert files >= {"directory", "guard", "incidents", "pagers"}
    own = cleo.get(f"/privacy/people/{CLEO}")["services"]
    assert all("unanswered" not in part for part in own.values()), own
    asked = plane.command("people", "erase", CLEO)
    assert "Somebody else has to agree" in asked.stdout, asked.stderr
    [change] = [each for each in bo.get("/changes") if each["kind"] == "person.erase"]
    before = plane.running.children
    os.kill(before["pager-1"], signal.SIGKILL)
    bo.post(f"/changes/{change['id']}/approve", {"content_hash": change["content_hash"]})
    os.kill(before["people"], signal.SIGKILL)

    def done():
        erasures = tried(lambda: ada.get("/privacy/erasures"))
        return erasures and erasures[0]["done_ns"] and erasures[0]

    report = until(done, within_s=120)
    holders = {step["holder"] for step in report["steps"]}
    assert len([each for each in holders if each.startswith("pager ")]) == 2
    with contextlib.suppress(AssertionError):
        until(lambda: not on_disk(plane), within_s=60)
    assert on_disk(plane) == {}
    told = plane.command("people", "erasures").stdout
    assert "done" in told
    assert CLEO not in told
    assert tried(lambda: ada.get("/directory/people/ada"))["person"]["id"] == "ada"
