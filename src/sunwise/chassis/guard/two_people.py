"""Two-person changes: one proposes, another who holds the right approves exactly that, it is applied.

A service hands in what it would do, as bytes, and is called with the same bytes once somebody else
has approved them by their hash. It applies them whole or raises Permanent. After a crash in between
it is called again with the same proposal: applying twice must be as applying once.

Where nobody else holds the right, a change is applied at once and the log says that it was alone;
from the second holder on nobody can do it alone, nor come to be alone without the other's word.
An integration's word counts for nobody's: the first who approves its proposal takes its place.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import OperationalError

from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent, Retryable
from sunwise.chassis.guard.audit import Act
from sunwise.chassis.guard.principal import How, NotAllowed, Principal
from sunwise.chassis.guard.rights import Right, Scope, scopes_of
from sunwise.chassis.guard.store import GuardStore, NotPossible
from sunwise.chassis.guard.tables import PROPOSALS

EXPIRES_H: Final = 72
"""Hours in which somebody must approve: over a weekend, wherever they are."""
MAX_CONTENT_BYTES: Final = 4 << 20
MAX_OPEN: Final = 1_000
_HOUR_NS: Final = 3_600 * 1_000_000_000
_log: Final = logging.getLogger("sunwise.door")
_KEY: Final = "key "  # before the credential's id, where an integration stands for a person


class State(StrEnum):
    """What has become of a proposal."""

    PROPOSED = "proposed"
    APPROVED = "approved"  # being applied
    APPLIED = "applied"
    FAILED = "failed"  # approved, but it could not be applied: `outcome` says why
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A change that waits for a second person, or did."""

    id: str
    kind: str
    """Which service applies it, and how: `noun.verb`."""
    right: Right
    summary: str
    """What it does, for whoever approves."""
    content: bytes
    content_hash: str
    """SHA-256 of salt, kind, right, summary and content, hex: what is approved is what was seen."""
    proposer: str
    created_ns: int
    expires_ns: int
    state: State
    decided_by: str | None = None
    decided_ns: int | None = None
    outcome: str = ""
    salt: str = ""
    """Random, and gone with the proposal: the log keeps the hash for ever, and nobody can try whom it
    was about. Empty: of a proposal that is older than salts."""


Apply = Callable[[Proposal], None]
"""Applies a proposal whole, or raises Permanent and changes nothing. It blocks."""


Concerns = Callable[[Proposal], Iterable[str]]
"""The services that a proposal is about, by id. It blocks."""


class _Kind(NamedTuple):
    right: Right
    apply: Apply
    concerns: Concerns


class TwoPeople:
    """The proposals of one database. Its methods block."""

    def __init__(self, store: GuardStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kinds: dict[str, _Kind] = {}

    def register(
        self, kind: str, right: Right, apply: Apply, *, concerns: Concerns = lambda _proposal: ()
    ) -> None:
        """From now on proposals of this kind need `right` and are applied by `apply`."""
        assert kind not in self._kinds, f"{kind} is registered twice"
        self._kinds[kind] = _Kind(right, apply, concerns)

    def concerns(self, proposal: Proposal) -> tuple[str, ...]:
        """The services that it is about, sorted; none for kinds that nobody here knows."""
        known = self._kinds.get(proposal.kind)
        return tuple(sorted(known.concerns(proposal))) if known else ()

    def submit(self, by: Principal, *, kind: str, content: bytes, summary: str) -> Proposal:
        """The change as proposed; applied already, or failed, where nobody else holds the right.

        Raises NotAllowed, NotPossible and Retryable.
        """
        right = self._kinds[kind].right
        by.demand(right)
        if len(content) > MAX_CONTENT_BYTES:
            raise NotPossible("The change is too large to be looked at: propose it in parts.")
        proposer = by.person_id or _KEY + by.credential
        others = self._store.holders(right) - {proposer}
        is_alone = not others and by.person_id is not None and by.may(right, Scope.ALL)
        with self._store.audit.acting(by) as act:
            _expire(act.connection, act.now_ns)
            if _count_open(act.connection) >= MAX_OPEN:
                raise NotPossible(f"{MAX_OPEN} changes wait already: decide about some first.")
            proposal = Proposal(
                id=secrets.token_hex(6),
                kind=kind,
                right=right,
                summary=summary,
                content=content,
                content_hash="",
                proposer=proposer,
                created_ns=act.now_ns,
                expires_ns=act.now_ns + EXPIRES_H * _HOUR_NS,
                state=State.APPROVED if is_alone else State.PROPOSED,
                salt=secrets.token_hex(16),
            )
            proposal = msgspec.structs.replace(proposal, content_hash=_hash_of(proposal))
            act.connection.execute(insert(PROPOSALS).values(**msgspec.structs.asdict(proposal)))
            _tell(act, "change.alone" if is_alone else "change.propose", proposal)
        return self._finish(proposal, by=by) if is_alone else proposal

    def approve(self, by: Principal, proposal_id: str, content_hash: str) -> Proposal:
        """The proposal, applied or failed. Raises NotAllowed, NotPossible and Retryable."""
        proposal = self.find(proposal_id)
        self._demand_second(by, proposal)
        if not hmac.compare_digest(content_hash.encode(), _hash_of(proposal).encode()):
            raise NotPossible("This is not the change that is proposed: look at it again.")
        if proposal.proposer.startswith(_KEY):
            return self._decide(proposal, by, State.PROPOSED, proposer=by.person_id)
        scopes = scopes_of(self._store.roles_of(proposal.proposer))
        if proposal.right not in scopes:
            raise NotPossible(f"{proposal.proposer} no longer holds {proposal.right.value}.")
        return self._finish(self._decide(proposal, by, State.APPROVED), by=by)

    def refuse(self, by: Principal, proposal_id: str) -> Proposal:
        """The proposal, refused by another person. Raises NotAllowed and NotPossible."""
        proposal = self.find(proposal_id)
        self._demand_second(by, proposal)
        return self._decide(proposal, by, State.REFUSED)

    def withdraw(self, by: Principal, proposal_id: str) -> Proposal:
        """The proposal, withdrawn by its proposer. Raises NotAllowed and NotPossible."""
        proposal = self.find(proposal_id)
        if by.person_id != proposal.proposer:
            raise NotAllowed(f"Only {proposal.proposer} can withdraw this.")
        return self._decide(proposal, by, State.WITHDRAWN)

    def find(self, proposal_id: str) -> Proposal:
        """The proposal with this id. Raises NotPossible."""
        with self._store.engine.connect() as connection:
            query = select(PROPOSALS).where(PROPOSALS.c.id == proposal_id)
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotPossible("There is no such change: it may have been decided long ago.")
        return _proposal(row, self._clock.now_ns())

    def seen_by(self, principal: Principal) -> list[Proposal]:
        """What somebody proposed or may decide about, the newest first."""
        return [each for each in self.newest() if may_see(principal, each)]

    def newest(self) -> list[Proposal]:
        """The newest, whoever may see them and whatever has become of them."""
        query = select(PROPOSALS).order_by(PROPOSALS.c.created_ns.desc()).limit(MAX_OPEN)
        with self._store.engine.connect() as connection:
            rows = connection.execute(query).all()
        return [_proposal(row, self._clock.now_ns()) for row in rows]

    def forget(self, before_ns: int) -> None:
        """Drops the content of what was decided, or has expired, before; the log keeps its hash."""
        with self._store.engine.begin() as connection:
            _forget_old(connection, before_ns)

    def resume(self) -> None:
        """Applies what was approved when the process ended. Call it once all kinds are registered."""
        query = select(PROPOSALS).where(PROPOSALS.c.state == State.APPROVED.value)
        with self._store.engine.connect() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            proposal = _proposal(row, self._clock.now_ns())
            person = proposal.decided_by or proposal.proposer
            try:
                self._finish(proposal, by=Principal(person_id=person, how=How.SESSION))
            except (Retryable, OperationalError) as fault:
                _log.error("change %s could not be applied now: %s", proposal.id, fault)

    def _demand_second(self, by: Principal, proposal: Proposal) -> None:
        """Returns for a person who may decide about it: with the right, and not the proposer."""
        by.demand(proposal.right, Scope.ALL)
        if by.person_id is None:
            raise NotAllowed("It takes a person to decide about this.")
        if by.person_id == proposal.proposer:
            raise NotAllowed("You proposed this: somebody else must decide.")
        if proposal.state is not State.PROPOSED:
            raise NotPossible(f"It is {proposal.state.value} already.")

    def _decide(
        self, proposal: Proposal, by: Principal, state: State, *, proposer: str | None = None
    ) -> Proposal:
        """Sets the state, if the proposal still waits; `proposer` takes an integration's place."""
        with self._store.audit.acting(by) as act:
            waits = (PROPOSALS.c.id == proposal.id, PROPOSALS.c.state == State.PROPOSED.value)
            in_time = PROPOSALS.c.expires_ns > act.now_ns
            if proposer is not None:
                values: dict[str, Any] = {"proposer": proposer}
            else:
                values = {"state": state, "decided_by": by.person_id, "decided_ns": act.now_ns}
            changed = act.connection.execute(
                update(PROPOSALS).where(*waits, in_time).values(**values)
            )
            if changed.rowcount != 1:
                raise NotPossible("It was decided meanwhile, or has expired.")
            _tell(act, _VERBS[state], proposal)
        return msgspec.structs.replace(proposal, **values)

    def _finish(self, proposal: Proposal, *, by: Principal) -> Proposal:
        """Applies what is approved. What `apply` refuses is kept as failed; what it puts off waits anew."""
        try:
            if _hash_of(proposal) != proposal.content_hash:
                raise NotPossible("The content is no longer what was approved.")
            self._kinds[proposal.kind].apply(proposal)
        except (Retryable, OperationalError):
            self._put_off(proposal, by=by)
            raise
        except Permanent as refused:
            done = msgspec.structs.replace(proposal, state=State.FAILED, outcome=str(refused))
        else:
            done = msgspec.structs.replace(proposal, state=State.APPLIED)
        with self._store.audit.acting(by) as act:
            of_it = PROPOSALS.c.id == proposal.id
            values = {"state": done.state, "outcome": done.outcome}
            act.connection.execute(
                update(PROPOSALS).where(of_it).values(**values, decided_ns=act.now_ns)
            )
            _tell(act, f"change.{done.state.value}", proposal)
        return msgspec.structs.replace(done, decided_ns=act.now_ns)

    def _put_off(self, proposal: Proposal, *, by: Principal) -> None:
        """It waits for somebody's word again; of who was alone it is withdrawn, to be asked anew."""
        state = State.PROPOSED if proposal.decided_by else State.WITHDRAWN
        with self._store.audit.acting(by) as act:
            is_it = (PROPOSALS.c.id == proposal.id, PROPOSALS.c.state == State.APPROVED.value)
            act.connection.execute(
                update(PROPOSALS)
                .where(*is_it)
                .values(state=state.value, decided_by=None, decided_ns=None)
            )
            _tell(act, "change.put-off", proposal)


_VERBS: Final = {
    State.PROPOSED: "change.adopt",
    State.APPROVED: "change.approve",
    State.REFUSED: "change.refuse",
    State.WITHDRAWN: "change.withdraw",
}
_OPEN: Final = (State.PROPOSED.value, State.APPROVED.value)


def may_see(principal: Principal, proposal: Proposal) -> bool:
    """Whether somebody proposed it or may decide about it."""
    is_theirs = principal.person_id is not None and principal.person_id == proposal.proposer
    return is_theirs or principal.may(proposal.right, Scope.ALL)


def _hash_of(of: Proposal) -> str:
    parts = (of.kind, of.right.value, of.summary, of.content, *filter(None, [of.salt]))
    return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()


def _tell(act: Act, what: str, proposal: Proposal) -> None:
    act.tell(what, subject=proposal.id, kind=proposal.kind, sha256=proposal.content_hash)


def _count_open(connection: Connection) -> int:
    query = select(PROPOSALS.c.id).where(PROPOSALS.c.state.in_(_OPEN))
    return len(connection.execute(query).all())


def _forget_old(connection: Connection, long_ago_ns: int) -> None:
    """Drops what was decided, or has expired, before then."""
    is_old = or_(PROPOSALS.c.decided_ns < long_ago_ns, PROPOSALS.c.expires_ns < long_ago_ns)
    is_pending = PROPOSALS.c.state == State.APPROVED.value
    connection.execute(delete(PROPOSALS).where(is_old, ~is_pending))


def _expire(connection: Connection, now_ns: int) -> None:
    """What waited too long can be decided no more."""
    has_expired = PROPOSALS.c.expires_ns <= now_ns
    waits = PROPOSALS.c.state == State.PROPOSED.value
    connection.execute(
        update(PROPOSALS).where(waits, has_expired).values(state=State.EXPIRED.value)
    )


def _proposal(row: Any, now_ns: int) -> Proposal:  # noqa: ANN401 - a row of the table
    values = {name: getattr(row, name) for name in Proposal.__struct_fields__}
    state = State(row.state)
    if state is State.PROPOSED and row.expires_ns <= now_ns:
        state = State.EXPIRED
    return Proposal(
        **{**values, "state": state, "right": Right(row.right), "content": bytes(row.content)}
    )
