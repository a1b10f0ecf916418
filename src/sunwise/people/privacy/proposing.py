"""The door to erasures: one proposes, another agrees, then nothing stops it but a service that is down."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from sunwise.chassis.guard import GuardStore, NotPossible, Principal, Proposal, Right, TwoPeople
from sunwise.chassis.personal import Holder, Traces
from sunwise.people.privacy.erasures import Erasures
from sunwise.people.privacy.export import exported

KIND: Final = "person.erase"
TracesOf = Callable[[str], Traces | None]
"""How the directory knows a person; None for somebody whom it does not."""


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    person: str


class ErasureProposing:
    """Whom to erase, as two people say.

    By two, because a person's roles go with them: nobody comes to be alone by erasing the other.
    """

    def __init__(
        self,
        erasures: Erasures,
        holders: Mapping[str, Holder],
        *,
        guard: GuardStore,
        two_people: TwoPeople,
        traces_of: TracesOf,
    ) -> None:
        self._erasures = erasures
        self._holders = holders
        self._guard = guard
        self._two_people = two_people
        self._traces_of = traces_of
        two_people.register(KIND, Right.PEOPLE_ERASE, self._apply)

    def submit(self, by: Principal, person: str) -> Proposal:
        """The proposal; begun already where nobody else could agree. Blocks. Raises NotPossible."""
        if self._guard.holders(Right.ROLES_GRANT) == {person}:
            raise NotPossible(f"{person} is the last administrator: appoint another first.")
        if self._traces_of(person) is None and not self._is_held(person):
            raise NotPossible(f"Nobody is known as {person}: look at the spelling of the id.")
        return self._two_people.submit(
            by,
            kind=KIND,
            content=msgspec.json.encode(_Wanted(person=person)),
            summary=f"Erase {person} everywhere, for good",
        )

    def traces(self, person: str) -> Traces:
        """By what they are found; by their id alone where the directory has nobody of that id."""
        return self._traces_of(person) or Traces(person=person)

    def _is_held(self, person: str) -> bool:
        found = exported(self._holders, self.traces(person), is_own=False)
        return any(found["services"].values())

    def _apply(self, proposal: Proposal) -> None:
        wanted = msgspec.json.decode(proposal.content, type=_Wanted)
        self._erasures.begin(proposal.id, self.traces(wanted.person))
