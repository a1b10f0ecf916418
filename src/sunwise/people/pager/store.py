"""The journal of an instance: every fact it knows, on its own disk, synced before anybody hears of it."""

import asyncio
import os
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from sunwise.chassis.db import empty_log, migrate, open_database
from sunwise.chassis.errors import Retryable
from sunwise.people.pager.core.facts import Fact
from sunwise.people.pager.core.forgetting import Forget, forgotten

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_PAGE: Final = 2_000  # facts read at once

_metadata = MetaData()
_facts = Table(
    "pager_facts",
    _metadata,
    Column("origin", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("fact", LargeBinary, nullable=False),
)
_origin = Table("pager_origin", _metadata, Column("origin", String(32), primary_key=True))

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Fact).decode


class Journal(Protocol):
    """Where facts are kept."""

    @property
    def origin(self) -> str:
        """Under which name this journal's own facts are numbered: never used by another."""
        ...

    def renew(self) -> None:
        """Numbers its own facts under a new name from now on."""
        ...

    def read(self) -> Iterator[Fact]:
        """Every fact, those of one origin in order."""
        ...

    async def append(self, facts: Sequence[Fact]) -> None:
        """Durable on return: all of them or, on an exception, none. Raises Retryable."""
        ...

    async def after(self, origin: str, seq: int, limit: int) -> list[Fact]:
        """Up to `limit` facts of that origin behind `seq`, in order."""
        ...

    async def replace(self, facts: Sequence[Fact]) -> None:
        """Puts these in the place of those with their numbers, all or none. Raises Retryable."""
        ...

    async def naming(self, forget: Forget) -> list[Fact]:
        """Every fact that `forget` says otherwise."""
        ...

    async def forget(self, forget: Forget) -> int:
        """Stores what `forget` says in the place of what was there; how many facts that were."""
        ...


class SqlJournal:
    """A journal in a SQLite file of its own; one thread writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "pager-journal")
        self._insert = str(insert(_facts).compile(dialect=engine.dialect))
        with engine.connect() as connection:
            self.origin: str = connection.scalar(select(_origin.c.origin)) or ""
        if not self.origin:
            self.renew()

    @classmethod
    def open(cls, folder: Path) -> "SqlJournal":
        """The journal in `folder`, readable by its owner only. Raises DatabaseUnusable."""
        path = folder / "pager.sqlite"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        engine = open_database(path, is_derived=False)
        migrate(engine, _MIGRATIONS, service="pager")
        return cls(engine)

    def close(self) -> None:
        """Lets what is being written end, and gives the file back."""
        self._thread.shutdown()
        self._engine.dispose()

    def renew(self) -> None:
        """Numbers its own facts under a new name: those of a file that was lost are never used again."""
        self.origin = secrets.token_hex(8)
        with self._engine.begin() as connection:
            connection.execute(delete(_origin))
            connection.execute(insert(_origin).values(origin=self.origin))

    def read(self) -> Iterator[Fact]:
        """Every fact, those of one origin in order."""
        query = select(_facts.c.fact).order_by(_facts.c.origin, _facts.c.seq)
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=_PAGE).execute(query):
                yield _decode(row.fact)

    async def append(self, facts: Sequence[Fact]) -> None:
        """See `Journal.append`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._append, facts)

    def _append(self, facts: Sequence[Fact]) -> None:
        rows = [(fact.origin, fact.seq, _encode(fact)) for fact in facts]
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(self._insert, rows)
        except OperationalError as error:
            raise Retryable(f"the pager's disk takes nothing: {error.orig}", after_s=1) from error

    async def after(self, origin: str, seq: int, limit: int) -> list[Fact]:
        """See `Journal.after`."""
        return await asyncio.to_thread(self._after, origin, seq, limit)

    def _after(self, origin: str, seq: int, limit: int) -> list[Fact]:
        query = (
            select(_facts.c.fact)
            .where(_facts.c.origin == origin, _facts.c.seq > seq)
            .order_by(_facts.c.seq)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [_decode(row.fact) for row in connection.execute(query)]

    async def replace(self, facts: Sequence[Fact]) -> None:
        """See `Journal.replace`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._replace, facts)

    def _replace(self, facts: Sequence[Fact]) -> None:
        try:
            with self._engine.begin() as connection:
                for fact in facts:
                    same = (_facts.c.origin == fact.origin, _facts.c.seq == fact.seq)
                    connection.execute(update(_facts).where(*same).values(fact=_encode(fact)))
        except OperationalError as error:
            raise Retryable(f"the pager's disk takes nothing: {error.orig}", after_s=1) from error
        empty_log(self._engine)

    async def naming(self, forget: Forget) -> list[Fact]:
        """See `Journal.naming`."""
        return await asyncio.to_thread(lambda: [old for old, _ in self._naming(forget)])

    async def forget(self, forget: Forget) -> int:
        """See `Journal.forget`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._forget, forget)

    def _forget(self, forget: Forget) -> int:
        changed = [new for _, new in self._naming(forget)]
        self._replace(changed)
        return len(changed)

    def _naming(self, forget: Forget) -> Iterator[tuple[Fact, Fact]]:
        for fact in self.read():
            new = forgotten(fact, forget)
            if new is not fact:
                yield fact, new
