"""Who asks, as far as the door could tell."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.rights import Right, Role, Scope

_NOBODY: Final = "Only people do this, and an integration is nobody: come with a personal token."


class How(StrEnum):
    """By what somebody was recognised."""

    SESSION = "session"  # a browser's cookie
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    KEY = "key"  # an integration's key: no person
    SERVICE = "service"  # the people plane itself, as two people have told it
    OPERATOR = "operator"  # the command line, on the machine that holds the data


class NotAllowed(Permanent):
    """Whoever asks may not do this; the message says who may."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks and what they may do, as of this request."""

    person_id: str | None
    """None: not a person but the integration `sender`."""
    roles: frozenset[Role] = frozenset()
    how: How
    scopes: Mapping[Right, Scope] = {}
    """Every right that they hold, with its widest scope."""
    sender: str = ""
    """Name of the integration key in use."""
    credential: str = ""
    """Id of the token or key that they came with."""

    @property
    def name(self) -> str:
        """The person's id, or the integration's name."""
        return self.person_id or f"integration {self.sender}"

    def may(self, right: Right, scope: Scope = Scope.OWN) -> bool:
        """Whether they hold the right in at least this scope."""
        held = self.scopes.get(right)
        return held is not None and held >= scope

    def demand(self, right: Right, scope: Scope = Scope.OWN) -> None:
        """Returns if they hold the right in at least this scope. Raises NotAllowed."""
        if not self.may(right, scope):
            raise NotAllowed(
                f"{self.name} may not do this: it needs {right.value} "
                f"({scope.name.lower()}), which an administrator can grant with a role."
            )

    def demand_for(self, right: Right, person: str, *, leads: bool = False) -> None:
        """Returns if they may do this for `person`; `leads`: they lead a team of that person's.

        Raises NotAllowed.
        """
        needed = Scope.ALL
        if person == self.person_id:
            needed = Scope.OWN
        elif leads:
            needed = Scope.TEAM
        self.demand(right, needed)


def person_of(principal: Principal) -> str:
    """Whose token it is. Raises NotAllowed for an integration."""
    if principal.person_id is None:
        raise NotAllowed(_NOBODY)
    return principal.person_id
