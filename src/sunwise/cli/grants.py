"""Who may use which subjects of the bus: one user a service, limited to what its card says."""

from typing import Final

from sunwise.chassis.nats_server import Grant
from sunwise.contracts.exchange import accounts, history, market_data
from sunwise.contracts.exchange.desk import desk_subject
from sunwise.contracts.exchange.engine import engine_query_subject, replica_claims_subject
from sunwise.contracts.exchange.keys import keys_subject
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    CLOCK_WRITER,
    DISSENT_WRITER,
    FIRST_GATEWAY_WRITER,
    QUARANTINE_WRITER,
    command_stream,
    command_subject,
    event_stream,
    reply_subject,
)

REPLAY_WRITER: Final = FIRST_GATEWAY_WRITER + 48
"""The replay's number as a writer of the log."""
OPERATOR_USER: Final = "desk-client"
"""The bus user of operator's commands such as `sunwise credit`."""


def grants(shard: str) -> list[Grant]:
    """The grants of every service that runs on a shard."""
    commands, events = command_stream(shard), event_stream(shard)
    queries = (
        accounts.query_subject(shard),
        history.query_subject(shard),
        market_data.query_subject(shard),
    )
    of_accounts, of_history, of_market = queries
    listing_events = reply_subject(shard, ADMIN_WRITER)
    gateway = _writer(shard, FIRST_GATEWAY_WRITER, user="gateway")
    desk = _writer(shard, ADMIN_WRITER, user="desk")
    replay = _writer(shard, REPLAY_WRITER, user="replay")
    return [
        _engine(shard),
        _writer(shard, CLOCK_WRITER, user="clock"),
        _with(
            gateway,
            publish=queries,
            subscribe=(f"user.{shard}.*", f"md.{shard}.>", listing_events),
            serve=(keys_subject(shard),),
        ),
        _with(desk, publish=(of_accounts,), serve=(desk_subject(shard),)),
        _with(replay, publish=queries, subscribe=(listing_events,)),
        Grant(
            user="market_data",
            publish=(f"md.{shard}.>",),
            serve=(of_market,),
            read_streams=(events,),
        ),
        Grant(
            user="accounts",
            publish=(f"user.{shard}.*",),
            serve=(of_accounts,),
            read_streams=(events,),
        ),
        Grant(user="listing_facts", subscribe=(listing_events,), read_streams=(events,)),
        Grant(user="history", serve=(of_history,), read_streams=(events,)),
        Grant(
            user=OPERATOR_USER,
            publish=(
                desk_subject(shard),
                keys_subject(shard),
                engine_query_subject(shard),
                command_subject(shard, DISSENT_WRITER),  # to settle what replicas dispute
                *queries,
            ),
            subscribe=(f"md.{shard}.>",),
            read_streams=(commands, events),
        ),
    ]


def _engine(shard: str) -> Grant:
    """Events, words about other replicas' batches and events, and the claim to a number."""
    return Grant(
        user="engine",
        publish=(
            f"evt.{shard}.*",
            command_subject(shard, QUARANTINE_WRITER),
            command_subject(shard, DISSENT_WRITER),
            replica_claims_subject(shard),
        ),
        subscribe=(replica_claims_subject(shard),),
        serve=(engine_query_subject(shard),),
        read_streams=(command_stream(shard), event_stream(shard)),
    )


def _writer(shard: str, writer: int, *, user: str) -> Grant:
    """What a writer of the log needs: its own subject, its own answers, both streams to check."""
    return Grant(
        user=user,
        publish=(command_subject(shard, writer),),
        subscribe=(reply_subject(shard, writer),),
        read_streams=(command_stream(shard), event_stream(shard)),
    )


def _with(
    grant: Grant,
    *,
    publish: tuple[str, ...] = (),
    subscribe: tuple[str, ...] = (),
    serve: tuple[str, ...] = (),
) -> Grant:
    return Grant(
        user=grant.user,
        publish=grant.publish + publish,
        subscribe=grant.subscribe + subscribe,
        serve=grant.serve + serve,
        read_streams=grant.read_streams,
    )
