"""The words of `sunwise rota`: what a draft is like, what changes for whom, why there are gaps."""

import pytest

from sunwise.cli.rota import (
    NotOneUnit,
    consequence_lines,
    draft_lines,
    unit_of,
)
from sunwise.cli.rota_words import RULES, explanation_lines
from sunwise.people.rota.core.explain import LIFTS

HOUR = 3_600 * 10**9
PIECE = {"start_ns": 0, "end_ns": 8 * HOUR, "role": "primary", "before": "ana", "after": "bo"}


class Client:
    def get(self, path):
        assert path == "/people/rota/units"
        return [
            {"unit": "core.24x7-one", "services": ["ledger"]},
            {"unit": "core.daylight", "services": ["desk", "wiki"]},
        ]


def test_a_unit_is_named_by_itself_or_by_one_of_its_services():
    assert unit_of(Client(), "core.daylight") == "core.daylight"
    assert unit_of(Client(), "ledger") == "core.24x7-one"
    with pytest.raises(NotOneUnit, match=r"there are: core\.24x7-one, core\.daylight"):
        unit_of(Client(), "nothing")


def test_a_draft_is_told_with_its_bounds_and_the_choices_there_are():
    point = {"night_h": 3.0, "worst_burden": 90.0, "gini": 0.2, "default": "it is"}
    figures = {
        "by": "solver",
        "bounds": {"gap_h": 0.0, "night_h": 2.5},
        "gap_h": 0.0,
        "night_h": 3.0,
    }
    front = [point, point | {"night_h": 9.0, "default": ""}]
    page = {
        "burdens": {"0": {"worst_burden": 90.0, "gini": 0.2, "front": front}},
        "unit": "core.24x7-one",
        "drafts": {"0": 4},
        "figures": {"0": figures},
        "shifts": [{"person": "ana"}, {"person": None}],
    }
    told = "\n".join(draft_lines(page))
    assert "Draft 4 of core.24x7-one: 1 shifts, found by solver." in told
    assert "nights    3.0 h   proven: at least 2.5 h" in told
    assert told.count("(this is the default)") == 1
    assert "--point 1: 9.0 h of nights" in told
    hidden = "\n".join(draft_lines(page | {"burdens": None}))
    assert "burdens are not shown" in hidden
    assert "worst burden" not in hidden


def test_consequences_say_who_loses_who_gets_and_who_is_asked():
    change = {"changes": [PIECE], "waits_for": ["bo"], "state": "open"}
    about = {"unit": "core.24x7-one", "services": ["ledger", "matching"]}
    found = about | {"problem": "", "vacated": [PIECE], "change": change}
    lines = list(consequence_lines(found))
    assert lines[0] == "ledger, matching:"
    assert "ana cannot; it is a gap" in lines[1]
    assert "ana -> bo" in lines[2]
    assert lines[3] == "It needs the own yes of bo."
    nothing = about | {"problem": "plan it anew.", "vacated": [], "change": None}
    assert list(consequence_lines(nothing)) == [
        "ledger, matching:",
        "It cannot be mended: plan it anew.",
        "Nothing changes hands.",
    ]


def test_an_explanation_names_the_rules_and_who_is_missing():
    found = {
        "explanation": {
            "gap_h": 56.0,
            "conflict": ["weekly_rest_h", "leave"],
            "relaxations": [["leave", 40.0]],
            "is_finished": True,
        },
        "missing": {"people": 1, "bands": [[14, 29, 1]], "is_enough": True},
        "seconds": 12.0,
    }
    assert list(explanation_lines(found)) == [
        "56 h that are left of these 4 weeks cannot lawfully be covered.",
        "Together these stand against it; without any one of them there need be no gap:",
        "  the weekly rest (law: nobody may waive it)",
        "  leave",
        "Hours that would be covered if one alone did not hold for anybody:",
        "     40 h without leave",
        "Who would close it, with every rule kept:",
        "  1 more person whose day is 14:00 to 05:00 UTC, as in Denver",
    ]
    unfinished = {
        "explanation": found["explanation"] | {"is_finished": False},
        "missing": found["missing"] | {"is_enough": False},
        "seconds": 61.0,
    }
    told = list(explanation_lines(unfinished))
    assert "This is what 61 s were enough for: fewer of these rules may stand" in told
    assert told[-1] == "  and more than these: they leave a gap, and the search ended there"
    nothing = {"explanation": None, "missing": None}
    assert next(explanation_lines(nothing)).startswith("There need not be a gap")


def test_every_rule_has_words():
    assert list(RULES) == list(LIFTS)
