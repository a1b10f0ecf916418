"""The one door: who asks, what they may do, and for what two people must agree.

Owns: roles and rights (`rights`, one table), personal tokens, sessions, integration keys, feed
    tokens, proposals of two-person changes, the audit log.
Promises: no secret is kept, only its hash; what is revoked opens nothing from then on; a privileged
    act and its row in the chained audit log are written together or not at all.
State: in SQL (SQLite in the data folder or PostgreSQL); nothing can rebuild it.

`door` and `api` need FastAPI, so they are imported from there, by whoever serves pages.
"""

from sunwise.chassis.guard.audit import Audit, AuditBroken
from sunwise.chassis.guard.principal import How, NotAllowed, Principal, person_of
from sunwise.chassis.guard.rights import MATRIX, Right, Role, Scope
from sunwise.chassis.guard.store import (
    OPERATOR,
    Credential,
    Feed,
    GuardStore,
    Lifetimes,
    NotPossible,
)
from sunwise.chassis.guard.two_people import Proposal, State, TwoPeople

__all__ = [
    "MATRIX",
    "OPERATOR",
    "Audit",
    "AuditBroken",
    "Credential",
    "Feed",
    "GuardStore",
    "How",
    "Lifetimes",
    "NotAllowed",
    "NotPossible",
    "Principal",
    "Proposal",
    "Right",
    "Role",
    "Scope",
    "State",
    "TwoPeople",
    "person_of",
]
