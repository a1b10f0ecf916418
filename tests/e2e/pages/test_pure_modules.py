"""Time formatting and the geometry of day and night, as the pages' own modules compute them."""

import pytest

from sunwise.daylight.night import night_slots
from sunwise.daylight.zones import NS_PER_HOUR, local, offset_minutes
from tests.support.browser import chromium

_DST_DAY = 1_793_491_200_000_000_000  # 2026-11-01 00:00 UTC: clocks go back in the USA
_FAR_EAST = 1_790_294_400_000_000_000  # 2026-09-25 00:00 UTC: on the 26th forward in New Zealand
_QUARTER_NS = NS_PER_HOUR // 4
ZONES = ("America/New_York", "Asia/Kolkata", "Pacific/Chatham", "America/St_Johns", "UTC")


@pytest.fixture(scope="module")
def modules():
    """A page of no server, into which the modules are handed."""
    from importlib import resources

    sources = resources.files("sunwise.web") / "static"
    with chromium() as browser:
        page = browser.new_page()
        page.route(
            "http://pages.test/**",
            lambda route: route.fulfill(
                body=""
                if route.request.url.endswith("/")
                else (sources / route.request.url.rpartition("/")[2]).read_text(),
                content_type="text/html" if route.request.url.endswith("/") else "text/javascript",
            ),
        )
        page.goto("http://pages.test/")
        yield lambda module, call: page.evaluate(
            f"async () => {{ const m = await import('/{module}.js'); return m.{call}; }}"
        )


@pytest.mark.parametrize("zone", ZONES)
def test_offsets_and_clocks_are_those_of_the_server(modules, zone):
    for hour in range(0, 48, 3):
        at_ns = _DST_DAY + hour * NS_PER_HOUR
        assert modules("times", f"offsetMinutes({at_ns}, '{zone}')") == offset_minutes(at_ns, zone)
        assert modules("times", f"clock({at_ns}, '{zone}')") == f"{local(at_ns, zone):%H:%M}"


@pytest.mark.parametrize("begins_ns", [_DST_DAY, _FAR_EAST])
@pytest.mark.parametrize("zone", ZONES)
def test_nights_are_shaded_where_the_rota_counts_them(modules, zone, begins_ns):
    """The hour in which clocks change is in the middle of a night, and no night moves by it."""
    n_quarters = 96 * 4
    until_ns = begins_ns + n_quarters * _QUARTER_NS
    found = modules("times", f"nights({begins_ns}, {until_ns}, '{zone}')")
    counted = night_slots(zone, begins_ns, n_quarters, slot_minutes=15)
    shaded = [
        any(since <= begins_ns + quarter * _QUARTER_NS < until for since, until in found)
        for quarter in range(n_quarters)
    ]
    assert shaded == counted.tolist()


def test_a_day_begins_at_local_midnight_also_when_it_has_25_hours(modules):
    found = modules(
        "times", f"midnights({_DST_DAY}, {_DST_DAY + 72 * NS_PER_HOUR}, 'America/New_York')"
    )
    hours = [(at - _DST_DAY) / NS_PER_HOUR for at in found]
    assert hours == [4, 29, 53]


def test_the_sun_stands_highest_over_greenwich_at_noon(modules):
    noon_ms = 1_774_008_000_000  # 2026-03-20 12:00 UTC, an equinox
    assert abs(modules("sun", f"altitude({noon_ms}, 0, 0)") - 90) < 3
    assert abs(modules("sun", f"altitude({noon_ms}, 0, 180)") + 90) < 3
    assert modules("sun", "brightness(-10)") == 0
    assert modules("sun", "brightness(10)") == 1


def test_lengths_of_time_are_read_aloud(modules):
    for minutes, said in (
        (0, "0 min"),
        (59, "59 min"),
        (60, "1 h"),
        (95, "1 h 35 min"),
        (1500, "1 day 1 h"),
    ):
        assert modules("times", f"duration({minutes * 60 * 10**9})") == said
