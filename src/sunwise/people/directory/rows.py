"""Claims as rows of their tables, and back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from sunwise.people.directory.claims import Claims, Said
from sunwise.people.directory.objects import FIELDS, LISTS, NESTED, Key, Kind
from sunwise.people.directory.sources import Source
from sunwise.people.directory.tables import CHANGES, CLAIMS, PSEUDONYMS, SCIM, VERSIONS

_CHUNK: Final = 500
_JSON: Final = LISTS | NESTED
_encode = msgspec.json.encode
_decode = msgspec.json.decode


def read_claims(connection: Connection) -> Claims:
    """All that is said."""
    claims: dict[Key, dict[Source, Said]] = defaultdict(dict)
    for kind, table in CLAIMS.items():
        fields = FIELDS[kind]
        columns = [table.c.id, table.c.source, *(table.c[field] for field in fields)]
        for id_, source, *values in connection.execute(select(*columns)):
            said = {
                field: _decode(value) if field in _JSON else value
                for field, value in zip(fields, values, strict=True)
                if value is not None
            }
            claims[Key(kind, id_)][Source(source)] = said
    return dict(claims)


def write_claims(connection: Connection, before: Claims, after: Claims) -> None:
    """Makes the rows of `before` those of `after`; only what differs is written."""
    gone: dict[Kind, list[dict[str, str]]] = defaultdict(list)
    new: dict[Kind, list[dict[str, Any]]] = defaultdict(list)
    for key, source, said in _differing(before, after):
        gone[key.kind].append({"of_id": key.id, "of_source": source})
        if said is not None:
            new[key.kind].append(_row(key, source, said))
    for kind, rows in gone.items():
        table = CLAIMS[kind]
        statement = delete(table).where(
            table.c.id == bindparam("of_id"), table.c.source == bindparam("of_source")
        )
        connection.execute(statement, rows)
    for kind, rows in new.items():
        for start in range(0, len(rows), _CHUNK):
            connection.execute(insert(CLAIMS[kind]), rows[start : start + _CHUNK])


def forget(connection: Connection, person: str) -> None:
    """Deletes what is left of a person beside claims and leave: history, SCIM, the pseudonym's key.

    Groups that a provider sent keep their document without the member.
    """
    changes = CHANGES.c
    of_them = and_(changes.kind == Kind.PERSON.value, changes.object == person)
    escaped = person.replace("_", "\\_")  # an id holds no other sign that LIKE reads
    quoted = f'%"{escaped}"%'
    naming = or_(*(side.like(quoted, escape="\\") for side in (changes.old, changes.new)))
    connection.execute(delete(CHANGES).where(or_(of_them, naming)))
    connection.execute(delete(PSEUDONYMS).where(PSEUDONYMS.c.person == person))
    connection.execute(update(VERSIONS).where(VERSIONS.c.author == person).values(author=""))
    is_user = and_(SCIM.c.kind == Kind.PERSON.value, SCIM.c.id == person)
    connection.execute(delete(SCIM).where(is_user))
    groups = select(SCIM.c.id, SCIM.c.document).where(SCIM.c.document.like(quoted, escape="\\"))
    for id_, document in connection.execute(groups).all():
        group = _decode(document)
        group["members"] = [m for m in group.get("members", ()) if m.get("value") != person]
        connection.execute(
            update(SCIM)
            .where(SCIM.c.kind == Kind.TEAM.value, SCIM.c.id == id_)
            .values(document=_encode(group).decode(), version=SCIM.c.version + 1)
        )


def _differing(before: Claims, after: Claims) -> Iterator[tuple[Key, Source, Said | None]]:
    nothing: Mapping[Source, Said] = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key, nothing), after.get(key, nothing)
        if old is new:
            continue
        for source in old.keys() | new.keys():
            if old.get(source) != new.get(source):
                yield key, source, new.get(source)


def _row(key: Key, source: Source, said: Said) -> dict[str, Any]:
    row: dict[str, Any] = {"id": key.id, "source": source.value}
    for field in FIELDS[key.kind]:
        value = said.get(field)
        is_json = field in _JSON and value is not None
        row[field] = _encode(value).decode() if is_json else value
    return row
