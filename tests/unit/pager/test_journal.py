"""What a journal on disk says after its facts were replaced."""

from sunwise.people.pager.core.facts import Contact, ContactsSet, Fact
from sunwise.people.pager.core.retention import pruned
from sunwise.people.pager.store import SqlJournal

ADDRESS = "+351-900-000-000-nowhere-else"


async def test_what_was_pruned_keeps_its_number_and_its_words_are_on_no_disk(tmp_path):
    journal = SqlJournal.open(tmp_path)
    body = ContactsSet(person="ana", contacts=(Contact(kind="sms", address=ADDRESS),))
    facts = [
        Fact(origin=journal.origin, seq=seq, stamp=seq, at_ns=seq, body=body) for seq in (1, 2, 3)
    ]
    await journal.append(facts)
    await journal.replace([pruned(fact) for fact in facts])
    journal.close()
    again = SqlJournal.open(tmp_path)
    assert [(fact.seq, fact.stamp) for fact in again.read()] == [(1, 1), (2, 2), (3, 3)]
    again.close()
    for path in tmp_path.iterdir():
        assert ADDRESS.encode() not in path.read_bytes(), path.name
