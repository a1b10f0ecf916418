"""How an instance takes facts of the other one in."""

from sunwise.people.pager.core.facts import Fact, Heard
from sunwise.people.pager.instance import _news


def fact(origin, seq):
    return Fact(origin=origin, seq=seq, stamp=seq, at_ns=0, body=Heard(watchdog="w"))


def test_only_what_follows_without_a_gap_is_taken():
    have = {"a": 2}
    received = [fact("a", seq) for seq in (1, 2, 3, 5, 4)] + [fact("b", 1), fact("c", 2)]
    assert [(each.origin, each.seq) for each in _news(received, have)] == [
        ("a", 3),
        ("a", 4),
        ("b", 1),
    ]
    assert have == {"a": 4, "b": 1}
