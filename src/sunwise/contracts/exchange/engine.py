"""What a replica of the engine says about itself: for operators, readiness checks and audits."""

from msgspec import Struct

from sunwise.contracts.exchange.accounts import Position


def engine_query_subject(shard: str) -> str:
    """Where every replica of a shard answers; the first answer wins."""
    return f"query.engine.{shard}"


def replica_claims_subject(shard: str) -> str:
    """Where the replicas of a shard tell each other their numbers, by ReplicaClaim."""
    return f"claim.engine.{shard}"


class ReplicaClaim(Struct, frozen=True, kw_only=True, tag="replica_claim"):
    """A process runs as this replica; told each second."""

    replica: int  # its number
    instance: str  # of the process: no other has had it
    since_seq: int  # CMD's last sequence when it started; the lower has the older claim
    against: str = ""  # the instance that claims the same number, and has to give way


class GetEngineStatus(Struct, frozen=True, kw_only=True, tag="status"):
    """Ask a replica where it stands; answered by EngineStatus."""

    with_state_hash: bool = False  # costs about 0.5 s of the engine's time for a million orders


class EngineStatus(Struct, frozen=True, kw_only=True, tag="engine_status"):
    """Where a replica stands."""

    position: Position  # of the last event message computed
    chain: bytes  # at that message
    stored_position: Position  # of the last one known to be stored
    leads: bool  # appends events, as opposed to comparing its own with those stored
    log_time_ns: int  # ns since 1970
    build: str  # of the engine core
    state_hash: bytes = b""  # canonical, at `position`
