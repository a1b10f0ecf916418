"""The whole demo as real processes, in Chromium: Today, a swap, a handoff and an approval, by two people."""

import json
from contextlib import closing

import pytest

from tests.support.browser import new_tab
from tests.support.launched_people import A_WORKDAY, LaunchedPeople, begun_at, until

pytestmark = pytest.mark.timeout(600)
PAGES = ("/", "/rota", "/handoff", "/incidents", "/approvals")


@pytest.fixture(scope="module")
def plane(browser, tmp_path_factory):
    plane = LaunchedPeople(tmp_path_factory.mktemp("demo"), begun_at(A_WORKDAY))
    made = plane.command("people", "demo", within_s=300)
    assert made.returncode == 0, made.stderr
    try:
        yield plane.start()
    finally:
        plane.stop()


class Crew:
    """People of the demo, each with a tab of their own; nothing on a page may complain."""

    def __init__(self, plane: LaunchedPeople, browser) -> None:
        self.url = plane.running.url
        self.you = plane.client.get("/me")["person_id"]
        self._plane = plane
        self._browser = browser
        self._tokens = {self.you: json.loads(plane.credentials.read_text())["token"]}
        self._tabs = []

    def tab(self, person: str, path: str = "/", **look):
        tab = new_tab(self._browser, **look)
        tab.log_in(self.url, self._token(person))
        tab.open(self.url + path)
        self._tabs.append(tab)
        return tab

    def _token(self, person: str) -> str:
        if person not in self._tokens:
            issued = self._plane.client.post(f"/people/{person}/tokens", {"name": "test"})
            self._tokens[person] = issued["secret"]
        return self._tokens[person]

    def close(self) -> None:
        for tab in self._tabs:
            tab.page.context.close()
        assert [tab.complaints for tab in self._tabs if tab.complaints] == []


@pytest.fixture
def crew(plane, browser):
    with closing(Crew(plane, browser)) as crew:
        yield crew


def test_a_fresh_demo_shows_at_once_who_is_on_duty_for_every_service(crew, plane):
    def wanted() -> list[dict]:
        return [
            each
            for each in plane.client.get("/pages/services")
            if each["tier"].startswith("24x7") and "custody" not in each["team"]
        ]

    until(lambda: all(each["turns"] for each in wanted()), within_s=10)
    assert all(turn["person"] for each in wanted() for turn in each["turns"])
    tab = crew.tab(crew.you)
    assert tab.page.locator(".hero h2").inner_text().startswith("You are ")
    summary = tab.page.locator(".sky figcaption").inner_text()
    assert "of 60 people" in summary
    assert " 0 on duty" not in summary


def test_the_swap_that_waits_on_today_is_applied_by_your_yes(crew, plane):
    tab = crew.tab(crew.you)
    [request] = plane.client.get("/pages/swaps")
    [move] = request["moves"]
    tab.page.get_by_role("link", name="asks you: a swap").click()
    tab.drawn()
    tab.page.get_by_role("button", name="Yes", exact=True).click()
    tab.page.get_by_text("You said yes.").wait_for()
    at = {"role": move["role"], "at_ns": move["since_ns"]}
    service = next(each for each in plane.client.get("/pages/services") if each["is_yours"])
    until(lambda: plane.client.get(f"/duty/{service['id']}", **at)["person"] == crew.you)


def test_a_shift_dragged_to_a_colleague_is_theirs_once_they_say_yes_on_their_own_page(crew, plane):
    giver, taker, offered = lawful_offer(plane)
    tab = crew.tab(giver, f"/rota?team={offered['team']}")
    tab.page.set_viewport_size({"width": 1280, "height": 2_000})  # every row can be reached
    bars = tab.page.locator(f'.line[data-person="{giver}"] .shift')
    [bar] = [
        each for each in bars.all() if each.evaluate("b => b.shift.since_ns") == offered["at_ns"]
    ]
    row = tab.page.locator(f'.line[data-person="{taker}"]')
    drag(tab, bar, row)
    tab.page.get_by_role("dialog").get_by_role("button", name="Ask ").click()
    tab.page.get_by_text("The rota changes once").wait_for()
    other = crew.tab(taker)
    other.page.get_by_role("link", name="asks you: a swap").first.click()
    other.drawn()
    other.page.get_by_role("button", name="Yes", exact=True).last.click()
    other.page.get_by_text("You said yes.").wait_for()
    at = {"role": offered["role"], "at_ns": offered["at_ns"]}
    until(lambda: plane.client.get(f"/duty/{offered['service']}", **at)["person"] == taker)


def lawful_offer(plane):
    """Somebody's shift of the days shown, and a colleague who may lawfully take it."""
    for unit in plane.client.get("/people/rota/units"):
        if not unit["tier"].startswith("24x7"):
            continue
        page = plane.client.get(f"/people/rota/units/{unit['unit']}")
        now_ns = page["as_of_ns"]
        shifts = [
            shift
            for shift in page["shifts"]
            if shift["person"] and 24 < (shift["start_ns"] - now_ns) / 3_600e9 < 96
        ]
        for shift in shifts:
            for seat in page["people"]:
                if seat["id"] != shift["person"] and may_take(
                    plane, unit["unit"], shift, seat["id"]
                ):
                    offered = {"team": unit["team"], "service": unit["services"][0]}
                    about = {"role": shift["role"], "at_ns": shift["start_ns"]}
                    return shift["person"], seat["id"], offered | about
    raise AssertionError("nobody may take anything")


def may_take(plane, unit: str, shift, taker: str) -> bool:
    """By the rota's own rules; asked as whoever has the shift."""
    from sunwise.chassis.json_client import RequestRefused
    from sunwise.cli.people_client import Credentials, PeopleClient

    issued = plane.client.post(f"/people/{shift['person']}/tokens", {"name": "asking"})
    client = PeopleClient(Credentials(url=plane.running.url, token=issued["secret"]))
    name = {"unit": unit, "role": shift["role"], "at_ns": shift["start_ns"]}
    try:
        client.post("/people/rota/swap", {"mine": name, "taker": taker, "is_dry": True})
    except RequestRefused:
        return False
    return True


def drag(tab, bar, row) -> None:
    bar.scroll_into_view_if_needed()
    (box, over), mouse = (each.bounding_box() for each in (bar, row)), tab.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(over["x"] + 30, over["y"] + over["height"] / 2, steps=8)
    mouse.up()


def test_the_note_of_a_handoff_is_written_by_the_outgoing_and_accepted_by_the_incoming(crew, plane):
    found = until(lambda: offered(plane))
    tab = crew.tab(found["outgoing"]["id"], f"/handoff/{found['id']}")
    tab.page.get_by_label("What only you know").fill("Watch the backlog until it is below 100.")
    tab.page.get_by_role("button", name="Save the note").click()
    tab.page.get_by_text("Saved.").wait_for()
    other = crew.tab(found["incoming"]["id"])
    other.page.locator(f'a[href="/handoff/{found["id"]}"]').first.click()
    other.drawn()
    note = other.page.get_by_label("What only you know").input_value()
    assert note == "Watch the backlog until it is below 100."
    other.page.get_by_role("button", name="Accept the duty").click()
    other.page.get_by_text("Done. The handoff is as you see it now.").wait_for()


def offered(plane):
    """A handoff that somebody is asked to accept."""
    for service in plane.client.get("/pages/services"):
        for row in plane.client.get(f"/people/handoffs/of/{service['id']}"):
            if row["state"] == "offered":
                return row
    return None


def test_the_draft_that_waits_is_looked_at_and_approved(crew):
    tab = crew.tab(crew.you, "/approvals")
    tab.page.get_by_text("Who would be on duty for how long").click()
    tab.page.get_by_role("table").wait_for()
    tab.page.get_by_role("button", name="Approve").click()
    tab.page.get_by_text(": applied.").wait_for()


def test_what_an_absence_would_change_stands_there_before_anybody_is_asked(crew, plane):
    tab = crew.tab(crew.you, "/rota")
    before = plane.client.get("/people/rota/changes")
    tab.page.get_by_text("Somebody is away, travels").click()
    tab.page.get_by_role("button", name="Show what would change").click()
    tab.page.get_by_role("heading", name="What would change").wait_for(timeout=120_000)
    assert tab.violations() == []
    assert plane.client.get("/people/rota/changes") == before


def test_an_address_for_ones_calendar_is_made_shown_once_and_revoked(crew):
    tab = crew.tab(crew.you, "/rota")
    tab.page.get_by_text("These shifts in your calendar").click()
    tab.page.get_by_role("button", name="Address for my shifts").click()
    address = tab.page.get_by_label("Your address, shown this once").input_value()
    got = tab.page.request.get(address)
    assert got.text().startswith("BEGIN:VCALENDAR")
    tab.page.get_by_role("button", name="Revoke").click()
    tab.page.get_by_role("button", name="Revoke").wait_for(state="detached")
    assert tab.page.request.get(address).status == 404


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])  # 1280 px at 400 % and 100 %
def test_every_page_is_accessible_in_both_themes_and_fits(crew, theme, width):
    tab = crew.tab(crew.you, theme=theme, width=width)
    for path in PAGES:
        tab.open(crew.url + path)
        assert tab.violations() == [], path
        assert not tab.is_too_wide(), path


def test_the_way_from_today_to_a_given_answer_is_walked_by_keyboard_alone(crew):
    tab = crew.tab(crew.you)
    keyboard = tab.page.keyboard
    reached = []
    for _ in range(30):
        keyboard.press("Tab")
        reached.append(tab.page.evaluate("document.activeElement.textContent.trim()"))
        if reached[-1] == "Approvals":
            break
    assert reached[0] == "Skip to content"
    assert reached[-1] == "Approvals"
    keyboard.press("Enter")
    tab.page.wait_for_url("**/approvals")
    tab.drawn()
