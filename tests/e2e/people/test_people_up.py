"""`sunwise people` as a person uses it: begin, log in, ask, survive, go on."""

import contextlib
import json
import os
import re
import signal
from http.client import HTTPConnection

import pytest

from sunwise.chassis.errors import Retryable
from sunwise.chassis.json_client import RequestRefused
from sunwise.cli.people_client import Credentials, PeopleClient
from sunwise.cli.people_parts import DatabaseSettings
from sunwise.people.pager.client import PagerClient
from tests.support.launched_people import LaunchedPeople, is_alive, launched_people, until
from tests.support.postgresql_server import running_postgresql

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    with launched_people(tmp_path_factory.mktemp("people")) as plane:
        yield plane


def token_of(plane: LaunchedPeople) -> str:
    return json.loads(plane.credentials.read_text())["token"]


def test_whoever_begins_is_the_administrator_and_the_only_one(tmp_path):
    plane = LaunchedPeople(tmp_path)
    begun = plane.init()
    assert begun.returncode == 0, begun.stderr
    assert plane.credentials.stat().st_mode & 0o777 == 0o600
    token = token_of(plane)
    assert token.startswith("swp_")
    assert token not in begun.stdout + begun.stderr, (
        "where output is recorded, a token is not shown"
    )
    again = plane.init()
    assert again.returncode == 1
    assert "administrator already: ada" in again.stderr
    assert token_of(plane) == token
    for path in plane.data.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
        assert not path.is_file() or token.encode() not in path.read_bytes()


def test_a_beginning_that_is_refused_leaves_nobody_half_in(tmp_path):
    plane = LaunchedPeople(tmp_path)
    options = ["--person", "ada", "--name", "Ada", "--email", "ada@example.com", "--country", "DE"]
    refused = plane.command("people", "init", *options, "--zone", "Europe/Berlyn")
    assert refused.returncode == 1
    assert "Europe/Berlin" in refused.stderr
    assert not plane.credentials.exists()
    assert plane.init().returncode == 0


def test_one_asks_who_one_is_and_who_is_on_duty(people):
    me = people.client.get("/me")
    assert (me["person_id"], me["roles"]) == ("ada", ["administrator", "member"])
    asked = people.command("on-duty", "payments")
    assert asked.returncode == 0
    assert "no rota for this service" in asked.stdout


def test_one_logs_in_with_a_token_that_is_typed_not_given(people, tmp_path):
    file = tmp_path / "other.json"
    options = ["--url", people.running.url, "--credentials", str(file)]
    refused = people.command("people", "login", *options, typed="swp_nonsense\n")
    assert refused.returncode == 1
    assert not file.exists()
    said = people.command("people", "login", *options, typed=token_of(people) + "\n")
    assert said.stdout == "You are ada: administrator, member.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    exposed = people.command("on-duty", "payments", "--credentials", str(file))
    assert "can be read by others" in exposed.stderr


def test_all_of_it_can_be_kept_in_one_postgresql(tmp_path):
    with running_postgresql() as url:
        names = [each.upper() for each in DatabaseSettings.__struct_fields__]
        plane = LaunchedPeople(tmp_path, {f"SUNWISE_PEOPLE_DATABASES_{n}": url for n in names})
        begun = plane.init()
        assert begun.returncode == 0, begun.stderr
        plane.start()
        try:
            assert plane.client.get("/me")["person_id"] == "ada"
            assert plane.client.get("/audit")["head"]["seq"] == 2
            kept = {path.parent.parent.name for path in plane.data.rglob("*.sqlite")}
            assert kept == {"pagers"}, "a pager keeps its own: it works without the database"
        finally:
            assert plane.stop() == 0


def test_it_does_not_listen_where_tokens_would_be_in_the_clear(tmp_path):
    plane = LaunchedPeople(tmp_path)
    plane.init()
    options = ["--port", "0", "--pager-port", "0"]
    refused = plane.command("people", "up", "--host", "0.0.0.0", *options)
    assert refused.returncode == 1
    assert "in the clear" in refused.stderr
    assert not (plane.data / "nats").exists()


def test_a_port_that_is_taken_is_told(people):
    port = people.running.url.rpartition(":")[2]
    refused = people.command("people", "up", "--port", port, "--pager-port", "0")
    assert refused.returncode == 1
    assert "choose another port" in refused.stderr


def test_a_token_is_not_sent_in_the_clear(people, tmp_path):
    file = tmp_path / "far.json"
    options = ["--url", "http://people.example.com", "--credentials", str(file)]
    refused = people.command("people", "login", *options, typed=token_of(people) + "\n")
    assert refused.returncode == 1
    assert "in the clear" in refused.stderr


def test_no_log_holds_a_secret(people):
    people.client.get("/me")
    for path in [*people.data.rglob("*.log"), people.data / "people-running.json"]:
        assert token_of(people) not in path.read_text("utf-8", "replace")
    assert token_of(people) not in people.output


def test_a_company_comes_in_from_files_shown_first_and_then_whole(people, tmp_path):
    (tmp_path / "people.csv").write_text(
        "id,name,email,zone,country\n"
        "ben,Ben,ben@example.com,Europe/Berlin,DE\n"
        "cho,Cho,cho@example.com,Asia/Tokyo,JP\n"
    )
    (tmp_path / "teams.csv").write_text("id,name,members\nwiki,Wiki,ben cho\n")
    services = tmp_path / "services.csv"
    services.write_text("id,name,tier,team\nwiki,Wiki,best-effort,wikis\n")
    asked = ["people", "import", "csv", str(tmp_path), "--apply"]
    dangling = people.command(*asked)
    assert dangling.returncode == 1
    assert "refused: services.csv:2: service wiki: team 'wikis'" in dangling.stdout
    assert people.client.get("/directory/people")["total"] == 1
    services.write_text("id,name,tier,team\nwiki,Wiki,best-effort,wiki\n")
    shown = people.command(*asked[:-1])
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "+ person cho: name Cho, email cho@example.com, zone Asia/Tokyo" in shown.stdout
    assert "the same with --apply" in shown.stdout
    assert people.client.get("/directory/people")["total"] == 1
    assert people.command(*asked).stdout.endswith("It is in force.\n")
    assert "Wiki (best-effort) is owned by Wiki." in people.command("who-owns", "wiki").stdout
    assert "The directory says all of it already." in people.command(*asked[:-1]).stdout


def connected(plane: LaunchedPeople) -> contextlib.closing:
    return contextlib.closing(HTTPConnection(plane.running.url.partition("://")[2]))


def test_the_api_page_is_there_and_loads_nothing_from_elsewhere(people):
    with connected(people) as connection:
        connection.request("GET", "/docs")
        answer = connection.getresponse()
        page = answer.read().decode()
        assert answer.status == 200
        assert "/duty/{service}" in page
        assert "://" not in page
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        connection.request("GET", "/openapi.json")
        assert "/duty/{service}" in json.loads(connection.getresponse().read())["paths"]


def answer_to_body(plane: LaunchedPeople, n_bytes: int, sent: bytes = b"") -> tuple[int, str]:
    with connected(plane) as connection:
        connection.putrequest("POST", "/directory/imports/csv")
        connection.putheader("content-type", "application/json")
        connection.putheader("authorization", f"Bearer {token_of(plane)}")
        connection.putheader("content-length", str(n_bytes))
        connection.endheaders(sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_body_is_taken_up_to_the_one_limit_and_refused_with_it_beyond(people):
    most = 8 * 1024 * 1024
    status, said = answer_to_body(people, most, b'{"files": {}}'.ljust(most))
    assert (status, "files" in said) == (422, True), "the directory has read it"
    for beyond in (most + 1, 1 << 40):
        status, said = answer_to_body(people, beyond)
        assert status == 413
        assert said == "The request's body is too large: send at most 8388608 bytes at once.\n"


@pytest.mark.parametrize("name", ["people", "nats-server", "pager-0"])
def test_a_crashed_process_is_started_again_at_the_same_place(people, name):
    before = people.running
    os.kill(before.children[name], signal.SIGKILL)
    until(lambda: people.running.children.get(name, before.children[name]) != before.children[name])

    def answered():
        try:
            return people.client.get("/me")
        except Retryable:
            return None

    assert until(answered)["person_id"] == "ada"
    assert people.running.url == before.url


def test_a_killed_supervisor_leaves_only_the_pagers_and_the_next_start_goes_on(tmp_path):
    plane = LaunchedPeople(tmp_path)
    assert plane.init().returncode == 0
    plane.start()
    try:
        made = plane.client.post("/people/ada/tokens", {"name": "phone"})
        pids = plane.running.children
        assert sorted(pids) == ["nats-server", "pager-0", "pager-1", "people"]
        pagers = [PagerClient([url], secret_of(plane)) for url in plane.running.pagers]
        until(lambda: all(pager.ask("GET", "/healthz")["duty_as_of_ns"] for pager in pagers))
        plane.kill()
        until(lambda: not any(is_alive(pids[name]) for name in ("nats-server", "people")))
        assert all(pager.ask("GET", "/healthz")["peer_reachable"] for pager in pagers)
        key = pagers[0].ask("POST", "/v1/keys", content={"name": "ci", "service": "gateway"})
        plane.start()
        after = plane.running.children
        assert {after[name] for name in after}.isdisjoint(pids.values())
        again = PagerClient(plane.running.pagers, secret_of(plane))
        assert key["id"] in {each["id"] for each in again.ask("GET", "/v1/keys")}
        tokens = plane.client.get("/people/ada/tokens")
        assert {each["id"] for each in tokens} >= {made["credential"]["id"]}
    finally:
        plane.stop()
        plane.end_pagers()
    assert not any(is_alive(pid) for pid in after.values())
    assert not (plane.data / "people-running.json").exists()


def secret_of(plane: LaunchedPeople) -> bytes:
    return (plane.data / "pagers" / "secret").read_bytes()


def test_a_lost_token_is_replaced_while_it_runs_and_opens_nothing_from_then_on(tmp_path):
    with launched_people(tmp_path) as plane:
        lost = plane.client
        url = ["--url", plane.running.url]
        assert plane.command("people", "token", "ada", *url).returncode == 0
        assert plane.client.get("/me")["person_id"] == "ada"
        with pytest.raises(RequestRefused, match="opens nothing"):
            lost.get("/me")
        assert "has no ben at work" in plane.command("people", "token", "ben", *url).stderr


def scim(plane: LaunchedPeople, method: str, path: str, *, key: str, body: object) -> dict:
    with connected(plane) as connection:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/scim+json"}
        connection.request(method, f"/scim/v2{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content
        return json.loads(content)


def test_whom_the_identity_provider_lets_go_is_out_at_once(people):
    ada = people.client
    key = ada.post("/keys", {"name": "idp", "right": "directory.import"})["secret"]
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "noor",
        "displayName": "Noor",
        "timezone": "Africa/Nairobi",
        "emails": [{"value": "noor@example.com", "primary": True}],
        "addresses": [{"type": "work", "country": "KE"}],
    }
    made = scim(people, "POST", "/Users", key=key, body=user)
    issued = ada.post(f"/people/{made['id']}/tokens", {"name": "first"})
    noor = PeopleClient(Credentials(url=people.running.url, token=issued["secret"]))
    assert noor.get("/me")["person_id"] == made["id"]
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    }
    scim(people, "PATCH", f"/Users/{made['id']}", key=key, body=patch)
    with pytest.raises(RequestRefused, match="opens nothing"):
        noor.get("/me")


def test_the_demo_company_says_who_owns_what_and_two_people_change_it(tmp_path):
    plane = LaunchedPeople(tmp_path)
    made = plane.command("people", "demo", "--seed", "7", "--no-rota")
    assert made.returncode == 0, made.stderr
    assert "60 people" in made.stdout
    service = made.stdout.split()[-1]
    second = re.search(r"other administrator is (\S+):", made.stdout)[1]
    assert "holds a company already" in plane.command("people", "demo").stderr
    plane.start()
    try:
        said = plane.command("who-owns", service)
        assert said.returncode == 0, said.stderr
        assert "is owned by" in said.stdout
        assert "(lead)" in said.stdout
        assert "no service nothing" in plane.command("who-owns", "nothing").stderr
        assert plane.command("who-owns", "../me").returncode == 1
        first = plane.client
        assert plane.command("people", "token", second, "--url", plane.running.url).returncode == 0
        change_by_two(first, plane.client)
    finally:
        assert plane.stop() == 0


def change_by_two(first: PeopleClient, second: PeopleClient) -> None:
    """A service that runs around the clock gets another deputy: proposed, approved, applied."""
    services = first.get("/directory/services")["services"]
    found = next(each for each in services if each["tier"].startswith("24x7"))
    path = f"/directory/services/{found['id']}"
    swapped = {"lead": found["deputy"], "deputy": found["lead"]}
    proposed = first.patch(path, {"said": swapped})
    assert not proposed["is_applied"]
    assert first.get(path)["service"]["lead"] == found["lead"]
    body = {"content_hash": proposed["content_hash"]}
    with pytest.raises(RequestRefused, match="somebody else"):
        first.post(f"/changes/{proposed['proposal']}/approve", body)
    [waiting] = [e for e in second.get("/changes") if e["id"] == proposed["proposal"]]
    assert f"lead from {found['lead']!r} to {found['deputy']!r}" in waiting["summary"]
    done = second.post(f"/changes/{waiting['id']}/approve", body)
    assert (done["state"], done["outcome"]) == ("applied", "")
    assert first.get(path)["service"]["lead"] == found["deputy"]
    acts = [each["act"] for each in first.get("/audit")["entries"]]
    assert acts[:3] == ["change.applied", "change.approve", "change.propose"]
