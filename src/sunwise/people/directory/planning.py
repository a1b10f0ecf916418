"""What a change set would do: shown before anything is done, and refused with every reason at once."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from sunwise.contracts.people.directory import Id, Leave
from sunwise.people.directory.capacity import Law
from sunwise.people.directory.changes import Change, Overruled, differences, overruled
from sunwise.people.directory.claims import BadClaim, Claim, Claims, Said, cleaned
from sunwise.people.directory.holding import check
from sunwise.people.directory.merging import Merged, merge
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.problems import Problem, Rule
from sunwise.people.directory.sources import Source
from sunwise.people.directory.two_people import for_two

_MAX_CLAIMS: Final = 50_000


class ChangeSet(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says anew; it is applied whole or not at all."""

    source: Source
    claims: tuple[Claim, ...] = ()
    """Each replaces all that the source said of that object before."""
    withdrawn: tuple[Key, ...] = ()
    """About these the source says nothing any more."""
    whole: frozenset[Kind] = frozenset()
    """Of these kinds the claims are all that the source says: what it named before is withdrawn."""
    leave_added: tuple[Leave, ...] = ()
    leave_removed: tuple[Leave, ...] = ()
    tolerated: frozenset[Rule] = frozenset()
    """Rules whose breach is shown but does not refuse the change."""
    leave_places: Mapping[Leave, str] = {}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The directory at one version."""

    version: int
    claims: Claims
    leave: frozenset[Leave]
    merged: Mapping[Key, Merged]
    problems: tuple[Problem, ...]
    """What is wrong with it as it stands."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the change set would do to the version that it was held against."""

    base_version: int
    changes: tuple[Change, ...]
    overruled: tuple[Overruled, ...]
    refusals: tuple[Problem, ...]
    """If there is one, nothing can be applied."""
    warnings: tuple[Problem, ...]
    """What would be wrong afterwards and does not refuse the change."""
    for_two: tuple[Change, ...] = ()
    """Those of the changes that one person alone may not make."""
    leave_added: tuple[Leave, ...] = ()
    leave_removed: tuple[Leave, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing would differ that anybody can see."""
        return not (self.changes or self.leave_added or self.leave_removed)


def state_of(
    version: int, claims: Claims, leave: frozenset[Leave], *, law: Law, now_ns: int
) -> State:
    """The state in which these claims and this leave leave the directory."""
    merged = {key: merge(key, said) for key, said in claims.items()}
    return State(
        version=version,
        claims=claims,
        leave=leave,
        merged=merged,
        problems=check(merged, leave, law=law, now_ns=now_ns),
    )


def plan(state: State, change: ChangeSet, *, law: Law, now_ns: int) -> tuple[Plan, State]:
    """What the change would do, and the state that it would leave."""
    claims, malformed = _claims_after(state, change)
    touched = [key for key, said in claims.items() if said is not state.claims.get(key)] + [
        key for key in state.claims if key not in claims
    ]
    merged = {key: found for key, found in state.merged.items() if key in claims}
    merged |= {key: merge(key, claims[key]) for key in touched if key in claims}
    leave = (state.leave - set(change.leave_removed)) | set(change.leave_added)
    problems = check(merged, leave, law=law, now_ns=now_ns)
    after = State(
        version=state.version + 1, claims=claims, leave=leave, merged=merged, problems=problems
    )
    located = _located((*malformed, *problems), change)
    refusals = tuple(_refusing(state.problems, located, change))
    changes = tuple(_changes(state, after, sorted(touched)))
    return Plan(
        base_version=state.version,
        changes=changes,
        for_two=for_two(changes, state.merged, merged),
        overruled=tuple(
            each
            for claim in change.claims
            if claim.key in claims
            for each in overruled(claim.key, claims[claim.key], change.source)
        ),
        refusals=refusals,
        warnings=tuple(each for each in located if each not in refusals),
        leave_added=tuple(sorted(leave - state.leave, key=_by_person)),
        leave_removed=tuple(sorted(state.leave - leave, key=_by_person)),
    ), after


def _claims_after(state: State, change: ChangeSet) -> tuple[Claims, list[Problem]]:
    """All claims as they would be, and what is wrong with the new ones by themselves."""
    source = change.source
    claims: dict[Key, Mapping[Source, Said]] = dict(state.claims)
    problems = list(_twice(change))
    named = {claim.key for claim in change.claims}
    gone = set(change.withdrawn) | {
        key for key in claims if key.kind in change.whole and key not in named
    }
    for key in gone & claims.keys():
        said = {other: what for other, what in claims[key].items() if other is not source}
        _put(claims, key, said)
    for claim in change.claims:
        try:
            said = {**claims.get(claim.key, {}), source: _named(claim)}
        except BadClaim as fault:
            problems.append(_malformed(claim, str(fault)))
        else:
            _put(claims, claim.key, said)
    return claims, problems


def _put(claims: dict[Key, Mapping[Source, Said]], key: Key, said: Mapping[Source, Said]) -> None:
    if not said:
        del claims[key]
    elif said != claims.get(key):
        claims[key] = said


def _named(claim: Claim) -> Said:
    try:
        msgspec.convert(claim.key.id, Id)
    except msgspec.ValidationError as fault:
        raise BadClaim(
            f"{claim.key.id!r:.80} is no id: 1 to 64 of a-z, 0-9, dot, dash and underscore, the "
            "first a letter or digit"
        ) from fault
    return cleaned(claim)


def _twice(change: ChangeSet) -> Iterable[Problem]:
    if len(change.claims) > _MAX_CLAIMS:
        first = change.claims[0]
        yield _malformed(
            first, f"{len(change.claims):,} objects at once: at most {_MAX_CLAIMS:,}, in parts"
        )
    seen: dict[Key, Claim] = {}
    for claim in change.claims:
        other = seen.setdefault(claim.key, claim)
        if other is not claim:
            where = f", first at {other.place}" if other.place else ""
            yield _malformed(claim, f"{claim.key} stands twice{where}: keep one", Rule.DUPLICATE)


def _malformed(claim: Claim, text: str, rule: Rule = Rule.MALFORMED) -> Problem:
    return Problem(
        rule=rule, kind=claim.key.kind, id=claim.key.id[:80], text=text, place=claim.place
    )


def _located(problems: Iterable[Problem], change: ChangeSet) -> list[Problem]:
    """The problems with file and line, where the change set says something about the object."""
    claims = {claim.key: claim for claim in change.claims}
    leave = {each.person: place for each, place in change.leave_places.items()}
    found = []
    for problem in problems:
        place = problem.place
        if problem.rule is Rule.LEAVE:
            place = place or leave.get(problem.id, "")
        elif problem.key in claims:
            place = place or claims[problem.key].place_of(problem.field)
        found.append(msgspec.structs.replace(problem, place=place) if place else problem)
    return found


def _refusing(
    before: Iterable[Problem], after: Iterable[Problem], change: ChangeSet
) -> Iterable[Problem]:
    """Problems that are new or grow: those that stand already do not refuse what mends others."""
    stood: dict[tuple[Any, ...], int] = {}
    for problem in before:
        stood[_identity(problem)] = max(problem.weight, stood.get(_identity(problem), 0))
    for problem in after:
        is_new = problem.weight > stood.get(_identity(problem), 0)
        if is_new and problem.rule not in change.tolerated:
            yield problem


def _identity(problem: Problem) -> tuple[Any, ...]:
    text = "" if problem.rule is Rule.CAPACITY else problem.text
    return problem.rule, problem.key, problem.field, text


def _changes(before: State, after: State, keys: Iterable[Key]) -> Iterable[Change]:
    nothing = Merged(None)
    for key in keys:
        yield from differences(
            key,
            before.merged.get(key, nothing).thing,
            after.merged.get(key, nothing).thing,
            after.claims.get(key, {}),
        )


def _by_person(leave: Leave) -> tuple[Any, ...]:
    return leave.person, leave.first, leave.last
