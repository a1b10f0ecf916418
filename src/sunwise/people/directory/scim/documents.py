"""The resources in SQL, beside the claims that they make."""

import threading
from collections.abc import Iterable
from typing import Any, Final

from scim2_models import Meta
from sqlalchemy import Connection, Engine, delete, insert, select

from sunwise.daylight.zones import instant
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.scim.claims_of import key_of
from sunwise.people.directory.scim.resources import POLICY, Group, Kept, KeptUser
from sunwise.people.directory.tables import SCIM

MODELS: Final[dict[Kind, type[Kept]]] = {Kind.PERSON: KeptUser, Kind.TEAM: Group}
NAMES: Final = {Kind.PERSON: "User", Kind.TEAM: "Group"}
_CHUNK: Final = 500


class Documents:
    """Every resource of one database, read again only where somebody changed it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._read: dict[Key, tuple[int, Kept]] = {}

    def of(self, kind: Kind) -> list[Kept]:
        """All of one kind in order of id; not to be changed."""
        with self._lock, self._engine.connect() as connection:
            stored = select(SCIM.c.id, SCIM.c.version).where(SCIM.c.kind == kind.value)
            versions = {row.id: row.version for row in connection.execute(stored)}
            stale = [i for i, version in versions.items() if self._seen(kind, i) != version]
            for start in range(0, len(stale), _CHUNK):
                self._load(connection, kind, stale[start : start + _CHUNK])
            gone = [k for k in self._read if k.kind is kind and k.id not in versions]
            for key in gone:
                del self._read[key]
            return [self._read[Key(kind, id_)][1] for id_ in sorted(versions)]

    def get(self, key: Key) -> Kept | None:
        """A copy of one, to be changed at will."""
        with self._lock, self._engine.connect() as connection:
            self._load(connection, key.kind, [key.id])
            found = self._read.get(key)
        return None if found is None else found[1].model_copy(deep=True)

    def _seen(self, kind: Kind, id_: str) -> int | None:
        found = self._read.get(Key(kind, id_))
        return found[0] if found else None

    def _load(self, connection: Connection, kind: Kind, ids: Iterable[str]) -> None:
        wanted = list(ids)
        for id_ in wanted:
            self._read.pop(Key(kind, id_), None)
        query = select(SCIM).where(SCIM.c.kind == kind.value, SCIM.c.id.in_(wanted))
        for row in connection.execute(query):
            resource = MODELS[kind].model_validate_json(row.document, scim_policy=POLICY)
            resource.id, resource.meta = row.id, _meta(kind, row)
            self._read[Key(kind, row.id)] = (row.version, resource)


def write(connection: Connection, resource: Kept, now_ns: int) -> None:
    """Stores it as its next version."""
    key = key_of(resource)
    where = (SCIM.c.kind == key.kind.value, SCIM.c.id == key.id)
    before = connection.execute(select(SCIM.c.version, SCIM.c.created_ns).where(*where)).first()
    connection.execute(delete(SCIM).where(*where))
    document = resource.model_copy(update={"id": None, "meta": None}).model_dump_json()
    connection.execute(
        insert(SCIM).values(
            kind=key.kind.value,
            id=key.id,
            document=document,
            version=before.version + 1 if before else 1,
            created_ns=before.created_ns if before else now_ns,
            modified_ns=now_ns,
        )
    )


def remove(connection: Connection, key: Key) -> None:
    """Forgets it."""
    connection.execute(delete(SCIM).where(SCIM.c.kind == key.kind.value, SCIM.c.id == key.id))


def _meta(kind: Kind, row: Any) -> Meta:  # noqa: ANN401 - a row of the table
    return Meta(
        resource_type=NAMES[kind],
        created=instant(row.created_ns),
        last_modified=instant(row.modified_ns),
        version=f'W/"{row.version}"',
    )
