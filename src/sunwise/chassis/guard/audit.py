"""The audit log: who did what and when, each row chained to the one before it.

A privileged act and its row are one transaction (`Audit.acting`): neither is there without the
other. Rows name people by pseudonym, so that a person can be erased without breaking the chain.
Dropping the last rows is not seen in the log itself: keep `head()` somewhere else to see that too.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.principal import How, Principal
from sunwise.chassis.guard.tables import AUDIT, AUDIT_HEAD, PSEUDONYMS

_PAGE: Final = 1_000
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class AuditBroken(Permanent):
    """The log is not what was written; `seq` is the first row that does not fit."""

    def __init__(self, seq: int) -> None:
        super().__init__(
            f"The audit log is broken at row {seq}: it was changed from outside. Keep the database "
            "as it is, and compare it with a backup."
        )
        self.seq = seq


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    seq: int
    at_ns: int
    actor: str
    """Pseudonym of who did it; `operator` for the command line on the machine itself, `service X` for
    what two people have told a service to do, `key X` for an integration."""
    how: str
    act: str
    """What was done, `noun.verb`."""
    subject: str
    """To what: an id, or for a person their pseudonym."""
    detail: str
    """JSON; no personal data."""


class Act:
    """One privileged act under way: its transaction, its time, and what will be told of it."""

    def __init__(self, connection: Connection, *, now_ns: int) -> None:
        self.connection = connection
        self.now_ns = now_ns
        self.told: tuple[str, str, str] | None = None

    def tell(self, act: str, *, subject: str = "", person: str = "", **detail: object) -> None:
        """What was done, and to what or (by their pseudonym) to whom. Untold, it is undone.

        `detail` holds no personal data.
        """
        if person:
            subject = pseudonym(self.connection, person)
        self.told = (act, subject, _encode(detail).decode())

    def was_told(self, act: str, **detail: object) -> bool:
        """Whether the log holds such an act, of whomever, with exactly this detail. Cost: reads the log."""
        query = select(AUDIT.c.seq).where(
            AUDIT.c.act == act, AUDIT.c.detail == _encode(detail).decode()
        )
        return self.connection.execute(query.limit(1)).first() is not None


class Audit:
    """The audit log of one database. Its methods block."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @contextmanager
    def acting(self, by: Principal) -> Iterator[Act]:
        """A transaction for one privileged act; it is rolled back unless it is told.

        The log's head is locked first: acts are done one after the other.
        """
        with self._engine.begin() as connection:
            connection.execute(update(AUDIT_HEAD).values(seq=AUDIT_HEAD.c.seq + 1))
            seq, before = connection.execute(select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.chain)).one()
            act = Act(connection, now_ns=self._clock.now_ns())
            yield act
            if act.told is None:
                connection.rollback()
                return
            what, subject, detail = act.told
            entry = Entry(
                seq=seq,
                at_ns=act.now_ns,
                actor=_actor(connection, by),
                how=by.how,
                act=what,
                subject=subject,
                detail=detail,
            )
            self._write(connection, entry, bytes(before))

    def _write(self, connection: Connection, entry: Entry, before: bytes) -> None:
        chain = _chained(before, entry)
        connection.execute(insert(AUDIT).values(**msgspec.structs.asdict(entry), chain=chain))
        connection.execute(update(AUDIT_HEAD).values(chain=chain))

    def entries(self, *, before_seq: int | None = None, limit: int = 100) -> list[Entry]:
        """The newest acts first; those before `before_seq` for the next page."""
        query = select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(min(limit, _PAGE))
        if before_seq is not None:
            query = query.where(AUDIT.c.seq < before_seq)
        with self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def head(self) -> tuple[int, str]:
        """Number of the last act, and the chain up to it (hex)."""
        with self._engine.connect() as connection:
            row = connection.execute(select(AUDIT_HEAD)).one()
        return row.seq, bytes(row.chain).hex()

    def verify(self) -> int:
        """How many acts the log holds, every one as it was written. Raises AuditBroken."""
        seq, chain = 0, bytes(32)
        with self._engine.connect() as connection:
            while rows := _after(connection, seq):
                for row in rows:
                    seq += 1
                    chain = _chained(chain, _entry(row))
                    if row["seq"] != seq or not hmac.compare_digest(chain, bytes(row["chain"])):
                        raise AuditBroken(seq)
            head = connection.execute(select(AUDIT_HEAD)).one()
        if head.seq != seq or not hmac.compare_digest(chain, bytes(head.chain)):
            raise AuditBroken(seq + 1)
        return seq


def pseudonym(connection: Connection, person: str) -> str:
    """Under what name the log knows a person; made on first use, forgotten by their erasure."""
    query = select(PSEUDONYMS.c.pseudonym).where(PSEUDONYMS.c.person == person)
    found: str | None = connection.scalar(query)
    if found is None:
        found = "p-" + secrets.token_hex(8)
        connection.execute(insert(PSEUDONYMS).values(person=person, pseudonym=found))
    return found


def _actor(connection: Connection, by: Principal) -> str:
    if by.person_id is not None:
        return pseudonym(connection, by.person_id)
    if by.how is How.SERVICE:
        return f"service {by.sender}"
    return "operator" if by.how is How.OPERATOR else f"key {by.credential}"


def _after(connection: Connection, seq: int) -> Sequence[RowMapping]:
    query = select(AUDIT).where(AUDIT.c.seq > seq).order_by(AUDIT.c.seq).limit(_PAGE)
    return connection.execute(query).mappings().all()


def _entry(row: RowMapping) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__struct_fields__})


def _chained(before: bytes, entry: Entry) -> bytes:
    return hashlib.sha256(before + _encode(entry)).digest()
