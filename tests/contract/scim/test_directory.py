"""What the identity provider does to people and teams."""

import httpx
import pytest

from sunwise.people.directory.sources import Source
from tests.contract.scim.live_server import live_scim
from tests.support.people import around_the_clock, person, says, service, team

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
OWN = "urn:sunwise:params:scim:schemas:extension:2.0:User"
USERS = "/Users"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ANA = {
    "schemas": [USER, OWN],
    "userName": "ana@example.com",
    "name": {"givenName": "Ana", "familyName": "Lima"},
    "timezone": "America/Sao_Paulo",
    "active": True,
    "title": "Head of everything",
    "addresses": [{"streetAddress": "Rua A 1"}],
    OWN: {"country": "br"},
}


@pytest.fixture
def scim(tmp_path):
    """A server with an empty directory."""
    with live_scim(tmp_path) as running:
        headers = {"authorization": f"Bearer {running.key}"}
        with httpx.Client(base_url=running.url, headers=headers, timeout=30) as http:
            yield http, running.store


def post(http, path, **body) -> httpx.Response:
    return http.post(path, json=body)


def operations(*ops) -> dict:
    return {"schemas": [PATCH], "Operations": list(ops)}


def test_a_user_becomes_a_person_and_nothing_else_of_them_is_kept(scim):
    http, store = scim
    made = http.post("/Users", json=ANA)
    assert made.status_code == 201
    assert made.headers["etag"] == 'W/"1"'
    assert made.headers["location"].endswith(f"/scim/v2{USERS}/ana")
    (ana,) = store.snapshot().people
    assert (ana.id, ana.name, ana.email) == ("ana", "Ana Lima", "ana@example.com")
    assert (ana.zone, ana.country) == ("America/Sao_Paulo", "BR")
    assert "Rua" not in http.get(f"{USERS}/ana").text
    assert "Head of" not in http.get(f"{USERS}/ana").text


def test_a_user_without_a_zone_waits_until_another_source_says_it(scim):
    http, store = scim
    post(http, "/Users", schemas=[USER], userName="waits@example.com")
    assert not store.snapshot().people
    store.apply(says(person("waits", email="waits@example.com")), author="x")
    assert store.snapshot().people[0].name == "waits@example.com"  # SCIM's word on the name
    http.delete(f"{USERS}/waits")
    assert store.snapshot().people[0].active is False


def test_a_user_whose_address_is_known_is_that_person(scim):
    http, store = scim
    store.apply(says(person("ana.lima", email="ANA@example.com")), author="x")
    assert http.post("/Users", json=ANA).json()["id"] == "ana.lima"
    (ana,) = store.snapshot().people
    assert (ana.name, ana.zone) == ("Ana Lima", "Europe/Paris")  # manual before SCIM for the zone


def test_two_users_of_one_name_or_address_are_refused(scim):
    http, _ = scim
    http.post("/Users", json=ANA)
    again = http.post("/Users", json=ANA | {"userName": "ANA@example.com"})
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    other = ANA | {"userName": "ana2", "emails": [{"value": "ana@EXAMPLE.com"}]}
    twin = http.post("/Users", json=other)
    assert (twin.status_code, twin.json()["scimType"]) == (409, "uniqueness")
    assert http.get("/Users").json()["totalResults"] == 1


def test_a_zone_that_is_none_is_refused_and_nothing_is_kept(scim):
    http, store = scim
    wrong = http.post("/Users", json=ANA | {"timezone": "Mars/Base"})
    assert (wrong.status_code, wrong.json()["scimType"]) == (400, "invalidValue")
    assert "'Mars/Base' is not a time zone" in wrong.json()["detail"]
    assert http.get("/Users").json()["totalResults"] == 0
    assert store.version() == 0


def test_groups_are_teams_and_members_come_and_go_by_patch(scim):
    http, store = scim
    http.post("/Users", json=ANA)
    http.post("/Users", json=ANA | {"userName": "bo@example.com"})
    members = [{"value": "ana"}]
    made = post(http, "/Groups", schemas=[GROUP], displayName="Core Team", members=members)
    assert made.json()["id"] == "core.team"
    added = {"op": "Add", "path": "members", "value": [{"value": "bo"}]}  # as Entra writes it
    assert http.patch("/Groups/core.team", json=operations(added)).status_code == 200
    assert store.snapshot().teams[0].members == ("ana", "bo")
    gone = {"op": "remove", "path": 'members[value eq "ana"]'}
    answer = http.patch("/Groups/core.team", json=operations(gone))
    assert [m["value"] for m in answer.json()["members"]] == ["bo"]
    assert store.snapshot().teams[0].members == ("bo",)
    ghost = {"op": "add", "path": "members", "value": [{"value": "ghost"}]}
    refused = http.patch("/Groups/core.team", json=operations(ghost))
    assert (refused.status_code, "ghost" in refused.json()["detail"]) == (400, True)


def test_whoever_leaves_is_not_on_duty_and_their_service_shows_it(scim):
    http, store = scim
    http.post("/Users", json=ANA)
    http.post("/Users", json=ANA | {"userName": "bo@example.com"})
    store.apply(says(team("core", "ana", "bo"), service("api", "core", lead="ana")), author="x")
    left = {"op": "replace", "value": {"active": False}}
    assert http.patch(f"{USERS}/ana", json=operations(left)).status_code == 200
    assert [p.active for p in store.snapshot().people] == [False, True]
    assert "lead ana has left: name another" in str(store.state().problems)


def test_a_deleted_user_who_is_named_elsewhere_stays_as_somebody_who_left(scim):
    http, store = scim
    http.post("/Users", json=ANA)
    http.post("/Users", json=ANA | {"userName": "bo@example.com"})
    members = [{"value": "ana"}, {"value": "bo"}]
    post(http, "/Groups", schemas=[GROUP], displayName="Core", members=members)
    store.apply(says(service("api", "core", lead="ana")), author="x")
    assert http.delete(f"{USERS}/ana").status_code == 204
    assert http.delete(f"{USERS}/bo").status_code == 204
    assert http.get(f"{USERS}/ana").status_code == 404
    assert store.snapshot().teams[0].members == ()
    assert [(p.id, p.active) for p in store.snapshot().people] == [("ana", False)]
    assert "members" not in http.get("/Groups/core").json()
    back = http.post("/Users", json=ANA)
    assert back.json()["id"] == "ana"
    assert store.snapshot().people[0].active


def test_a_team_that_owns_services_cannot_be_deleted(scim):
    http, store = scim
    http.post("/Users", json=ANA)
    post(http, "/Groups", schemas=[GROUP], displayName="Core", members=[{"value": "ana"}])
    store.apply(says(service("api", "core")), author="x")
    refused = http.delete("/Groups/core")
    assert refused.status_code == 409
    assert "service api: team 'core' is no team" in refused.json()["detail"]
    assert http.get("/Groups/core").status_code == 200


def test_a_change_to_what_has_changed_is_refused(scim):
    http, _ = scim
    http.post("/Users", json=ANA)
    rename = operations({"op": "replace", "path": "displayName", "value": "A"})
    first = http.patch(f"{USERS}/ana", json=rename, headers={"if-match": 'W/"1"'})
    assert first.headers["etag"] == 'W/"2"'
    late = http.patch(f"{USERS}/ana", json=rename, headers={"if-match": 'W/"1"'})
    assert late.status_code == 412
    assert http.get(f"{USERS}/ana", headers={"if-none-match": 'W/"2"'}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ('userName eq "BO@example.com"', ["bo"]),
        ('userName sw "a" and active eq true', ["ana"]),
        ('timezone co "Sao" or displayName pr', ["ana", "bo"]),
        (f'{OWN}:country eq "br"', ["ana", "bo"]),
        ('not (userName eq "x")', ["ana", "bo"]),
    ],
)
def test_users_are_found_by_filters(scim, asked, found):
    http, _ = scim
    http.post("/Users", json=ANA)
    http.post("/Users", json=ANA | {"userName": "bo@example.com"})
    answer = http.get("/Users", params={"filter": asked, "sortBy": "userName"}).json()
    assert [each["id"] for each in answer["Resources"]] == found


def test_pages_are_cut_where_they_are_asked_to_be(scim):
    http, _ = scim
    for n in range(5):
        post(http, "/Users", schemas=[USER], userName=f"u{n}")
    page = http.get("/Users", params={"startIndex": 4, "count": 3, "sortBy": "userName"}).json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 4, 2)
    assert [each["userName"] for each in page["Resources"]] == ["u3", "u4"]


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/Users?filter=userName", b"", 400),
        ("GET", "/Users?filter=" + "(" * 900 + "x pr" + ")" * 900, b"", 400),
        ("GET", "/Users?filter=mood+eq+%22good%22", b"", 400),
        ("GET", "/Users?count=many", b"", 400),
        ("POST", "/Users", b"{", 400),
        ("POST", "/Users", b"[" * 100_000, 400),
        ("POST", "/Users", b'{"schemas":["urn:x"],"userName":"a"}', 400),
        ("POST", "/Users", rb'{"userName":"\ud800"}', 400),
        ("POST", "/Users", b'{"schemas":["' + USER.encode() + rb'"],"userName":"a\u0000b"}', 400),
        ("POST", "/Users", b" " * (4 * 1024 * 1024 + 1), 413),
        ("PATCH", f"{USERS}/nobody", b"{}", 404),
        ("GET", "/Users/" + "x" * 3_000, b"", 404),
        ("GET", "/Nowhere", b"", 404),
        ("PUT", "/Users", b"{}", 405),
    ],
)
def test_bad_requests_are_answered_as_scim_errors(scim, method, path, content, status):
    http, store = scim
    headers = {"content-type": "application/scim+json"}
    answer = http.request(method, path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json()["status"] == str(status)
    assert store.version() == 0


@pytest.mark.parametrize("path", ["/Users", "/Schemas", "/ServiceProviderConfig", "/nowhere"])
def test_nothing_is_answered_without_a_key(scim, path):
    http, _ = scim
    answer = http.get(path, headers={"authorization": ""})
    assert answer.status_code == 401


def test_a_person_alone_adds_nobody_to_who_answers_around_the_clock_but_the_provider_may(tmp_path):
    with live_scim(tmp_path) as running:
        *people, owners, matching = around_the_clock()
        running.store.apply(says(*people, person("pia")), author="x")
        running.store.apply(says(owners, matching, source=Source.CSV), author="x")
        members = [{"value": each} for each in (*owners.said["members"], "pia")]
        answers = []
        for secret in (running.token, running.key):
            headers = {"authorization": f"Bearer {secret}"}
            with httpx.Client(base_url=running.url, headers=headers, timeout=30) as http:
                answers.append(
                    post(http, "/Groups", schemas=[GROUP], displayName="Core", members=members)
                )
        assert [each.status_code for each in answers] == [403, 201]
        assert "two people" in answers[0].text
        assert "pia" in running.store.snapshot().teams[0].members
