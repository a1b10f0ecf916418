"""What every service owes a person: to hand out all that it holds of them, and to forget it.

A service says of each of its tables how it names people (`Naming`); the rest is the same for all. What
names nobody any more stays: past duty, others' notes, chained rows under a pseudonym whose key is gone.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, RowMapping, Table, delete, or_, select, update

ERASED: Final = "erased"
"""Stands wherever an erased person was."""

_ROWS: Final = 500

Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Rows by table."""


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """By what a person can be found."""

    person: str
    """Their id."""
    words: tuple[str, ...] = ()
    """Their name, their e-mail address, what other systems call them."""
    pseudonym: str = ""
    """What chained records call them; empty where nothing does."""

    def pattern(self) -> re.Pattern[str]:
        """Finds them in a text. A plain word (may, mark) counts with an @ before it only."""
        found = sorted({self.person, *self.words} - {""}, key=len, reverse=True)
        return re.compile(rf"(?<![\w.-])@?(?:{'|'.join(map(_alternative, found))})(?![\w@-])")


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one person in one service."""

    gone: dict[str, int] = {}
    """Places (a row, an id, a text) that named them, by table."""
    remains: dict[str, str] = {}
    """What stays, by table, and why."""


class Holder(Protocol):
    """A service, as far as it holds people's data. It blocks."""

    def export(self, traces: Traces, *, is_own: bool) -> Rows:
        """All that it holds of them; for others (not `is_own`) without when they answered what."""
        ...

    def erase(self, traces: Traces) -> Forgotten:
        """Forgets them; twice is as once. Raises Retryable where it cannot now."""
        ...


Rewrite = Callable[[Any, Traces], Any]
"""A decoded value as it is without the person; the same value where they are not in it."""


class Naming(NamedTuple):
    """How a table names people."""

    table: Table
    ids: tuple[str, ...] = ()
    """Columns that hold a person's id."""
    known_as: tuple[str, ...] = ()
    """Columns that hold a pseudonym."""
    texts: tuple[str, ...] = ()
    """Columns that hold what people wrote."""
    within: Mapping[str, Rewrite] = MappingProxyType({})
    """Columns with people inside: bytes are MessagePack, texts are JSON."""
    goes: bool = False
    """Whether a row goes with whoever is in `ids`; else it stays without them."""


def named_in(*fields: str) -> Rewrite:
    """Rewrites people's ids in these fields, at any depth, and their traces in every text."""
    names = frozenset(fields)

    def rewrite(value: Any, traces: Traces) -> Any:  # noqa: ANN401 - whatever a message holds
        return _without(value, traces, traces.pattern(), names=names, is_id=False)

    return rewrite


def anywhere(value: Any, traces: Traces) -> Any:  # noqa: ANN401 - whatever a column holds
    """Rewrites people's ids in a value that holds nothing else, such as the members of a team."""
    return _without(value, traces, traces.pattern(), names=frozenset(), is_id=True)


def forget(connection: Connection, namings: Iterable[Naming], traces: Traces) -> dict[str, int]:
    """How many places (a row, an id, a text) of each table named the person."""
    gone: dict[str, int] = {}
    for naming in namings:
        count = _forget_ids(connection, naming, traces.person)
        for row, changed in _changes(connection, naming, traces):
            same = [naming.table.c[name] == row[name] for name in _key_names(naming)]
            connection.execute(update(naming.table).where(*same).values(**changed))
            count += 1
        if count:
            gone[naming.table.name] = count
    return gone


def held(connection: Connection, namings: Iterable[Naming], traces: Traces) -> Rows:
    """The rows that are about the person, whole, but for digests."""
    found: Rows = {}
    for naming in namings:
        rows = [
            _shown(naming, row)
            for row in _all(connection, naming)
            if _is_about(naming, row, traces) or _changed(naming, row, traces)
        ]
        if rows:
            found[naming.table.name] = rows
    return found


def left(connection: Connection, namings: Iterable[Naming], traces: Traces) -> dict[str, str]:
    """Where a trace of the person is found all the same, by table."""
    pattern = traces.pattern()
    return {
        naming.table.name: "a trace of them is in words that nothing looks into: see to it by hand"
        for naming in namings
        if any(
            pattern.search(_text(value))
            for row in _all(connection, naming)
            for value in row.values()
        )
    }


def _alternative(word: str) -> str:
    if re.fullmatch(r"[a-z]+", word):
        return f"(?<=@){word}"
    return f"(?i:{re.escape(word)})" if re.search(r"[^A-Za-z]", word) else re.escape(word)


def _without(
    value: Any,  # noqa: ANN401 - whatever a message holds
    traces: Traces,
    pattern: re.Pattern[str],
    *,
    names: frozenset[str],
    is_id: bool,
) -> Any:  # noqa: ANN401 - as above
    def inside(part: Any, *, is_id: bool) -> Any:  # noqa: ANN401 - as above
        return _without(part, traces, pattern, names=names, is_id=is_id)

    if isinstance(value, str):
        if is_id:
            return ERASED if value == traces.person else value
        is_other = value == traces.person  # a service, say, of the same name
        return value if is_other else pattern.sub(f"[{ERASED}]", value)
    if isinstance(value, dict):
        return {
            inside(key, is_id=True) if is_id else key: inside(part, is_id=is_id or key in names)
            for key, part in value.items()
        }
    return [inside(part, is_id=is_id) for part in value] if isinstance(value, list) else value


def _forget_ids(connection: Connection, naming: Naming, person: str) -> int:
    columns = [naming.table.c[name] for name in naming.ids]
    if naming.goes:
        named = or_(*(column == person for column in columns))
        return connection.execute(delete(naming.table).where(named)).rowcount
    return sum(
        connection.execute(
            update(naming.table).where(column == person).values({column.name: ERASED})
        ).rowcount
        for column in columns
    )


def _changes(
    connection: Connection, naming: Naming, traces: Traces
) -> list[tuple[RowMapping, Row]]:
    """All that is to be written instead, found before anything is written."""
    if not (naming.texts or naming.within):
        return []
    rows = ((row, _changed(naming, row, traces)) for row in _all(connection, naming))
    return [(row, changed) for row, changed in rows if changed]


def _changed(naming: Naming, row: RowMapping, traces: Traces) -> Row:
    """What to write instead in columns with the person in a text or a message; empty for none."""
    words = tuple(word.casefold() for word in (traces.person, *traces.words) if word)
    changed: Row = {}
    new: str | bytes
    for name in (*naming.texts, *naming.within):
        value = row[name]
        if value is None or not any(word in _text(value).casefold() for word in words):
            continue
        if name in naming.texts:
            new = traces.pattern().sub(f"[{ERASED}]", value)
        else:
            new = _rewritten(value, naming.within[name], traces)
        if new != value:
            changed[name] = new
    return changed


def _rewritten(value: str | bytes, rewrite: Rewrite, traces: Traces) -> str | bytes:
    before = _decoded(value)
    after = rewrite(before, traces)
    if after == before:
        return value
    is_text = isinstance(value, str)
    return msgspec.json.encode(after).decode() if is_text else msgspec.msgpack.encode(after)


def _is_about(naming: Naming, row: RowMapping, traces: Traces) -> bool:
    if any(row[name] == traces.person for name in naming.ids):
        return True
    called = traces.pseudonym
    if not called:
        return False
    is_called = any(row[name] == called for name in naming.known_as)
    return is_called or any(called in _text(row[name]) for name in naming.within)


def _shown(naming: Naming, row: RowMapping) -> Row:
    """The row as JSON holds it; bytes that are no message are digests, and left out."""
    return {
        name: msgspec.to_builtins(_decoded(value) if name in naming.within else value)
        for name, value in row.items()
        if name in naming.within or not isinstance(value, bytes)
    }


def _decoded(value: str | bytes | None) -> Any:  # noqa: ANN401 - whatever was encoded
    if value is None:
        return None
    if isinstance(value, str):
        return msgspec.json.decode(value)
    return msgspec.msgpack.decode(value)


def _text(value: object) -> str:
    """Something to search in; a message's bytes between its texts are no letters."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _key_names(naming: Naming) -> list[str]:
    return [column.name for column in naming.table.primary_key]


def _all(connection: Connection, naming: Naming) -> Iterable[RowMapping]:
    """Every row, some at a time."""
    query = select(naming.table)
    return connection.execute(query, execution_options={"yield_per": _ROWS}).mappings()
