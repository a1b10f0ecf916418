"""The rules by which a writer neither loses nor doubles a command."""

import pytest

from sunwise.chassis.bus import (
    AppendOutcomeUnknown,
    Disconnected,
    NoStream,
    NotPermitted,
    StreamFull,
)
from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.log import (
    Fenced,
    LogBroken,
    NotAccepted,
    Outcome,
    OutcomeUnknown,
    Overloaded,
    WriterSession,
    WriterSettings,
)
from sunwise.contracts.exchange.accounts import Position
from sunwise.contracts.exchange.codec import EVENT_CODECS
from sunwise.contracts.exchange.log import BatchFlag, EventMessage, decode_batch
from sunwise.contracts.exchange.records import COMMAND_STRIDE, EventFlag, EventKind

WRITER, EPOCH = 16, 7


class Desk:
    """A session on a clock that the test moves, and a list of what became of each command."""

    def __init__(self, **settings):
        self.now_s = 100.0
        self.results = {}
        self.session = WriterSession(
            writer=WRITER,
            epoch=EPOCH,
            clock=SimulatedClock(),
            monotonic_s=lambda: self.now_s,
            settings=WriterSettings(**settings),
        )

    def submit(self, *names):
        for name in names:
            record = name.encode().ljust(COMMAND_STRIDE, b"\0")
            self.session.submit(record, lambda result, name=name: self.finish(name, result))

    def finish(self, name, result):
        assert name not in self.results, f"{name} ended twice"
        self.results[name] = result

    def send(self):
        """The next batch as (number, names of its commands), or None."""
        sent = self.session.next_batch()
        if sent is None:
            return None
        batch = decode_batch(sent[1])
        assert (batch.writer, batch.epoch, batch.batch_no) == (WRITER, EPOCH, sent[0])
        text = bytes(batch.records)
        names = [
            text[at : at + COMMAND_STRIDE].rstrip(b"\0").decode()
            for at in range(0, len(text), COMMAND_STRIDE)
        ]
        return sent[0], names

    def claim(self):
        """Sends and settles a first batch, so that the session is free to go on."""
        self.submit("first")
        self.session.next_batch()
        payload = self.session._sent[1].payload
        self.session.appended(1)
        self.session.on_event(events(1, [0], command_seq=1))
        self.session.check_claim(payload)
        assert isinstance(self.results.pop("first"), Outcome)

    def wait(self, seconds):
        self.now_s += seconds
        self.session.on_time()


def event(index, *, flags=0, order_id=0):
    return EVENT_CODECS["order"].pack(
        kind=EventKind.ACCEPTED, command_index=index, flags=flags, order_id=order_id
    )


def events(batch_no, indexes, *, command_seq, part=0, flags=BatchFlag.LAST, epoch=EPOCH):
    return EventMessage(
        command_seq, part, flags, WRITER, epoch, batch_no, 5, b"", b"",
        b"".join(event(index) for index in indexes),
    )  # fmt: skip


@pytest.fixture
def desk():
    desk = Desk()
    desk.claim()
    return desk


def test_commands_that_arrive_while_a_batch_is_unacknowledged_form_the_next(desk):
    desk.submit("a")
    assert desk.send() == (2, ["a"])
    desk.submit("b", "c")
    assert desk.send() is None
    desk.session.appended(2)
    assert desk.send() == (3, ["b", "c"])


def test_a_batch_holds_at_most_256_commands(desk):
    desk.submit(*(f"c{i}" for i in range(300)))
    assert len(desk.send()[1]) == 256
    desk.session.appended(2)
    assert len(desk.send()[1]) == 44


def test_each_command_gets_its_own_events_and_the_position_of_the_last_part(desk):
    desk.submit("a", "b", "c")
    desk.send()
    desk.session.on_event(events(2, [0, 0, 1], command_seq=9, flags=0))
    assert not desk.results
    desk.session.on_event(events(2, [1, 2], command_seq=9, part=1))
    assert {name: len(r.records) // 256 for name, r in desk.results.items()} == {
        "a": 2, "b": 2, "c": 1,
    }  # fmt: skip
    assert desk.results["a"].position == Position(command_seq=9, part=1)
    assert desk.session.n_waiting == 0


def test_the_newest_outcome_is_not_always_the_last_one_told(desk):
    for name in ("a", "b"):
        desk.submit(name)
        desk.session.appended(desk.send()[0])
    for batch_no in (3, 2):
        desk.session.on_event(events(batch_no, [0], command_seq=batch_no + 6))
    assert list(desk.results) == ["b", "a"]
    assert desk.results["a"].position == Position(command_seq=8)


def test_events_of_triggered_stops_belong_to_no_command(desk):
    desk.submit("a", "b")
    desk.send()
    records = [
        event(0, flags=EventFlag.FROM_TRIGGER), event(0, order_id=1),
        event(1, flags=EventFlag.FROM_TRIGGER), event(1, order_id=2), event(1, order_id=3),
    ]  # fmt: skip
    desk.session.on_event(events(2, [], command_seq=9)._replace(records=b"".join(records)))
    assert desk.results["a"].records == records[1]
    assert desk.results["b"].records == records[3] + records[4]


def test_a_command_without_events_still_gets_an_outcome(desk):
    desk.submit("clock")
    desk.send()
    desk.session.on_event(events(2, [], command_seq=9))
    assert desk.results["clock"].records == b""


def test_events_count_as_the_acknowledgement(desk):
    desk.submit("a")
    desk.send()
    desk.session.on_event(events(2, [0], command_seq=9))
    desk.submit("b")
    assert desk.send() == (3, ["b"])
    desk.session.append_failed(2, AppendOutcomeUnknown("too late to matter"))
    assert desk.session.failure is None


def test_an_unknown_append_is_repeated_with_the_same_bytes(desk):
    desk.submit("a")
    first = desk.session.next_batch()
    desk.submit("b")
    desk.session.append_failed(2, AppendOutcomeUnknown("lost", after_s=0.1))
    assert desk.session.next_batch() is None
    desk.wait(0.1)
    assert desk.session.next_batch() == first


def test_a_reconnect_repeats_at_once(desk):
    desk.submit("a")
    first = desk.session.next_batch()
    desk.session.append_failed(2, AppendOutcomeUnknown("lost"))
    desk.session.reconnected()
    assert desk.session.next_batch() == first


def test_a_silent_append_is_repeated_after_its_time(desk):
    desk.submit("a")
    first = desk.session.next_batch()
    desk.wait(0.9)
    assert desk.session.next_batch() is None
    desk.wait(0.2)
    assert desk.session.next_batch() == first


def test_a_full_stream_refuses_with_nothing_done_and_the_number_is_used_again(desk):
    desk.submit("a", "b")
    desk.send()
    desk.session.append_failed(2, StreamFull("full"))
    assert {type(r) for r in desk.results.values()} == {NotAccepted}
    desk.submit("c")
    assert desk.send() == (2, ["c"])


def test_a_full_stream_decides_nothing_about_a_batch_that_may_be_stored(desk):
    desk.submit("a")
    desk.send()
    desk.session.append_failed(2, AppendOutcomeUnknown("lost", after_s=0))
    desk.send()
    desk.session.append_failed(2, StreamFull("full", after_s=0))
    assert not desk.results
    desk.session.on_event(events(2, [0], command_seq=9))
    assert isinstance(desk.results["a"], Outcome)


@pytest.mark.parametrize("error", [Disconnected("no"), NoStream("no")])
def test_what_never_left_here_ends_as_not_accepted(desk, error):
    desk.submit("a")
    desk.send()
    desk.session.append_failed(2, error)
    desk.submit("b")
    desk.wait(5.1)
    assert {name: type(r) for name, r in desk.results.items()} == {
        "a": NotAccepted, "b": NotAccepted,
    }  # fmt: skip
    desk.submit("c")
    assert desk.send() == (2, ["c"])


def test_what_may_be_stored_ends_as_unknown_and_its_batch_is_still_repeated():
    desk = Desk(stalled_after_s=100)
    desk.claim()
    desk.submit("a")
    sent = desk.session.next_batch()
    desk.session.append_failed(2, AppendOutcomeUnknown("lost", after_s=0))
    desk.wait(5.1)
    assert type(desk.results["a"]) is OutcomeUnknown
    assert desk.session.next_batch() == sent
    desk.session.appended(2)
    desk.submit("b")
    assert desk.send() == (3, ["b"])


def test_too_many_waiting_commands_are_refused_at_once():
    desk = Desk(max_waiting=2)
    desk.submit("a", "b")
    with pytest.raises(Overloaded):
        desk.submit("c")


def test_nothing_is_taken_while_the_engine_does_not_answer(desk):
    desk.submit("a")
    desk.send()
    desk.session.appended(2)
    desk.wait(1.1)
    with pytest.raises(Overloaded, match="engine"):
        desk.submit("b")
    desk.session.on_event(events(2, [0], command_seq=9))
    desk.wait(0.02)
    desk.submit("b")


def test_an_answer_that_does_not_come_is_looked_for(desk):
    desk.submit("a")
    desk.send()
    desk.session.appended(2)
    desk.wait(0.2)
    assert not desk.session.reply_missing
    desk.wait(0.1)
    assert desk.session.reply_missing
    desk.session.replies_read()
    assert not desk.session.reply_missing


def test_an_empty_repeat_makes_it_look_for_the_original(desk):
    desk.submit("a")
    desk.send()
    repeat = events(2, [], command_seq=10, flags=BatchFlag.LAST | BatchFlag.REPEAT)
    desk.session.on_event(repeat)
    assert desk.session.reply_missing
    assert not desk.results
    desk.session.on_event(events(2, [0], command_seq=9))
    desk.session.on_event(repeat)
    assert isinstance(desk.results["a"], Outcome)


def test_repeated_and_skipped_parts_do_no_harm(desk):
    desk.submit("a", "b")
    desk.send()
    first = events(2, [0], command_seq=9, flags=0)
    desk.session.on_event(first)
    desk.session.on_event(first)
    desk.session.on_event(events(2, [1], command_seq=9, part=2))
    assert desk.session.reply_missing
    assert not desk.results
    desk.session.on_event(events(2, [0, 1], command_seq=9, part=1, flags=0))
    desk.session.on_event(events(2, [1], command_seq=9, part=2))
    assert len(desk.results["a"].records) == 2 * 256
    assert len(desk.results["b"].records) == 2 * 256


def test_the_second_batch_waits_until_the_first_is_found_to_be_ours():
    desk = Desk()
    desk.submit("a")
    _, payload = desk.session.next_batch()
    desk.session.appended(1)
    desk.submit("b")
    assert desk.send() is None
    desk.session.on_event(events(1, [0], command_seq=3))
    assert desk.session.claim_to_check == 3
    assert not desk.results
    desk.session.check_claim(payload)
    assert isinstance(desk.results["a"], Outcome)
    assert desk.send() == (2, ["b"])


def test_of_two_instances_with_one_epoch_the_later_claim_ends():
    desk = Desk()
    desk.submit("a")
    desk.send()
    desk.submit("b")
    desk.session.on_event(events(1, [0], command_seq=3))
    desk.session.check_claim(b"another instance's batch")
    assert isinstance(desk.session.failure, Fenced)
    assert {name: type(r) for name, r in desk.results.items()} == {
        "a": OutcomeUnknown, "b": NotAccepted,
    }  # fmt: skip
    with pytest.raises(Fenced):
        desk.submit("c")


def test_a_claim_that_was_only_repeated_never_happened():
    desk = Desk()
    desk.submit("a")
    desk.send()
    desk.session.on_event(events(1, [], command_seq=4, flags=BatchFlag.LAST | BatchFlag.REPEAT))
    desk.session.replies_read()
    assert isinstance(desk.session.failure, Fenced)


@pytest.mark.parametrize(
    "message",
    [
        events(1, [0], command_seq=9, epoch=EPOCH + 1),
        events(2, [], command_seq=9, flags=BatchFlag.LAST | BatchFlag.STALE_EPOCH),
        events(3, [0], command_seq=9),
    ],
    ids=["newer epoch", "stale epoch", "a batch that was never sent"],
)
def test_a_newer_instance_fences_this_one(desk, message):
    desk.submit("a")
    desk.send()
    desk.session.on_event(message)
    assert isinstance(desk.session.failure, Fenced)
    assert type(desk.results["a"]) is OutcomeUnknown


def test_events_of_an_older_instance_are_passed_over(desk):
    desk.submit("a")
    desk.send()
    desk.session.on_event(events(2, [0], command_seq=9, epoch=EPOCH - 1))
    assert not desk.results
    assert desk.session.failure is None


def test_a_lost_batch_breaks_the_log(desk):
    desk.submit("a")
    desk.send()
    desk.session.on_event(
        events(2, [], command_seq=9, flags=BatchFlag.LAST | BatchFlag.OUT_OF_ORDER)
    )
    assert isinstance(desk.session.failure, LogBroken)


def test_a_batch_that_was_executed_twice_breaks_the_log(desk):
    desk.submit("a")
    desk.send()
    desk.session.on_event(events(2, [0], command_seq=9, flags=0))
    desk.session.on_event(events(2, [0], command_seq=10))
    assert isinstance(desk.session.failure, LogBroken)


def test_a_writer_without_permission_fails_loudly(desk):
    desk.submit("a")
    desk.send()
    desk.session.append_failed(2, NotPermitted("not in its grant"))
    assert isinstance(desk.session.failure, LogBroken)


def test_a_bug_is_not_taken_for_a_fault_of_the_world(desk):
    desk.submit("a")
    desk.send()
    with pytest.raises(TypeError):
        desk.session.append_failed(2, TypeError("a bug"))


def test_an_abandoned_command_is_forgotten_and_its_late_events_do_no_harm():
    desk = Desk(stalled_after_s=100)
    desk.claim()
    desk.submit("a")
    desk.send()
    desk.session.appended(2)
    desk.wait(5.1)
    assert type(desk.results["a"]) is OutcomeUnknown
    desk.session.on_event(events(2, [0], command_seq=9))
    assert desk.session.failure is None


def test_after_a_silence_the_next_command_is_tried_again(desk):
    desk.submit("a")
    desk.send()
    desk.session.appended(2)
    desk.wait(5.1)
    assert type(desk.results["a"]) is OutcomeUnknown
    assert desk.session.is_busy
    desk.wait(0.02)
    assert not desk.session.is_busy
    desk.submit("b")
    assert desk.send() == (3, ["b"])
