"""Who may come in, in SQL: roles, tokens, keys, feeds and sessions. Secrets are kept as hashes only."""

import hmac
import secrets
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from sunwise.chassis.clock import Clock
from sunwise.chassis.data_folder import make_private
from sunwise.chassis.db import migrate, open_database
from sunwise.chassis.errors import Permanent
from sunwise.chassis.guard.audit import Act, Audit
from sunwise.chassis.guard.principal import How, Principal
from sunwise.chassis.guard.rights import FOR_INTEGRATIONS, Right, Role, Scope, roles_with, scopes_of
from sunwise.chassis.guard.secret_text import Kind, digest, kind_of, new_secret
from sunwise.chassis.guard.tables import AUDIT, CREDENTIALS, PSEUDONYMS, ROLES, SESSIONS

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_NS: Final = 1_000_000_000
_HOUR_NS: Final = 3_600 * _NS
_DAY_NS: Final = 24 * _HOUR_NS
TOKEN_DAYS: Final = 90
"""How long a personal token is in force unless another time is asked for."""
MAX_TOKEN_DAYS: Final = 366
MAX_CREDENTIALS: Final = 50
"""Credentials in force of one kind that a person, or all integrations together, may have."""
_MAX_NAME: Final = 80
_MEMBER: Final = frozenset({Role.MEMBER})
KEEP_DAYS: Final = 90
"""So long a credential out of force, and a decided change, can still be looked at."""

OPERATOR: Final = Principal(
    person_id=None,
    roles=frozenset({Role.ADMINISTRATOR}),
    how=How.OPERATOR,
    scopes=scopes_of([Role.ADMINISTRATOR]),
)
"""Whoever can read the data folder anyway: the command line on that machine."""


class NotPossible(Permanent):
    """What was asked for cannot be; the message says why and what to do."""


class Lifetimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long a browser stays logged in."""

    idle_h: int = 12
    """Hours without a request; counted to the full hour."""
    absolute_h: int = 168
    """Hours after logging in, whatever happens."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A token, key or feed, without its secret. Nothing says when it was used."""

    id: str
    kind: Kind
    person: str | None
    name: str
    grants: str
    """The right of a key, or what a feed shows; empty for a personal token."""
    last_four: str
    created_ns: int
    expires_ns: int | None
    revoked_ns: int | None


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed's address may read."""

    person: str
    shows: str
    """Such as `person:ana` or `team:core`."""


class GuardStore:
    """Makes, checks and revokes whatever opens the door. Blocking: call it from a thread."""

    def __init__(self, engine: Engine, clock: Clock, *, lifetimes: Lifetimes | None = None) -> None:
        migrate(engine, _MIGRATIONS, service="guard")
        self.engine = engine
        self.audit = Audit(engine, clock)
        self._clock = clock
        self._lifetimes = lifetimes or Lifetimes()

    @classmethod
    def open(
        cls, target: str | Path, clock: Clock, *, lifetimes: Lifetimes | None = None
    ) -> "GuardStore":
        """The store in a SQLite file, made with mode 0600, or at a PostgreSQL URL.

        Raises DatabaseUnusable or Retryable.
        """
        if "://" not in str(target):
            make_private(Path(target))
        return cls(open_database(target, is_derived=False), clock, lifetimes=lifetimes)

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    # --- roles ---

    def roles_of(self, person: str) -> frozenset[Role]:
        """Every role of a person; a member at least."""
        with self.engine.connect() as connection:
            return _roles_of(connection, person)

    def holders(self, right: Right) -> frozenset[str]:
        """The people who hold this right for everybody."""
        roles = [role.value for role in roles_with(right)]
        with self.engine.connect() as connection:
            query = select(ROLES.c.person).where(ROLES.c.role.in_(roles)).distinct()
            return frozenset(connection.scalars(query))

    def grant(self, person: str, role: Role, *, by: Principal) -> None:
        """Gives a role; nothing when they have it.

        With their first role beside member's their tokens end, if somebody else has ever made one:
        whoever knows it could give their word for them.
        """
        with self.audit.acting(by) as act:
            held = _roles_of(act.connection, person)
            if role in held:
                return
            told: dict[str, Any] = {"role": role.value}
            if held == _MEMBER and _is_known_to_others(act.connection, person):
                told["tokens_ended"] = _end_tokens(act, person)
            act.connection.execute(insert(ROLES).values(person=person, role=role.value))
            act.tell("role.grant", person=person, **told)

    def withdraw(self, person: str, role: Role, *, by: Principal) -> None:
        """Takes a role away. Raises NotPossible for the last administrator."""
        with self.audit.acting(by) as act:
            of_role = ROLES.c.role == role.value
            if role is Role.ADMINISTRATOR:
                others = act.connection.scalars(
                    select(ROLES.c.person).where(of_role, ROLES.c.person != person)
                ).all()
                if not others:
                    raise NotPossible(f"{person} is the last administrator: appoint another first.")
            gone = act.connection.execute(delete(ROLES).where(ROLES.c.person == person, of_role))
            if gone.rowcount:
                act.tell("role.withdraw", person=person, role=role.value)

    # --- credentials ---

    def issue_token(
        self, person: str, name: str, *, by: Principal, days: int = TOKEN_DAYS
    ) -> tuple[str, Credential]:
        """A new personal token, shown once and only here.

        Raises NotPossible, also for another person who holds a role: it would be that person's word.
        """
        _check_days(days)
        return self._issue(Kind.TOKEN, name, person=person, grants="", by=by, days=days)

    def issue_feed(self, person: str, shows: str, *, by: Principal) -> tuple[str, Credential]:
        """A new feed token: whoever has the address reads `shows`, until it is revoked."""
        return self._issue(Kind.FEED, shows, person=person, grants=shows, by=by, days=None)

    def issue_key(
        self, name: str, right: Right, *, by: Principal, days: int | None = None
    ) -> tuple[str, Credential]:
        """A new key for one sender, which may do this one thing. Raises NotPossible."""
        if right not in FOR_INTEGRATIONS:
            allowed = ", ".join(sorted(FOR_INTEGRATIONS))
            raise NotPossible(f"An integration cannot hold {right.value}; it may hold: {allowed}.")
        if days is not None:
            _check_days(days)
        return self._issue(Kind.KEY, name, person=None, grants=right.value, by=by, days=days)

    def _issue(
        self,
        kind: Kind,
        name: str,
        *,
        person: str | None,
        grants: str,
        by: Principal,
        days: int | None,
    ) -> tuple[str, Credential]:
        if not 0 < len(name) <= _MAX_NAME:
            raise NotPossible(f"Give it a name of 1 to {_MAX_NAME} characters.")
        secret = new_secret(kind)
        with self.audit.acting(by) as act:
            credential = Credential(
                id=secrets.token_hex(6),
                kind=kind,
                person=person,
                name=name,
                grants=grants,
                last_four=secret[-4:],
                created_ns=act.now_ns,
                expires_ns=None if days is None else act.now_ns + days * _DAY_NS,
                revoked_ns=None,
            )
            if kind is Kind.TOKEN and by.person_id not in (None, person):
                _demand_member(act.connection, person or "")
            if len(_in_force(act.connection, kind, person, act.now_ns)) >= MAX_CREDENTIALS:
                raise NotPossible(f"There are {MAX_CREDENTIALS} already: revoke one first.")
            row = msgspec.structs.asdict(credential)
            act.connection.execute(insert(CREDENTIALS).values(**row, hash=digest(secret)))
            act.tell(
                f"{kind.value}.issue", subject=credential.id, person=person or "", id=credential.id
            )
        return secret, credential

    def credentials(self, kind: Kind, *, person: str | None = None) -> list[Credential]:
        """Those in force of a person (or of no person: keys), oldest first."""
        with self.engine.connect() as connection:
            return _in_force(connection, kind, person, self._clock.now_ns())

    def credential(self, credential_id: str) -> Credential | None:
        """The credential with this id, also one out of force."""
        with self.engine.connect() as connection:
            query = select(CREDENTIALS).where(CREDENTIALS.c.id == credential_id)
            row = connection.execute(query).one_or_none()
        return None if row is None else _credential(row)

    def revoke(self, credential_id: str, *, by: Principal) -> bool:
        """Puts a credential and every session of it out of force; False if it is so already."""
        with self.audit.acting(by) as act:
            in_force = (CREDENTIALS.c.id == credential_id, CREDENTIALS.c.revoked_ns.is_(None))
            changed = act.connection.execute(
                update(CREDENTIALS).where(*in_force).values(revoked_ns=act.now_ns)
            )
            if not changed.rowcount:
                return False
            of_it = SESSIONS.c.credential == credential_id
            act.connection.execute(delete(SESSIONS).where(of_it))
            act.tell("credential.revoke", subject=credential_id)
        return True

    def leave(self, person: str, *, by: Principal) -> None:
        """Somebody has left: their tokens, feeds, sessions and roles are out of force at once."""
        with self.audit.acting(by) as act:
            theirs = (CREDENTIALS.c.person == person, CREDENTIALS.c.revoked_ns.is_(None))
            act.connection.execute(update(CREDENTIALS).where(*theirs).values(revoked_ns=act.now_ns))
            act.connection.execute(delete(SESSIONS).where(SESSIONS.c.person == person))
            act.connection.execute(delete(ROLES).where(ROLES.c.person == person))
            act.tell("person.leave", person=person)

    def forget(self, before_ns: int) -> None:
        """Drops what was out of force before, and sessions that are over."""
        with self.engine.begin() as connection:
            _forget_old(connection, before_ns)
            connection.execute(delete(SESSIONS).where(_is_over(self._clock.now_ns())))

    # --- who is it? ---

    def of_token(self, secret: str) -> Principal | None:
        """The person of a personal token in force, or the integration of a key."""
        row = self._row_of(secret, Kind.TOKEN, Kind.KEY)
        if row is None:
            return None
        if row.kind == Kind.KEY:
            return Principal(
                person_id=None,
                how=How.KEY,
                scopes={Right(row.grants): Scope.ALL},
                sender=row.name,
                credential=row.id,
            )
        return self._person(row.person, How.TOKEN, row.id)

    def of_feed(self, secret: str) -> Feed | None:
        """What a feed's address may read, while it is in force."""
        row = self._row_of(secret, Kind.FEED)
        return None if row is None else Feed(person=row.person, shows=row.grants)

    def open_session(self, token: str) -> tuple[str, Principal] | None:
        """A new session's secret for a personal token in force; it ends with the token."""
        secret = new_secret(Kind.SESSION)
        now_ns = self._clock.now_ns()
        ends_ns = now_ns + self._lifetimes.absolute_h * _HOUR_NS
        with self.engine.begin() as connection:
            connection.execute(delete(SESSIONS).where(_is_over(now_ns)))  # locks, before it looks
            row = self._row_in(connection, token, (Kind.TOKEN,), is_held=True)
            if row is None:
                return None
            connection.execute(
                insert(SESSIONS).values(
                    hash=digest(secret),
                    person=row.person,
                    credential=row.id,
                    idle_until_ns=self._idle_until(now_ns),
                    ends_ns=min(ends_ns, row.expires_ns),
                )
            )
        return secret, self._person(row.person, How.SESSION, row.id)

    def of_session(self, secret: str) -> Principal | None:
        """The person of a session that goes on; being asked for keeps it from being idle."""
        if kind_of(secret) is not Kind.SESSION:
            return None
        hashed = digest(secret)
        with self.engine.connect() as connection:
            row = connection.execute(
                select(SESSIONS).where(SESSIONS.c.hash == hashed)
            ).one_or_none()
        if row is None or not hmac.compare_digest(bytes(row.hash), hashed):
            return None
        now_ns = self._clock.now_ns()
        if now_ns >= min(row.idle_until_ns, row.ends_ns):
            return None
        idle_until_ns = self._idle_until(now_ns)
        if idle_until_ns > row.idle_until_ns:  # once an hour at most
            with self.engine.begin() as connection:
                of_it = SESSIONS.c.hash == hashed
                connection.execute(
                    update(SESSIONS).where(of_it).values(idle_until_ns=idle_until_ns)
                )
        return self._person(row.person, How.SESSION, row.credential)

    def close_session(self, secret: str) -> None:
        """Ends a session; nothing when it is none."""
        with self.engine.begin() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.hash == digest(secret)))

    def _row_of(self, secret: str, *kinds: Kind) -> Any | None:  # noqa: ANN401 - a row of the table
        """The row of a credential of these kinds in force.

        It does the same whether the secret is unknown, revoked or expired.
        """
        with self.engine.connect() as connection:
            return self._row_in(connection, secret, kinds)

    def _row_in(
        self,
        connection: Connection,
        secret: str,
        kinds: tuple[Kind, ...],
        *,
        is_held: bool = False,
    ) -> Any | None:  # noqa: ANN401 - a row of the table
        """The same within a transaction; `is_held`: nobody revokes it until that ends."""
        if kind_of(secret) not in kinds:
            return None
        hashed = digest(secret)
        query = select(CREDENTIALS).where(CREDENTIALS.c.hash == hashed)
        row = connection.execute(query.with_for_update() if is_held else query).one_or_none()
        if row is None or not hmac.compare_digest(bytes(row.hash), hashed):
            return None
        is_over = row.expires_ns is not None and self._clock.now_ns() >= row.expires_ns
        return None if is_over or row.revoked_ns is not None else row

    def _person(self, person: str, how: How, credential: str) -> Principal:
        roles = self.roles_of(person)
        return Principal(
            person_id=person,
            roles=roles,
            how=how,
            scopes=scopes_of(roles),
            credential=credential,
        )

    def _idle_until(self, now_ns: int) -> int:
        """Rounded up to the hour: nobody can read from it when somebody was here."""
        hours = -(-now_ns // _HOUR_NS) + self._lifetimes.idle_h
        return hours * _HOUR_NS


def _check_days(days: int) -> None:
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise NotPossible(f"It can be in force for 1 to {MAX_TOKEN_DAYS} days, not for {days}.")


def _roles_of(connection: Connection, person: str) -> frozenset[Role]:
    held = connection.scalars(select(ROLES.c.role).where(ROLES.c.person == person))
    return frozenset({Role.MEMBER, *(Role(role) for role in held)})


def _demand_member(connection: Connection, person: str) -> None:
    if _roles_of(connection, person) != _MEMBER:
        raise NotPossible(
            f"{person} holds a role, and whoever knows their token could give their word: they make "
            f"it themselves, or on the machine that holds the data: sunwise people token {person}"
        )


def _is_known_to_others(connection: Connection, person: str) -> bool:
    """Whether another person has ever made a token of theirs; by it they can make more."""
    called = select(PSEUDONYMS.c.pseudonym).where(PSEUDONYMS.c.person == person)
    made = (AUDIT.c.act == "token.issue", AUDIT.c.subject == called.scalar_subquery())
    by_a_person = AUDIT.c.how.in_((How.SESSION.value, How.TOKEN.value))
    query = select(AUDIT.c.seq).where(*made, by_a_person, AUDIT.c.actor != AUDIT.c.subject)
    return connection.execute(query.limit(1)).first() is not None


def _end_tokens(act: Act, person: str) -> int:
    """How many of the person's tokens were in force; their sessions end with them."""
    columns = CREDENTIALS.c
    theirs = (columns.person == person, columns.kind == Kind.TOKEN.value)
    ended = act.connection.execute(
        update(CREDENTIALS)
        .where(*theirs, columns.revoked_ns.is_(None))
        .values(revoked_ns=act.now_ns)
    )
    act.connection.execute(delete(SESSIONS).where(SESSIONS.c.person == person))
    return ended.rowcount


def _in_force(
    connection: Connection, kind: Kind, person: str | None, now_ns: int
) -> list[Credential]:
    whose = CREDENTIALS.c.person.is_(None) if person is None else CREDENTIALS.c.person == person
    not_over = or_(CREDENTIALS.c.expires_ns.is_(None), CREDENTIALS.c.expires_ns > now_ns)
    query = (
        select(CREDENTIALS)
        .where(CREDENTIALS.c.kind == kind.value, whose, not_over)
        .where(CREDENTIALS.c.revoked_ns.is_(None))
        .order_by(CREDENTIALS.c.created_ns, CREDENTIALS.c.id)
    )
    return [_credential(row) for row in connection.execute(query)]


def _forget_old(connection: Connection, long_ago_ns: int) -> None:
    """Drops credentials that have been out of force since then."""
    columns = CREDENTIALS.c
    is_old = or_(columns.revoked_ns < long_ago_ns, columns.expires_ns < long_ago_ns)
    connection.execute(delete(CREDENTIALS).where(is_old))


def _credential(row: Any) -> Credential:  # noqa: ANN401 - a row of the table
    values = {name: getattr(row, name) for name in Credential.__struct_fields__}
    return Credential(**{**values, "kind": Kind(row.kind)})


def _is_over(now_ns: int) -> Any:  # noqa: ANN401 - SQLAlchemy's condition
    return or_(SESSIONS.c.idle_until_ns <= now_ns, SESSIONS.c.ends_ns <= now_ns)
