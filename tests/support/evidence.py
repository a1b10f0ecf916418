"""What the web pages that evidence points at ask the server for."""

from typing import Final

_BEHIND: Final = {
    "/incidents/": "/people/incidents/",
    "/evidence/fact/": "/v1/facts/",
    "/evidence/page/": "/pager/pages/",
    "/evidence/holiday/": "/people/handoffs/holidays/",
}


def behind(page: str) -> str:
    """The answer that the page at this address is made of; other addresses stay themselves."""
    begins = next((path for path in _BEHIND if page.startswith(path)), "")
    return _BEHIND.get(begins, "") + page.removeprefix(begins).partition("#")[0]
