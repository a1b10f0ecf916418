"""The login in Chromium: where it leads to afterwards."""

import pytest

from tests.support.browser import new_tab

ENTRY = "/incidents/0123456789ab#entry-3"


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/incidents/0123456789ab%23entry-3", ENTRY),
        ("/.//elsewhere.example/", "//elsewhere.example/"),
        ("//elsewhere.example/", "/"),
        ("http://", "/"),
    ],
)
def test_login_leads_to_what_was_wanted_of_this_server_and_nowhere_else(
    stage, browser, wanted, leads_to
):
    tab = new_tab(browser)
    tab.page.route("http://elsewhere.example/**", lambda route: route.fulfill(body="elsewhere"))
    tab.open(f"{stage.url}/login?next={wanted}")
    tab.page.get_by_label("Personal token").fill(stage.token("bo"))
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(lambda at: "/login" not in at)
    assert tab.page.url == stage.url + leads_to
    tab.page.context.close()
