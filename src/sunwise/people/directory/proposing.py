"""Change sets that need a second person: proposed, approved as they were seen, then applied."""

from typing import Final

import msgspec

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard import Principal, Proposal, Right, TwoPeople
from sunwise.people.directory.changes import Change
from sunwise.people.directory.planning import ChangeSet, Plan
from sunwise.people.directory.store import DirectoryStore, Refused
from sunwise.people.directory.two_people import concerned

KIND: Final = "directory.change"
_SHOWN: Final = 10


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a second person."""

    change: ChangeSet
    changes: tuple[Change, ...]
    """What it would do, as the proposer saw it."""


class Proposing:
    """The door to changes of who answers for what runs around the clock."""

    def __init__(self, store: DirectoryStore, two_people: TwoPeople) -> None:
        self._store = store
        self._two_people = two_people
        two_people.register(KIND, Right.DIRECTORY_WRITE, self._apply, concerns=self._services)

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
        if msgspec.json.encode(plan.changes) != msgspec.json.encode(proposed.changes):
            raise Permanent(
                "The directory has changed since this was proposed, and it would do something else "
                "now: propose it again."
            )
        self._store.apply(
            proposed.change, author=proposal.proposer, expected_version=plan.base_version
        )

    def _services(self, proposal: Proposal) -> set[str]:
        changes = msgspec.json.decode(proposal.content, type=Proposed).changes
        return concerned(changes, self._store.snapshot())


def summary(changes: tuple[Change, ...]) -> str:
    """The changes in a line each, for whoever approves."""
    lines = [f"{c.kind} {c.id}: {c.field} {_difference(c)}" for c in changes[:_SHOWN]]
    more = [f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
    return "\n".join([*lines, *more])


def _difference(change: Change) -> str:
    """Of a list, who or what joins it and leaves it; else the value before and after."""
    old, new = change.old, change.new
    if not (isinstance(old, list | tuple) and isinstance(new, list | tuple)):
        return f"from {old!r} to {new!r}"
    joins = [str(each) for each in new if each not in old]
    leaves = [str(each) for each in old if each not in new]
    words = [f"with {', '.join(joins)}"] * bool(joins) + [f"without {', '.join(leaves)}"] * bool(
        leaves
    )
    return " and ".join(words) or "in another order"
