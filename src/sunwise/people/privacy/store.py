"""Erasures in SQL: what is asked of each service next survives whatever happens in between."""

from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from sunwise.chassis.db import empty_log, migrate
from sunwise.chassis.personal import Forgotten, Traces
from sunwise.people.privacy.tables import ERASURES, STEPS

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """How far one service is."""

    holder: str
    round: int = 0
    """Up to which it was asked and has answered."""
    is_clean: bool = False
    """In that round nothing was left to erase."""
    gone: dict[str, int] = {}
    """Places (a row, an id, a text) that named them, by table."""
    remains: dict[str, str] = {}
    """What stays, and why."""
    waits: str = ""
    """Why it has not answered yet; empty when it has."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's, and how far it is."""

    id: str
    person: str
    """Empty once it is done."""
    begun_ns: int
    round: int
    next_ns: int
    """When every service is asked again."""
    done_ns: int | None
    steps: tuple[Step, ...] = ()


class PrivacyStore:
    """Erasures of one database. Its methods block."""

    def __init__(self, engine: Engine) -> None:
        migrate(engine, _MIGRATIONS, service="privacy")
        self._engine = engine

    def begin(self, erasure: str, traces: Traces, now_ns: int) -> None:
        """Asked for; nothing when it was before."""
        with self._engine.begin() as connection:
            known = select(ERASURES.c.id).where(ERASURES.c.id == erasure)
            if connection.execute(known).first() is None:
                connection.execute(
                    insert(ERASURES).values(
                        id=erasure,
                        person=traces.person,
                        words=msgspec.json.encode(traces).decode(),
                        begun_ns=now_ns,
                        round=1,
                        next_ns=now_ns,
                        done_ns=None,
                    )
                )

    def open(self) -> list[tuple[Erasure, Traces]]:
        """Those that are not done, oldest first."""
        query = select(ERASURES).where(ERASURES.c.done_ns.is_(None)).order_by(ERASURES.c.begun_ns)
        with self._engine.connect() as connection:
            return [
                (_erasure(connection, row), msgspec.json.decode(row.words, type=Traces))
                for row in connection.execute(query).all()
            ]

    def newest(self, limit: int = 100) -> list[Erasure]:
        """All of them, the newest first."""
        query = select(ERASURES).order_by(ERASURES.c.begun_ns.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [_erasure(connection, row) for row in connection.execute(query).all()]

    def find(self, erasure: str) -> Erasure | None:
        """One of them."""
        with self._engine.connect() as connection:
            row = connection.execute(select(ERASURES).where(ERASURES.c.id == erasure)).one_or_none()
            return None if row is None else _erasure(connection, row)

    def answered(self, erasure: Erasure, holder: str, said: Forgotten) -> None:
        """The service has done what there was to do in this round."""
        with self._engine.begin() as connection:
            before = _step(connection, erasure.id, holder)
            gone = dict(before.gone)
            for table, count in said.gone.items():
                gone[table] = gone.get(table, 0) + count
            step = Step(
                holder=holder,
                round=erasure.round,
                is_clean=not said.gone,
                gone=gone,
                remains=said.remains,
            )
            _put(connection, erasure.id, step)

    def waits(self, erasure: Erasure, holder: str, why: str) -> None:
        """The service could not be asked."""
        with self._engine.begin() as connection:
            before = _step(connection, erasure.id, holder)
            _put(connection, erasure.id, msgspec.structs.replace(before, waits=why))

    def again(self, erasure: Erasure, *, round_: int, next_ns: int) -> None:
        """Every service is asked then, for that round."""
        with self._engine.begin() as connection:
            connection.execute(
                update(ERASURES)
                .where(ERASURES.c.id == erasure.id)
                .values(round=round_, next_ns=next_ns)
            )

    def done(self, erasure: Erasure, now_ns: int) -> None:
        """It is over, and who it was is forgotten here too."""
        with self._engine.begin() as connection:
            connection.execute(
                update(ERASURES)
                .where(ERASURES.c.id == erasure.id)
                .values(person="", words="", done_ns=now_ns)
            )

    def empty_log(self) -> None:
        """Whoever is done with is in no byte any more. Raises Retryable while somebody reads."""
        empty_log(self._engine)

    def forget(self, before_ns: int) -> int:
        """Drops erasures that were done before; how many."""
        old = select(ERASURES.c.id).where(ERASURES.c.done_ns < before_ns)
        with self._engine.begin() as connection:
            connection.execute(delete(STEPS).where(STEPS.c.erasure.in_(old)))
            return connection.execute(
                delete(ERASURES).where(ERASURES.c.done_ns < before_ns)
            ).rowcount


def _erasure(connection: Connection, row: Any) -> Erasure:  # noqa: ANN401 - a row of the table
    steps = connection.execute(
        select(STEPS).where(STEPS.c.erasure == row.id).order_by(STEPS.c.holder)
    )
    return Erasure(
        id=row.id,
        person=row.person,
        begun_ns=row.begun_ns,
        round=row.round,
        next_ns=row.next_ns,
        done_ns=row.done_ns,
        steps=tuple(_of(each) for each in steps.mappings()),
    )


def _step(connection: Connection, erasure: str, holder: str) -> Step:
    query = select(STEPS).where(STEPS.c.erasure == erasure, STEPS.c.holder == holder)
    row = connection.execute(query).mappings().one_or_none()
    return Step(holder=holder) if row is None else _of(row)


def _of(row: RowMapping) -> Step:
    decoded = {name: msgspec.json.decode(row[name]) for name in ("gone", "remains")}
    return Step(**{name: row[name] for name in Step.__struct_fields__} | decoded)


def _put(connection: Connection, erasure: str, step: Step) -> None:
    same = (STEPS.c.erasure == erasure, STEPS.c.holder == step.holder)
    connection.execute(delete(STEPS).where(*same))
    values = msgspec.structs.asdict(step)
    values |= {name: msgspec.json.encode(values[name]).decode() for name in ("gone", "remains")}
    connection.execute(insert(STEPS).values(erasure=erasure, **values))
