"""Figures of people are shown where somebody has agreed to it, and nowhere else."""

import pytest

from sunwise.chassis.guard import OPERATOR, Role
from sunwise.chassis.guard.analyses import (
    EVERYWHERE,
    TABLE,
    Agreed,
    Agreement,
    Analyses,
    Analysis,
)
from sunwise.contracts.people.directory import Person

NIGHTS, BURDEN = Analysis.NIGHTS_PER_PERSON, Analysis.BURDEN_OF_TEAM
AGREEMENT = {"reference": "BV 12/2026", "agreed_by": "works council", "agreed_on": "2026-11-01"}


def person(country="DE", hub=None):
    return Person(id="x", name="X", email="x@y.z", zone="Europe/Paris", country=country, hub=hub)


def agreed(**rules):
    return Agreed(
        {(NIGHTS, place.replace("_", ":")): is_allowed for place, is_allowed in rules.items()}
    )


def test_what_tells_of_one_person_is_off_until_it_is_agreed_to():
    for analysis, about in TABLE.items():
        assert Agreed().may(analysis, [person()]) is not about.is_per_person
    assert set(TABLE) == set(Analysis)


def test_a_figure_that_is_not_agreed_to_is_not_even_reckoned():
    def never():
        raise AssertionError

    assert Agreed().figure(NIGHTS, [person()], never) is None
    assert agreed(country_DE=True).figure(NIGHTS, [person()], lambda: 3.5) == 3.5


@pytest.mark.parametrize(
    ("rules", "who", "may"),
    [
        ({"country_DE": True}, {}, True),
        ({"country_DE": True}, {"country": "FR"}, False),
        ({"everywhere": True}, {}, True),
        ({"everywhere": True, "country_DE": False}, {}, False),
        ({"country_DE": True, "hub_paris": False}, {"hub": "paris"}, False),
        ({"country_DE": False, "hub_paris": True}, {"hub": "paris"}, True),
        ({"country_DE": False, "hub_paris": True}, {"hub": "rome"}, False),
    ],
)
def test_the_narrowest_place_is_right(rules, who, may):
    assert agreed(**rules).may(NIGHTS, [person(**who)]) is may


def test_it_is_shown_of_a_team_when_it_may_be_of_everybody_in_it():
    rules = agreed(country_DE=True)
    assert rules.may(NIGHTS, [person(), person()])
    assert not rules.may(NIGHTS, [person(), person("FR")])


def test_of_somebody_whom_nobody_knows_nothing_is_shown():
    assert not agreed(everywhere=True).may(NIGHTS, [])
    assert Agreed().may(BURDEN, [])


def test_an_agreement_takes_the_place_of_the_one_before_and_is_in_the_log(site):
    analyses = Analyses(site.store)
    for is_allowed in (True, False):
        found = Agreement(analysis=NIGHTS, place=EVERYWHERE, is_allowed=is_allowed, **AGREEMENT)
        analyses.enter(found, by=OPERATOR)
        assert analyses.all() == [found]
        assert analyses.agreed().may(NIGHTS, [person()]) is is_allowed
    first, second = site.store.audit.entries(limit=2)
    assert (second.act, first.act) == ("analysis.allow", "analysis.forbid")
    assert first.subject == "nights-per-person"
    assert "BV 12/2026" in first.detail


@pytest.mark.asyncio
async def test_it_takes_two_people_and_everybody_sees_what_was_agreed(site):
    site.store.grant("cleo", Role.ADMINISTRATOR, by=OPERATOR)
    cleo, _ = site.token("cleo")
    path = "/analyses/nights-per-person/country:DE"
    body = {"is_allowed": True, **AGREEMENT}
    async with site.client(token=site.ada) as ada, site.client(token=site.ben) as ben:
        assert (await ben.put(path, json=body)).status_code == 403
        asked = await ada.put(path, json=body)
        assert (asked.status_code, asked.json()["state"]) == (202, "proposed")
        assert "works council, BV 12/2026" in asked.json()["summary"]
        for bad in ("/analyses/nights-per-person/mars", "/analyses/mood/everywhere"):
            assert (await ada.put(bad, json=body)).status_code == 422
        listed = {each["analysis"]: each for each in (await ben.get("/analyses")).json()}
        assert listed["nights-per-person"]["places"] == []
        async with site.client(token=cleo) as second:
            change = asked.json()
            approved = await second.post(
                f"/changes/{change['id']}/approve", json={"content_hash": change["content_hash"]}
            )
        assert approved.json()["state"] == "applied"
        listed = {each["analysis"]: each for each in (await ben.get("/analyses")).json()}
    [place] = listed["nights-per-person"]["places"]
    assert place == {"place": "country:DE", "is_allowed": True, **AGREEMENT}
    assert not listed["nights-per-person"]["is_allowed_elsewhere"]
    assert listed["burden-of-team"]["is_allowed_elsewhere"]
    site.store.audit.verify()
