"""The bus: stored streams and live messages between services.

Owns: the Bus protocol, its real (NATS JetStream) and simulated implementations, the stream
    reader, the republish follower and the provisioning of streams.
Promises: what is acknowledged is stored; a reader hands over each stored message once, in order,
    or stops with a named error; live messages are at most once.
State: none of its own; positions belong to whoever reads.
"""

from sunwise.chassis.bus.errors import (
    AppendOutcomeUnknown,
    Disconnected,
    MessageTooLarge,
    NoResponder,
    NoStream,
    NotPermitted,
    RequestTimeout,
    StreamDiffers,
    StreamFull,
    StreamHole,
    StreamMissing,
    StreamReplaced,
    StreamWentBack,
    WrongLastSequence,
)
from sunwise.chassis.bus.headers import encode_headers, header
from sunwise.chassis.bus.protocol import (
    MAX_MESSAGE_BYTES,
    Bus,
    Delivery,
    DeliverySink,
    Message,
    MessageCallback,
    RequestHandler,
    StoredMessage,
    StreamAdmin,
    StreamInfo,
    StreamSpec,
    Subscription,
)
from sunwise.chassis.bus.republish_follower import RepublishFollower
from sunwise.chassis.bus.stream_place import BatchHandler
from sunwise.chassis.bus.stream_reader import StreamReader

__all__ = [
    "MAX_MESSAGE_BYTES",
    "AppendOutcomeUnknown",
    "BatchHandler",
    "Bus",
    "Delivery",
    "DeliverySink",
    "Disconnected",
    "Message",
    "MessageCallback",
    "MessageTooLarge",
    "NoResponder",
    "NoStream",
    "NotPermitted",
    "RepublishFollower",
    "RequestHandler",
    "RequestTimeout",
    "StoredMessage",
    "StreamAdmin",
    "StreamDiffers",
    "StreamFull",
    "StreamHole",
    "StreamInfo",
    "StreamMissing",
    "StreamReader",
    "StreamReplaced",
    "StreamSpec",
    "StreamWentBack",
    "Subscription",
    "WrongLastSequence",
    "encode_headers",
    "header",
]
