"""The reference pages say what the code says."""

from functools import cache
from pathlib import Path

import pytest
from docs.reference.generator.__main__ import pages

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = (
    "endpoints.md",
    "errors.md",
    "log-format.md",
    "rights.md",
    "settings.md",
    "working-time.md",
)


@cache
def generated() -> dict[str, str]:
    return pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_up_to_date(name):
    if (REFERENCE / name).read_text("utf-8") != generated()[name]:
        pytest.fail(
            f"docs/reference/{name} is not what the code says.\n"
            "-> Write it anew: .venv/bin/python -m docs.reference.generator",
            pytrace=False,
        )


def test_every_generated_page_is_held_against_the_code():
    assert sorted(generated()) == sorted(PAGES)
