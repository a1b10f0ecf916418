"""The page Rota in Chromium: a shift is given away by dragging, by keyboard and by hand; never unseen."""

import pytest
from msgspec.structs import replace

from sunwise.chassis.guard import OPERATOR, Role

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def as_person(as_person):
    """Opens the rota as somebody."""
    return lambda person, **look: as_person(person, "/rota", **look)


def shift_of(tab, name: str, number: int = 1):
    return tab.page.get_by_role("button", name=f"{name}, primary").nth(number)


def drag_to(tab, shift, person: str) -> None:
    row = tab.page.locator(f'.line[data-person="{person}"]').bounding_box()
    box = shift.bounding_box()
    mouse = tab.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + 20, row["y"] + row["height"] / 2, steps=8)
    mouse.up()


def drag_onto(tab, shift, other) -> None:
    (box, over), mouse = (each.bounding_box() for each in (shift, other)), tab.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(over["x"] + over["width"] / 2, over["y"] + over["height"] / 2, steps=8)
    mouse.up()


def holders(stage, hour: int = 32) -> set[str]:
    """Who has the two services as primary tomorrow at 08:00 UTC."""
    from tests.support.handoff_company import at

    return {s.person for s in stage.board.all if s.since_ns == at(hour) and s.role == "primary"}


def test_a_dragged_shift_shows_consequences_and_changes_only_after_both_said_yes(stage, as_person):
    tab = as_person("bo")
    drag_to(tab, shift_of(tab, "Bo"), "cy")
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Ask Cy").wait_for()
    effects = dialog.get_by_role("table").inner_text()
    assert "+8 h" in effects
    assert "+4 h" in effects, "03:00 to 07:00 of it are Cy's night"
    assert holders(stage) == {"bo"}, "showing it changes nothing"
    dialog.get_by_role("button", name="Ask Cy").click()
    tab.page.get_by_text("The rota changes once Cy says yes").wait_for()
    assert holders(stage) == {"bo"}, "silence is not consent"

    other = as_person("cy")
    other.page.get_by_role("button", name="Yes", exact=True).click()
    other.page.get_by_text("You said yes.").wait_for()
    assert holders(stage) == {"cy"}


def tab_to(tab, text: str) -> None:
    """Presses Tab until what says this has the focus; the browser shows where that is."""
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement.textContent") == text:
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert tab.page.evaluate(outline) == "solid", "the focus is seen"
            return
    raise AssertionError(f"{text!r} is not reached by keyboard")


def test_the_same_is_asked_for_and_answered_by_keyboard_alone(stage, as_person):
    tab = as_person("bo")
    tab_to(tab, "01–09")  # Ana's, whose shift it is now
    keyboard = tab.page.keyboard
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Space"):
        keyboard.press(key)
    said = tab.page.locator(".timeline [role=status]")
    assert "Picked up: Bo, primary of Ledger and Matching, Sat 28 Nov 09:00" in said.inner_text()
    for _ in range(8):
        keyboard.press("ArrowDown")
        if "To Cy" in said.inner_text():
            break
    keyboard.press("Enter")
    tab.page.get_by_text("What it would mean").wait_for()
    tab_to(tab, "Ask Cy")
    keyboard.press("Enter")
    tab.page.get_by_text("The rota changes once Cy says yes").wait_for()
    assert len(stage.swaps.open) == 1

    other = as_person("cy")
    tab_to(other, "Yes")
    other.page.keyboard.press("Enter")
    other.page.get_by_text("You said yes.").wait_for()
    assert holders(stage) == {"cy"}


def test_escape_puts_a_shift_back_and_nothing_was_asked(stage, as_person):
    tab = as_person("bo")
    shift_of(tab, "Bo").focus()
    for key in ("Space", "ArrowDown", "Escape"):
        tab.page.keyboard.press(key)
    assert "Nothing has changed" in tab.page.locator(".timeline [role=status]").inner_text()
    assert tab.page.get_by_role("dialog").count() == 0
    assert stage.swaps.open == {}


def test_arrows_go_from_shift_to_shift_and_only_one_is_in_the_tab_order(as_person):
    tab = as_person("bo")
    assert tab.page.locator('.shift[tabindex="0"]').count() == 1
    shift_of(tab, "Bo", 0).focus()
    tab.page.keyboard.press("ArrowRight")
    label = tab.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("Bo, primary of Ledger and Matching, Sat 28 Nov 09:00")
    tab.page.keyboard.press("ArrowUp")
    label = tab.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("Eve, secondary")
    assert tab.page.locator('.shift[tabindex="0"]').count() == 1


def test_what_the_law_forbids_says_why_and_cannot_be_confirmed(stage, as_person):
    tab = as_person("bo")
    shift_of(tab, "Bo").click()
    tab.page.get_by_label("Give it to").select_option("eve")
    tab.page.get_by_text("7 h of rest of 11 h").wait_for()
    assert tab.page.get_by_role("dialog").get_by_role("button").all_inner_texts() == ["Close"]


def test_one_shift_dragged_onto_another_swaps_the_two_once_the_other_says_yes(stage, as_person):
    tab = as_person("bo")
    drag_onto(tab, shift_of(tab, "Bo"), shift_of(tab, "Cy"))
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Ask Cy").wait_for()
    assert "Cy is on duty" in dialog.inner_text()
    assert "You are on duty" in dialog.inner_text()
    dialog.get_by_role("button", name="Ask Cy").click()
    tab.page.get_by_text("The rota changes once Cy says yes").wait_for()
    assert holders(stage) == {"bo"}
    other = as_person("cy")
    other.page.get_by_role("button", name="Yes", exact=True).click()
    other.page.get_by_text("You said yes.").wait_for()
    assert holders(stage) == {"cy"}
    assert holders(stage, 40) == {"bo"}


def test_two_shifts_are_swapped_by_keyboard_alone(stage, as_person):
    tab = as_person("bo")
    shift_of(tab, "Bo").focus()
    keyboard, said = tab.page.keyboard, tab.page.locator(".timeline [role=status]")
    keyboard.press("Space")
    for _ in range(8):
        keyboard.press("ArrowDown")
        if "To Cy" in said.inner_text():
            break
    keyboard.press("ArrowRight")
    assert "For Cy, primary" in said.inner_text()
    keyboard.press("Enter")
    tab.page.get_by_role("button", name="Ask Cy").wait_for()
    assert tab.page.get_by_label("In return you take").input_value() == "0"
    tab.page.get_by_label("In return you take").select_option("nothing")
    tab.page.get_by_role("dialog").get_by_text("+8 h").wait_for()


def test_whoever_takes_a_shift_asks_whoever_loses_it(stage, as_person):
    tab = as_person("cy")
    shift_of(tab, "Bo").click()
    tab.page.get_by_label("You could").select_option("take")
    tab.page.get_by_role("button", name="Ask Bo").click()
    tab.page.get_by_text("The rota changes once Bo says yes").wait_for()
    assert holders(stage) == {"bo"}


def test_a_gap_is_taken_at_once_by_whoever_wants_it(stage, as_person):
    stage.board.all = [replace(s, gap_owner=None) for s in stage.board.all]
    tab = as_person("bo")
    tab.page.get_by_role("button", name="nobody, primary of Ledger").click()
    assert tab.page.get_by_role("button", name="Accept the gap by my name").count() == 0
    tab.page.get_by_role("button", name="Take it yourself").click()
    tab.page.get_by_role("button", name="Change it now").click()
    tab.page.get_by_text("the rota is as you see it now").wait_for()
    assert holders(stage, 120) == {"bo"}


def test_a_gap_is_accepted_by_the_name_of_whoever_leads(stage, as_person):
    stage.board.all = [replace(s, gap_owner=None) for s in stage.board.all]
    stage.guard_store.grant("eve", Role.LEAD, by=OPERATOR)
    tab = as_person("eve")
    tab.page.get_by_role("button", name="nobody, primary of Ledger").click()
    tab.page.get_by_role("button", name="Accept the gap by my name").click()
    tab.page.get_by_text("your name stands beside the gap").wait_for()
    tab.page.get_by_role("button", name="accepted by Eve").wait_for()


def test_a_rota_that_changed_since_it_was_shown_is_not_changed_blindly(stage, as_person):
    tab = as_person("bo")
    shift_of(tab, "Bo").click()
    tab.page.get_by_label("Give it to").select_option("cy")
    tab.page.get_by_role("button", name="Ask Cy").wait_for()
    stage.swaps.asks_also = ("ana",)
    tab.page.get_by_role("button", name="Ask Cy").click()
    tab.page.get_by_text("The rota has changed since you looked").wait_for()
    assert stage.swaps.open == {}
    tab.complaints.clear()  # a browser tells of every refusal


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 640, 1280])  # 1280 px at 400 %, 200 % and 100 %
def test_the_rota_is_accessible_in_both_themes_and_fits_a_phone(as_person, theme, width):
    tab = as_person("bo", theme=theme, width=width)
    assert tab.violations() == []
    assert not tab.is_too_wide()
    shift_of(tab, "Bo").click()
    tab.page.get_by_label("Give it to").select_option("cy")
    tab.page.get_by_role("button", name="Ask Cy").wait_for()
    assert tab.violations() == []
    tab.page.keyboard.press("Escape")
    assert tab.page.get_by_role("dialog").count() == 0


def test_a_team_without_shifts_is_told_why_there_are_none(stage, as_person):
    stage.board.all = []

    as_person("bo").page.get_by_text("No rota has been published yet.").wait_for()
