"""Whatever is kept about a person is in what they are handed out, with its purpose and how long."""

import pytest

from sunwise.people.privacy.export import exported
from sunwise.people.privacy.inventory import Kept, inventory
from tests.support.personal_plane import ANA, PersonalPlane
from tests.unit.pager.test_forgetting import client_of, content, fill, running

ELSEWHERE = {
    "privacy_erasures": "of whoever is being erased; empty when that is done",
    "incident_head": "a number",
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    made = PersonalPlane(tmp_path_factory.mktemp("plane"))
    made.fill()
    yield made
    made.close()


def export(plane, *, is_own=True):
    return exported(plane.holders, plane.directory.traces(ANA), is_own=is_own)["services"]


def about_people():
    """The tables of the inventory that are about people, with the columns that can be handed out."""
    for name, table in inventory().items():
        if "no personal data" in table.purpose or name in ELSEWHERE:
            continue
        kept = {
            column
            for column, entry in table.columns.items()
            if not (isinstance(entry, Kept) and entry.type in ("hash", "secret"))
        }
        yield name, kept


def test_every_field_about_a_person_is_in_their_export(plane):
    tables = {name: table for part in export(plane).values() for name, table in part.items()}
    missing = {
        name: columns - tables[name]["rows"][0].keys() if name in tables else columns
        for name, columns in about_people()
        if not name.startswith("pager_")
    }
    assert {name: columns for name, columns in missing.items() if columns} == {}


async def test_every_field_of_a_pager_is_too(tmp_path):
    async with running(tmp_path) as service, client_of(service) as client:
        await fill(service)
        answer = await client.post("/v1/personal/export", json=content(is_own=True))
    [row, *_] = answer.json()["pager_facts"]
    wanted = {name: columns for name, columns in about_people() if name.startswith("pager_")}
    assert wanted == {"pager_facts": set(row)}


def test_each_table_comes_with_why_and_how_long(plane):
    leave = export(plane)["directory"]["directory_leave"]
    assert leave["purpose"].startswith("Days off")
    assert leave["retention"]
    assert leave["rows"] == [{"person": ANA, "first": "2027-01-04", "last": "2027-01-08"}]


def test_what_chained_records_hold_by_pseudonym_is_handed_out_too(plane):
    found = export(plane)
    assert [row["points"] for row in found["rota"]["rota_ledger"]["rows"]] == [3]
    entries = [row["entry"] for row in found["incidents"]["incident_entries"]["rows"]]
    assert "Restarted the queue." in [entry["what"] for entry in entries]
    assert {row["act"] for row in found["guard"]["guard_audit"]["rows"]} >= {"role.grant"}


def test_when_somebody_answered_is_handed_out_to_themselves_alone(plane):
    own, other = export(plane), export(plane, is_own=False)

    def handoffs(found):
        return [row["content"] for row in found["handoff"]["handoffs"]["rows"]]

    def accepted(found):
        events = [row["event"] for row in found["handoff"]["handoff_events"]["rows"]]
        [event] = [each for each in events if each["type"] == "accepted"]
        return event

    times = {"asked_ns", "since_ns", "kept_until_ns"}
    assert all("asked_ns" in each for each in handoffs(own))
    assert not any(times & each.keys() for each in handoffs(other))
    assert all("seam" in each for each in handoffs(other))
    assert times & accepted(own).keys() == {"since_ns", "kept_until_ns"}
    assert not times & accepted(other).keys()


def test_it_has_nothing_of_anybody_else(plane):
    text = str(export(plane))
    assert "bo@example.com" not in text
    assert plane.directory.pseudonyms(["bo"])["bo"] not in text
