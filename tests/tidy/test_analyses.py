"""Every figure that tells something of somebody belongs to an analysis, and comes out of the one gate."""

import ast
import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from fastapi import APIRouter, Response
from fastapi.routing import APIRoute

from sunwise.chassis.duty.api import duty_router
from sunwise.chassis.guard.analyses import Shows
from sunwise.chassis.guard.api import guard_router
from sunwise.cli.people_owners import owners_router
from sunwise.cli.people_pager import pager_router
from sunwise.people.directory.api import directory_router
from sunwise.people.directory.scorecard import Scorecard
from sunwise.people.handoff.api import handoff_router
from sunwise.people.incidents.api import incidents_router
from sunwise.people.incidents.facts_api import facts_router
from sunwise.people.privacy.api import privacy_router
from sunwise.people.rota.api import rota_router
from sunwise.web.api import web_routers

SOURCE = Path(__file__).resolve().parents[2] / "src" / "sunwise"
FIGURE = re.compile(
    r"(?:^|_)(?:nights?|burdens?|points|gini|wakes?|woken|late|punctual(?:ity)?|took|age|fresh|worst|"
    r"score|rank|holds_from|answered|acknowledged|accepted_ns|front|load|speed)(?:_|$)"
)
NO_ANALYSIS = {
    "Effect.night_h": "what a swap that is not made yet would cost whom, for whoever decides on it",
    "Seat.nights": "when it is night in a declared zone; nothing of what anybody does",
    "Booked.points": "one's own rows of the burden ledger",
    "Change.changes": "which hours pass from whom to whom, for those whose yes it needs",
    "Job.result": "a Page of the rota, Consequences of a change, or which rules leave a gap",
    "Owned.is_handoff_fresh": "the Scorecard's, which has come out of the gate",
    "Page.figures": "gaps, nights and bounds of the team as a whole",
}
OPAQUE = {
    "GET /audit": "acts by pseudonym, for administrators",
    "GET /people/incidents/{incident}/export": "the timeline with its chain, by pseudonym",
    "GET /people/incidents/{incident}/review.md": "ShownReview in Markdown",
    "GET /people/rota/feeds/{feed}": "shifts as a calendar",
    "GET /people/rota/gaps": "gaps, which are nobody's",
    "GET /people/rota/units": "units and their windows",
    "GET /privacy/people/{person}": "one's own data, or for an answer to a request, without times",
    "GET /privacy/erasures": "counts of rows by table",
    "GET /privacy/erasures/{erasure}": "counts of rows by table",
    "GET /privacy/inventory": "the inventory",
}
"""Answers without a type, and what is in them; those of these prefixes are looked at below."""
PAGES = {
    "GET /",
    "GET /push-worker.js",
    "GET /rota",
    "GET /handoff",
    "GET /handoff/{handoff}",
    "GET /incidents",
    "GET /incidents/{incident}",
    "GET /evidence/fact/{fact:path}",
    "GET /evidence/page/{page}",
    "GET /evidence/holiday/{country}/{day}",
    "GET /approvals",
    "GET /login",
}
"""Files without anything of anybody."""
LOOKED_AT = (
    "/directory/",  # what the directory holds: no figures, whatever the route
    "/pager/",  # the pager's own answers: tests/unit/pager says that no time is in them
)


ADVICE = (
    "Write `Annotated[... | None, Shows(Analysis.X)]` and fill it with `agreed.figure(...)` "
    "(sunwise.chassis.guard.analyses), or say in this test why it tells nothing of anybody."
)


class Anything:
    """Stands for whatever a router is made with; routes are looked at, never asked."""

    def __getattr__(self, _name: str) -> "Anything":
        return self

    def __call__(self, *_args: Any, **_more: Any) -> "Anything":
        return self


def require(_right: object) -> Any:
    return lambda: None


ANYTHING: Any = Anything()
ROUTERS = {
    "directory_router": lambda: directory_router(
        ANYTHING, require=require, proposing=ANYTHING, clock=ANYTHING
    ),
    "duty_router": lambda: duty_router(ANYTHING, now_ns=ANYTHING, require=require),
    "facts_router": lambda: facts_router(ANYTHING, require=require, services=ANYTHING),
    "guard_router": lambda: guard_router(OpenGuard(), ANYTHING),
    "handoff_router": lambda: handoff_router(ANYTHING, require=require),
    "incidents_router": lambda: incidents_router(ANYTHING, require=require),
    "owners_router": lambda: owners_router(
        ANYTHING, now_ns=ANYTHING, require=require, handed_over=ANYTHING
    ),
    "pager_router": lambda: pager_router(ANYTHING, require=require),
    "privacy_router": lambda: privacy_router(ANYTHING, {}, ANYTHING, require=require),
    "rota_router": lambda: rota_router(
        ANYTHING, ANYTHING, ANYTHING, taking=ANYTHING, require=require, feed=lambda: None
    ),
}
OTHERS = {"scim_router": "SCIM's own resources", "shell_router": "static pages"}


class OpenGuard:
    """A guard whose dependencies FastAPI can look at."""

    store = origins = ANYTHING
    cookie = ""
    require = staticmethod(require)

    @staticmethod
    def signed_in() -> Any:
        return require(None)


@cache
def answers() -> dict[str, Any]:
    """The type of each route's answer, by method and path."""
    made = [make() for make in ROUTERS.values()]
    found = {}
    for router in (*made, *web_routers(ANYTHING, require=require)):
        assert isinstance(router, APIRouter)
        for route in router.routes:
            if isinstance(route, APIRoute) and not route.path.startswith(("/static", "/css")):
                hints = get_type_hints(route.endpoint, include_extras=True)
                for method in sorted(route.methods):
                    found[f"{method} {route.path}"] = hints.get("return", Any)
    return found


def classes_in(kind: Any) -> Iterator[type]:
    """Every class with fields that a type is made of, inside of others too."""
    seen: set[type] = set()
    waiting = [kind]
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and _has_fields(each) and each not in seen:
            seen.add(each)
            yield each
            waiting += get_type_hints(each, include_extras=True).values()
        waiting += get_args(each)


def _has_fields(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct)


def is_opaque(kind: Any) -> bool:
    """Anything could be in it."""
    if kind in (Any, Response) or (get_origin(kind) is dict and get_args(kind)[1] is Any):
        return True
    return any(map(is_opaque, get_args(kind)))


def analysis_of(kind: Any) -> Shows | None:
    is_annotated = get_origin(kind) is Annotated
    return (
        next((m for m in get_args(kind)[1:] if isinstance(m, Shows)), None)
        if is_annotated
        else None
    )


def report(findings: list[str]) -> None:
    if findings:
        pytest.fail("\n".join([*findings, f"-> {ADVICE}"]), pytrace=False)


def test_every_router_of_the_people_plane_is_looked_at():
    made = set()
    for path in SOURCE.glob("cli/people*.py"):
        made |= set(re.findall(r"(?<!\.)\b([a-z_]+_router)\(", path.read_text("utf-8")))
    assert made <= ROUTERS.keys() | OTHERS.keys()


def test_every_answer_says_what_is_in_it():
    report(
        [
            route
            for route, kind in answers().items()
            if is_opaque(kind)
            and route not in OPAQUE.keys() | PAGES
            and not route.split(" ")[1].startswith(LOOKED_AT)
        ]
    )


def test_every_figure_belongs_to_an_analysis():
    findings = []
    for route, answer in answers().items():
        for kind in classes_in(answer):
            for name, hint in get_type_hints(kind, include_extras=True).items():
                field = f"{kind.__name__}.{name}"
                is_figure = bool(FIGURE.search(name)) or is_opaque(hint)
                if is_figure and analysis_of(hint) is None and field not in NO_ANALYSIS:
                    findings.append(f"{route}: {field}")
    report(sorted(findings))


def test_every_figure_comes_out_of_the_gate():
    """Wherever a class with such fields is made, they are None or the gate's."""
    gated = {
        (kind.__name__, name)
        for answer in (*answers().values(), Scorecard)
        for kind in classes_in(answer)
        for name, hint in get_type_hints(kind, include_extras=True).items()
        if analysis_of(hint)
    }
    assert {name for name, _ in gated} == {"Scorecard", "Page", "Shift", "Owned"}
    findings = [
        f"{path.relative_to(SOURCE)}:{node.lineno} {keyword.arg}"
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        for keyword in node.keywords
        if (node.func.id, keyword.arg) in gated and not _is_gated(keyword.value)
    ]
    report(findings)


def _is_gated(value: ast.expr) -> bool:
    if isinstance(value, ast.IfExp):
        return _is_gated(value.body) and _is_gated(value.orelse)
    if isinstance(value, ast.Constant):
        return value.value is None
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "figure"
    )


def test_the_check_sees_a_figure_that_nobody_has_thought_of():
    @dataclasses.dataclass
    class Person:
        id: str
        wakes: int

    @dataclasses.dataclass
    class Answer:
        people: list[Person]

    globals()["Person"] = Person
    [inner] = [each for each in classes_in(list[Answer]) if each.__name__ == "Person"]
    assert [name for name in get_type_hints(inner) if FIGURE.search(name)] == ["wakes"]
