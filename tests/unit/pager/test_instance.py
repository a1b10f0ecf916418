"""How an instance takes facts of the other one in."""

from sunwise.people.pager.core.facts import Fact, Heard
from sunwise.people.pager.core.intake import Sender, bodies_of
from sunwise.people.pager.instance import _news
from tests.support.pager_people import firing
from tests.unit.pager.conftest import running_instance


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


async def test_a_bug_in_sending_hands_on_to_the_next_and_stops_nothing(tmp_path):
    async with running_instance(tmp_path) as pager:

        async def broken(notify, board, now):
            pager.courier.delivered.append(notify)
            raise KeyError("a bug")

        pager.courier.deliver = broken
        signal = firing()
        await pager.instance.submit(
            lambda board, now: bodies_of([signal], Sender("am", "gateway"), board, now)
        )
        await pager.until(lambda: len(pager.courier.delivered) >= 3)
        people = [notify.person.id for notify in pager.courier.delivered]
        assert people[:3] == ["ana", "noa", "kenji"]
