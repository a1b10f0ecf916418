"""How event messages get into EVT once, whoever appends them."""

import pytest

from sunwise.chassis.bus import AppendOutcomeUnknown, StoredMessage, StreamFull, WrongLastSequence
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.log import BatchFlag, EventMessage, chained, encode_events
from sunwise.exchange.engine.loop import Diverged, Produced
from sunwise.exchange.engine.outbox import Outbox, OutboxSettings


class Desk:
    def __init__(self, **settings):
        self.now_s = 100.0
        self.outbox = Outbox(
            stored_seq=10,
            position=Position(command_seq=10),
            monotonic_s=lambda: self.now_s,
            settings=OutboxSettings(**settings),
        )

    def leading(self):
        self.outbox.lead(10)
        return self

    def sent(self):
        found = []
        while (send := self.outbox.next_append()) is not None:
            found.append((send[0], send[1].position.command_seq))
        return found


def message(seq, *, records=b""):
    event = chained(
        EventMessage(seq, 0, BatchFlag.LAST, 16, 1, seq, 5, bytes(16), bytes(16), records)
    )
    return Produced(Position(command_seq=seq), event.chain, "evt.0.g16", encode_events(event))


def stored(seq, produced):
    return StoredMessage(seq, produced.subject, produced.payload)


@pytest.fixture
def desk():
    return Desk()


def test_a_leader_proves_itself_with_one_append_then_pipelines(desk):
    desk.leading()
    for seq in (11, 12, 13):
        desk.outbox.add(message(seq))
    assert desk.sent() == [(10, 11)]
    desk.outbox.appended(message(11), 11)
    assert desk.sent() == [(11, 12), (12, 13)]


def test_acknowledgements_confirm_in_order(desk):
    desk.leading()
    for seq in (11, 12, 13):
        desk.outbox.add(message(seq))
    desk.sent()
    desk.outbox.watch(Position(command_seq=12))
    assert all(desk.outbox.appended(message(seq), seq) for seq in (11, 12, 13))
    assert desk.outbox.n_waiting == 0
    assert (desk.outbox.position, desk.outbox.stored_seq) == (Position(command_seq=13), 13)
    assert desk.outbox.watched_seq == 12


def test_an_acknowledgement_says_nothing_about_what_was_sent_before_it(desk):
    """The fence saw that somebody stored 11, not what: it is compared before 12 counts."""
    desk.leading()
    desk.outbox.add(message(11))
    desk.outbox.add(message(12))
    desk.sent()
    desk.outbox.append_failed(WrongLastSequence(expected=10, last_seq=11))
    assert not desk.outbox.appended(message(12), 12)
    assert desk.outbox.position == Position(command_seq=10)
    with pytest.raises(Diverged, match=r"11\.0 differs"):
        desk.outbox.stored(stored(11, message(11, records=bytes(256))))


def test_an_acknowledgement_of_what_was_found_in_the_stream_is_no_news(desk):
    desk.leading()
    desk.outbox.add(message(11))
    desk.sent()
    desk.outbox.append_failed(AppendOutcomeUnknown("late"))
    desk.outbox.stored(stored(11, message(11)))
    desk.outbox.add(message(12))
    assert desk.outbox.appended(message(11), 11)
    assert desk.outbox.n_waiting == 1


def test_no_more_than_the_window_is_in_flight():
    desk = Desk(max_in_flight=2).leading()
    desk.outbox.add(message(11))
    desk.sent()
    desk.outbox.appended(message(11), 11)
    for seq in range(12, 20):
        desk.outbox.add(message(seq))
    assert len(desk.sent()) == 2


def test_large_messages_count_by_their_bytes():
    desk = Desk(max_in_flight_bytes=1 << 20).leading()
    desk.outbox.add(message(11))
    desk.sent()
    desk.outbox.appended(message(11), 11)
    for seq in range(12, 20):
        desk.outbox.add(message(seq, records=bytes(256 * 2_500)))
    assert len(desk.sent()) == 2


def test_it_is_full_when_too_much_is_not_confirmed():
    desk = Desk(max_waiting=2)
    desk.outbox.add(message(11))
    assert not desk.outbox.is_full
    desk.outbox.add(message(12))
    assert desk.outbox.is_full


@pytest.mark.parametrize(
    "error",
    [
        WrongLastSequence(expected=10, last_seq=11),
        AppendOutcomeUnknown("lost"),
        StreamFull("full", after_s=1.0),
    ],
)
def test_whoever_fails_follows_and_sends_nothing(desk, error):
    desk.leading()
    desk.outbox.add(message(11))
    desk.sent()
    desk.outbox.append_failed(error)
    assert not desk.outbox.leads
    assert desk.sent() == []
    assert desk.outbox.n_waiting == 1


def test_a_follower_confirms_what_another_has_stored(desk):
    desk.outbox.add(message(11))
    desk.outbox.stored(stored(11, message(11)))
    assert desk.outbox.n_waiting == 0
    assert desk.outbox.position == Position(command_seq=11)


def test_a_follower_compares_what_it_produces_with_what_was_stored_before(desk):
    desk.outbox.stored(stored(11, message(11)))
    desk.outbox.stored(stored(12, message(12)))
    desk.outbox.add(message(11))
    assert desk.outbox.position == Position(command_seq=11)
    desk.outbox.add(message(12))
    assert desk.outbox.n_waiting == 0


def test_different_bytes_stored_where_it_has_its_own_stop_the_replica(desk):
    desk.outbox.add(message(11))
    with pytest.raises(Diverged, match=r"11\.0 differs"):
        desk.outbox.stored(stored(11, message(11, records=bytes(256))))


def test_different_bytes_stored_before_it_produced_its_own_stop_the_replica(desk):
    desk.outbox.stored(stored(11, message(11, records=bytes(256))))
    with pytest.raises(Diverged, match=r"11\.0 differs"):
        desk.outbox.add(message(11))


def test_a_hole_in_stored_positions_stops_the_replica(desk):
    desk.outbox.add(message(11))
    with pytest.raises(Diverged, match="lost messages"):
        desk.outbox.stored(stored(11, message(12)))


def test_a_damaged_stored_message_stops_the_replica(desk):
    desk.outbox.add(message(11))
    with pytest.raises(Diverged, match="damaged"):
        desk.outbox.stored(StoredMessage(11, "evt.0.g16", b"rot"))


def test_a_position_stored_again_is_passed_over(desk):
    desk.outbox.add(message(11))
    desk.outbox.stored(stored(11, message(10)))
    assert desk.outbox.n_waiting == 1
    desk.outbox.stored(stored(12, message(11)))
    assert desk.outbox.n_waiting == 0


def test_a_follower_leads_only_when_stored_events_fall_behind_its_own(desk):
    desk.outbox.add(message(11))
    desk.now_s += 0.09
    assert not desk.outbox.wants_to_lead
    desk.now_s += 0.02
    assert desk.outbox.wants_to_lead


def test_a_follower_does_not_lead_while_another_makes_progress(desk):
    for seq in (11, 12, 13):
        desk.outbox.add(message(seq))
    desk.now_s += 0.09
    desk.outbox.stored(stored(11, message(11)))
    desk.now_s += 0.09
    assert not desk.outbox.wants_to_lead


def test_after_a_full_disk_it_waits_before_it_tries_again(desk):
    desk.leading()
    desk.outbox.add(message(11))
    desk.sent()
    desk.outbox.append_failed(StreamFull("full", after_s=1.0))
    desk.now_s += 0.9
    assert not desk.outbox.wants_to_lead
    desk.now_s += 0.2
    assert desk.outbox.wants_to_lead
    desk.outbox.lead(10)
    assert desk.sent() == [(10, 11)]


def test_a_late_acknowledgement_still_counts(desk):
    desk.leading()
    desk.outbox.add(message(11))
    desk.outbox.add(message(12))
    desk.sent()
    desk.outbox.append_failed(WrongLastSequence(expected=11, last_seq=12))
    desk.outbox.appended(message(11), 11)
    assert desk.outbox.position == Position(command_seq=11)
    assert desk.outbox.n_waiting == 1
