"""Incidents and evidence in Chromium: what goes on, what happened, and where to see it for oneself."""

import re

import pytest
from msgspec.structs import replace

from tests.support.browser import new_tab
from tests.support.handoff_company import at
from tests.support.pages_stage import ALERT, DEPLOY, INCIDENT, PAGE, pages_stage

pytestmark = pytest.mark.timeout(180)
ONE = f"/incidents/{INCIDENT.id}"
FACT = "/evidence/fact/deploy:7"
OF_A_PAGE = f"/evidence/page/{PAGE}"
HOLIDAY = "/evidence/holiday/KE/2026-12-12"


@pytest.fixture
def stage(tmp_path):
    with pages_stage(tmp_path) as stage:
        stage.incidents.happen(INCIDENT, (DEPLOY, ALERT), "ana")
        stage.pager.fire(PAGE, "The ledger answers slowly", at(6))
        yield stage


@pytest.fixture
def quiet(tmp_path_factory):
    """A stage on which nothing has happened."""
    with pages_stage(tmp_path_factory.mktemp("quiet")) as stage:
        yield stage


def words(shown) -> str:
    """What is written there; the style sets the other's time in brackets."""
    return re.sub(r"\s+", " ", shown.inner_text())


def test_an_open_incident_is_told_in_its_first_lines(as_person):
    tab = as_person("bo", ONE)
    assert tab.page.locator("h1").inner_text() == INCIDENT.title
    hero = words(tab.page.locator(".hero"))
    assert hero == "Open for 1 h 18 min Ledger, Matching since 07:12 15:12 in Tokyo."
    assert "Severity 2" in words(tab.page.locator(".crumbs"))
    assert "16:30 in Tokyo" in words(tab.page.locator(".on-duty")), "the owner on duty, their time"


def test_a_timeline_is_newest_first_and_links_each_fact_to_its_evidence(as_person):
    tab = as_person("bo", ONE)
    told = [words(each) for each in tab.page.locator(".event").all()]
    assert [each[:20] for each in told] == [
        "07:12 15:12 in Tokyo",
        "07:00 15:00 in Tokyo",
        "06:00 14:00 in Tokyo",
    ]
    assert DEPLOY.what in told[2]
    tab.page.locator(".event").nth(1).get_by_role("link", name="See the page").click()
    tab.page.get_by_role("heading", name="Nobody holds it").wait_for()


def test_every_link_of_an_incident_and_its_review_leads_to_a_page_that_can_be_read(as_person):
    tab = as_person("bo", ONE)
    tab.page.get_by_text("All 3 facts that it rests on").click()
    links = tab.page.locator("a.evidence").evaluate_all("all => all.map((a) => a.href)")
    assert len(links) >= 6
    for link in dict.fromkeys(links):
        tab.open(link)
        answer = tab.page.request.get(link)
        assert answer.headers["content-type"].startswith("text/html"), link
        assert tab.page.get_by_role("alert").count() == 0, link


def test_a_link_to_an_entry_leads_to_its_row(as_person):
    tab = as_person("bo", f"{ONE}#entry-1")
    assert tab.page.evaluate("document.activeElement.id") == "entry-1"
    assert tab.page.locator(".event.is-meant").get_attribute("id") == "entry-1"
    tab.page.get_by_role("link", name="See the entry").first.click()
    assert tab.page.locator(".event.is-meant").get_attribute("id") == "entry-3"


def test_a_handoff_links_to_the_incident(stage, as_person):
    tab = as_person("bo", f"/handoff/{stage.handoff('ana')}")
    tab.page.get_by_role("link", name="See the incident").click()
    tab.page.get_by_role("heading", name="Open for").wait_for()
    tab.page.get_by_role("link", name="All incidents").click()
    tab.drawn()
    row = words(tab.page.get_by_role("listitem").filter(has_text=INCIDENT.title))
    assert "since 07:12 15:12 in Tokyo, for 1 h 18 min" in row


def test_an_incident_is_resolved_and_written_about_by_keyboard(as_person):
    tab = as_person("bo", ONE)
    tab.page.get_by_text("Write something down").focus()
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type("The <b>cache</b> was full.")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("Added to the timeline.").wait_for()
    assert "The <b>cache</b> was full. You" in words(tab.page.locator(".event").first)
    tab.page.get_by_role("button", name="It is resolved").press("Enter")
    tab.page.get_by_role("heading", name="Resolved after 1 h 18 min").wait_for()
    assert tab.page.get_by_role("button", name="It is open again").count() == 1


def test_what_somebody_did_meanwhile_is_said_and_nothing_is_done(as_person):
    first, second = as_person("bo", ONE), as_person("ana", ONE)
    second.page.get_by_role("button", name="Users no longer notice it").click()
    second.page.get_by_role("heading", name="Users no longer notice it").wait_for()
    first.page.get_by_role("button", name="It is resolved").click()
    first.page.get_by_text("It was changed meanwhile").wait_for()
    first.page.get_by_role("heading", name="Users no longer notice it").wait_for()
    first.complaints.clear()  # a browser tells of every refusal


def test_a_review_is_written_by_one_and_accepted_by_another(stage, as_person):
    tab = as_person("bo", ONE)
    tab.page.get_by_role("button", name="It is resolved").click()
    tab.page.get_by_text("Done.").wait_for()
    tab.page.get_by_label("Its causes").fill("A full <b>disk</b>.")
    tab.page.get_by_role("button", name="Save the findings").click()
    tab.page.get_by_text("Saved. Somebody else accepts it.").wait_for()
    assert tab.page.get_by_role("button", name="Accept the review").count() == 0
    other = as_person("ana", ONE)
    other.page.get_by_role("button", name="Accept the review").click()
    other.page.get_by_text("Accepted by Ana; it stays as it is.").wait_for()
    assert other.page.locator(".note-text").inner_text() == "A full <b>disk</b>."


def test_findings_that_somebody_else_wrote_meanwhile_are_not_overwritten(as_person):
    first, second = as_person("bo", ONE), as_person("ana", ONE)
    for tab, text in ((first, "Mine."), (second, "Hers.")):
        tab.page.get_by_label("Its causes").fill(text)
    first.page.get_by_role("button", name="Save the findings").click()
    first.page.get_by_text("Saved.").wait_for()
    second.page.get_by_role("button", name="Save the findings").click()
    second.page.get_by_text("What you wrote is still here").wait_for()
    assert second.page.get_by_label("Its causes").input_value() == "Hers."
    second.complaints.clear()  # a browser tells of every refusal


def test_an_incident_is_opened_from_the_list(stage, as_person):
    tab = as_person("bo", "/incidents")
    tab.page.get_by_role("heading", name="Open an incident").click()
    tab.page.get_by_label("What is wrong").fill("Deposits are late")
    tab.page.get_by_label("Whose owners lead it").select_option("Matching")
    tab.page.get_by_role("button", name="Open it").click()
    tab.page.wait_for_url(re.compile("/incidents/[0-9a-f]{12}$"))
    tab.page.get_by_role("heading", name="Open for 0 min").wait_for()
    assert stage.incidents.store.newest()[0].title == "Deposits are late"


def test_a_page_is_held_where_it_is_read(stage, as_person):
    tab = as_person("bo", OF_A_PAGE)
    assert "critical, since 07:00 15:00 in Tokyo, for 1 h 30 min" in words(
        tab.page.locator(".hero")
    )
    assert tab.page.locator("a[href^=javascript]").count() == 0
    tab.page.get_by_role("button", name="I hold it").click()
    tab.page.get_by_role("heading", name="You hold it").wait_for()
    assert stage.pager.pages[PAGE]["held_by"] == "bo"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/incidents/ffffffffffff", "There is no incident"),
        ("/incidents/nonsense", "There is nothing at this address"),
        ("/evidence/fact/ci:none", "Nobody has told a fact"),
        (f"/evidence/page/{'c' * 20}", "There is no such page"),
    ],
)
def test_what_is_not_there_is_said_in_words(as_person, path, reason):
    tab = as_person("bo", path)
    tab.page.get_by_role("alert").filter(has_text=reason).wait_for()
    tab.complaints.clear()  # a browser tells of every refusal


def test_an_empty_list_teaches_what_an_incident_is(browser, quiet):
    tab = new_tab(browser)
    tab.log_in(quiet.url, quiet.token("bo"))
    tab.open(f"{quiet.url}/incidents")
    tab.page.get_by_role("heading", name="There has been no incident yet").wait_for()
    assert tab.violations() == []
    tab.page.context.close()
    assert tab.complaints == []


def test_words_without_end_and_a_service_that_is_gone_break_no_page(quiet, browser):
    of_long = replace(INCIDENT, title="t" * 200, service="gone", services=("gone", "ledger"))
    long = replace(ALERT, what="w" * 500)
    quiet.incidents.happen(of_long, (long, replace(DEPLOY, what="d" * 500)), "ana")
    quiet.pager.fire(PAGE, "s" * 300, at(6))
    tab = new_tab(browser, width=320)
    tab.log_in(quiet.url, quiet.token("bo"))
    for path in ("/incidents", ONE, FACT, OF_A_PAGE):
        tab.open(quiet.url + path)
        assert not tab.is_too_wide(), path
    tab.open(quiet.url + ONE)
    tab.page.get_by_text("does not have this service any more").wait_for()
    tab.page.context.close()
    assert tab.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])  # 1280 px at 400 % and 100 %
def test_incidents_and_evidence_are_accessible_in_both_themes_and_fit(
    stage, as_person, theme, width
):
    tab = as_person("bo", theme=theme, width=width)
    for path in ("/incidents", f"{ONE}#entry-1", FACT, OF_A_PAGE, HOLIDAY):
        tab.open(stage.url + path)
        for details in tab.page.locator("summary").all():
            details.click()
        assert tab.violations() == [], path
        assert not tab.is_too_wide(), path
