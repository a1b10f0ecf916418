"""The streams of a shard, and what JetStream is told to make of a specification."""

from typing import Any

from sunwise.chassis.bus.errors import StreamDiffers
from sunwise.chassis.bus.protocol import StreamSpec

_GIB = 1 << 30


def shard_streams(
    shard: str, *, replicas: int = 1, cmd_max_bytes: int = 64 * _GIB, evt_max_bytes: int = 64 * _GIB
) -> tuple[StreamSpec, StreamSpec]:
    """The command and the event stream of `shard`.

    `cmd.<shard>.<writer>` is stored in CMD_<shard>; `evt.<shard>.<writer>` in EVT_<shard>, with
    live copies under `out.<shard>.<writer>`.
    """
    commands = StreamSpec(
        name=f"CMD_{shard}",
        subjects=(f"cmd.{shard}.*",),
        max_bytes=cmd_max_bytes,
        replicas=replicas,
    )
    events = StreamSpec(
        name=f"EVT_{shard}",
        subjects=(f"evt.{shard}.*",),
        max_bytes=evt_max_bytes,
        replicas=replicas,
        republish=("evt.>", "out.>"),
    )
    return commands, events


def stream_config(spec: StreamSpec) -> dict[str, Any]:
    """JetStream's configuration for `spec`; what is not here is its default."""
    config: dict[str, Any] = {
        "name": spec.name,
        "subjects": list(spec.subjects),
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_bytes": spec.max_bytes,
        "num_replicas": spec.replicas,
        "allow_direct": True,
        "deny_delete": True,
        "deny_purge": True,
        # Repeats are recognised by batch numbers inside the messages; the smallest window that
        # nats-server takes keeps its own table small.
        "duplicate_window": 100_000_000,
    }
    if spec.republish is not None:
        config["republish"] = {"src": spec.republish[0], "dest": spec.republish[1]}
    return config


def refuse_differences(spec: StreamSpec, found: dict[str, Any]) -> None:
    """Raises StreamDiffers if `found` (JetStream's configuration) is not what `spec` wants.

    A larger `max_bytes` is kept: it was raised on purpose. A smaller one is for the caller.
    """
    wanted = stream_config(spec)
    del wanted["max_bytes"]
    wrong = [
        f"{name} is {found.get(name)!r} and should be {value!r}"
        for name, value in wanted.items()
        if name != "republish" and found.get(name) != value
    ]
    copies = found.get("republish") or {}
    if (copies.get("src"), copies.get("dest")) != (spec.republish or (None, None)):
        wrong.append(f"republish is {copies!r} and should be {spec.republish!r}")
    if wrong:
        raise StreamDiffers(
            f"stream {spec.name} exists with other settings: {'; '.join(wrong)}. "
            "Change the setting back, or migrate the stream by its runbook."
        )
