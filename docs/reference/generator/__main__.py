"""Writes the reference pages that can be read off the code.

`python -m docs.reference.generator` writes them into the folder above; a tidy test holds them against
the code. It starts nothing and needs no exchange.
"""
# ruff: noqa: INP001 - scripts of the documents, no package

from pathlib import Path
from typing import Final

from docs.reference.generator.endpoints import endpoints_page
from docs.reference.generator.errors import errors_page
from docs.reference.generator.log_format import log_format_page
from docs.reference.generator.rights import rights_page
from docs.reference.generator.settings import settings_page
from docs.reference.generator.working_time import working_time_page

FOLDER: Final = Path(__file__).resolve().parents[1]
HEAD: Final = "<!-- Written by python -m docs.reference.generator. Change the code, or that. -->\n"


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    return {
        "errors.md": HEAD + errors_page(),
        "settings.md": HEAD + settings_page(),
        "log-format.md": HEAD + log_format_page(),
        "rights.md": HEAD + rights_page(),
        "endpoints.md": HEAD + endpoints_page(),
        "working-time.md": HEAD + working_time_page(),
    }


def main() -> None:
    """Writes the pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
