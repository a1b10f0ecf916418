"""What rows of rotas, turns and changes say. The caller has the connection."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from sunwise.chassis.errors import Permanent
from sunwise.contracts.people.directory import Role
from sunwise.people.rota.kept import Figures, Inputs, Kept, Request, RequestState, State, Unit
from sunwise.people.rota.tables import CONSENTS, HEAD, REQUESTS, ROTAS, TURNS, UNITS
from sunwise.people.rota.turns import Turn

_decode_figures: Final = msgspec.msgpack.Decoder(Figures).decode
_decode_unit: Final = msgspec.msgpack.Decoder(Unit).decode
_decode_request: Final = msgspec.msgpack.Decoder(Request).decode


class NoSuch(Permanent):
    """There is nothing of this name; the message says where to look."""


def version_of(connection: Connection) -> int:
    """Of the duty table."""
    return int(connection.execute(select(HEAD.c.version)).scalar_one())


def n_erased(connection: Connection) -> int:
    """How many erasures there were."""
    return int(connection.execute(select(HEAD.c.n_erased)).scalar_one())


def units_in(connection: Connection) -> dict[str, Unit]:
    """Those that are planned now, by id."""
    rows = connection.execute(select(UNITS.c.content).where(UNITS.c.is_active))
    return {unit.id: unit for unit in (_decode_unit(row.content) for row in rows)}


def same_version() -> Any:  # noqa: ANN401 - SQLAlchemy's condition
    """Joins turns to the version of a rota that they are of."""
    return (
        (TURNS.c.unit == ROTAS.c.unit)
        & (TURNS.c.window_ns == ROTAS.c.window_ns)
        & (TURNS.c.version == ROTAS.c.version)
    )


def published_after(connection: Connection, from_ns: int) -> Sequence[Any]:
    """Rows of turns in force that end later than `from_ns`."""
    return connection.execute(
        select(TURNS)
        .join_from(TURNS, ROTAS, same_version())
        .where(ROTAS.c.state == State.PUBLISHED, TURNS.c.end_ns > from_ns)
    ).all()


def find(connection: Connection, unit: str, window_ns: int, state: State | None) -> Kept | None:
    """The newest version of the window's rota in that state, or in any."""
    query = select(ROTAS).where(ROTAS.c.unit == unit, ROTAS.c.window_ns == window_ns)
    if state is not None:
        query = query.where(ROTAS.c.state == state)
    row = connection.execute(query.order_by(ROTAS.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else kept_of(connection, row)


def in_force(connection: Connection, unit: str, window_ns: int) -> Kept:
    """The published rota. Raises NoSuch."""
    found = find(connection, unit, window_ns, State.PUBLISHED)
    if found is None:
        raise NoSuch(f"No rota of {unit} is published for that time: plan and publish it first.")
    return found


def kept_of(connection: Connection, row: Any) -> Kept:  # noqa: ANN401 - a row of the table
    """The rota of a row, with its turns."""
    key = (TURNS.c.unit == row.unit, TURNS.c.window_ns == row.window_ns)
    query = select(TURNS).where(*key, TURNS.c.version == row.version)
    turns = connection.execute(query.order_by(TURNS.c.start_ns, TURNS.c.end_ns, TURNS.c.role))
    return Kept(
        unit=row.unit,
        window_ns=row.window_ns,
        version=row.version,
        state=State(row.state),
        created_ns=row.created_ns,
        inputs=Inputs(
            directory_version=row.directory_version, tzdata=row.tzdata, digest=row.inputs
        ),
        figures=_decode_figures(row.content),
        turns=tuple(turn_of(each) for each in turns),
    )


def turn_of(row: Any) -> Turn:  # noqa: ANN401 - a row of the table
    """The turn of a row."""
    values = {name: getattr(row, name) for name in Turn._fields}
    return Turn(**values | {"role": Role(row.role)})


def find_request(connection: Connection, request: str) -> Request:
    """One change. Raises NoSuch."""
    row = connection.execute(select(REQUESTS).where(REQUESTS.c.id == request)).one_or_none()
    if row is None:
        raise NoSuch("There is no such change: it may have been decided long ago.")
    return request_of(connection, row)


def requests_in(connection: Connection, states: Sequence[RequestState]) -> list[Request]:
    """The changes in any of these states."""
    query = select(REQUESTS).where(REQUESTS.c.state.in_(states))
    return [request_of(connection, row) for row in connection.execute(query).all()]


def request_of(connection: Connection, row: Any) -> Request:  # noqa: ANN401 - a row of the table
    """The change of a row, and who has answered what."""
    query = select(CONSENTS).where(CONSENTS.c.request == row.id)
    answers = {each.person: bool(each.is_yes) for each in connection.execute(query)}
    kept = _decode_request(row.content)
    return msgspec.structs.replace(kept, id=row.id, state=RequestState(row.state), answers=answers)
