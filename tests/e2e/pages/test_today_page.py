"""The login and the page Today in Chromium, against a running people plane with the demo company."""

import json

import pytest

from tests.support.browser import new_tab
from tests.support.launched_people import LaunchedPeople
from tests.support.pages_stage import pages_stage

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def plane(browser, tmp_path_factory):
    plane = LaunchedPeople(tmp_path_factory.mktemp("pages"))
    made = plane.command("people", "demo", "--no-rota")
    assert made.returncode == 0, made.stderr
    try:
        yield plane.start()
    finally:
        plane.stop()


def token_of(plane) -> str:
    return json.loads(plane.credentials.read_text())["token"]


@pytest.fixture
def tab(browser, plane):
    tab = new_tab(browser)
    tab.log_in(plane.running.url, token_of(plane))
    yield tab
    tab.page.context.close()
    assert tab.complaints == []


def test_whoever_is_not_logged_in_comes_back_to_where_they_wanted_to_go(browser, plane):
    tab = new_tab(browser)
    tab.page.goto(f"{plane.running.url}/?from=mail")
    tab.page.get_by_label("Personal token").fill(token_of(plane))
    assert "/login?next=" in tab.page.url
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/?from=mail")
    tab.page.context.close()


def test_a_wrong_token_is_told_beside_the_field_and_no_script_can_read_the_cookie(browser, plane):
    tab = new_tab(browser)
    tab.open(f"{plane.running.url}/login")
    tab.page.get_by_label("Personal token").fill("swp_nonsense")
    tab.page.get_by_role("button", name="Log in").click()
    alert = tab.page.get_by_role("alert").filter(has_text="opens nothing")
    alert.wait_for()
    assert tab.violations() == []
    tab.log_in(plane.running.url, token_of(plane))
    assert tab.page.evaluate("document.cookie") == ""
    tab.page.context.close()


def test_before_a_rota_is_published_today_says_whom_a_page_asks_and_what_to_do(tab):
    said = tab.page.locator(".hero").inner_text()
    assert said.startswith("No rota has been published yet")
    assert "A page asks owners who are at work" in said
    assert "sunwise rota plan SERVICE" in said


@pytest.fixture
def stage(browser, tmp_path):
    with pages_stage(tmp_path, hour=10) as stage:
        yield stage


@pytest.fixture
def tab_of_bo(browser, stage):
    tab = new_tab(browser)
    tab.log_in(stage.url, stage.token("bo"))
    yield tab
    tab.page.context.close()
    assert tab.complaints == []


def test_the_first_thing_on_today_is_whether_i_am_on_duty(tab_of_bo):
    heading = tab_of_bo.page.get_by_role("heading", level=2).first
    assert heading.inner_text() == "You are on duty"
    hero = tab_of_bo.page.locator(".hero").inner_text()
    assert "Ledger, Matching, primary, until 17:00 11:00 in New York, then Cy (6 h left)" in hero


def test_an_old_rota_says_as_of_when_it_is(stage, tab_of_bo):
    stage.board.is_stale = True
    tab_of_bo.page.reload()
    tab_of_bo.page.get_by_text("The rota is not heard: this is as of 11:00.").wait_for()


def test_every_service_is_found_by_its_owner(tab, plane):
    tab.page.get_by_role("button", name="All (").click()
    search = tab.page.get_by_role("searchbox")
    search.fill("custody")
    rows = tab.page.locator("table.duty tbody tr")
    assert rows.count() >= 1
    assert all("custody" in text.lower() for text in rows.all_inner_texts())
    search.fill("no such thing")
    tab.page.get_by_text("No service, team or person is called that.").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])  # 1280 px at 400 % and 100 %
def test_today_is_accessible_in_both_themes_and_fits_a_phone(browser, plane, theme, width):
    tab = new_tab(browser, theme=theme, width=width)
    tab.log_in(plane.running.url, token_of(plane))
    assert tab.violations() == []
    assert not tab.is_too_wide()
    assert tab.complaints == []
    tab.page.context.close()


def test_the_theme_switch_holds_after_a_reload(tab):
    tab.page.get_by_role("button", name="Dark theme").click()
    tab.page.reload()
    tab.drawn()
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "dark"
    tab.page.get_by_role("button", name="Light theme").wait_for()


def test_when_the_server_is_gone_the_page_says_as_of_when_it_is(browser, plane):
    tab = new_tab(browser)
    tab.log_in(plane.running.url, token_of(plane))
    tab.page.route("**/pages/today", lambda route: route.abort())
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    tab.page.get_by_text("The server does not answer. This is as of").wait_for()
    assert tab.page.get_by_role("heading", name="Waits for you").is_visible()
    tab.page.reload()
    tab.page.get_by_role("button", name="Try again").wait_for()
    assert tab.violations() == []
    tab.page.context.close()
