from pathlib import Path

import msgspec
import pytest

from sunwise.chassis.bus import NotPermitted, StreamFull
from sunwise.chassis.bus.disk_guard import DiskGuard
from tests.contract.bus.worlds import COMMANDS, EVENTS, World

MIB = 1 << 20


async def guarding(world: World, free: list[int]) -> DiskGuard:
    """A guard over both streams, of a disk with `free[0]` bytes left: it wants 100 MiB."""
    return DiskGuard(
        await world.operator(),
        folder=Path(),
        specs=[COMMANDS, EVENTS],
        min_free_bytes=100 * MIB,
        free_bytes=lambda _folder: free[0],
    )


async def test_little_room_refuses_appends_and_enough_takes_them_again(world: World):
    writer, engine = await world.connect("writer"), await world.connect("engine")
    for _ in range(20):
        await writer.append("cmd.0.w1", b"x")
    free = [1000 * MIB]
    guard = await guarding(world, free)
    await guard.check()
    assert await writer.append("cmd.0.w1", b"x") == 21
    free[0] = 49 * MIB
    await guard.check()
    for bus, subject in ((writer, "cmd.0.w1"), (engine, "evt.0.a")):
        with pytest.raises(StreamFull):
            await bus.append(subject, b"x")
    info = await writer.stream_info("CMD_0")
    assert (info.first_seq, info.last_seq, info.messages) == (1, 21, 21)
    free[0] = 120 * MIB
    await guard.check()
    with pytest.raises(StreamFull):
        await writer.append("cmd.0.w1", b"x")
    free[0] = 126 * MIB
    await guard.check()
    assert await writer.append("cmd.0.w1", b"x") == 22
    assert await engine.append("evt.0.a", b"x") == 1


async def test_commands_are_refused_before_the_events_of_those_that_are_stored(world: World):
    writer, engine = await world.connect("writer"), await world.connect("engine")
    free = [99 * MIB]
    guard = await guarding(world, free)
    await writer.append("cmd.0.w1", b"stored just before")
    for room, seq in ((99, 1), (50, 2)):
        free[0] = room * MIB
        await guard.check()
        with pytest.raises(StreamFull):
            await writer.append("cmd.0.w1", b"refused")
        assert await engine.append("evt.0.a", b"what became of it") == seq
    free[0] = 49 * MIB
    await guard.check()
    with pytest.raises(StreamFull):
        await engine.append("evt.0.a", b"x")
    free[0] = 63 * MIB
    await guard.check()
    assert await engine.append("evt.0.a", b"x") == 3
    with pytest.raises(StreamFull):
        await writer.append("cmd.0.w1", b"still too little for commands")


async def test_what_was_stored_survives_a_crash_while_appends_are_refused(world: World):
    writer = await world.connect("writer")
    for _ in range(20):
        await writer.append("cmd.0.w1", b"x")
    operator = await world.operator()
    await operator.limit_stream("CMD_0", max_bytes=1)
    await world.crash()
    await world.come_back()
    again = await world.connect("writer")
    info = await again.stream_info("CMD_0")
    assert (info.first_seq, info.last_seq, info.messages) == (1, 20, 20)
    await world.ensure(COMMANDS)
    assert await again.append("cmd.0.w1", b"x") == 21


async def test_only_the_operator_may_make_or_change_streams(world: World):
    writer = await world.connect("writer")
    larger = msgspec.structs.replace(COMMANDS, max_bytes=COMMANDS.max_bytes * 2)
    with pytest.raises(NotPermitted):
        await writer.ensure_stream(larger)  # type: ignore[attr-defined]
    with pytest.raises(NotPermitted):
        await writer.limit_stream("CMD_0", max_bytes=1)  # type: ignore[attr-defined]
