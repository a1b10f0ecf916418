"""nats-server as a child process: configuration, keys, permissions, start and stop.

Owns: the folder `nats/` inside the data folder (configuration, keys, store, log).
Consumes: a table of grants from whoever starts it.
Promises: listens on loopback only; every user is limited to its grant; synced to disk on every
    append; no orphan is left when the supervisor dies.
"""

from sunwise.chassis.nats_server.keys import seed_path
from sunwise.chassis.nats_server.permissions import OPERATOR, Grant, inbox_prefix
from sunwise.chassis.nats_server.process import (
    NatsServer,
    NatsServerFailed,
    NatsServerSettings,
    start_nats_server,
)

__all__ = [
    "OPERATOR",
    "Grant",
    "NatsServer",
    "NatsServerFailed",
    "NatsServerSettings",
    "inbox_prefix",
    "seed_path",
    "start_nats_server",
]
