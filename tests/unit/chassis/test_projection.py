"""Following a log into a state: where it begins, when it is saved, what it does not trust."""

import errno

import pytest

from sunwise.chassis.checkpoint import CheckpointStore
from sunwise.chassis.projection import Projection
from sunwise.contracts.exchange.log import (
    FIRST_GATEWAY_WRITER,
    GENESIS_CHAIN,
    BatchFlag,
    EventMessage,
    chained,
)
from tests.support.read_model_stage import Stage


class Positions:
    """A state: the positions applied so far."""

    def __init__(self) -> None:
        self.applied: list[int] = []
        self.begun: list[bytes | None] = []
        self.whole = True

    def begin(self, state: bytes | None) -> None:
        self.begun.append(state)
        if state == b"unreadable":
            raise ValueError("not a state")
        self.applied = [] if state is None else list(state)

    def apply(self, message: EventMessage) -> None:
        self.applied.append(message.command_seq)

    async def settle(self) -> None:
        pass

    def is_whole(self) -> bool:
        return self.whole

    def save(self) -> bytes:
        return bytes(self.applied)


def messages(n: int, *, time_ns: int = 1) -> list[EventMessage]:
    found, chain = [], GENESIS_CHAIN
    for seq in range(1, n + 1):
        place = (seq, 0, BatchFlag.LAST, FIRST_GATEWAY_WRITER, 1, seq, time_ns)
        found.append(chained(EventMessage(*place, chain, GENESIS_CHAIN, b"")))
        chain = found[-1].chain
    return found


@pytest.fixture
async def stage():
    stage = Stage()
    await stage.open()
    yield stage
    assert not stage.failures, stage.failures


def store_in(folder) -> CheckpointStore:
    return CheckpointStore(folder, name="positions", layout=b"1")


async def followed(stage: Stage, folder) -> tuple[Positions, Projection]:
    state = Positions()
    projection = await Projection.open(stage.bus("x"), state, shard="0", store=store_in(folder))
    await projection.reader.barrier()
    return state, projection


async def test_it_begins_with_nothing_and_applies_everything(stage, tmp_path):
    await stage.store(messages(5))
    state, projection = await followed(stage, tmp_path)
    assert (state.begun, state.applied) == ([None], [1, 2, 3, 4, 5])
    assert not projection.was_restored
    await projection.close()


async def test_closing_saves_and_opening_goes_on(stage, tmp_path):
    await stage.store(messages(7)[:5])
    _, projection = await followed(stage, tmp_path)
    await projection.close()
    await stage.store(messages(7)[5:])
    state, projection = await followed(stage, tmp_path)
    assert projection.was_restored
    assert (state.begun, state.applied) == ([bytes([1, 2, 3, 4, 5])], [1, 2, 3, 4, 5, 6, 7])
    await projection.close()


async def test_a_half_applied_command_is_not_saved(stage, tmp_path):
    await stage.store(messages(3))
    state, projection = await followed(stage, tmp_path)
    state.whole = False
    assert not await projection.save()
    state.whole = True
    assert await projection.save()
    await projection.close()


async def test_nothing_new_is_not_saved_again(stage, tmp_path):
    await stage.store(messages(3))
    _, projection = await followed(stage, tmp_path)
    await projection.save()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert await projection.save()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    await projection.close()


async def test_a_full_disk_costs_only_the_checkpoint(stage, tmp_path, caplog):
    class FullDisk(CheckpointStore):
        def save(self, **_what):
            raise OSError(errno.ENOSPC, "No space left on device")

    await stage.store(messages(3))
    state = Positions()
    store = FullDisk(tmp_path, name="positions", layout=b"1")
    projection = await Projection.open(stage.bus("x"), state, shard="0", store=store)
    await projection.reader.barrier()
    assert await projection.save()
    assert "no checkpoint was stored" in caplog.text
    await stage.store(messages(4)[3:])
    await projection.reader.barrier()
    assert state.applied == [1, 2, 3, 4]
    await projection.close()


async def test_a_state_that_cannot_be_read_is_built_anew(stage, tmp_path):
    await stage.store(messages(3))
    state, projection = await followed(stage, tmp_path)
    state.save = lambda: b"unreadable"
    await projection.close()
    state, projection = await followed(stage, tmp_path)
    assert (state.begun, state.applied) == ([b"unreadable", None], [1, 2, 3])
    await projection.close()


@pytest.mark.parametrize("created_after", [0, 3])
async def test_a_checkpoint_of_another_log_is_never_gone_on_from(tmp_path, created_after):
    """With another stream's identity, or with the same one and another chain."""
    for time_ns, other in ((1, 0), (2, created_after)):
        stage = Stage()
        await stage.open(created_after=other)
        await stage.store(messages(4, time_ns=time_ns))
        state, projection = await followed(stage, tmp_path)
        assert state.applied == [1, 2, 3, 4]
        assert state.begun[-1] is None
        await projection.close()
        assert not stage.failures
    state, projection = await followed(stage, tmp_path)
    assert projection.was_restored
    await projection.close()
