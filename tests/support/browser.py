"""Chromium over the pages: what it complains of is kept, and fails the test that asks."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`));
"""


class Tab:
    """One browser tab; `page` is playwright's."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda fault: self.complaints.append(f"error: {fault}"))

    def open(self, url: str) -> None:
        """Goes there; returns once the page has drawn what it asked for."""
        self.page.goto(url)
        self.drawn()

    def drawn(self) -> None:
        self.page.wait_for_selector("#content:not([aria-busy])")

    def log_in(self, url: str, token: str) -> None:
        self.open(f"{url}/login")
        self.page.get_by_label("Personal token").fill(token)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(lambda at: "/login" not in at)
        self.drawn()

    def violations(self) -> list[str]:
        """What axe finds, in the theme that the page is in."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]

    def is_too_wide(self) -> bool:
        """Whether one would have to scroll sideways."""
        root = "document.documentElement"
        return self.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth")

    def _on_console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser; without Chromium the test is skipped and says what to install."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def new_tab(browser: Any, *, theme: str = "light", width: int = 1280) -> Tab:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=theme,
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    context.add_init_script(_TELL_VIOLATIONS)
    context.set_default_timeout(15_000)
    return Tab(context.new_page())
