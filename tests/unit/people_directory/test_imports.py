"""Files of others: what they say, who is believed, and the line of whatever is wrong."""

import pytest

from sunwise.chassis.db import open_database
from sunwise.people.directory.imports.backstage import read_backstage
from sunwise.people.directory.imports.bounds import MAX_FILE_BYTES, Unreadable, decoded
from sunwise.people.directory.imports.code_owners import read_code_owners
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.owners import read_owners
from sunwise.people.directory.imports.tables_csv import read_tables, slug
from sunwise.people.directory.objects import Kind
from sunwise.people.directory.store import Refused
from tests.support.people import new_store, person, says, service, team


@pytest.fixture
def store(tmp_path):
    engine = open_database(tmp_path / "directory.db", is_derived=False)
    yield new_store(engine)
    engine.dispose()


def known(store) -> Known:
    return Known.of(store.snapshot())


def faults(read, *args, **kwargs) -> list[str]:
    with pytest.raises(Unreadable) as unreadable:
        read(*args, **kwargs)
    return [f"{fault.place}: {fault.text}" for fault in unreadable.value.faults]


PEOPLE = """\
id,name,e-mail,time zone,country,skills,hours,no nights,handles
ana,Ana Lima,ana@example.com,America/Sao_Paulo,br,"sql, python",09:00-17:30 mon-thu,yes,octoana
,José Núñez,jose@example.com,Europe/Madrid,ES,,,,
"""
TEAMS = "id;name;lead;members\ncore;Core;octoana;ana, jose@example.com\n"
SERVICES = "id\tname\towner\ttier\tcode\napi\tAPI\tcore\tdaylight\tacme/shop/api\n"


# --- CSV ---


def test_tables_are_read_by_their_headers_whatever_separates_them(store):
    files = {"people.csv": "\ufeff" + PEOPLE, "x/teams.csv": TEAMS, "services.csv": SERVICES}
    store.apply(read_tables(files, known(store)), author="x")
    snapshot = store.snapshot()
    ana, jose = snapshot.people
    assert (ana.skills, ana.country, ana.exempt.no_nights) == (("sql", "python"), "BR", True)
    assert (ana.hours.ends_minute, ana.hours.weekdays) == (1_050, (0, 1, 2, 3))
    assert (jose.id, jose.name) == ("jose", "José Núñez")
    assert (snapshot.teams[0].lead, snapshot.teams[0].members) == ("ana", ("ana", "jose"))
    assert snapshot.services[0].team == "core"


def test_a_person_with_a_known_address_is_that_person(store):
    store.apply(says(person("ana.lima", email="ana@example.com")), author="x")
    people = "name,email,skills\nAna,ANA@example.com,rust\n"
    store.apply(read_tables({"people.csv": people}, known(store)), author="x")
    assert [(p.id, p.skills) for p in store.snapshot().people] == [("ana.lima", ("rust",))]


def test_a_dangling_owner_is_refused_with_file_and_line(store):
    services = "id,name,owner,tier\n\napi,API,cores,daylight\n"
    change = read_tables({"services.csv": services}, known(store))
    with pytest.raises(Refused, match=r"services\.csv:3: service api: team 'cores' is no team"):
        store.apply(change, author="x")


def test_an_import_is_applied_whole_or_not_at_all(store):
    files = {"people.csv": PEOPLE, "teams.csv": TEAMS.replace("octoana", "ghost")}
    with pytest.raises(Refused, match=r"teams\.csv:2"):
        store.apply(read_tables(files, known(store)), author="x")
    assert store.version() == 0


def test_a_dry_run_shows_what_would_change_and_changes_nothing(store):
    store.apply(read_tables({"people.csv": PEOPLE}, known(store)), author="x")
    moved = PEOPLE.replace("America/Sao_Paulo", "Europe/Lisbon").replace("jose@", "pepe@")
    plan = store.plan(read_tables({"people.csv": moved}, known(store), is_whole=True))
    shown = [(c.verb, c.id, c.field, c.old, c.new, c.source) for c in plan.changes]
    assert ("changed", "ana", "zone", "America/Sao_Paulo", "Europe/Lisbon", "csv") in shown
    assert ("added", "pepe", "name", None, "José Núñez", "csv") in shown
    assert ("removed", "jose", "email", "jose@example.com", None, "") in shown
    assert store.version() == 1


def test_leave_is_read_and_what_overlaps_is_refused_with_its_line(store):
    store.apply(says(person("ana")), author="x")
    leave = "person,from,to\nana,2027-01-04,2027-01-08\n"
    store.apply(read_tables({"leave.csv": leave}, known(store)), author="x")
    assert len(store.snapshot().leave) == 1
    late = "person,first,last\nana@example.com,2027-01-08,2027-01-09\n"
    with pytest.raises(Refused, match=r"leave\.csv:2: person ana: leave .* overlaps with leave"):
        store.apply(read_tables({"leave.csv": late}, known(store)), author="x")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("people.csv", "id,mood\nana,good\n", "people.csv:1: no column 'mood': there are id, name"),
        ("people.csv", "id,id\n", "people.csv:1: id stands twice"),
        ("people.csv", "id,name\nana,A,B\n", "people.csv:2: has 3 cells, the header 2"),
        ("people.csv", "id,hours\nana,9-5\n", "people.csv:2: hours '9-5': write hours as"),
        ("people.csv", "id,hours\nana,09:00-17:00 mo-fr\n", "write days as mon-fri"),
        ("people.csv", "id,active\nana,maybe\n", "neither yes nor no"),
        ("people.csv", "id,max_week_h\nana,lots\n", "is no number"),
        ("people.csv", 'id,name\nana,"A\n', "is not CSV"),
        ("people.csv", "id,name\nana," + "x" * 501 + "\n", "at most 500"),
        ("people.csv", "id,name\nana," + "x" * 200_000 + "\n", "is not CSV: field larger"),
        ("people.csv", "name\n!!!\n", "add the column id"),
        ("services.csv", "id,tier\nx,always\n", "is no tier: write 24x7-two"),
        ("leave.csv", "person,first,last\nana,1.2.2027,2027-01-01\n", "write it as 2027-01-31"),
        ("leave.csv", "person,first,last\nana,2027-01-01,\n", "says no last"),
        ("cars.csv", "id\n", "cars.csv: nobody knows what it holds: name it people.csv"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_what_to_write(store, name, text, fault):
    assert fault in "\n".join(faults(read_tables, {name: text}, known(store)))


def test_a_reason_of_leave_is_refused(store):
    leave = "person,first,last,reason\nana,2027-01-04,2027-01-08,ill\n"
    assert "no column 'reason'" in faults(read_tables, {"leave.csv": leave}, known(store))[0]


def test_cells_that_a_spreadsheet_would_run_stay_data(store):
    evil = '=HYPERLINK("http://x")'
    people = f'id,name,email,zone,country\nana,"{evil.replace(chr(34), chr(34) * 2)}",a@b,UTC,FR\n'
    store.apply(read_tables({"people.csv": people}, known(store)), author="x")
    assert store.snapshot().people[0].name == evil


def test_ids_are_made_of_any_script_or_asked_for(store):
    assert slug("José Núñez") == "jose.nunez"
    assert slug("山田") == ""


def test_files_are_bounded_and_their_encoding_is_told():
    assert decoded("x", "a,ü".encode("utf-16")) == "a,ü"
    assert decoded("x", b"\xef\xbb\xbfa") == "a"
    assert "x:2: is not UTF-8" in faults(decoded, "x", b"a\n\xff")[0]
    assert "x: has 100 MiB: at most 8" in faults(decoded, "x", bytes(100 * 1024 * 1024))[0]
    assert (
        "9 MiB" in faults(read_tables, {"people.csv": "x" * (MAX_FILE_BYTES + 2**20)}, Known())[0]
    )


# --- Backstage ---

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Checkout
  title: The checkout
  annotations:
    backstage.io/source-location: url:https://github.com/acme/shop/tree/main/services/checkout/
    sunwise/tier: daylight
    sunwise/lead: user:default/ana
  links:
    - {url: https://wiki.example.com/checkout, title: Runbook}
spec: {type: service, lifecycle: production, owner: group:default/Payments}
---
kind: Component
metadata: {name: ledger}
spec: {system: money}
---
kind: System
metadata: {name: money}
spec: {owner: payments}
---
kind: Group
metadata: {name: payments}
spec: {type: team, profile: {displayName: Payments}, children: [], members: [bo]}
---
kind: User
metadata: {name: ana, annotations: {sunwise/zone: Europe/Paris, sunwise/country: FR}}
spec: {profile: {displayName: Ana, email: ana@example.com}, memberOf: [payments]}
---
kind: User
metadata: {name: bo, annotations: {sunwise/zone: Asia/Tokyo, sunwise/country: JP}}
spec: {profile: {displayName: Bo, email: bo@example.com}, memberOf: [payments]}
---
kind: API
metadata: {name: checkout}
"""


def test_a_catalogue_becomes_people_teams_and_services(store):
    store.apply(read_backstage({"catalog-info.yaml": CATALOG}, known(store)), author="x")
    snapshot = store.snapshot()
    checkout, ledger = snapshot.services
    assert (checkout.id, checkout.name, checkout.team) == ("checkout", "The checkout", "payments")
    assert (checkout.tier, checkout.lead) == ("daylight", "ana")
    assert checkout.code == "acme/shop/services/checkout"
    assert checkout.runbook == "https://wiki.example.com/checkout"
    assert (ledger.team, ledger.tier) == ("payments", "best-effort")
    assert set(snapshot.teams[0].members) == {"ana", "bo"}


def test_a_user_whom_the_directory_knows_by_address_is_the_same_person(store):
    store.apply(says(person("ana.lima", email="ana@example.com")), author="x")
    store.apply(read_backstage({"c.yaml": CATALOG}, known(store)), author="x")
    snapshot = store.snapshot()
    assert [p.id for p in snapshot.people] == ["ana.lima", "bo"]
    assert snapshot.services[0].lead == "ana.lima"
    assert set(snapshot.teams[0].members) == {"ana.lima", "bo"}


def test_a_person_without_a_zone_waits_for_one_and_stops_nobody(store):
    half = CATALOG.replace("{sunwise/zone: Asia/Tokyo, sunwise/country: JP}", "{}")
    plan = store.apply(read_backstage({"c.yaml": half}, known(store)), author="x")
    assert [p.text for p in plan.warnings] == [
        "nobody says its country, zone: state it in any source"
    ]
    assert plan.warnings[0].place == "c.yaml:30"
    assert store.snapshot().teams[0].members == ("ana",)
    store.apply(says(person("bo", "Asia/Tokyo", country="JP")), author="x")
    assert set(store.snapshot().teams[0].members) == {"ana", "bo"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "group:default/Payments",
            "group:default/paymnts",
            "c.yaml:12: owner 'group:default/paymnts' is no group",
        ),
        ("spec: {owner: payments}", "spec: {owner: cash}", "c.yaml:20: owner 'cash' is no group"),
        (
            "group:default/Payments",
            "user:default/ana",
            "c.yaml:12: owner 'user:default/ana' is one person",
        ),
        ("spec: {system: money}", "spec: {}", "c.yaml:14: component ledger has no spec.owner"),
        ("{name: ledger}", "{}", "c.yaml:14: a component without metadata.name"),
        ("group:default/Payments", "a b", "is no reference to a group"),
        ("memberOf: [payments]", "memberOf: [paid]", "memberOf 'paid' is no group"),
        ("spec: {owner: payments}", "spec: {owner: [", "is not YAML"),
    ],
)
def test_a_catalogue_that_cannot_be_meant_is_refused_with_file_and_line(store, old, new, fault):
    wrong = CATALOG.replace(old, new, 1)
    assert fault in "\n".join(faults(read_backstage, {"c.yaml": wrong}, known(store)))


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (BOMB, "expands to too much by its aliases"),
        ("&a [*a]", "aliases"),
        ("[" * 50_000, "30 levels deep"),
        ("- " * 5_000, "30 levels deep"),
        ("- x\n" * 600_000, "500,000 values"),
        ("x" * (4 * 1024 * 1024 + 1), "4 MiB of YAML"),
        ("\x00", "is not YAML"),
        ("%TAG ! tag:x\n", "is not YAML"),
    ],
)
def test_hostile_yaml_is_bounded(text, fault):
    assert fault in faults(read_backstage, {"c.yaml": text}, Known())[0]


def test_tags_run_nothing():
    assert not read_backstage({"c.yaml": "kind: !!python/object/apply:os.abort []"}, Known()).claims


# --- CODEOWNERS ---


@pytest.fixture
def shop(store):
    store.apply(
        says(
            person("ana", handles=["octoana"]),
            person("bo"),
            team("core", "ana"),
            team("web", "bo", handles=["acme/frontend"]),
            service("api", "core", code="acme/shop/services/api"),
            service("page", "core", code="acme/shop/web"),
            service("other", "core", code="acme/tools"),
        ),
        author="x",
    )
    return store


def test_the_last_matching_line_of_codeowners_owns_a_service(shop):
    text = "* @acme/core\n/web/ @acme/frontend # pages\n/services/ @acme/core @octoana\n"
    change = read_code_owners("CODEOWNERS", text, known(shop), repository="acme/shop")
    assert {claim.key.id: (claim.said["team"], claim.place) for claim in change.claims} == {
        "api": ("core", "CODEOWNERS:3"),
        "page": ("web", "CODEOWNERS:2"),
    }
    plan = shop.plan(change)
    assert plan.is_empty  # manual stands first
    assert [(o.id, o.field, o.by) for o in plan.overruled] == [("page", "team", "manual")]


def test_a_dangling_code_owner_is_refused_with_its_line(shop):
    text = "* @acme/core\n\n/web/ @acme/ghosts\n/api/ @nobody x@example.com\n"
    found = faults(read_code_owners, "CODEOWNERS", text, known(shop), repository="acme/shop")
    assert found[0].startswith("CODEOWNERS:3: owner @acme/ghosts of /web/ is no team")
    assert [each.partition(":")[2].split(":")[0] for each in found] == ["3", "4", "4"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("/a[ @acme/core\n", "is no CODEOWNERS file"),
        ("**/" * 20 + "x @acme/core\n", "CODEOWNERS:1: the pattern"),
        ("*a*a*a*a*b @acme/core\n", "CODEOWNERS:1: the pattern"),
        ("x @acme/core\n" * 20_001, "at most 20,000"),
    ],
)
def test_hostile_codeowners_are_bounded(shop, text, fault):
    found = faults(read_code_owners, "CODEOWNERS", text, known(shop), repository="acme/shop")
    assert fault in found[0]


def test_codeowners_of_a_repository_in_which_nothing_runs_say_what_to_do(shop):
    found = faults(read_code_owners, "CODEOWNERS", "* @acme/core\n", known(shop), repository="a/b")
    assert "Set `code` of a service to a/b" in found[0]


# --- OWNERS ---

ALIASES = "aliases:\n  api-approvers:\n    - octoana\n    - bo\n"


def test_aliases_become_teams_that_own_what_names_them(shop):
    files = {
        "OWNERS_ALIASES": ALIASES,
        "services/api/OWNERS": "approvers:\n- api-approvers\nreviewers: [bo]\n",
        "web/OWNERS": "filters:\n  '.*':\n    approvers: [bo]\nemeritus_approvers: [zed]\n",
    }
    change = read_owners(files, known(shop), repository="acme/shop")
    said = {str(claim.key): claim.said for claim in change.claims}
    assert said["team api-approvers"] == {"name": "api-approvers", "members": ["ana", "bo"]}
    assert said["service api"] == {"team": "api-approvers"}
    assert said["team page-owners"]["members"] == ["bo"]
    assert not shop.plan(change).refusals


def test_an_owner_whom_nobody_knows_is_refused_with_file_and_line(shop):
    files = {
        "OWNERS_ALIASES": ALIASES.replace("octoana", "ghost"),
        "web/OWNERS": "approvers: [zed]",
    }
    assert [
        each.split(" is no")[0]
        for each in faults(read_owners, files, known(shop), repository="acme/shop")
    ] == [
        "OWNERS_ALIASES:3: owner 'ghost'",
        "web/OWNERS:1: owner 'zed'",
    ]
    assert "one table" in faults(read_owners, {"OWNERS": "- x"}, known(shop), repository="r")[0]
    assert "is neither" in faults(read_owners, {"README": "x: y"}, known(shop), repository="r")[0]


def test_an_import_that_covers_a_kind_withdraws_only_what_its_own_source_said(shop):
    change = read_tables(
        {"people.csv": "id,name,email,zone,country\ncy,C,c@x.y,UTC,FR\n"},
        known(shop),
        is_whole=True,
    )
    plan = shop.plan(change)
    assert change.whole == {Kind.PERSON}
    assert {(c.verb, c.id) for c in plan.changes} == {("added", "cy")}
