"""Whatever evidence points at is a page that the web face serves, with an answer behind it."""

from datetime import date

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sunwise.chassis import addresses
from sunwise.people.incidents.timeline import Entry, EntryKind, anchor
from sunwise.web.shell import shell_router

ENTRY = Entry(incident="0123456789ab", seq=3, at_ns=0, kind=EntryKind.NOTE, source="ana", what="x")


@pytest.mark.parametrize(
    "address",
    [
        addresses.incident("0123456789ab"),
        addresses.fact("ci:a/b?c=d#e%"),
        addresses.page("a" * 20),
        addresses.holiday("BR", date(2026, 12, 25), part="SP"),
        anchor(ENTRY).url,
    ],
)
def test_evidence_leads_to_a_page_for_people(address):
    app = FastAPI()
    app.include_router(shell_router())
    answer = TestClient(app).get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_an_entry_is_a_row_of_its_incidents_page():
    assert anchor(ENTRY).url == "/incidents/0123456789ab#entry-3"
