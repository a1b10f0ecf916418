"""Who may use which subjects, and the nats-server permissions that say so."""

from typing import Any

import msgspec

OPERATOR = "operator"
"""The provisioning user of the supervisor: the only one that may create or change streams."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one user (usually one service) may do; everything else is refused."""

    user: str
    """Letters, digits, `-` and `_`; also the name of its inbox and of its key file."""
    publish: tuple[str, ...] = ()
    """Subjects it may publish, append or send requests to."""
    subscribe: tuple[str, ...] = ()
    """Subjects it may listen to."""
    serve: tuple[str, ...] = ()
    """Subjects it may listen to and answer on."""
    read_streams: tuple[str, ...] = ()
    """Streams it may read and follow."""


def inbox_prefix(user: str) -> str:
    """Where answers to `user` arrive; nobody else may listen there."""
    return f"_INBOX_{user}"


_DENIED_TO_SERVICES = (
    "$JS.API.STREAM.CREATE.>",
    "$JS.API.STREAM.DELETE.>",
    "$JS.API.STREAM.PURGE.>",
    "$JS.API.STREAM.UPDATE.>",
    "$JS.API.STREAM.RESTORE.>",
    "$JS.API.STREAM.SNAPSHOT.>",
    "$JS.API.STREAM.MSG.DELETE.>",
)


def reading_subjects(stream: str) -> tuple[str, ...]:
    """The JetStream API subjects that reading and following `stream` needs."""
    return (
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}.*",
        f"$JS.FC.{stream}.>",
    )


def server_permissions(grant: Grant) -> dict[str, Any]:
    """The `permissions` block of nats-server's configuration for `grant`."""
    inbox = inbox_prefix(grant.user) + ".>"
    if grant.user == OPERATOR:
        return {"publish": {"allow": ["$JS.API.>"]}, "subscribe": {"allow": [inbox]}}
    publish = [*grant.publish]
    for stream in grant.read_streams:
        publish.extend(reading_subjects(stream))
    permissions: dict[str, Any] = {
        "publish": {"allow": publish, "deny": list(_DENIED_TO_SERVICES)},
        "subscribe": {"allow": [inbox, *grant.subscribe, *grant.serve]},
    }
    if grant.serve:
        permissions["allow_responses"] = {"max": 1, "expires": "60s"}
    return permissions
