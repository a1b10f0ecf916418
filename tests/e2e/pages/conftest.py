"""One Chromium a module: a browser of the whole session would leave its event loop to other tests."""

import pytest

from tests.support.browser import chromium, new_tab
from tests.support.pages_stage import pages_stage


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def stage(tmp_path):
    with pages_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def as_person(browser, stage):
    """Opens a page as somebody; nothing may complain."""
    tabs = []

    def opened(person: str, path: str = "/", **look):
        tab = new_tab(browser, **look)
        tab.log_in(stage.url, stage.token(person))
        tab.open(stage.url + path)
        tabs.append(tab)
        return tab

    yield opened
    for tab in tabs:
        tab.page.context.close()
        assert tab.complaints == []
