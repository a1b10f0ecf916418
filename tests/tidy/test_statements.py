"""The forty statements about Binance's API: each is a named test, or says which part comes later."""

import ast
from pathlib import Path

STATEMENTS = Path(__file__).resolve().parents[1] / "compat" / "statements"
HOW_MANY = 40


def numbers() -> list[int]:
    """The statement that each test named `test_NN_...` is about."""
    return [
        int(node.name[5:7])
        for file in STATEMENTS.glob("test_*_statements.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name[5:7].isdecimal()
    ]


def test_every_statement_has_a_test():
    missing = sorted(set(range(1, HOW_MANY + 1)) - set(numbers()))
    assert not missing, (
        f"no test is about statement {missing} -> Name one test_NN_..., or skip it with LATER."
    )


def test_what_is_skipped_belongs_to_a_later_issue():
    for file in STATEMENTS.glob("test_*_statements.py"):
        for node in ast.parse(file.read_text()).body:
            marks = getattr(node, "decorator_list", [])
            skips = [mark for mark in map(ast.unparse, marks) if "mark.skip" in mark]
            assert all("LATER" in mark for mark in skips), (
                f"{file.name}: {node.name} is skipped -> Say with LATER what it waits for."
            )
