"""The reference pages say what the code says."""

import importlib.util
from functools import cache
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = ("endpoints.md", "errors.md", "log-format.md", "settings.md")


@cache
def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", REFERENCE / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_up_to_date(name):
    if (REFERENCE / name).read_text("utf-8") != generated()[name]:
        pytest.fail(
            f"docs/reference/{name} is not what the code says.\n"
            "-> Write it anew: .venv/bin/python docs/reference/generate.py",
            pytrace=False,
        )


def test_every_generated_page_is_held_against_the_code():
    assert sorted(generated()) == sorted(PAGES)
