"""The shape of the source that no linter judges. A finding says what to do instead."""

import ast
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "sunwise"
PLANES = ("exchange", "platform", "people")

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
MAX_KERNEL_LINES = 70
MAX_POSITIONAL = 4
VAGUE_NAMES = {
    "base",
    "common",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "util",
    "utils",
}
CARD_WORDS = ("owns", "consumes", "publishes", "state", "owner")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def python_files() -> tuple[Path, ...]:
    trees = (ROOT / name for name in ("src", "tests", "benchmarks"))
    return tuple(sorted(path for tree in trees for path in tree.rglob("*.py")))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def where(path: Path, node: ast.stmt | None = None) -> str:
    line = f":{node.lineno}" if node else ""
    return f"{path.relative_to(ROOT)}{line}"


def functions(path: Path) -> Iterator[tuple[Function, bool]]:
    """Each function of the file, and whether it is a method that takes self or cls."""
    for node in ast.walk(parsed(path)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                static = "staticmethod" in decorators(child)
                yield child, isinstance(node, ast.ClassDef) and not static


def decorators(function: Function) -> set[str]:
    """The last name of each decorator: `kernel` for `@kernel`, `@jit.kernel` and `@kernel(...)`."""
    found = set()
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found.add(target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", ""))
    return found


def report(findings: list[str], advice: str) -> None:
    if findings:
        pytest.fail("\n".join([*findings, f"-> {advice}"]), pytrace=False)


def test_a_file_has_at_most_600_lines():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    report(
        [f"{where(p)} has {n} lines" for p, n in lengths.items() if n > MAX_FILE_LINES],
        "Split the file by noun: each part gets a name of its own and the imports show the order.",
    )


def test_a_function_has_at_most_60_lines_and_a_kernel_70():
    findings = []
    for path in python_files():
        for function, _ in functions(path):
            limit = MAX_KERNEL_LINES if "kernel" in decorators(function) else MAX_FUNCTION_LINES
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > limit:
                findings.append(
                    f"{where(path, function)} {function.name}: {lines} of {limit} lines"
                )
    report(
        findings,
        "Keep the branches in this function and move each loop or case into a function whose "
        "name starts with this one's.",
    )


def test_a_function_takes_at_most_4_positional_parameters():
    findings = []
    for path in python_files():
        if ROOT / "tests" in path.parents:  # fixtures, and the oracle's twins of kernels
            continue
        for function, is_method in functions(path):
            count = len(function.args.posonlyargs) + len(function.args.args) - is_method
            free = {"kernel", "override"} & decorators(function)  # a library sets the signature
            if count > MAX_POSITIONAL and not free:
                findings.append(f"{where(path, function)} {function.name} takes {count}")
    report(
        findings,
        f"Put `*` after at most {MAX_POSITIONAL} parameters, or give what belongs together a type; "
        "a method whose signature a library sets is marked `@override`.",
    )


def test_a_module_is_named_by_its_concept():
    names = {
        path: path.parent.name if path.stem == "__init__" else path.stem for path in python_files()
    }
    vague = [path for path, name in names.items() if VAGUE_NAMES & {name, name.rpartition("_")[2]}]
    report(
        [f"{where(path)} says nothing about its content" for path in vague],
        "Name the concept (rounding.py, backoff.py), or leave the four lines where they are used.",
    )


def test_a_service_folder_carries_its_card():
    findings = []
    for package in (p for plane in PLANES for p in SOURCE.glob(f"{plane}/*/__init__.py")):
        card = (ast.get_docstring(parsed(package)) or "").lower()
        missing = [
            word for word in CARD_WORDS if not re.search(rf"^\W*{word}\b", card, re.MULTILINE)
        ]
        if missing:
            findings.append(f"{where(package)} does not say: {', '.join(missing)}")
    report(
        findings,
        "Begin the package's docstring with what it is, then a line each `owns:`, `consumes:`, "
        "`publishes:`, `state:`, `owner:`.",
    )


def test_a_todo_carries_its_reason():
    findings = []
    reasoned = re.compile(r"TODO: .*\b(because|until|when|once)\b")
    for path in python_files():
        with tokenize.open(path) as stream:
            for token in tokenize.generate_tokens(stream.readline):
                if token.type != tokenize.COMMENT:
                    continue
                marked = re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string)
                if marked and not reasoned.search(token.string):
                    findings.append(f"{where(path)}:{token.start[0]} {token.string}")
    report(
        findings,
        "Do it now, delete the note, or write `TODO: what, because/until/when ...`.",
    )


def test_every_public_contract_is_documented():
    findings = []
    for path in (SOURCE / "contracts").rglob("*.py"):
        for node in parsed(path).body:
            named = isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_")
            if named and not ast.get_docstring(node):
                findings.append(f"{where(path, node)} {node.name}")
    report(
        findings,
        "Say what the message means and when it is sent; fields need units, ranges and "
        "whether a bound is inclusive.",
    )


def test_numba_is_set_up_in_one_place():
    findings = []
    for path in SOURCE.rglob("*.py"):
        if path.name == "jit.py":
            continue
        for node in ast.walk(parsed(path)):
            compiled = isinstance(node, Function) and {"jit", "njit"} & decorators(node)
            if compiled:
                findings.append(f"{where(path, node)} {node.name}")
    report(findings, "Use `@kernel` of engine/core/jit.py: one place decides how kernels compile.")


def imported(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Each import statement of the file with the top-level name that it loads."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module.partition(".")[0]


def named(requirements: list[str]) -> set[str]:
    """The packages that these lines ask for."""
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def test_what_is_imported_is_declared():
    """The people plane has an extra of its own: an exchange alone runs without it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    everywhere = named(project["dependencies"])
    of_people = everywhere | named(project["optional-dependencies"]["people"])
    providers = packages_distributions()
    findings = []
    for path in SOURCE.rglob("*.py"):
        in_people = path.relative_to(SOURCE).parts[0] in {"people", "daylight"}
        declared = of_people if in_people else everywhere
        for node, name in imported(path):
            if name in sys.stdlib_module_names or name == "sunwise":
                continue
            if name == "pytest" and path.stem == "pytest_plugin":
                continue  # only pytest loads its plugin
            if not declared & {canonicalize_name(found) for found in providers.get(name, ())}:
                findings.append(f"{where(path, node)} imports {name}")
    report(
        findings,
        "Use what is declared, or add the package to pyproject.toml and its reason to "
        "docs/decisions/0002-dependencies.md, then `make lock`.",
    )
