"""Pages on Today: taken up by a button, and pushed to a browser that somebody let notify them."""

import json
from urllib.parse import urlsplit

import pytest

from tests.support.browser import new_tab
from tests.support.handoff_company import at
from tests.support.pages_stage import pages_stage
from tests.support.toy_http import answering

pytestmark = pytest.mark.timeout(180)
PAGE = "a" * 20
_NO_PUSH_SERVICE = """
window.asked = 0;
const request = Notification.requestPermission.bind(Notification);
Notification.requestPermission = () => { window.asked += 1; return request(); };
let current = null;
PushManager.prototype.getSubscription = async () => current;
PushManager.prototype.subscribe = async (options) => {
  window.options = options;
  current = {
    toJSON: () => ({ endpoint: "https://push.example/x", keys: { p256dh: "p", auth: "a" } }),
    unsubscribe: async () => { current = null; return true; },
  };
  return current;
};
"""
"""Subscribing itself needs a push service of the browser's maker; the rest is the browser's own."""


@pytest.fixture
def stage(tmp_path):
    with pages_stage(tmp_path, hour=10) as stage:
        stage.pager.fire(PAGE, "Orders are not answered", at(9.5))
        yield stage


@pytest.fixture
def tab(browser, stage):
    tab = new_tab(browser)
    tab.page.add_init_script(_NO_PUSH_SERVICE)
    tab.page.context.grant_permissions(["notifications"], origin=stage.url)
    tab.log_in(stage.url, stage.token("bo"))
    yield tab
    tab.page.context.close()


def test_a_page_that_waits_is_taken_up_and_ended_by_its_button(tab, stage):
    row = tab.page.locator("li.urgent", has_text="Orders are not answered")
    assert tab.page.get_by_role("heading", level=2).first.inner_text() == "A page needs you"
    assert "Page (critical), nobody holds it" in row.inner_text()
    more = row.get_by_role("link", name="Ledger: Orders are not answered")
    assert more.get_attribute("href") == "https://wiki.example.com/ledger"
    assert "10:30" in row.inner_text(), "since when, in the reader's zone"
    row.get_by_role("button", name="I hold it").click()
    tab.page.get_by_text("you hold it").wait_for()
    assert stage.pager.pages[PAGE]["held_by"] == "bo"
    assert tab.violations() == []
    tab.page.get_by_role("button", name="It is over").click()
    tab.page.get_by_text("Orders are not answered").wait_for(state="detached")
    assert stage.pager.pages == {}
    assert tab.complaints == []


def test_what_could_not_be_done_is_said_and_the_page_still_waits(tab, stage):
    stage.pager.is_silent = True
    tab.page.get_by_role("button", name="I hold it").click()
    tab.page.get_by_text("It still waits for you.").wait_for()
    tab.page.get_by_text("Could not be asked: pages.").wait_for()
    stage.pager.is_silent = False
    tab.page.reload()
    tab.page.get_by_role("button", name="I hold it").wait_for()


def test_permission_is_asked_for_only_by_pressing_and_the_browser_can_be_taken_back(tab, stage):
    button = tab.page.get_by_role("button", name="Notify this browser of pages")
    button.wait_for()
    assert tab.page.evaluate("window.asked") == 0
    button.click()
    tab.page.get_by_role("button", name="Stop notifying this browser").wait_for()
    assert tab.page.evaluate("window.asked") == 1
    assert tab.page.evaluate("window.options.userVisibleOnly")
    assert tab.page.evaluate("window.options.applicationServerKey") == stage.pager.push_key
    [subscription] = stage.pager.browsers["bo"]
    assert json.loads(subscription)["endpoint"] == "https://push.example/x"
    assert tab.violations() == []
    tab.page.get_by_role("button", name="Stop notifying this browser").click()
    button.wait_for()
    assert stage.pager.browsers["bo"] == []
    assert tab.complaints == [], "the page's own policy lets the worker in"


def test_what_the_pager_does_not_take_is_taken_back_and_said(tab, stage):
    button = tab.page.get_by_role("button", name="Notify this browser of pages")
    button.wait_for()
    stage.pager.is_silent = True
    button.click()
    tab.page.get_by_role("alert").filter(has_text="no pager answers").wait_for()
    assert tab.page.evaluate("navigator.serviceWorker.ready.then((it) => it.pushManager"
                             ".getSubscription())") is None  # fmt: skip


def test_where_no_web_push_is_set_up_nothing_is_offered(browser, stage):
    stage.pager.push_key = ""
    tab = new_tab(browser)
    tab.log_in(stage.url, stage.token("bo"))
    assert not tab.page.get_by_role("heading", name="Be reached here").is_visible()
    tab.page.context.close()


def test_a_pushed_page_is_shown_and_its_receipt_comes_to_the_pager(tab, stage):
    tab.page.get_by_role("button", name="Notify this browser of pages").click()
    tab.page.get_by_role("button", name="Stop notifying this browser").wait_for()
    with answering(200, {}) as (url, asked):
        message = {
            "title": "[critical] ledger: Orders are not answered",
            "text": "You get this because you are on duty as primary.",
            "acknowledge_url": f"{url}/a/ack",
            "receipt_url": f"{url}/a/received",
            "key": "k-1",
        }
        for _ in range(2):  # the same message again replaces itself
            push(tab, stage.url, message)
        shown = tab.page.evaluate_handle(
            """async () => {
              const registration = await navigator.serviceWorker.ready;
              const all = await registration.getNotifications();
              return all.map((each) => [each.title, each.body, each.data.acknowledgeUrl]);
            }"""
        ).json_value()
        assert shown == [[message["title"], message["text"], message["acknowledge_url"]]]
        assert {(method, path) for method, path, _ in asked} == {("POST", "/a/received")}


def push(tab, url, message):
    """As a push service would hand it to the browser."""
    session = tab.page.context.new_cdp_session(tab.page)
    registrations = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    tab.page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    tab.page.wait_for_timeout(300)
    scope = urlsplit(url)
    [registration] = {each["registrationId"] for each in registrations if not each["isDeleted"]}
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": f"{scope.scheme}://{scope.netloc}",
            "registrationId": registration,
            "data": json.dumps(message),
        },
    )
    tab.page.wait_for_timeout(500)
