"""The page Approvals in Chromium: one proposes, another approves exactly what is shown."""

import pytest

from sunwise.chassis.guard import OPERATOR, Role
from tests.support.browser import chromium, new_tab
from tests.support.pages_stage import pages_stage


@pytest.fixture
def stage(tmp_path):
    with pages_stage(tmp_path) as stage:
        for person in ("ana", "bo"):
            stage.guard_store.grant(person, Role.ADMINISTRATOR, by=OPERATOR)
        yield stage


def test_what_one_proposes_waits_for_another_who_approves_it(stage):
    with chromium() as browser:
        proposer, second = new_tab(browser), new_tab(browser)
        proposer.log_in(stage.url, stage.token("ana"))
        status = proposer.page.evaluate(
            "fetch('/people/cy/roles/planner', {method: 'PUT'}).then((answer) => answer.status)"
        )
        assert status == 202
        proposer.open(f"{stage.url}/approvals")
        assert proposer.page.get_by_role("button", name="Approve").count() == 0

        second.log_in(stage.url, stage.token("bo"))
        second.page.get_by_role("link", name="Make cy planner").click()
        second.drawn()
        assert "Make cy planner" in second.page.locator("li:focus").inner_text(), "what was meant"
        assert second.violations() == []
        second.page.get_by_role("button", name="Approve").click()
        second.page.get_by_text("Make cy planner: applied.").wait_for()
        assert Role.PLANNER in stage.guard_store.roles_of("cy")
        assert proposer.complaints + second.complaints == []
