"""Pieces of a page, and what the source says of itself."""
# ruff: noqa: INP001 - scripts of the documents; they show what modules keep private

import inspect
import re
from collections.abc import Iterable


def table(head: str, rows: Iterable[Iterable[object]]) -> str:
    """A table; `head` holds the column titles with bars between."""
    n_columns = head.count("|") + 1
    lines = [f"| {head} |", "|---" * n_columns + "|"]
    for row in rows:
        cells = [str(cell).replace("|", "\\|").replace("\n", " ") for cell in row]
        assert len(cells) == n_columns, f"{cells} does not fit {head}"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """Text in the type of code; nothing for nothing."""
    if "`" in str(text):
        return f"`` {text} ``"
    return f"`{text}`" if str(text) else ""


def comments(kind: type) -> dict[str, str]:
    """What the source says behind each member of an enumeration, or field of a class."""
    found: dict[str, str] = {}
    name = ""
    for line in inspect.getsource(kind).splitlines():
        begun = re.match(r"    (\w+)\s*(?::[^=#]*)?=", line)
        name = begun[1] if begun else name
        said = re.search(r"\S\s+# (.*)$", line)  # a line of its own speaks of what follows
        if name and said and name not in found:
            found[name] = said[1]
    return found


def first_line(kind: type) -> str:
    """The first line of its docstring."""
    return str(inspect.getdoc(kind)).split("\n", 1)[0]
