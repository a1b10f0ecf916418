import asyncio
from collections.abc import Callable

import pytest

from sunwise.chassis.bus import (
    Disconnected,
    Message,
    NoResponder,
    NotPermitted,
    RequestTimeout,
    StreamDiffers,
    StreamSpec,
)
from sunwise.chassis.errors import Permanent, Retryable
from tests.contract.bus.worlds import EVENTS, World, eventually, patiently


async def echo(message: Message) -> bytes:
    return message.subject.encode() + b":" + message.payload


async def test_a_request_is_answered(world: World):
    server, asker = await world.connect("server"), await world.connect("asker")
    await server.serve("ask.server", echo)
    assert await asker.request("ask.server", b"hello") == b"ask.server:hello"
    answers = await asyncio.gather(*(asker.request("ask.server", b"%d" % i) for i in range(300)))
    assert answers == [b"ask.server:%d" % i for i in range(300)]


async def test_an_answer_comes_after_what_was_published_before_it(world: World):
    server, asker = await world.connect("server"), await world.connect("asker")
    got: list[bytes] = []
    await asker.subscribe("told.server", lambda message: got.append(message.payload))

    async def tell_and_answer(_: Message) -> bytes:
        for i in range(50):
            server.publish("told.server", b"%d" % i)
        return b"told"

    await server.serve("ask.server", tell_and_answer)
    for _ in range(5):
        got.clear()
        await asker.request("ask.server", b"")
        assert got == [b"%d" % i for i in range(50)]


async def test_a_handlers_refusal_reaches_the_caller(world: World):
    server, asker = await world.connect("server"), await world.connect("asker")

    async def refuse(message: Message) -> bytes:
        if message.payload == b"later":
            raise Retryable("come back", after_s=0.25)
        raise Permanent("never ü")

    await server.serve("ask.server", refuse)
    with pytest.raises(Retryable, match="come back") as caught:
        await asker.request("ask.server", b"later")
    assert caught.value.after_s == 0.25
    with pytest.raises(Permanent, match="never ü"):
        await asker.request("ask.server", b"x")


async def test_a_request_to_nobody_fails_at_once(world: World):
    asker = await world.connect("asker")
    async with asyncio.timeout(1):
        with pytest.raises(NoResponder):
            await asker.request("ask.nobody", b"", timeout_s=5)


async def test_a_slow_answer_times_out_and_is_ignored_later(world: World):
    server, asker = await world.connect("server"), await world.connect("asker")

    async def slow(message: Message) -> bytes:
        await asyncio.sleep(0.2)
        return b"late"

    await server.serve("ask.server", slow)
    with pytest.raises(RequestTimeout):
        await asker.request("ask.server", b"", timeout_s=0.05)
    await asyncio.sleep(0.3)


async def test_one_member_of_a_group_answers(world: World):
    asker = await world.connect("asker")
    served = [0, 0]

    def member(i: int):
        async def count(message: Message) -> bytes:
            served[i] += 1
            return b"%d" % i

        return count

    for i in range(2):
        await (await world.connect("server")).serve("ask.server", member(i), group="all")
    for _ in range(100):
        await asker.request("ask.server", b"")
    assert sum(served) == 100
    assert min(served) > 10


async def test_published_messages_reach_subscribers_until_they_close(world: World):
    server, asker = await world.connect("server"), await world.connect("asker")
    got: list[Message] = []
    subscription = await server.subscribe("news.>", got.append)
    for i in range(50):
        asker.publish(f"news.{i}", b"%d" % i)
    await eventually(lambda: len(got) == 50)
    assert [(m.subject, m.payload) for m in got] == [(f"news.{i}", b"%d" % i) for i in range(50)]
    await subscription.close()
    asker.publish("news.more", b"")
    await asyncio.sleep(0.05)
    assert len(got) == 50


async def test_a_subscription_that_was_given_up_half_way_delivers_nothing(world: World):
    server, asker = await world.connect("server"), await world.connect("asker")
    got: list[Message] = []
    subscribing = asyncio.create_task(server.subscribe("news.>", got.append))
    await asyncio.sleep(0)
    subscribing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await subscribing
    await asyncio.sleep(0.05)
    asker.publish("news.x", b"")
    await asyncio.sleep(0.05)
    assert got == []


async def test_subscriptions_and_servers_survive_a_crash(world: World):
    server, asker = await world.connect("server"), await world.connect("asker")
    seen: list[bool] = []
    asker.listen_connection(seen.append)
    await server.serve("ask.server", echo)
    await world.crash()
    await asyncio.sleep(0.05)
    with pytest.raises(Disconnected):
        await asker.request("ask.server", b"")
    asker.publish("news.x", b"dropped, not raised")
    await world.come_back()
    assert await patiently(lambda: asker.request("ask.server", b"again")) == b"ask.server:again"
    assert seen[:2] == [False, True]


async def test_whoever_stopped_listening_to_the_connection_is_not_told(world: World):
    asker = await world.connect("asker")
    stopped: list[bool] = []
    twice: list[bool] = []
    stop, _stay = asker.listen_connection(stopped.append), asker.listen_connection(twice.append)
    stop_one_of_two = asker.listen_connection(twice.append)
    stop()
    stop_one_of_two()
    stop_one_of_two()
    await world.crash()
    await eventually(lambda: bool(twice))
    await world.come_back()
    await eventually(lambda: len(twice) == 2)
    assert twice == [False, True]
    assert stopped == []


async def test_a_connection_listener_may_stop_another_when_told(world: World):
    asker = await world.connect("asker")
    seen: list[str] = []
    stops: list[Callable[[], None]] = []

    def first(connected: bool) -> None:
        seen.append("first")
        stops.pop()()

    stop_first = asker.listen_connection(first)
    stops += [stop_first, asker.listen_connection(lambda _: seen.append("second"))]
    await world.crash()
    await eventually(lambda: bool(seen))
    stop_first()
    await world.come_back()
    assert seen == ["first"]


async def test_listening_and_asking_outside_the_grant_are_refused(world: World):
    asker, server = await world.connect("asker"), await world.connect("server")
    for refused in (
        asker.subscribe("news.>", print),
        asker.subscribe(">", print),
        asker.subscribe("_INBOX_engine.>", print),
        server.serve("ask.nobody", echo),
        server.subscribe("cmd.>", print),
    ):
        with pytest.raises(NotPermitted):
            await refused
    with pytest.raises(NotPermitted):
        await server.request("ask.server", b"")


async def test_provisioning_is_idempotent_and_never_changes_a_stream_silently(world: World):
    await world.ensure(EVENTS)
    with pytest.raises(StreamDiffers, match="EVT_0"):
        await world.ensure(StreamSpec(name="EVT_0", subjects=("evt.0.*",), max_bytes=64 << 20))
    with pytest.raises(StreamDiffers):
        await world.ensure(
            StreamSpec(
                name="EVT_0",
                subjects=("evt.0.>",),
                max_bytes=64 << 20,
                republish=("evt.>", "out.>"),
            )
        )
