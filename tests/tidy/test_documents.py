"""What the documents promise: links that lead somewhere, and examples that are Python."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]
)
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s#]*)(#[^)\s]*)?\)")
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def prose(document: Path) -> str:
    """The text without code blocks, where brackets mean something else."""
    return re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The fragments that GitHub makes of the document's headings."""
    headings = re.findall(r"^#+ +(.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    broken = []
    for target, fragment in LINK.findall(prose(document)):
        file = document.parent / target if target else document
        if not file.exists() or (fragment and fragment[1:] not in anchors(file)):
            broken.append(f"{document.relative_to(ROOT)} links to {target}{fragment}")
    assert not broken, "\n".join(
        [*broken, "-> Write a path that exists, relative to the document."]
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_are_python(document):
    for example in EXAMPLE.findall(document.read_text()):
        ast.parse(example, str(document))
