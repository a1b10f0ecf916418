"""The burden ledger: what duty has cost whom, each row chained to the one before it.

A row holds a pseudonym, points and the window, so that erasing the pseudonym's key (the directory's)
erases the person from the chain without breaking it. Its `key` is a keyed digest of what it is for:
the same duty or wake-up is never booked twice, and nobody can tell from it which one it was.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from sunwise.chassis.errors import Permanent
from sunwise.people.rota.tables import HEAD, LEDGER

WAKE_UP_POINTS: Final = 16
"""A page at night is worth an hour of the deep night."""
_CHUNK: Final = 500
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class LedgerBroken(Permanent):
    """The ledger is not what was written."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row before it is booked."""

    window_ns: int
    pseudonym: str
    kind: str
    """`duty` or `wake-up`."""
    points: int
    what: str
    """What it is for; only its keyed digest is kept."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it is kept and chained."""

    seq: int
    window_ns: int
    pseudonym: str
    kind: str
    points: int
    key: str


def book(connection: Connection, entries: Iterable[Entry]) -> int:
    """How many were new. The caller holds the lock of the head."""
    head = connection.execute(select(HEAD)).one()
    digests = {_digest(bytes(head.ledger_key), entry): entry for entry in entries}
    known = _known(connection, list(digests))
    seq, chain = head.ledger_seq, bytes(head.ledger_chain)
    rows: list[dict[str, Any]] = []
    for key, entry in digests.items():
        if key not in known:
            seq += 1
            facts = {name: getattr(entry, name) for name in ("window_ns", "pseudonym", "kind")}
            row = Row(seq=seq, points=entry.points, key=key, **facts)
            chain = _chained(chain, row)
            rows.append(msgspec.structs.asdict(row) | {"chain": chain})
    for start in range(0, len(rows), _CHUNK):
        connection.execute(insert(LEDGER), rows[start : start + _CHUNK])
    connection.execute(update(HEAD).values(ledger_seq=seq, ledger_chain=chain))
    return len(rows)


def points_since(connection: Connection, since_ns: int) -> dict[str, int]:
    """The sum of each pseudonym over windows that begin at `since_ns` or later."""
    query = (
        select(LEDGER.c.pseudonym, func.sum(LEDGER.c.points))
        .where(LEDGER.c.window_ns >= since_ns)
        .group_by(LEDGER.c.pseudonym)
    )
    return {pseudonym: int(points) for pseudonym, points in connection.execute(query)}


def rows_of(connection: Connection, pseudonym: str) -> list[Row]:
    """All that is booked for one pseudonym, in order."""
    query = select(LEDGER).where(LEDGER.c.pseudonym == pseudonym).order_by(LEDGER.c.seq)
    return [_row(each) for each in connection.execute(query)]


def verify(connection: Connection) -> int:
    """The number of rows, each of which fits the one before. Raises LedgerBroken."""
    chain, seq = bytes(32), 0
    for found in connection.execute(select(LEDGER).order_by(LEDGER.c.seq)):
        chain, seq = _chained(chain, _row(found)), seq + 1
        if found.seq != seq or bytes(found.chain) != chain:
            raise LedgerBroken(f"The burden ledger was changed from outside at row {seq}.")
    head = connection.execute(select(HEAD)).one()
    if (head.ledger_seq, bytes(head.ledger_chain)) != (seq, chain):
        raise LedgerBroken(f"The burden ledger has lost rows after row {seq}.")
    return seq


def _known(connection: Connection, keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(keys), _CHUNK):
        some = LEDGER.c.key.in_(keys[start : start + _CHUNK])
        found.update(connection.execute(select(LEDGER.c.key).where(some)).scalars())
    return found


def _digest(key: bytes, entry: Entry) -> str:
    return hmac.new(key, f"{entry.kind} {entry.what}".encode(), hashlib.sha256).hexdigest()


def _chained(before: bytes, row: Row) -> bytes:
    return hashlib.sha256(before + _encode(row)).digest()


def _row(found: Any) -> Row:  # noqa: ANN401 - a row of the table
    return Row(**{name: getattr(found, name) for name in Row.__struct_fields__})
