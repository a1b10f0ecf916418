import asyncio

import msgspec
import pytest

from sunwise.chassis.bus import (
    MAX_MESSAGE_BYTES,
    AppendOutcomeUnknown,
    Disconnected,
    MessageTooLarge,
    NoStream,
    NotPermitted,
    StreamFull,
    WrongLastSequence,
    header,
)
from sunwise.chassis.errors import Retryable
from tests.contract.bus.worlds import SMALL, World, eventually


async def test_appends_get_consecutive_sequences_in_the_order_of_the_calls(world: World):
    writer = await world.connect("writer")
    futures = [writer.append("cmd.0.w1", bytes([i])) for i in range(100)]
    assert await asyncio.gather(*futures) == list(range(1, 101))
    stored = [await writer.read("CMD_0", seq) for seq in (1, 50, 100)]
    assert [message.payload for message in stored if message] == [b"\x00", b"\x31", b"\x63"]


async def test_payload_subject_and_headers_are_kept(world: World):
    engine = await world.connect("engine")
    payload = bytes(range(256)) * 40
    seq = await engine.append("evt.0.w1", payload, headers={"Build": "abc", "Empty": ""})
    message = await engine.read("EVT_0", seq)
    assert message is not None
    assert (message.seq, message.subject, message.payload) == (seq, "evt.0.w1", payload)
    assert header(message.raw_headers, b"Build") == b"abc"
    assert header(message.raw_headers, b"Empty") == b""
    assert header(message.raw_headers, b"Other") is None


async def test_an_empty_payload_is_stored(world: World):
    writer = await world.connect("writer")
    seq = await writer.append("cmd.0.w1", b"")
    message = await writer.read("CMD_0", seq)
    assert message is not None
    assert message.payload == b""


async def test_a_fenced_append_is_stored_only_right_after_the_expected_sequence(world: World):
    engine = await world.connect("engine")
    assert await engine.append("evt.0.w1", b"a", expected_last_seq=0) == 1
    with pytest.raises(WrongLastSequence) as caught:
        await engine.append("evt.0.w1", b"b", expected_last_seq=0)
    assert (caught.value.expected, caught.value.last_seq) == (0, 1)
    assert await engine.append("evt.0.w2", b"c", expected_last_seq=1) == 2


async def test_pipelined_fenced_appends_fall_together(world: World):
    engine = await world.connect("engine")
    await engine.append("evt.0.w1", b"first")
    futures = [engine.append("evt.0.w1", bytes([i]), expected_last_seq=i) for i in range(5)]
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert isinstance(outcomes[0], WrongLastSequence)
    assert outcomes[1:] == [2, 3, 4, 5]


async def test_two_racing_replicas_store_each_position_once(world: World):
    replicas = [await world.connect("engine") for _ in range(2)]

    async def race(name: bytes) -> tuple[int, int]:
        bus, won, lost = replicas[name[0] - 65], 0, 0
        for last in range(200):
            try:
                await bus.append("evt.0.w1", name + b"%d" % last, expected_last_seq=last)
                won += 1
            except WrongLastSequence:
                lost += 1
                stored = await bus.read("EVT_0", last + 1)
                assert stored is not None
                assert stored.payload[1:] == b"%d" % last
        return won, lost

    results = await asyncio.gather(race(b"A"), race(b"B"))
    assert sum(won for won, _lost in results) == 200
    assert (await replicas[0].stream_info("EVT_0")).last_seq == 200


async def test_a_full_stream_refuses_explicitly_and_takes_again_when_raised(world: World):
    await world.ensure(SMALL)
    filler = await world.connect("filler")
    stored = 0
    with pytest.raises(StreamFull):  # noqa: PT012  (how many fit is the stream's business)
        for _ in range(100):
            await filler.append("small.x", bytes(1000))
            stored += 1
    assert 5 <= stored < 10
    with pytest.raises(StreamFull):
        await filler.append("small.x", bytes(1000))
    await world.ensure(msgspec.structs.replace(SMALL, max_bytes=100_000))
    assert await filler.append("small.x", bytes(1000)) == stored + 1


async def test_a_message_above_the_limit_is_refused_before_it_is_sent(world: World):
    writer = await world.connect("writer")
    with pytest.raises(MessageTooLarge):
        writer.append("cmd.0.w1", bytes(MAX_MESSAGE_BYTES + 1))
    assert await writer.append("cmd.0.w1", bytes(MAX_MESSAGE_BYTES)) == 1


async def test_headers_and_fence_count_towards_the_limit(world: World):
    writer = await world.connect("writer")
    headers = {"Build": "x" * 100}
    with pytest.raises(MessageTooLarge):
        writer.append("cmd.0.w1", bytes(MAX_MESSAGE_BYTES - 100), headers=headers)
    with pytest.raises(MessageTooLarge):
        writer.append("cmd.0.w1", bytes(MAX_MESSAGE_BYTES - 10), expected_last_seq=0)
    payload = bytes(MAX_MESSAGE_BYTES - 200)
    assert await writer.append("cmd.0.w1", payload, headers=headers, expected_last_seq=0) == 1
    stored = await writer.read("CMD_0", 1)
    assert stored is not None
    assert stored.payload == payload


async def test_a_subject_outside_the_grant_is_refused(world: World):
    writer = await world.connect("writer")
    with pytest.raises(NotPermitted, match=r"cmd\.0\.w3"):
        await writer.append("cmd.0.w3", b"x")
    with pytest.raises(NotPermitted):
        await writer.append("evt.0.w1", b"x")
    assert await writer.append("cmd.0.w1", b"x") == 1


async def test_a_subject_that_no_stream_takes_is_refused(world: World):
    asker = await world.connect("asker")
    with pytest.raises(NoStream):
        await asker.append("ask.nobody", b"x")


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(world: World):
    writer = await world.connect("writer")
    acknowledged: dict[int, bytes] = {}
    unknown = 0

    async def write() -> None:
        nonlocal unknown
        for i in range(100_000):
            payload = b"%d" % i
            try:
                acknowledged[await writer.append("cmd.0.w1", payload)] = payload
            except AppendOutcomeUnknown:
                unknown += 1
            except Retryable as error:
                await asyncio.sleep(error.after_s)

    async def fifty_more() -> None:
        enough = len(acknowledged) + 50
        await eventually(lambda: len(acknowledged) >= enough)

    writing = asyncio.create_task(write())
    for _ in range(3):
        await fifty_more()
        await world.crash()
        await asyncio.sleep(0.05)
        with pytest.raises(Disconnected):
            writer.append("cmd.0.w1", b"while away")
        await world.come_back()
    await fifty_more()
    writing.cancel()
    reader = await world.connect("writer")
    info = await reader.stream_info("CMD_0")
    assert info.last_seq >= max(acknowledged)
    for seq, payload in acknowledged.items():
        stored = await reader.read("CMD_0", seq)
        assert stored is not None
        assert stored.payload == payload
    assert info.last_seq <= len(acknowledged) + unknown + 1


async def test_appends_in_flight_at_a_crash_end_as_unknown(world: World):
    writer = await world.connect("writer")
    await writer.append("cmd.0.w1", b"x")
    await world.crash()
    with pytest.raises((AppendOutcomeUnknown, Disconnected)):
        await writer.append("cmd.0.w1", b"y")
