"""The page Handoff in Chromium: read, write, accept, and what happens when somebody was faster."""

import pytest

pytestmark = pytest.mark.timeout(120)


def path_of(stage) -> str:
    return f"/handoff/{stage.handoff('ana')}"


def test_what_waits_on_today_leads_to_the_handoff_and_its_acceptance(stage, as_person):
    tab = as_person("bo", "/")
    tab.page.get_by_role("link", name="Accept ledger, matching as primary").click()
    tab.drawn()
    tab.page.get_by_role("button", name="Accept the duty").click()
    tab.page.get_by_text("You accepted it").wait_for()
    assert tab.page.get_by_role("button", name="Accept the duty").count() == 0
    tab.open(stage.url)
    tab.page.get_by_text("Nothing waits for you.").wait_for()


def test_a_handoff_is_accepted_by_keyboard_alone(stage, as_person):
    tab = as_person("bo", path_of(stage))
    for _ in range(20):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement.textContent") == "Accept the duty":
            break
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("You accepted it").wait_for()
    assert tab.page.evaluate("document.activeElement.id") == "title", "the focus is not lost"


def test_each_time_stands_on_both_clocks(stage, as_person):
    seam = as_person("bo", path_of(stage)).page.locator(".seam-at").inner_text()
    assert "09:00" in seam
    assert "17:00 in Tokyo" in seam


def test_a_note_is_written_by_the_outgoing_and_read_by_the_incoming(stage, as_person):
    tab = as_person("ana", path_of(stage))
    words = "Watch <b>p99</b>.\nAsk Eve about the cache."
    tab.page.get_by_label("What only you know").fill(words)
    tab.page.get_by_role("button", name="Save the note").click()
    tab.page.get_by_text("Saved.").wait_for()
    assert tab.page.get_by_label("What only you know").input_value() == words
    read = as_person("bo", path_of(stage)).page.locator(".note-text")
    assert read.inner_text() == words, "text stays text"


def test_a_note_that_somebody_else_wrote_meanwhile_is_not_overwritten(stage, as_person):
    first, second = as_person("ana", path_of(stage)), as_person("eve", path_of(stage))
    for tab, words in ((first, "Mine."), (second, "Hers.")):
        tab.page.get_by_label("What only you know").fill(words)
    first.page.get_by_role("button", name="Save the note").click()
    first.page.get_by_text("Saved.").wait_for()
    second.page.get_by_role("button", name="Save the note").click()
    second.page.get_by_text("What you wrote is still here").wait_for()
    assert second.page.get_by_label("What only you know").input_value() == "Hers."
    second.complaints.clear()  # a browser tells of every refusal


def test_what_could_not_be_asked_is_not_shown_as_nothing(stage, as_person):
    stage.shift = None
    tab = as_person("bo", path_of(stage))
    tab.page.get_by_text("Could not be asked: open incidents").wait_for()
    assert tab.page.get_by_text("Nothing to tell").count() == 0
    assert tab.page.get_by_role("button", name="Accept the duty").is_enabled()


def test_an_empty_list_teaches_how_handoffs_go(stage, as_person):
    as_person("zoe", "/handoff").page.get_by_text("the outgoing keeps the duty").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])  # 1280 px at 400 % and 100 %
def test_handoffs_are_accessible_in_both_themes_and_fit_a_phone(stage, as_person, theme, width):
    for person in ("bo", "ana"):
        tab = as_person(person, path_of(stage), theme=theme, width=width)
        assert tab.violations() == []
        assert not tab.is_too_wide()
    tab = as_person("bo", "/handoff", theme=theme, width=width)
    assert tab.violations() == []
