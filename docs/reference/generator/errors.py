"""Every refusal, by where it comes from."""
# ruff: noqa: INP001, SLF001 - scripts of the documents; they show what modules keep private

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from docs.reference.generator.markdown import code, comments, table

from sunwise.chassis.http import protocol
from sunwise.contracts.exchange import records, rejects
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.websocket import stream_control

GATEWAY: Final = Path(str(errors.__file__)).parent


def errors_page() -> str:
    """Every refusal, by where it comes from."""
    return f"""# Errors

What a client is told when something is refused, and why. Codes and messages are Binance's; where
Sunwise adds a sentence of its own, it stands in brackets at the end of the message. REST answers
`{{"code":-2010,"msg":"..."}}` with the HTTP status below; the WebSocket API puts the same pair under
`error`, with the status beside it.

After `-1007`, after `-1000` with HTTP 500, and after a connection that ended without an answer, an order
may or may not exist: ask for it by its client order id. Everything else on this page means that
nothing was done. What to do about `-1001`, `-1003`, `-1007` and `-1008`:
[the runbook](../runbooks/clients-are-refused.md).

## What the engine refuses

One number for each rule, in the order in which the rules are tried (capacities last). The number
stands in the field `reject` of a REJECTED event; see [the log's format](log-format.md).

{table("Number | Name | Meaning | Client sees | HTTP", _reject_rows())}
"Operator" rules can only be broken by the operator's own commands, never by a client.

## Why an order expired

An accepted order that ends by itself has status EXPIRED; `expiryReason` (in streams `eR`) says why.

{table("Number | Name | Meaning | `expiryReason`", _expiry_rows())}
## What happens between the edge and the log

{table("Fault | When | Client sees | HTTP", _fault_rows())}
## What the gateway refuses

Braces stand for what differs. Where "Retry-After" is yes, the answer has that header, and the
WebSocket API `retryAfter`.

{table("Code | HTTP | Message | When | Retry-After", _edge_rows())}
## Only on WebSockets

`-1034` is told as the reason of a close frame with code 1008.

{table("Code | Message | Module", _literal_rows())}
Market streams answer control messages with codes of their own, as Binance's do:

{table("Code | Message", _control_rows())}
## Before anything is a request

What is not HTTP/1.1, or too large or too slow, is answered in plain text and the connection ends.

{table("HTTP | Text", _protocol_rows())}"""


def _reject_rows() -> Iterator[tuple[object, ...]]:
    meanings = comments(rejects.Reject)
    for reject in rejects.Reject:
        if reject == rejects.Reject.NONE:
            continue
        said = meanings.get(reject.name, "")
        known = errors._REJECTS.get(reject)
        if known is None:
            yield int(reject), code(reject.name), said, "operator", ""
        else:
            told = f"{known.code} {code(known.message)}"
            yield int(reject), code(reject.name), said, told, known.status


def _expiry_rows() -> Iterator[tuple[object, ...]]:
    meanings = comments(records.ExpiryReason)
    for reason in records.ExpiryReason:
        word = errors.EXPIRY_REASONS.get(reason)
        told = code(word) if word else "none: status EXPIRED_IN_MATCH"
        said = meanings.get(reason.name, "")
        yield int(reason), code(reason.name), said, told


def _fault_rows() -> Iterator[tuple[object, ...]]:
    placed = errors.overloaded("the order was not placed; it is safe to send it again")
    for fault, when, error in (
        (
            "Overloaded",
            "too many commands wait, or the engine does not answer",
            errors.overloaded(),
        ),
        ("NotAccepted", "the command is not in the log and never will be", placed),
        ("OutcomeUnknown", "the command may be in the log", errors.unknown_outcome()),
        ("no answer of a read model", "a query, never an order", errors.internal()),
    ):
        yield fault, when, f"{error.code} {code(error.message)}", error.status


class _Slot(str):
    """Stands for whatever is put into a message."""

    __slots__ = ()


def _edge_rows() -> Iterator[tuple[object, ...]]:
    rows = []
    for function in vars(errors).values():
        if not inspect.isfunction(function) or function is errors.of_reject:
            continue
        given = {
            name: _Slot(f"{{{name}}}")
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.default is inspect.Parameter.empty
        }
        error = function(**given)
        when = str(function.__doc__).split("\n", 1)[0]
        later = "yes" if error.after_s else ""
        rows.append((error.code, error.status, code(error.message), when, later))
    return iter(sorted(rows, key=lambda row: (-row[0], row[1], row[2])))


def _literal_rows() -> Iterator[tuple[object, ...]]:
    found = set()
    for folder in ("lines", "streams", "users", "websocket"):
        for path in sorted((GATEWAY / folder).glob("*.py")):
            for arguments in _calls(path, "ApiError"):
                if isinstance(arguments[0], int) and isinstance(arguments[1], str):
                    found.add((arguments[0], code(arguments[1]), f"{folder}/{path.name}"))
    return iter(sorted(found, key=lambda row: (-row[0], row[1])))


def _control_rows() -> Iterator[tuple[object, ...]]:
    found = {
        (row[0], code(row[1]))
        for row in _calls(Path(str(stream_control.__file__)), "_Refused")
        if isinstance(row[1], str)
    }
    return iter(sorted(found))


def _protocol_rows() -> Iterator[tuple[object, ...]]:
    path = Path(str(protocol.__file__))
    found = {
        (row[0], code(row[1]))
        for name in ("_Refusal", "_stop")
        for row in _calls(path, name)
        if isinstance(row[0], int) and isinstance(row[1], str)
    }
    return iter(sorted(found))


def _calls(path: Path, name: str) -> Iterator[list[object]]:
    """The first two arguments of each call of this name, as far as the source tells them."""
    constants = _constants(path)
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Call) and len(node.args) >= 2:
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called == name:
                yield [_value(argument, constants) for argument in node.args[:2]]


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _constants(path: Path) -> dict[str, object]:
    return {
        node.target.id: node.value.value
        for node in _parsed(path).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def _value(node: ast.expr, constants: dict[str, object]) -> object:
    """A constant, or a text with braces where something is put in; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        number = node.operand.value
        return -number if isinstance(number, int) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{...}" for part in node.values
        )
    return None
