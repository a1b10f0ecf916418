"""Alarms that die are an alarm: the pager waits for them, and pages whoever answers for it."""

import tomllib

import pytest
from msgspec.structs import replace

from sunwise.contracts.people.directory import Service, Tier
from sunwise.daylight.zones import NS_PER_MINUTE
from tests.support.mail_thread import mail_thread
from tests.support.people_in_process import asked, people_in_process
from tests.support.rota_company import NOW, company, turn

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]
PAGER = Service(id="pager", name="Pager", tier=Tier.ONE_ROLE, team="core", lead="bo", deputy="ana")
COMPANY = replace(company(), services=(*company().services, PAGER))
TURNS = turn(0, 8, "fay"), turn(8, 16, "bo")


async def test_alarms_that_are_killed_page_who_is_on_duty_for_the_pager_within_minutes(tmp_path):
    with mail_thread() as mails:
        channels = tomllib.loads(mails.toml)["pager"]["channels"]
        async with people_in_process(
            tmp_path, COMPANY, TURNS, start_ns=NOW, channels=channels
        ) as plane:
            fay = await asked(plane.as_, "fay")

            def silent() -> list[str]:
                found = [each["summary"] for each in fay.get("/pager/pages")]
                return [each for each in found if "Watchdog alarms has not come" in each]

            await plane.until(NOW + 10 * NS_PER_MINUTE)
            assert await asked(silent) == []
            await plane.kill("alarms")
            await plane.until(NOW + 16 * NS_PER_MINUTE)
            assert await plane.within(silent, seconds=60)
            await plane.within(lambda: "Watchdog alarms" in str(mails.to("fay@example.com")[-1]))
