"""Who may do what: one table of rights by role, as data."""

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What somebody is in the company. Everybody who has a token is a member."""

    MEMBER = "member"
    LEAD = "lead"
    PLANNER = "planner"
    ADMINISTRATOR = "administrator"


class Scope(IntEnum):
    """For whom a right holds; a wider one holds the narrower ones."""

    OWN = 1  # oneself: one's own profile, leave, duty, pages, tokens
    TEAM = 2  # the people and services of the teams that one leads
    ALL = 3  # everybody


class Right(StrEnum):
    """What may be done. A right says nothing about hours: those are the law's and the rota's."""

    DIRECTORY_READ = "directory.read"  # people, teams, hubs, services
    DIRECTORY_WRITE = "directory.write"  # change them
    DIRECTORY_IMPORT = "directory.import"  # from Backstage, CODEOWNERS, CSV, SCIM
    LEAVE_WRITE = "leave.write"  # enter days off
    ROTA_READ = "rota.read"  # who is on duty, now and later
    ROTA_PLAN = "rota.plan"  # have a rota or a re-plan computed
    ROTA_PUBLISH = "rota.publish"  # put a rota in force
    ROTA_SWAP = "rota.swap"  # offer a shift, take one that is offered
    DUTY_TAKE = "duty.take"  # take a gap or what runs at once, else with the loser's yes
    HANDOFF_WRITE = "handoff.write"  # edit the note of one's shift
    HANDOFF_ACCEPT = "handoff.accept"  # take the duty that the note hands over
    PAGER_SEND = "pager.send"  # page somebody by hand
    PAGER_ACK = "pager.ack"  # acknowledge or resolve a page
    PAGER_CONFIGURE = "pager.configure"  # severities, escalation, channels
    INCIDENTS_READ = "incidents.read"  # timelines and reviews
    INCIDENTS_WRITE = "incidents.write"  # open, edit and close them
    FACTS_TELL = "facts.tell"  # deploys, approvals, objectives: what CI knows
    PEOPLE_EXPORT = "people.export"  # all that is kept about somebody
    PEOPLE_ERASE = "people.erase"  # and its erasure
    FEEDS_MANAGE = "feeds.manage"  # calendar feeds: make and revoke
    TOKENS_MANAGE = "tokens.manage"  # personal tokens: make and revoke
    KEYS_MANAGE = "keys.manage"  # integration keys: make and revoke
    ROLES_GRANT = "roles.grant"  # give roles and take them away
    ANALYSIS_SWITCH = "analysis.switch"  # turn an analysis off that was not agreed to
    AUDIT_READ = "audit.read"  # who did what


_O, _T, _A = Scope.OWN, Scope.TEAM, Scope.ALL

MATRIX: Final[Mapping[Right, tuple[Scope | None, ...]]] = MappingProxyType(
    {
        # in the order of Role: member, lead, planner, administrator
        Right.DIRECTORY_READ: (_A, _A, _A, _A),
        Right.DIRECTORY_WRITE: (_O, _T, _A, _A),
        Right.DIRECTORY_IMPORT: (None, None, _A, _A),
        Right.LEAVE_WRITE: (_O, _T, _A, _A),
        Right.ROTA_READ: (_A, _A, _A, _A),
        Right.ROTA_PLAN: (_O, _T, _A, _A),
        Right.ROTA_PUBLISH: (None, _T, _A, _A),
        Right.ROTA_SWAP: (_O, _T, _A, _A),
        Right.DUTY_TAKE: (_O, _O, _O, _O),
        Right.HANDOFF_WRITE: (_O, _T, _A, _A),
        Right.HANDOFF_ACCEPT: (_O, _O, _O, _O),
        Right.PAGER_SEND: (_A, _A, _A, _A),
        Right.PAGER_ACK: (_O, _T, _A, _A),
        Right.PAGER_CONFIGURE: (None, _T, _A, _A),
        Right.INCIDENTS_READ: (_A, _A, _A, _A),
        Right.INCIDENTS_WRITE: (_A, _A, _A, _A),
        Right.FACTS_TELL: (_A, _A, _A, _A),
        Right.PEOPLE_EXPORT: (_O, _O, _O, _A),
        Right.PEOPLE_ERASE: (None, None, None, _A),
        Right.FEEDS_MANAGE: (_O, _T, _A, _A),
        Right.TOKENS_MANAGE: (_O, _O, _O, _A),
        Right.KEYS_MANAGE: (None, None, None, _A),
        Right.ROLES_GRANT: (None, None, None, _A),
        Right.ANALYSIS_SWITCH: (None, None, None, _A),
        Right.AUDIT_READ: (None, None, None, _A),
    }
)
"""The widest scope of each right by role; None: not at all."""

FOR_INTEGRATIONS: Final = frozenset(
    {
        Right.DIRECTORY_READ,
        Right.DIRECTORY_IMPORT,
        Right.ROTA_READ,
        Right.PAGER_SEND,
        Right.FACTS_TELL,
    }
)
"""What an integration key may be made for: nothing that needs a person's word."""

_COLUMNS: Final = {role: column for column, role in enumerate(Role)}


def scopes_of(roles: Iterable[Role]) -> dict[Right, Scope]:
    """Every right of somebody with these roles, with its widest scope."""
    columns = [_COLUMNS[role] for role in roles]
    found: dict[Right, Scope] = {}
    for right, by_role in MATRIX.items():
        scopes = [scope for column in columns if (scope := by_role[column]) is not None]
        if scopes:
            found[right] = max(scopes)
    return found


def roles_with(right: Right, scope: Scope = Scope.ALL) -> frozenset[Role]:
    """The roles that hold the right in at least this scope."""
    by_role = MATRIX[right]
    return frozenset(
        role
        for role, column in _COLUMNS.items()
        if (held := by_role[column]) is not None and held >= scope
    )
