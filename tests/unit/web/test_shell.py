"""The shells of the pages and their files."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sunwise.web.shell import PAGES, shell, shell_router, static_files


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    app.include_router(shell_router())
    return TestClient(app)


@pytest.mark.parametrize(("module", "title"), sorted(set(PAGES.values())))
def test_a_shell_names_every_module_that_its_page_needs(module, title):
    page = shell(module, title)
    preloaded = set(re.findall(r'modulepreload" href="/static/[0-9a-f]+/([a-z_]+\.js)"', page))
    for name in preloaded:
        text = static_files().content[name].decode()
        assert set(re.findall(r'from "\./([a-z_]+\.js)"', text)) <= preloaded
    assert f"{module}.js" in preloaded


def test_a_shell_has_no_script_and_no_style_inside_and_nothing_from_elsewhere():
    for module, title in PAGES.values():
        page = shell(module, title)
        assert "://" not in page
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page)


def test_no_module_turns_text_into_markup():
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    for name, content in static_files().content.items():
        assert not forbidden.search(content.decode()), name


def test_a_file_may_be_kept_for_ever_because_another_one_has_another_address(client):
    at = f"/static/{static_files().version}"
    answer = client.get(f"{at}/today.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/000000000000/today.js").status_code == 404
    assert client.get(f"{at}/shell.html").status_code == 404
    assert client.get(f"{at}/..%2fapi.py").status_code == 404


def test_a_page_lets_no_text_become_a_script(client):
    policy = client.get("/").headers["content-security-policy"]
    assert "require-trusted-types-for 'script'" in policy
    assert "script-src 'self';" in policy


def test_nothing_moves_for_whoever_asks_for_less_motion():
    style = static_files().content["style.css"].decode()
    moving = re.compile(r"(?:transition|animation|scroll-behavior)\s*:")
    still = re.sub(
        r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", "", style, flags=re.DOTALL
    )
    assert moving.search(style), "else this looks for the wrong words"
    assert not moving.search(still)
