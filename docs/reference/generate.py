"""Writes the reference pages that can be read off the code.

`python docs/reference/generate.py` writes them beside this file; a tidy test holds them against the
code. It starts nothing and needs no exchange.
"""
# ruff: noqa: INP001, SLF001 - a script of the documents, no package; it shows what modules keep private

import ast
import inspect
import re
import struct
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from sunwise.chassis.clock import SystemClock
from sunwise.chassis.config import SettingDescription, describe_settings
from sunwise.chassis.http import messages, protocol
from sunwise.chassis.log import Catalog, WriterSettings
from sunwise.chassis.nats_server import NatsServerSettings
from sunwise.cli.place import BusSettings, TimeSettings
from sunwise.contracts.exchange import log, records, rejects
from sunwise.exchange.accounts.service import AccountsSettings
from sunwise.exchange.clock.ticking import ClockSettings
from sunwise.exchange.engine.service import EngineSettings
from sunwise.exchange.gateway import errors, stream_control
from sunwise.exchange.gateway.authentication import KeyRing
from sunwise.exchange.gateway.limits import LimitSettings
from sunwise.exchange.gateway.listings import Listings
from sunwise.exchange.gateway.registry import Endpoint, Registry
from sunwise.exchange.gateway.service import Core, GatewaySettings
from sunwise.exchange.gateway.streams import INTERVALS, StreamKind, parse_stream
from sunwise.exchange.gateway.websocket_connection import LineSettings
from sunwise.exchange.history.service import HistorySettings
from sunwise.exchange.market_data.service import MarketDataSettings

HERE: Final = Path(__file__).resolve().parent
GATEWAY: Final = Path(str(errors.__file__)).parent
HEAD: Final = "<!-- Written by docs/reference/generate.py. Change the code, or that file. -->\n"


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    return {
        "errors.md": HEAD + errors_page(),
        "settings.md": HEAD + settings_page(),
        "log-format.md": HEAD + log_format_page(),
        "endpoints.md": HEAD + endpoints_page(),
    }


def main() -> None:
    """Writes the pages."""
    for name, text in pages().items():
        (HERE / name).write_text(text, "utf-8")


# ---- Markdown ----


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


# ---- errors ----


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
    for path in sorted(GATEWAY.glob("*.py")):
        if path.name.startswith(("websocket", "stream", "user")):
            for arguments in _calls(path, "ApiError"):
                if isinstance(arguments[0], int) and isinstance(arguments[1], str):
                    found.add((arguments[0], code(arguments[1]), path.name))
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


# ---- settings ----

READ: Final[dict[str, type[msgspec.Struct]]] = {
    "bus": BusSettings,
    "time": TimeSettings,
    "engine": EngineSettings,
    "gateway": GatewaySettings,
    "accounts": AccountsSettings,
    "market_data": MarketDataSettings,
    "history": HistorySettings,
}
"""What `sunwise run` reads, by section."""
FIXED: Final[dict[str, type[msgspec.Struct]]] = {
    "the embedded nats-server": NatsServerSettings,
    "the clock": ClockSettings,
    "writers of the log": WriterSettings,
    "request and order limits": LimitSettings,
    "REST connections": messages.HttpLimits,
    "WebSocket connections": LineSettings,
}
"""What the code sets and nobody can change from outside."""


def settings_page() -> str:
    """Every setting of every service, and what is fixed."""
    read = "".join(_section(name, kind) for name, kind in READ.items())
    fixed = "".join(
        f"\n### {title[0].upper() + title[1:]}\n\n{_fixed_table(kind)}"
        for title, kind in FIXED.items()
    )
    return f"""# Settings

A service's settings are read once, when its process starts. For each the environment variable rules,
then the TOML file that `sunwise run --settings FILE` names (a section in brackets), then the default.
The unit is the end of the name: `_s` seconds, `_ns` nanoseconds, `_bytes` bytes. A value beyond its
limits, and a name that does not exist, stop the start with a sentence that says so.

`sunwise up` hands its own environment on to the services, so a variable works there too:
`SUNWISE_GATEWAY_LIMITS_ENABLED=false sunwise up`. It sets `[bus]`, `[time]` and, in `[gateway]`,
`host`, `rest_port`, `ws_port` and `legacy_listen_key` by its own options (so the ports are 7070 and
7071 there), and takes no settings file: settings without a variable are out of its reach.

Two more variables: `SUNWISE_DATA`, the data folder, and `SUNWISE_CACHE_DIR`, below which compiled
machine code is kept (else `XDG_CACHE_HOME`, else `~/.cache`).
{read}
## Fixed in the code

These are not read from anywhere. They are listed because answers and runbooks depend on them. The
gateway's settings replace those of the same name.
{fixed}"""


def _section(section: str, kind: type[msgspec.Struct], *, has_variable: bool = True) -> str:
    nested = {
        field.name: field.type
        for field in msgspec.structs.fields(kind)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    }
    rows = []
    for row in describe_settings(kind, section):
        name = row.name.rpartition(".")[2]
        if name not in nested:
            variable = code(row.variable) if has_variable else "file only"
            rows.append((code(name), variable, row.type, _default(row), row.limits, row.meaning))
    text = f"\n## [{section}]\n\n{_first_line(kind)}\n\n"
    if rows:
        text += table("Name | Variable | Type | Default | Limits | Meaning", rows)
    for name, inner in nested.items():
        text += _section(f"{section}.{name}", inner, has_variable=False)
    return text


def _fixed_table(kind: type[msgspec.Struct]) -> str:
    beside = comments(kind)
    rows = [
        (code(name), _default(row), row.meaning or beside.get(name, ""))
        for row in describe_settings(kind, "")
        if (name := row.name.removeprefix("."))
    ]
    return f"{_first_line(kind)}\n\n{table('Name | Value | Meaning', rows)}"


def _default(row: SettingDescription) -> str:
    default = row.default
    if default == "required":
        return default
    return f"`{default}`" if default else "empty"


def _first_line(kind: type) -> str:
    return str(inspect.getdoc(kind)).split("\n", 1)[0]


# ---- the log's format ----

_BATCH_HEADER: Final = (
    ("magic", "`SWCB`"),
    ("schema", str(records.SCHEMA_ID)),
    ("stride", "bytes of one record: 192"),
    ("count", "command records, 1 to 256"),
    ("room", "zero"),
    ("crc", "CRC-32 (ISO 3309) of header and records, computed with this field as zero"),
    ("writer", "1 clock, 2 admin, from 16 gateways"),
    ("room", "zero"),
    ("epoch", "rises with every start of the writer"),
    ("batch_no", "1, 2, 3... within the epoch"),
    ("batch_ns", "the writer's time, ns since 1970"),
    ("room", "zero"),
)
_EVENT_HEADER: Final = (
    ("magic", "`SWEV`"),
    ("schema", str(records.SCHEMA_ID)),
    ("stride", "bytes of one record: 256"),
    ("count", "event records, 0 to 4,000"),
    ("crc", "CRC-32 (ISO 3309) of header and records, computed with this field as zero"),
    ("flags", "BatchFlag"),
    ("room", "zero"),
    ("room", "zero"),
    ("writer", "whose batch"),
    ("command_seq", "sequence of the batch in CMD"),
    ("part", "0, 1, 2... within the batch"),
    ("epoch", "of the batch"),
    ("batch_no", "of the batch"),
    ("time_ns", "log time of the batch, ns since 1970"),
    ("previous_chain", "chain of the event message before; 16 zero bytes for the first"),
    ("chain", "BLAKE2b, 16 bytes, of this header (crc and chain as zero) and the records"),
)
_TYPES: Final = {"B": "u1", "H": "u2", "I": "u4", "q": "i8", "s": "c", "x": "x"}


def log_format_page() -> str:
    """Framing and records, to the byte."""
    command_tables = "".join(
        f"\n### Command: {name}\n\n{_record_table(fields)}"
        for name, fields in records.COMMAND_TABLES.items()
    )
    event_tables = "".join(
        f"\n### Event: {name}\n\n{_record_table(fields)}"
        for name, fields in records.EVENT_TABLES.items()
    )
    enumerations = "".join(_enumeration(kind) for kind in _ENUMERATIONS)
    return f"""# The format of the log

Schema {records.SCHEMA_ID}. Everything is little-endian and without hidden padding. A record keeps its
fields, places and meanings for ever; new fields take the place of room, which is zero until then.
What the log is for: [the flow of an order](../explanation/flow-of-an-order.md). How to check it
without this code: [determinism and replay](../explanation/determinism-and-replay.md).

Types: `u1` `u2` `u4` unsigned and `i4` `i8` signed integers of so many bytes; `cN` N bytes, as text
UTF-8 padded with zeros; `xN` N bytes of room.

## Streams and subjects

{table("What | Name | Subject", _stream_rows())}
Shards are named; today there is one, `0`. Writers are called `clock`, `admin` and `g<number>`, the
first gateway `g{log.FIRST_GATEWAY_WRITER}`. A batch's place in `CMD` is its `command_seq`; the position
of an event message is `(command_seq, part)`, never its sequence in `EVT`.

## Command batch

One message of `CMD`: {log.BATCH_HEADER_BYTES} bytes of header, then 1 to {log.MAX_BATCH_COMMANDS} command
records of {records.COMMAND_STRIDE} bytes.

{table("Offset | Type | Field | Meaning", _header_rows(log._BATCH, _BATCH_HEADER))}
## Event message

One message of `EVT`: {log.EVENT_HEADER_BYTES} bytes of header, then up to {log.MAX_PART_EVENTS:,} event
records of {records.EVENT_STRIDE} bytes. Every batch has at least one message; what does not fit
follows in further parts, and the last part has the flag LAST.

{table("Offset | Type | Field | Meaning", _header_rows(log._EVENT, _EVENT_HEADER))}
{_enumeration(log.BatchFlag)}
## Command records

{records.COMMAND_STRIDE} bytes each. `kind` says which table reads the rest: PLACE, CANCEL and
CANCEL_ALL are of table order; OPEN_ACCOUNT, DEPOSIT, WITHDRAW, CREDIT and DEBIT of funds; LIST_ASSET
of asset; LIST_SYMBOL and SET_SYMBOL_STATUS of symbol; CLOCK, RAISE_CAPACITY and ACTIVATE_RULES of
control.
{command_tables}
## Event records

{records.EVENT_STRIDE} bytes each. TRADE and PREVENTED are of table trade; ACCOUNT_OPENED and FUNDS_MOVED
of funds; ASSET_LISTED of asset; SYMBOL_LISTED and SYMBOL_STATUS_SET of symbol; CAPACITY_RAISED and
RULES_ACTIVATED of control; all others, REJECTED too, of order.
{event_tables}
## Numbers

`reject` of a REJECTED event: [errors](errors.md#what-the-engine-refuses).
{enumerations}"""


_ENUMERATIONS: Final[tuple[type, ...]] = (
    records.CommandKind,
    records.CommandFlag,
    records.EventKind,
    records.EventFlag,
    records.Side,
    records.OrderType,
    records.TimeInForce,
    records.SelfTradePrevention,
    records.SymbolStatus,
    records.ExpiryReason,
    records.RuleFlag,
    records.Capacity,
)


def _stream_rows() -> Iterator[tuple[object, ...]]:
    gateway = log.FIRST_GATEWAY_WRITER
    commands, events = log.command_stream("0"), log.event_stream("0")
    yield "commands, stored", code(commands), code(log.command_subject("0", gateway))
    yield "events, stored", code(events), code(log.event_subject("0", gateway))
    yield "copies of stored events", "not stored", code(log.reply_subject("0", gateway))


def _header_rows(
    layout: struct.Struct, fields: tuple[tuple[str, str], ...]
) -> Iterator[tuple[object, ...]]:
    pieces = re.findall(r"(\d*)([a-zA-Z])", layout.format)
    types = [
        (count, letter)
        for count, letter in pieces
        for _ in range(1 if letter in "sx" or not count else int(count))
    ]
    types = [(count if letter in "sx" else "", letter) for count, letter in types]
    assert len(types) == len(fields), "the header has changed: name its fields anew"
    at = 0
    for (count, letter), (name, meaning) in zip(types, fields, strict=True):
        size = struct.calcsize(f"<{count}{letter}")
        kind = f"{_TYPES[letter]}{size}" if letter in "sx" else _TYPES[letter]
        yield at, kind, code(name), meaning
        at += size
    assert at == layout.size, "the header has another size than its fields"


def _record_table(fields: tuple[records.Field, ...]) -> str:
    places = records.offsets(fields)
    rows = [(places[f.name], f.code, code(f.name), f.unit) for f in fields]
    return table("Offset | Type | Field | Unit or meaning", rows)


def _enumeration(kind: type) -> str:
    meanings = comments(kind)
    members = {name: value for name, value in vars(kind).items() if name.isupper()}
    rows = [(int(value), code(name), meanings.get(name, "")) for name, value in members.items()]
    said = _first_line(kind)
    return f"\n### {kind.__name__}\n\n{said}\n\n{table('Number | Name | Meaning', rows)}"


# ---- endpoints ----

_STREAMS: Final = (
    ("<symbol>@trade", "each trade"),
    ("<symbol>@aggTrade", "trades of one taker order at one price"),
    ("<symbol>@bookTicker", "best bid and ask, when they change"),
    ("<symbol>@depth", "changed levels, each second"),
    ("<symbol>@depth@100ms", "changed levels, ten times a second"),
    ("<symbol>@depth5", "best 5, 10 or 20 levels; also with `@100ms`"),
    ("<symbol>@kline_1m", f"candles: {', '.join(INTERVALS)}"),
    ("<symbol>@ticker", "24 hours, each second"),
    ("<symbol>@miniTicker", "24 hours, short, each second"),
    ("<symbol>@avgPrice", "average price, each second when it changed"),
    ("!miniTicker@arr", "24 hours of all symbols that changed"),
)


_ONE: Final = {"symbol": "A"}
_SYMBOL_CASES: Final = (("one symbol", _ONE), ("more", {}))
_WINDOW_CASES: Final = (("each symbol", _ONE), ("at most", {"symbols": ("A",) * 100}))
_NEW_ORDER: Final = {"symbol": "A", "side": 0, "type": 0}
_WEIGHTS: Final[dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "depth": tuple(
        (f"to {limit} levels", _ONE | {"limit": limit}) for limit in (100, 500, 1_000, 5_000)
    ),
    "ticker_24hr": (
        ("one symbol", _ONE),
        ("to 20 symbols", {"symbols": ("A",) * 20}),
        ("to 100", {"symbols": ("A",) * 100}),
        ("beyond, or all", {}),
    ),
    "ticker_price": _SYMBOL_CASES,
    "ticker_book": _SYMBOL_CASES,
    "ticker_tradingDay": _WINDOW_CASES,
    "ticker": _WINDOW_CASES,
    "test_order": (
        ("plain", _NEW_ORDER),
        ("with computeCommissionRates", _NEW_ORDER | {"compute_commission_rates": True}),
    ),
    "openOrders_status": (("one symbol", _ONE), ("all", {})),
    "myTrades": (("with orderId", _ONE | {"order_id": 1}), ("without", _ONE)),
}
"""Parameters that show each weight of an endpoint whose weight depends on them."""


def endpoints_page() -> str:
    """REST, WebSocket API and streams; and what Binance has beyond them."""
    registry = _registry()
    api = [each for each in registry.endpoints if not each.name.startswith("stub_")]
    stubs = [each for each in registry.endpoints if each.name.startswith("stub_")]
    return f"""# Endpoints

All that clients can ask. The same list makes the running gateway's `/docs` and `/openapi.json`, where
each parameter's range stands too. Parameters with a question mark may be left out; signed endpoints
take `timestamp`, `recvWindow?` and `signature` besides.

Security: NONE needs nothing, KEY a header `X-MBX-APIKEY`, everything else a signature too, of a key
that has this permission. "Back" means that a call which succeeds costs no weight, as on Binance.

## REST and WebSocket API

REST is at `http://HOST:7070`, the WebSocket API at `ws://HOST:7071/ws-api/v3` (the ports of
`sunwise up`).

{table("REST | WebSocket API | Security | Weight | Parameters | What", map(_endpoint_row, api))}
## Asked by clients at their start

Margin, futures and wallet do not exist here; these answer as an exchange without them would.

{table("REST | Security | What it answers", map(_stub_row, stubs))}
## Market streams

At `ws://HOST:7071/ws/<stream>` and `/stream?streams=<stream>/<stream>`; `/ws/<anything>` opens a
connection to SUBSCRIBE on. Control messages: {", ".join(stream_control._METHODS)}.

{table("Stream | What", _stream_names())}
User data comes over the WebSocket API (`userDataStream.subscribe.signature`, or `session.logon` and
`userDataStream.subscribe`): `executionReport`, `outboundAccountPosition`, `balanceUpdate` and
`eventStreamTerminated`, each as `{{"subscriptionId":0,"event":{{...}}}}`.

## Of Sunwise itself

{table("REST | What", _own_rows())}
## Not built yet

What Binance's documentation of 2026-07-21 has and Sunwise has not. REST answers 404 with `-1020`, the
WebSocket API `-1020`. Tiers are the order in which they will be built.

{table("Tier | REST | WebSocket API", _missing_rows(registry))}
REST has {_coverage(registry, "REST")}, the WebSocket API {_coverage(registry, "WS")}."""


def _registry() -> Registry:
    """The gateway's registry, around nothing that could answer."""
    nothing: Any = None
    core = Core(
        nothing,
        nothing,
        listings=Listings(Catalog()),
        ring=KeyRing(),
        clock=SystemClock(),
        settings=GatewaySettings(),
        listen_keys=None,
    )
    return core.registry


def _endpoint_row(endpoint: Endpoint) -> tuple[object, ...]:
    rest = code(f"{endpoint.method} {endpoint.path}") if endpoint.path else ""
    names = [f"{f.name}{'' if f.required else '?'}" for f in endpoint.reader.fields]
    return (
        rest,
        code(endpoint.ws_method),
        endpoint.security.value,
        _weight(endpoint),
        code(", ".join(names)),
        endpoint.summary.rstrip("."),
    )


def _weight(endpoint: Endpoint) -> str:
    weight = endpoint.weight
    if isinstance(weight, int):
        return str(weight) if endpoint.weight_on_success else f"{weight}, back"
    cases = _WEIGHTS[endpoint.name]
    return "; ".join(f"{case}: {weight(endpoint.params(**given))}" for case, given in cases)


def _stub_row(endpoint: Endpoint) -> tuple[object, ...]:
    said = str(inspect.getdoc(endpoint.handler)).split("\n", 1)[0].rstrip(".")
    return code(f"{endpoint.method} {endpoint.path}"), endpoint.security.value, said


def _stream_names() -> Iterator[tuple[object, ...]]:
    for name, meaning in _STREAMS:
        found = parse_stream(name.replace("<symbol>", "btcusdt"))
        assert found is not None, f"{name} cannot be a stream"
        assert found.kind is not StreamKind.NONE, f"{name} does not exist"
        yield code(name), meaning


def _own_rows() -> Iterator[tuple[object, ...]]:
    yield code("GET /sunwise/v1/health"), "the gateway's process is up"
    yield code("GET /sunwise/v1/ready"), "200 when it takes orders, else 503 with the reasons"
    yield code("GET /docs"), "this list, for people"
    yield code("GET /openapi.json"), "OpenAPI 3.1; also `sunwise openapi`"


@cache
def _inventory() -> tuple[tuple[str, int, str], ...]:
    """(REST or WS, tier, what) of everything that Binance has."""
    lines = (HERE / "binance-inventory.txt").read_text("utf-8").splitlines()
    rows = (line.split(" ", 2) for line in lines if line and not line.startswith("#"))
    return tuple((transport, int(tier), what) for transport, tier, what in rows)


def _exists(registry: Registry, transport: str, what: str) -> bool:
    if transport == "WS":
        return what in registry.by_ws_method
    method, path = what.split(" ")
    return method in registry.by_path.get(path, {})


def _missing_rows(registry: Registry) -> Iterator[tuple[object, ...]]:
    missing = [row for row in _inventory() if not _exists(registry, row[0], row[2])]
    for tier in sorted({row[1] for row in missing}):
        rest, ws = (
            ", ".join(code(what) for t, n, what in missing if (t, n) == (transport, tier)) or "none"
            for transport in ("REST", "WS")
        )
        yield tier, rest, ws


def _coverage(registry: Registry, transport: str) -> str:
    rows = [row for row in _inventory() if row[0] == transport]
    there = sum(_exists(registry, *row[::2]) for row in rows)
    first = [row for row in rows if row[1] == 1]
    all_first = sum(_exists(registry, *row[::2]) for row in first)
    return f"{there} of {len(rows)} ({all_first} of {len(first)} of tier 1)"


if __name__ == "__main__":
    main()
