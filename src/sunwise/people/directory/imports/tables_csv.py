"""Tables of people, teams, hubs, services and leave: CSV by its header, whatever program wrote it.

The name of a file says what it holds (`people.csv`); its first line names the columns, in any order.
Comma, semicolon, tab and bar separate; a byte order mark and blank lines do not matter. Cells are
data: a leading `=` is a character like any other. People may be named by id, address or handle.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sunwise.contracts.people.directory import Leave
from sunwise.people.directory.claims import MAX_TEXT, Claim
from sunwise.people.directory.imports.bounds import Fault, Unreadable, bounded
from sunwise.people.directory.imports.cells import EXEMPTIONS, READERS, BadCell, day
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.objects import FIELDS, Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source

TABLES: Final = {"people": Kind.PERSON, "teams": Kind.TEAM, "hubs": Kind.HUB, "services": Kind.SERVICE}  # fmt: skip
LEAVE: Final = "leave"
_LEAVE_COLUMNS: Final = ("person", "first", "last")
_ALIASES: Final = {
    "e_mail": "email", "mail": "email", "time_zone": "zone", "timezone": "zone", "tz": "zone",
    "full_name": "name", "display_name": "name", "owner": "team", "working_hours": "hours",
    "from": "first", "until": "last", "to": "last", "handle": "handles", "manager": "lead",
}  # fmt: skip
_DELIMITERS: Final = ",;\t|"
_MAX_CELL: Final = 100_000
_NAMES_PEOPLE: Final = frozenset({"lead", "deputy", "person"})


class Row(NamedTuple):
    """One line of a table."""

    cells: dict[str, str]
    """By column; those that are empty are left out."""
    place: str


def read_tables(files: Mapping[str, str], known: Known, *, is_whole: bool = False) -> ChangeSet:
    """What the tables say. Raises Unreadable.

    `is_whole`: whoever a table does not name is withdrawn from what CSV said before.
    """
    bounded(files)
    reading = _Reading(known)
    tables: dict[str, list[Row]] = {}
    for name, text in files.items():
        what = _what(name)
        if what is None:
            names = ", ".join(f"{each}.csv" for each in (*TABLES, LEAVE))
            reading.faults.append(Fault(name, f"nobody knows what it holds: name it {names}"))
        else:
            tables.setdefault(what, []).extend(reading.rows(name, text, what))
    claims = [
        each for what, kind in TABLES.items() for each in reading.claims(kind, tables.get(what, ()))
    ]
    leave = dict(reading.leave(tables.get(LEAVE, ())))
    if reading.faults:
        raise Unreadable(reading.faults)
    covered = frozenset(kind for what, kind in TABLES.items() if what in tables)
    return ChangeSet(
        source=Source.CSV,
        claims=tuple(claims),
        whole=covered if is_whole else frozenset(),
        leave_added=tuple(leave),
        leave_places=leave,
    )


def _what(name: str) -> str | None:
    stem = name.rpartition("/")[2].rpartition(".")[0].lower()
    return stem if stem in TABLES or stem == LEAVE else None


class _Reading:
    def __init__(self, known: Known) -> None:
        self._known = known
        self.faults: list[Fault] = []

    def rows(self, name: str, text: str, what: str) -> Iterator[Row]:
        lines = text.removeprefix("\ufeff").splitlines(keepends=True)
        header = next((line for line in lines if line.strip()), "")
        delimiter = max(_DELIMITERS, key=header.count)
        csv.field_size_limit(_MAX_CELL)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        columns: list[str] | None = None
        try:
            before = 0
            for cells in reader:
                place, before = f"{name}:{before + 1}", reader.line_num
                if not any(cell.strip() for cell in cells):
                    continue
                if columns is None:
                    columns = self._columns(place, cells, what)
                    if not columns:
                        return
                elif len(cells) > len(columns) and any(cells[len(columns) :]):
                    text = f"has {len(cells)} cells, the header {len(columns)}: quote what holds {delimiter!r}"
                    self._fault(place, text)
                else:
                    stated = zip(columns, (cell.strip() for cell in cells), strict=False)
                    yield Row({column: cell for column, cell in stated if cell}, place)
        except csv.Error as error:
            self._fault(f"{name}:{reader.line_num}", f"is not CSV: {error}")

    def _columns(self, place: str, cells: list[str], what: str) -> list[str]:
        known = _known_columns(what)
        columns = [_column(cell) for cell in cells]
        strange = [cell for cell, column in zip(cells, columns, strict=True) if column not in known]
        twice = sorted({each for each in columns if columns.count(each) > 1})
        if strange:
            self._fault(
                place, f"no column {', '.join(map(repr, strange))}: there are {', '.join(known)}"
            )
        if twice:
            self._fault(place, f"{', '.join(twice)} stands twice in the header: keep one")
        return [] if strange or twice else columns

    def claims(self, kind: Kind, rows: Iterable[Row]) -> Iterator[Claim]:
        rows = list(rows)
        ids = [self._id(kind, row) for row in rows]
        for row, id_ in zip(rows, ids, strict=True):
            if id_ is None:
                self._fault(
                    row.place, "says neither an id nor from what to make one: add the column id"
                )
                continue
            said = self._said(row)
            yield Claim(key=Key(kind, id_), said=said, place=row.place)

    def _id(self, kind: Kind, row: Row) -> str | None:
        """The id that it names, that of whoever has the address already, or one made of the name."""
        cells = row.cells
        email = cells.get("email", "")
        by_mail = self._known.person(email) if email else None
        id_ = cells.get("id") or by_mail or slug(email.partition("@")[0] or cells.get("name", ""))
        if id_ and kind is Kind.PERSON:
            handles = READERS["handles"](cells.get("handles", ""))
            self._known.add_person(id_, (email, *handles))
        return id_ or None

    def _said(self, row: Row) -> dict[str, Any]:
        said: dict[str, Any] = {}
        spared: dict[str, Any] = {}
        for column, cell in row.cells.items():
            if column == "id":
                continue
            read = EXEMPTIONS.get(column) or READERS.get(column) or _text
            try:
                (spared if column in EXEMPTIONS else said)[column] = read(cell)
            except BadCell as fault:
                self._fault(row.place, f"{column} {fault}")
        if spared:
            said["exempt"] = spared
        for column in _NAMES_PEOPLE & said.keys():
            said[column] = self._known.person(said[column]) or said[column]
        if "members" in said:
            said["members"] = [self._known.person(each) or each for each in said["members"]]
        return said

    def leave(self, rows: Iterable[Row]) -> Iterator[tuple[Leave, str]]:
        for row in rows:
            missing = [each for each in _LEAVE_COLUMNS if each not in row.cells]
            if missing:
                self._fault(row.place, f"says no {', '.join(missing)}")
                continue
            first, last = (self._day(row, row.cells[each]) for each in ("first", "last"))
            person = self._known.person(row.cells["person"]) or row.cells["person"]
            if first and last:
                yield Leave(person=person, first=first, last=last), row.place

    def _day(self, row: Row, text: str) -> date | None:
        try:
            return day(text)
        except BadCell as fault:
            self._fault(row.place, str(fault))
            return None

    def _fault(self, place: str, text: str) -> None:
        self.faults.append(Fault(place, text))


def slug(text: str) -> str:
    """An id made of a text: `José Núñez` gives `jose.nunez`; empty when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", ".", plain).strip("._-")[:64]


def _text(cell: str) -> str:
    if len(cell) > MAX_TEXT:
        raise BadCell(f"has {len(cell):,} characters: at most {MAX_TEXT}")
    return cell


def _column(cell: str) -> str:
    name = re.sub(r"[\s_-]+", "_", cell.strip().lower())
    return _ALIASES.get(name, name)


def _known_columns(what: str) -> tuple[str, ...]:
    if what == LEAVE:
        return _LEAVE_COLUMNS
    fields = [field for field in FIELDS[TABLES[what]] if field != "exempt"]
    return ("id", *fields, *(EXEMPTIONS if what == "people" else ()))
