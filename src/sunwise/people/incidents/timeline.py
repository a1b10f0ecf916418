"""The timeline of an incident: entries in the order of recording, each chained to the one before.

The chain holds a digest of the words with a salt, not the words: words can be erased, with their
salt, and the chain still fits. It holds pseudonyms, never people.
"""

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sunwise.chassis import addresses
from sunwise.contracts.people.facts import Evidence, FactKind, TimelineFact

SALT_BYTES: Final = 16
_START: Final = bytes(32)
_encode: Final = msgspec.msgpack.Encoder().encode


class EntryKind(StrEnum):
    """What an entry says."""

    FACT = "fact"  # somebody told it: its `fact` says of what kind
    OPENED = "opened"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    SEVERITY = "severity"
    ROLE = "role"
    NOTE = "note"


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of a timeline."""

    incident: str
    seq: int = 0
    """From 1 within the incident."""
    at_ns: int
    """When it happened; entries are told in the order in which they became known."""
    kind: EntryKind
    fact: FactKind | None = None
    source: str
    evidence: Evidence | None = None
    """None: this entry is the evidence."""
    actor_role: str = ""
    """What whoever did it was there for."""
    actor: str | None = None
    """Their pseudonym."""
    what: str | None
    """None: erased."""
    salt: bytes | None = None
    digest: bytes = b""
    """Of salt and words."""
    chain: bytes = b""


class ChainBroken(ValueError):
    """A timeline is not what was recorded; the message names the first entry that does not fit."""


def chained(entry: Entry, before: Entry | None, *, salt: bytes) -> Entry:
    """The entry as the next one after `before`."""
    assert entry.what is not None, "nothing is erased before it is recorded"
    numbered = replace(
        entry,
        seq=before.seq + 1 if before is not None else 1,
        salt=salt,
        digest=_digest(salt, entry.what),
    )
    return replace(numbered, chain=_link(before.chain if before is not None else _START, numbered))


def erased(entry: Entry) -> Entry:
    """The entry without its words, still part of the chain."""
    return replace(entry, what=None, salt=None)


def verify(entries: Iterable[Entry]) -> None:
    """Returns if the entries, in order, are the timeline from its beginning. Raises ChainBroken."""
    chain = _START
    for seq, entry in enumerate(entries, start=1):
        is_same = entry.what is None or (
            entry.salt is not None and _digest(entry.salt, entry.what) == entry.digest
        )
        chain = _link(chain, entry)
        if entry.seq != seq or not is_same or entry.chain != chain:
            raise ChainBroken(
                f"Entry {seq} of the timeline of {entry.incident} was changed or lost: compare it "
                "with an export or a backup."
            )


def anchor(entry: Entry) -> Evidence:
    """The entry's evidence, which is the entry itself where there is no other."""
    place = addresses.incident(entry.incident, entry=entry.seq)
    if entry.evidence is None:
        return Evidence(kind="timeline", ref=f"{entry.incident}:{entry.seq}", url=place)
    return entry.evidence if entry.evidence.url else replace(entry.evidence, url=place)


def entry_of(fact: TimelineFact, incident: str, *, actor: str | None) -> Entry:
    """A fact as an entry. Of an acknowledgement nobody learns whose it was."""
    is_named = fact.actor is not None and fact.kind is not FactKind.PAGE_ACKNOWLEDGED
    return Entry(
        incident=incident,
        at_ns=fact.at_ns,
        kind=EntryKind.FACT,
        fact=fact.kind,
        source=fact.source,
        evidence=fact.evidence,
        actor_role=fact.actor.role if is_named and fact.actor is not None else "",
        actor=actor if is_named else None,
        what=fact.what,
    )


def _digest(salt: bytes, what: str) -> bytes:
    return hashlib.sha256(salt + what.encode()).digest()


def _link(before: bytes, entry: Entry) -> bytes:
    """The chain up to the entry: over everything but its words and their salt."""
    content = replace(entry, what=None, salt=None, chain=b"")
    return hashlib.sha256(before + _encode(content)).digest()
