"""What an attacker tries at the door, and that it stays shut."""

from typing import Annotated
from urllib.parse import quote

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import text

from sunwise.chassis.guard import OPERATOR, GuardStore, Principal, Role
from sunwise.chassis.guard.crossing import Origins, OriginUnusable
from sunwise.chassis.guard.door import Door, refuse_open_routes
from sunwise.chassis.guard.failed_logins import BURST, EACH_S, MAX_ADDRESSES, FailedLogins
from sunwise.chassis.guard.proxies import Proxies, ProxyUnusable
from sunwise.chassis.guard.secret_text import Kind, new_secret
from tests.unit.guard.conftest import HERE, Site

EVIL = "https://evil.example"
PROXY = "10.0.0.5"


async def test_a_browser_logs_in_and_works(site):
    browser = await site.browser(site.ada)
    assert (await browser.get("/duty")).json() == "ada"
    assert (await browser.post("/hubs", json={})).json() == "ada"
    me = (await browser.get("/me")).json()
    assert me["roles"] == ["administrator", "member"]
    assert me["rights"]["rota.plan"] == "all"


@pytest.mark.parametrize("wrong", ["NaN", '"\\ud800"', "[1e999]", '{"swp_secret": 1}'])
async def test_what_does_not_fit_is_refused_without_being_repeated(site, wrong):
    headers = {"origin": HERE, "content-type": "application/json"}
    async with site.client() as client:
        answer = await client.post("/login", content=f'{{"token": {wrong}}}', headers=headers)
    assert (answer.status_code, "swp_secret" in answer.text) == (422, False)
    assert answer.json()["detail"][0]["loc"] == ["body", "token"]


async def test_the_cookie_is_closed_to_scripts_and_other_sites(site, clock, tmp_path):
    async with site.client() as client:
        answer = await client.post("/login", json={"token": site.ada}, headers={"origin": HERE})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Secure" not in cookie
    assert site.ada not in answer.text + cookie


async def test_away_from_this_machine_the_cookie_is_secure(site, clock):
    public = Site(site.store, clock, origin="https://people.example.com")
    async with public.client() as client:
        answer = await client.post(
            "/login", json={"token": public.ada}, headers={"origin": public.origin}
        )
    assert answer.headers["set-cookie"].startswith("__Host-sunwise=sws_")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "headers",
    [
        {},  # no browser leaves it out
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": HERE + "."},
        {"origin": HERE.upper()},
        {"origin": f"{HERE}, {EVIL}"},
        {"origin": "http://127.0.0.1:7081"},
        {"origin": HERE, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": EVIL, "x-forwarded-host": "evil.example", "sec-fetch-site": "same-origin"},
    ],
)
async def test_another_sites_page_changes_nothing(site, headers):
    browser = await site.browser(site.ada)
    del browser.headers["origin"]
    answer = await browser.post("/hubs", json={}, headers=headers)
    assert answer.status_code == 403
    assert (await browser.delete(f"/credentials/{site.ben_id}", headers=headers)).status_code == 403
    assert site.store.of_token(site.ben) is not None


@pytest.mark.parametrize(
    "pair",
    [[("origin", HERE), ("origin", EVIL)], [("origin", EVIL), ("origin", HERE)]],
)
async def test_an_origin_is_not_smuggled_in_twice(site, pair):
    browser = await site.browser(site.ada)
    del browser.headers["origin"]
    request = browser.build_request("POST", "/hubs", json={})
    request.headers = httpx.Headers([*request.headers.multi_items(), *pair])
    assert (await browser.send(request)).status_code == 403


async def test_the_proof_of_fetch_is_enough_without_an_origin(site):
    browser = await site.browser(site.ada)
    del browser.headers["origin"]
    answer = await browser.post("/hubs", json={}, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 200


async def test_an_evil_page_with_a_token_of_its_own_is_still_another_site(site):
    async with site.client(token=site.ada) as client:
        assert (await client.post("/hubs", json={})).status_code == 200
        assert (await client.post("/hubs", json={}, headers={"origin": EVIL})).status_code == 403


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
async def test_what_a_form_can_send_is_no_json(site, content_type):
    browser = await site.browser(site.ada)
    answer = await browser.post(
        "/hubs", content=b'{"a":"b"}', headers={"content-type": content_type}
    )
    assert answer.status_code == 415


async def test_a_name_that_somebody_points_here_is_not_ours(site):
    async with site.client(token=site.ada) as client:
        answer = await client.get("/duty", headers={"host": "evil.example:7080"})
    assert answer.status_code == 421


async def test_logging_in_never_takes_over_a_planted_session(site):
    planted, _ = site.store.open_session(site.ben)
    client = site.client()
    answer = await client.post(
        "/login",
        json={"token": site.ada},
        headers={"origin": HERE, "cookie": f"sunwise={planted}"},
    )
    assert answer.status_code == 200
    assert planted not in answer.headers["set-cookie"]
    assert site.store.of_session(planted) is None


async def test_two_cookies_of_our_name_are_none(site):
    ada, _ = site.store.open_session(site.ada)
    ben, _ = site.store.open_session(site.ben)
    async with site.client() as client:
        for cookie in (f"sunwise={ben}; sunwise={ada}", f"sunwise={ada}; sunwise={ada}"):
            assert (await client.get("/duty", headers={"cookie": cookie})).status_code == 401


async def test_a_secret_of_ones_own_choice_is_no_session(site):
    async with site.client() as client:
        for cookie in ("chosen", new_secret(Kind.SESSION), site.ada, "sws_" + "a" * 100_000):
            answer = await client.get("/duty", headers={"cookie": f"sunwise={cookie}"})
            assert answer.status_code == 401


async def test_a_copy_of_the_cookie_opens_nothing_after_logging_out(site):
    browser = await site.browser(site.ada)
    copy = browser.cookies["sunwise"]
    assert (await browser.post("/logout")).status_code == 204
    async with site.client() as thief:
        answer = await thief.get("/duty", headers={"cookie": f"sunwise={copy}"})
    assert answer.status_code == 401


async def test_a_copy_of_cookie_or_token_opens_nothing_after_revoking(site):
    browser = await site.browser(site.ada)
    assert (await browser.delete(f"/credentials/{site.ada_id}")).status_code == 204
    assert (await browser.get("/duty")).status_code == 401
    async with site.client(token=site.ada) as client:
        assert (await client.get("/duty")).status_code == 401


async def test_a_wrong_secret_is_answered_alike_whatever_is_wrong_with_it(site, clock):
    expired, _ = site.store.issue_token("ada", "old", by=OPERATOR, days=1)
    clock.advance_ns(2 * 86_400 * 10**9)
    site.store.revoke(site.ben_id, by=OPERATOR)
    answers = []
    for wrong in (new_secret(Kind.TOKEN), expired, site.ben):
        async with site.client(token=wrong) as client:
            answer = await client.get("/duty")
        answers.append((answer.status_code, answer.text, dict(answer.headers)))
        async with site.client() as client:
            answer = await client.post("/login", json={"token": wrong}, headers={"origin": HERE})
        answers.append((answer.status_code, answer.text, None))
    assert answers[0] == answers[2] == answers[4]
    assert answers[1] == answers[3] == answers[5]


async def test_a_wrong_token_does_not_fall_back_on_the_cookie(site):
    browser = await site.browser(site.ada)
    answer = await browser.get("/duty", headers={"authorization": "Bearer nonsense"})
    assert answer.status_code == 401


@pytest.mark.parametrize("query", ["token={}", "x={}", "access_token=abc", "a=1&API_KEY={}"])
async def test_a_secret_in_the_query_is_refused_even_where_it_would_open(site, query):
    async with site.client(token=site.ada) as client:
        answer = await client.get("/duty?" + query.format(site.ada))
    assert answer.status_code == 400
    assert "Authorization" in answer.json()["detail"]


async def test_a_hidden_secret_in_an_address_is_refused(site):
    hidden = "".join(f"%{ord(letter):02x}" for letter in site.ada)
    async with site.client(token=site.ada) as client:
        assert (await client.get(f"/duty?q={hidden}")).status_code == 400
        assert (await client.get(f"/duty/{site.ada}")).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"token": "swp_" + "a" * 100_000},
        {"token": 7},
        {"token": None},
        {"token": {"$ne": ""}},
        {},
        [],
    ],
)
async def test_oversize_and_misshapen_input_is_refused(site, body):
    async with site.client() as client:
        answer = await client.post("/login", json=body, headers={"origin": HERE})
    assert answer.status_code == 422


@pytest.mark.parametrize("person", ["../ada", "ADA", "a" * 65, "a b", "ada\n", "%00"])
async def test_a_person_that_can_be_none_is_refused(site, person):
    async with site.client(token=site.ada) as client:
        path = f"/people/{quote(person, safe='')}/tokens"
        answer = await client.post(path, json={"name": "x"})
    assert answer.status_code in (404, 422)


async def test_a_member_does_not_reach_further(site):
    async with site.client(token=site.ben) as ben:
        assert (await ben.post("/hubs", json={})).status_code == 403
        assert (await ben.get("/audit")).status_code == 403
        assert (
            await ben.post("/keys", json={"name": "x", "right": "pager.send"})
        ).status_code == 403
        assert (await ben.get("/people/ada/tokens")).status_code == 403
        assert (await ben.post("/people/ada/tokens", json={"name": "x"})).status_code == 403
        assert (await ben.delete(f"/credentials/{site.ada_id}")).status_code == 404
        own = await ben.post("/people/ben/tokens", json={"name": "phone"})
    assert own.status_code == 201
    assert site.store.of_token(own.json()["secret"]).person_id == "ben"
    assert site.store.of_token(site.ada) is not None


async def test_an_integration_is_nobody(site):
    async with site.client(token=site.ada) as ada:
        made = await ada.post("/keys", json={"name": "alertmanager", "right": "rota.read"})
    key = made.json()["secret"]
    async with site.client(token=key) as sender:
        assert (await sender.get("/duty")).json() == "integration alertmanager"
        assert (await sender.post("/feeds", json={"shows": "me"})).status_code == 403
        assert (await sender.post("/hubs", json={})).status_code == 403
        login = await sender.post("/login", json={"token": key}, headers={"origin": HERE})
    assert login.status_code == 401


async def test_a_feeds_address_reads_one_thing_until_it_is_revoked(site):
    async with site.client(token=site.ben) as ben, site.client() as calendar:
        made = (await ben.post("/feeds", json={"shows": "me"})).json()
        address = f"/feeds/{made['secret']}.ics"
        assert (await calendar.get(address)).json() == "person:ben"
        with_feed = {"authorization": f"Bearer {made['secret']}"}
        assert (await calendar.get("/duty", headers=with_feed)).status_code == 401
        assert (await calendar.get(f"/duty?feed={made['secret']}")).status_code == 400
        assert (await calendar.post(address, headers={"origin": HERE})).status_code == 405
        assert [each["id"] for each in (await ben.get("/feeds")).json()] == [
            made["credential"]["id"]
        ]
        await ben.delete(f"/credentials/{made['credential']['id']}")
        assert (await calendar.get(address)).status_code == 404
        assert (await ben.get("/feeds")).json() == []


async def test_a_token_is_no_feed_and_guessing_feeds_is_guessing(site):
    async with site.client(address="192.0.2.9") as calendar:
        assert (await calendar.get(f"/feeds/{site.ada}.ics")).status_code == 400
        guesses = [
            (await calendar.get(f"/feeds/{new_secret(Kind.FEED)}.ics")).status_code
            for _ in range(BURST + 1)
        ]
    assert guesses == [404] * BURST + [429]


async def test_whoever_is_wrong_too_often_waits(site, clock):
    async with site.client(token=new_secret(Kind.TOKEN), address="192.0.2.7") as client:
        statuses = [(await client.get("/duty")).status_code for _ in range(BURST + 5)]
        assert statuses == [401] * BURST + [429] * 5
        answer = await client.get("/duty")
        assert int(answer.headers["retry-after"]) <= EACH_S
        clock.advance_ns(EACH_S * 10**9)
        assert (await client.get("/duty")).status_code == 401
    async with site.client(token=site.ada, address="192.0.2.8") as other:
        assert (await other.get("/duty")).status_code == 200


async def guess(site, address: str = PROXY, *, forwarded: str = "", n: int = BURST + 1) -> int:
    """The last answer to so many secrets, one after the other."""
    for _ in range(n):
        token = new_secret(Kind.TOKEN)
        async with site.client(token=token, address=address, forwarded=forwarded) as client:
            status = (await client.get("/duty")).status_code
    return status


async def test_behind_a_trusted_proxy_one_attacker_locks_out_nobody_else(site):
    assert await guess(site, forwarded="192.0.2.7") == 429
    async with site.client(token=site.ada, address=PROXY, forwarded="198.51.100.1") as other:
        assert (await other.get("/duty")).status_code == 200
        login = await other.post("/login", json={"token": site.ada}, headers={"origin": HERE})
        assert login.status_code == 200


@pytest.mark.parametrize(
    "forwarded",
    ["{}, 192.0.2.7", "{}, 192.0.2.7, 10.1.2.3", "{}, [::ffff:192.0.2.7]:4711", "{},192.0.2.7:80"],
)
async def test_an_address_that_an_attacker_invents_before_the_proxys_word_is_not_believed(
    site, forwarded
):
    for number in range(BURST):
        await guess(site, forwarded=forwarded.format(f"203.0.113.{number}"), n=1)
    assert await guess(site, forwarded=forwarded.format("203.0.113.99"), n=1) == 429
    assert await guess(site, forwarded="198.51.100.1", n=1) == 401


async def test_who_is_no_trusted_proxy_cannot_say_whose_request_it_is(site):
    for number in range(BURST):
        await guess(site, "192.0.2.7", forwarded=f"203.0.113.{number}", n=1)
    assert await guess(site, "192.0.2.7", forwarded="203.0.113.99", n=1) == 429
    assert await guess(site, "203.0.113.1", n=1) == 401


async def test_nonsense_behind_a_trusted_proxy_counts_for_the_proxy(site):
    for number in range(BURST):
        await guess(site, forwarded=f"nobody{number}", n=1)
    assert await guess(site, forwarded="unknown", n=1) == 429
    assert await guess(site, forwarded="198.51.100.1", n=1) == 401


async def test_a_revoked_token_that_somebody_goes_on_with_locks_out_no_colleague(site):
    async with site.client(token=new_secret(Kind.TOKEN)) as stale:
        statuses = [(await stale.get("/duty")).status_code for _ in range(BURST + 1)]
    assert statuses[-1] == 429
    async with site.client(token=site.ada) as colleague:
        assert (await colleague.get("/duty")).status_code == 200


async def test_who_came_in_lately_goes_on_while_somebody_guesses_from_their_address(site):
    async with site.client(token=site.ada) as ada:
        assert (await ada.get("/duty")).status_code == 200
        assert await guess(site, "127.0.0.1") == 429
        assert (await ada.get("/duty")).status_code == 200


@pytest.mark.parametrize("trusted", ["0.0.0.0/0", "::/0", "proxy.example.com", "10.0.0.5/8"])
def test_a_proxy_that_is_no_address_or_everybody_is_refused(trusted):
    with pytest.raises(ProxyUnusable):
        Proxies([trusted])


async def test_a_session_is_not_locked_out_by_somebody_elses_failures(site):
    browser = await site.browser(site.ada)
    assert await guess(site, "127.0.0.1") == 429
    assert (await browser.get("/duty")).status_code == 200


def test_the_memory_of_failures_is_bounded(clock):
    failed = FailedLogins(clock)
    for number in range(MAX_ADDRESSES + 100):
        failed.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", str(number))
    assert len(failed) == MAX_ADDRESSES
    for number in range(BURST):
        failed.failed(f"2001:db8::{number:x}", f"wrong {number}")
    assert failed.wait_s("2001:db8::ffff", "new") > 0
    assert failed.wait_s("2001:db8:1::1", "new") == 0


async def test_a_database_that_is_away_is_told_without_its_words(site):
    with site.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE guard_roles RENAME TO gone"))
    async with site.client(token=site.ada) as client:
        answer = await client.get("/duty")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "guard_roles" not in answer.text


async def test_a_request_that_meets_a_bug_ends_alone_and_logs_no_secret(site, caplog):
    @site.app.get("/broken/{feed}")
    def broken(_principal: Annotated[Principal, Depends(site.guard.signed_in())]) -> None:
        raise ZeroDivisionError

    feed = new_secret(Kind.FEED)
    transport = httpx.ASGITransport(Door(site.app, site.guard.origins), client=("127.0.0.1", 9))
    headers = {"authorization": f"Bearer {site.ada}"}
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers) as client:
        answer = await client.get(f"/broken/{feed}")
        assert (await client.get("/duty")).status_code == 200
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert "/broken/***" in caplog.text
    assert feed not in caplog.text
    assert site.ada not in caplog.text


async def test_every_answer_is_kept_from_frames_caches_and_strange_scripts(site):
    async with site.client(token=site.ada) as client:
        answers = [
            await client.get("/duty"),
            await client.get("/nothing"),
            await client.get("/duty?token=x"),
        ]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("http://people.example.com", "in the clear"),
        ("http://127.0.0.1.evil.example", "in the clear"),
        ("https://people.example.com/", "without a path"),
        ("https://ada@people.example.com", "without a path"),
        ("people.example.com", "not an address"),
        ("ftp://people.example.com", "not an address"),
        ("http://[::1", "not an address"),
        ("http://0.0.0.0:7080", "in the clear"),
    ],
)
def test_an_unsafe_address_is_refused_at_the_start(origin, why):
    with pytest.raises(OriginUnusable, match=why):
        Origins([origin])


def test_this_machine_by_either_family_is_an_address():
    assert Origins(["http://[::1]:7080", "http://127.0.0.1:7080"]).hosts == {
        "[::1]:7080",
        "127.0.0.1:7080",
    }


def test_a_route_that_asks_nobody_is_found(site):
    app: FastAPI = site.app
    refuse_open_routes(app, open_paths=["/login", *DOCS])

    @app.get("/everything")
    def everything() -> str:
        return "?"

    with pytest.raises(AssertionError, match="/everything"):
        refuse_open_routes(app, open_paths=["/login", *DOCS])


DOCS = ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")


def test_many_acts_at_once_leave_one_chain(new_database, clock):
    from concurrent.futures import ThreadPoolExecutor

    store = GuardStore(new_database(), clock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.grant(f"p{n}", Role.LEAD, by=OPERATOR), range(40)))
    assert store.audit.verify() == 40
