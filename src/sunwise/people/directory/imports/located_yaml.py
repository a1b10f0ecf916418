"""YAML as text with line numbers: no types, no tags, no bombs.

Every scalar stays the text that stands there (`no` is no country less than `fr`). Depth, size and the
nodes that aliases expand to are bounded before anything is built.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import yaml

from sunwise.people.directory.imports.bounds import Fault, Unreadable

MAX_CHARACTERS: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 30
MAX_NODES: Final = 500_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, in C where it was built


class At(NamedTuple):
    """A value and the line on which it stands."""

    value: Any
    """A text, a list of At, a table of At by text, or None."""
    line: int

    def get(self, *path: str) -> "At":
        """What stands at the path of tables, or At(None) on the nearest line."""
        found = self
        for name in path:
            table = found.value if isinstance(found.value, dict) else {}
            found = table.get(name, At(None, found.line))
        return found

    def text(self) -> str:
        """The text; empty for anything else."""
        return self.value if isinstance(self.value, str) else ""

    def items(self) -> list["At"]:
        """The entries of a list; none of anything else."""
        return self.value if isinstance(self.value, list) else []

    def table(self) -> dict[str, "At"]:
        """The entries of a table; none of anything else."""
        return self.value if isinstance(self.value, dict) else {}


def read_yaml(name: str, text: str) -> list[At]:
    """Each document of the file. Raises Unreadable."""
    if len(text) > MAX_CHARACTERS:
        limit = MAX_CHARACTERS // 1024 // 1024
        raise Unreadable([Fault(name, f"has more than {limit} MiB of YAML: split it")])
    try:
        _bounded(name, text)
        budget = _Budget(name)
        return [_read(node, budget) for node in yaml.compose_all(text, Loader=_Loader)]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or str(error)
        raise Unreadable([Fault(place, f"is not YAML: {problem}")]) from error


def _bounded(name: str, text: str) -> None:
    """Raises Unreadable before a parser would recurse, or build what nobody can read."""
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            what = f"{MAX_DEPTH} levels deep" if depth > MAX_DEPTH else f"{MAX_NODES:,} values"
            place = f"{name}:{_line(event)}"
            raise Unreadable([Fault(place, f"holds more than {what}: that is no catalogue")])


class _Budget:
    def __init__(self, name: str) -> None:
        self._name = name
        self._left = MAX_NODES

    def spend(self, node: yaml.Node, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            place = f"{self._name}:{_line(node)}"
            text = "expands to too much by its aliases (`*name`): write it out"
            raise Unreadable([Fault(place, text)])


def _read(node: yaml.Node, budget: _Budget, depth: int = 0) -> At:
    budget.spend(node, depth)
    line = _line(node)
    if isinstance(node, yaml.MappingNode):
        return At(dict(_pairs(node, budget, depth)), line)
    if isinstance(node, yaml.SequenceNode):
        return At([_read(each, budget, depth + 1) for each in node.value], line)
    assert isinstance(node, yaml.ScalarNode), "there is no other kind of node"
    is_nothing = node.value in ("", "~", "null") and not node.style
    return At(None if is_nothing else node.value, line)


def _line(marked: yaml.Node | yaml.Event) -> int:
    return marked.start_mark.line + 1 if marked.start_mark else 0


def _pairs(node: yaml.MappingNode, budget: _Budget, depth: int) -> Iterator[tuple[str, At]]:
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            yield key.value, _read(value, budget, depth + 1)
