"""Change sets that need a second person: proposed, approved as they were seen, then applied."""

from typing import Final

import msgspec

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import Principal, Proposal, Right, TwoPeople
from sunwise.people.directory.changes import Change
from sunwise.people.directory.objects import Kind
from sunwise.people.directory.planning import ChangeSet, Plan
from sunwise.people.directory.store import DirectoryStore, Refused

KIND: Final = "directory.change"
_SHOWN: Final = 10


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a second person."""

    change: ChangeSet
    changes: tuple[Change, ...]
    """What it would do, as the proposer saw it."""


class Proposing:
    """The door to changes of owners and tiers of what runs around the clock."""

    def __init__(self, store: DirectoryStore, two_people: TwoPeople) -> None:
        self._store = store
        self._two_people = two_people
        two_people.register(KIND, Right.DIRECTORY_WRITE, self._apply, concerns=_services)

    def submit(self, by: Principal, change: ChangeSet, plan: Plan) -> Proposal:
        """The proposal; applied already where nobody else could approve it."""
        bare = msgspec.structs.replace(change, leave_places={})
        content = msgspec.json.encode(Proposed(change=bare, changes=plan.changes))
        return self._two_people.submit(
            by, kind=KIND, content=content, summary=summary(plan.for_two)
        )

    def _apply(self, proposal: Proposal) -> None:
        proposed = msgspec.json.decode(proposal.content, type=Proposed)
        plan = self._store.plan(proposed.change)
        if plan.is_empty:
            return  # it was applied already
        if plan.refusals:
            raise Refused(plan.refusals)
        if msgspec.to_builtins(plan.changes) != msgspec.to_builtins(proposed.changes):
            raise Permanent(
                "The directory has changed since this was proposed, and it would do something else "
                "now: propose it again."
            )
        self._store.apply(
            proposed.change, author=proposal.proposer, expected_version=plan.base_version
        )


def _services(proposal: Proposal) -> set[str]:
    changes = msgspec.json.decode(proposal.content, type=Proposed).changes
    return {each.id for each in changes if each.kind is Kind.SERVICE}


def summary(changes: tuple[Change, ...]) -> str:
    """The changes in a line each, for whoever approves."""
    lines = [f"{c.kind} {c.id}: {c.field} from {c.old!r} to {c.new!r}" for c in changes[:_SHOWN]]
    more = [f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
    return "\n".join([*lines, *more])
