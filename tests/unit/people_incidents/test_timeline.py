"""A timeline shows that it was tampered with."""

import pytest
from msgspec.structs import replace

from sunwise.contracts.people.facts import Evidence
from sunwise.people.incidents.timeline import ChainBroken, Entry, EntryKind, chained, verify


def timeline(n: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(n):
        entry = Entry(
            incident="0123456789ab",
            at_ns=number,
            kind=EntryKind.NOTE,
            source="test",
            what=f"Entry {number}",
            actor="p-1",
        )
        entries.append(chained(entry, entries[-1] if entries else None, salt=bytes([number] * 16)))
    return entries


@pytest.mark.parametrize(
    "change",
    [
        {"what": "Something else"},
        {"at_ns": 99},
        {"source": "other"},
        {"actor": "p-2"},
        {"actor_role": "commander"},
        {"evidence": Evidence(kind="alert", ref="a")},
        {"salt": bytes(16)},
        {"digest": bytes(32)},
        {"seq": 7},
        {"chain": bytes(32)},
        {"what": None, "salt": None, "digest": bytes(32)},
    ],
    ids=str,
)
def test_a_changed_entry_breaks_the_chain_there(change):
    entries = timeline(4)
    entries[1] = replace(entries[1], **change)
    with pytest.raises(ChainBroken, match="Entry 2 of the timeline"):
        verify(entries)


def test_a_lost_or_moved_entry_breaks_the_chain():
    whole = timeline(4)
    verify(whole)
    for entries in ([whole[0], *whole[2:]], [whole[1], whole[0], *whole[2:]], whole[1:]):
        with pytest.raises(ChainBroken):
            verify(entries)
