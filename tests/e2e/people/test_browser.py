"""A real browser at the door: the cookie works, and pages of others cannot use it."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.support.browser import chromium
from tests.support.launched_people import launched_people

pytestmark = pytest.mark.timeout(180)

ATTACK = """
async (target) => {
  const told = {method: "POST", credentials: "include", body: '{"name": "stolen"}'};
  const tries = [
    {...told, mode: "no-cors", headers: {"content-type": "text/plain"}},
    {...told, headers: {"content-type": "application/json"}},
    {...told, mode: "no-cors"},
  ];
  for (const each of tries) {
    try { await fetch(target + "/people/ada/tokens", each); } catch {}
  }
  try {  // what needs no body needs no leave of the browser either
    await fetch(target + "/logout", {method: "POST", mode: "no-cors", credentials: "include"});
  } catch {}
  let read = "nothing";
  try { read = await (await fetch(target + "/me", {credentials: "include"})).text(); } catch {}
  const frame = document.createElement("iframe");
  document.body.append(frame);
  const form = document.createElement("form");
  form.method = "POST"; form.enctype = "text/plain"; form.action = target + "/people/ada/tokens";
  frame.name = form.target = "hidden";
  const field = document.createElement("input");
  field.name = '{"name": "stolen", "x": "'; field.value = '"}';
  form.append(field); document.body.append(form); form.submit();
  await new Promise((done) => setTimeout(done, 1000));
  return read;
}
"""


class _Evil(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>kittens</title><body>")

    def log_message(self, *_args: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def evil_site() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Evil) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    with launched_people(tmp_path_factory.mktemp("people")) as plane:
        yield plane


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


def logged_in(people, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{people.running.url}/docs")
    token = json.loads(people.credentials.read_text())["token"]
    status = page.evaluate(
        """async (token) => (await fetch("/login", {method: "POST",
           headers: {"content-type": "application/json"}, body: JSON.stringify({token})})).status""",
        token,
    )
    assert status == 200
    return context, page


def test_a_page_of_ours_works_with_the_cookie_and_cannot_read_it(people, browser):
    context, page = logged_in(people, browser)
    assert page.evaluate("async () => (await (await fetch('/me')).json()).person_id") == "ada"
    assert page.evaluate("document.cookie") == ""
    [cookie] = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    made = page.evaluate(
        """async () => (await fetch("/feeds", {method: "POST", body: '{"shows": "me"}',
           headers: {"content-type": "application/json"}})).status"""
    )
    assert made == 201
    out = page.evaluate("async () => (await fetch('/logout', {method: 'POST'})).status")
    assert out == 204
    assert page.evaluate("async () => (await fetch('/me')).status") == 401
    context.close()


# The same name on another port is the same site to a browser: it sends the cookie along.
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_somebody_else_changes_and_reads_nothing(people, browser, host):
    context, page = logged_in(people, browser)
    before = people.client.get("/people/ada/tokens")
    with evil_site() as port:
        page.goto(f"http://{host}:{port}/")
        read = page.evaluate(ATTACK, people.running.url)
    assert read == "nothing"
    assert people.client.get("/people/ada/tokens") == before
    page.goto(f"{people.running.url}/docs")
    assert page.evaluate("async () => (await fetch('/me')).status") == 200, "still logged in"
    context.close()
