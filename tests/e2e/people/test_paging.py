"""A page from end to end: fired by hand, seen, held and over; told to timelines and the ledger."""

import os
import re
import signal
import time
from contextlib import contextmanager

import httpx
import pytest

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.db import open_database
from sunwise.cli.people_client import PeopleClient
from sunwise.cli.people_parts import stores_in
from sunwise.daylight.zones import nanoseconds
from sunwise.people.pager.client import PagerClient
from sunwise.people.pager.core.responders import is_night
from sunwise.people.rota.store import RotaStore
from tests.support.evidence import behind
from tests.support.launched_people import A_WORKDAY, LaunchedPeople, begun_at, until
from tests.support.mail_thread import mail_thread

pytestmark = pytest.mark.timeout(180)


class Company:
    """An invented company without a rota: every page finds the deputy of its service at once."""

    def __init__(self, plane: LaunchedPeople, mails) -> None:
        self.plane, self.mails = plane, mails
        with stores_in(plane.data, SystemClock()) as (_, directory):
            self.snapshot = directory.snapshot()
            self._pseudonyms = directory.pseudonyms([each.id for each in self.snapshot.people])
        self.people = {person.id: person for person in self.snapshot.people}

    @property
    def pagers(self) -> PagerClient:
        running = self.plane.running.pagers
        return PagerClient(running, (self.plane.data / "pagers" / "secret").read_bytes())

    def service(self, *, at_night: bool | None = None):
        """One whose deputy can be told now, in their night or in their day."""
        now_ns = nanoseconds(A_WORKDAY)
        on_leave = {leave.person for leave in self.snapshot.leave}
        return next(
            each
            for each in self.snapshot.services
            if each.deputy
            and each.deputy not in on_leave
            and at_night in (None, is_night(self.people[each.deputy], now_ns))
        )

    def token(self, person: str) -> PeopleClient:
        """Somebody else of the company logs in."""
        plane = self.plane
        before = plane.credentials.read_bytes()
        made = plane.command("people", "token", person, "--url", plane.running.url)
        assert made.returncode == 0, made.stderr
        client = plane.client
        plane.credentials.write_bytes(before)
        return client

    def is_known(self) -> bool:
        """Whether both pagers know this company."""
        rosters = [self.plane.data / "pagers" / order / "roster.msgpack" for order in "01"]
        return all(path.exists() for path in rosters) and bool(
            self.pagers.ask("GET", "/healthz")["duty_as_of_ns"]
        )

    def wake_ups(self, person: str) -> int:
        """How many the ledger has booked."""
        name = self._pseudonyms[person]
        database = open_database(self.plane.data / "rota" / "rota.sqlite", is_derived=False)
        try:
            rows = RotaStore(database, SystemClock()).ledger_of(name)
        finally:
            database.dispose()
        return [row.kind for row in rows].count("wake-up")


@contextmanager
def running_company(folder):
    plane = LaunchedPeople(folder, begun_at(A_WORKDAY))
    made = plane.command("people", "demo", "--no-rota")
    assert made.returncode == 0, made.stderr
    with mail_thread() as mails:
        (plane.data / "pagers").mkdir(mode=0o700)
        (plane.data / "pagers" / "pager.toml").write_text(mails.toml)
        plane.start()
        try:
            company = Company(plane, mails)
            until(company.is_known)
            yield company
        finally:
            plane.stop()
            plane.end_pagers()


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    with running_company(tmp_path_factory.mktemp("paging")) as it:
        yield it


def test_a_page_by_hand_finds_the_deputy_waits_for_them_and_is_over_when_they_say_so(company):
    service = company.service()
    said = company.plane.command("page", service.id, "Orders are not answered")
    assert said.returncode == 0, said.stderr
    assert f"{service.deputy} is told by email." in said.stdout
    page = re.search(r"Page ([0-9a-f]{20})\.", said.stdout)[1]
    address = company.people[service.deputy].email
    [mail] = until(lambda: company.mails.to(address))
    assert "Orders are not answered" in mail["Subject"]
    deputy = company.token(service.deputy)
    [waiting] = waits(deputy, page)
    assert "Orders are not answered" in waiting["title"]
    assert waiting["is_urgent"]
    os.kill(company.plane.running.children["pager-0"], signal.SIGKILL)
    deputy.post(waiting["act"]["path"], None)
    assert company.pagers.ask("GET", f"/v1/pages/{page}", person="x")["held_by"] == service.deputy
    [held] = waits(deputy, page)
    assert held["act"]["label"] == "It is over"
    deputy.post(held["act"]["path"], None)
    assert waits(deputy, page) == []


def waits(client, page):
    items = client.get("/pages/today")["waits"]["items"]
    return [each for each in items if each["act"] and page in each["act"]["path"]]


def test_a_page_becomes_part_of_its_incident_with_links_that_lead_to_it(company):
    service, client = company.service(), company.plane.client
    page = client.post("/pager/pages", {"service": service.id, "summary": "Slow"})["page"]
    opening = {"title": "Orders are slow", "severity": 2, "service": service.id}

    def begun():
        incident = client.post("/people/incidents", opening)["incident"]["id"]
        return incident if entries(client, incident, page) else None

    incident = until(begun)  # what was told before it was opened is in it
    company.token(service.deputy).post(f"/pager/pages/{page}/acknowledge", None)
    client.post(f"/pager/pages/{page}/close", None)
    found = until(lambda: len(of := entries(client, incident, page)) == 3 and of)
    opened, *later = (each["what"] for each in found)
    assert opened == f"Page (critical): Slow ({client.get('/me')['person_id']} asks)"
    assert sorted(later) == ["The page was acknowledged.", "The page was closed."], (
        "an acknowledgement is told to the quarter of an hour, so it may stand behind the end"
    )
    for each in found:
        assert client.get(behind(each["evidence"]["url"]))["id"] == page
    assert service.deputy not in str(found), "who acknowledged it is nobody's business"


def entries(client, incident, page):
    found = client.get(f"/people/incidents/{incident}")["entries"]
    return [each for each in found if each["evidence"]["ref"] == page]


def test_the_command_says_what_to_do_about_what_is_wrong(company, tmp_path):
    page = company.plane.command
    assert "knows no service 'nothing'" in page("page", "nothing", "x").stderr
    service = company.service().id
    assert "take critical" in page("page", service, "x", "--severity", "awful").stderr
    assert "sunwise page SERVICE" in page("page", service).stderr
    wrong = tmp_path / "wrong.json"
    text = company.plane.credentials.read_text()
    wrong.write_text(re.sub(r"swp_\w+", "swp_" + "A" * 40, text))
    wrong.chmod(0o600)
    assert "opens nothing" in page("page", service, "x", "--credentials", str(wrong)).stderr
    wrong.write_text(re.sub(r":\d+\"", ':9"', text))
    assert "does not answer" in page("page", service, "x", "--credentials", str(wrong)).stderr


def test_a_senders_key_pages_until_it_is_revoked(company):
    command = company.plane.command
    made = command("people", "pager-key", "new", "ci", "--service", company.service().id)
    secret, id_ = re.match(r"([0-9a-f]{32})  \(key ([0-9a-f]{12})", made.stdout).groups()
    assert f"{id_}  ci  (sender" in command("people", "pager-key", "list").stdout

    def sent():
        payload = {"summary": "Build broke", "source": "ci", "severity": "error"}
        event = {"routing_key": secret, "event_action": "trigger", "payload": payload}
        url = f"{company.plane.running.pagers[1]}/v2/enqueue"
        with httpx.Client(trust_env=False) as client:
            return client.post(url, json=event).status_code

    assert sent() == 202
    assert command("people", "pager-key", "revoke", id_).stdout == "revoked\n"
    until(lambda: sent() == 400)


def test_a_test_message_reaches_its_person_and_is_confirmed_there(company):
    you = company.plane.client.get("/me")["person_id"]
    said = company.plane.command("page", "--test", "--wait", "1")
    assert f"{you} is told by email." in said.stdout
    assert "Nobody holds page" in said.stderr
    [mail] = company.mails.to(company.people[you].email)
    assert "You asked for this test" in mail["Subject"]


def test_who_was_woken_while_no_bus_was_there_is_credited_once_when_it_is_back(tmp_path):
    with running_company(tmp_path) as company:
        service = company.service(at_night=True)
        pagers = company.pagers
        company.plane.kill()
        fired = {"service": service.id, "summary": "Down"}
        page = pagers.ask("POST", "/v1/pages", person="x", content=fired)["page"]
        address = company.people[service.deputy].email
        until(lambda: company.mails.to(address))
        pagers.ask("POST", f"/v1/pages/{page}/acknowledge", person=service.deputy)
        before = company.wake_ups(service.deputy)
        company.plane.start()
        until(lambda: company.wake_ups(service.deputy) > before)
        time.sleep(5)  # it is asked for again, and booked no more
        assert company.wake_ups(service.deputy) == before + 1
