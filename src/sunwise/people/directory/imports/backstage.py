"""Backstage's catalog-info.yaml: Component, System, Group and User.

https://backstage.io/docs/features/software-catalog/descriptor-format
Components become services, groups teams, users people. What Backstage has no word for stands in
annotations: `sunwise/tier`, `sunwise/lead`, `sunwise/deputy`, `sunwise/runbook`, `sunwise/skills`,
`sunwise/activity`; for users `sunwise/zone`, `sunwise/country`, `sunwise/hub`. A component without
an owner has that of its system; without a tier it is best effort.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sunwise.contracts.people.directory import Tier
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.imports.bounds import Fault, Unreadable, bounded
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.located_yaml import At, read_yaml
from sunwise.people.directory.objects import LISTS, Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.problems import Rule
from sunwise.people.directory.sources import Source

_OURS: Final = "sunwise/"
_SERVICE_NOTES: Final = ("tier", "lead", "deputy", "runbook", "skills", "activity")
_USER_NOTES: Final = ("zone", "country", "hub", "skills", "languages")
_KINDS: Final = frozenset({"component", "system", "group", "user"})
_SOURCE: Final = re.compile(r"^url:https?://[^/]+/([^/]+/[^/]+?)(?:\.git)?(?:/-?/?(?:tree|blob|src)/[^/]+)?(?:/(.*?))?/?$")  # fmt: skip
_REF: Final = re.compile(r"^(?:([A-Za-z]+):)?(?:([^/:\s]+)/)?([^/:\s]+)$")


class Entity(NamedTuple):
    """One document of a catalogue."""

    kind: str
    id: str
    file: str
    at: At

    def place(self, at: At | None = None) -> str:
        """File and line of a part of it."""
        return f"{self.file}:{(at or self.at).line}"

    def note(self, name: str) -> At:
        """One of our annotations."""
        return self.at.get("metadata", "annotations", _OURS + name)


def read_backstage(files: Mapping[str, str], known: Known) -> ChangeSet:
    """What the catalogue says. Raises Unreadable."""
    bounded(files)
    reading = _Reading(known)
    entities = [each for name, text in files.items() for each in reading.entities(name, text)]
    claims = [*reading.users(entities), *reading.groups(entities), *reading.services(entities)]
    if reading.faults:
        raise Unreadable(reading.faults)
    return ChangeSet(
        source=Source.BACKSTAGE, claims=tuple(claims), tolerated=frozenset({Rule.INCOMPLETE})
    )


class _Reading:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._ids: dict[tuple[str, str], str] = {}
        self.faults: list[Fault] = []

    def entities(self, name: str, text: str) -> Iterable[Entity]:
        for at in read_yaml(name, text):
            kind = at.get("kind").text().lower()
            if kind not in _KINDS:
                continue  # APIs, resources, locations and templates have nobody on duty
            label = at.get("metadata", "name").text()
            if not label:
                self._fault(f"{name}:{at.line}", f"a {kind} without metadata.name: give it one")
                continue
            space = at.get("metadata", "namespace").text()
            yield Entity(kind, _id(space, label), name, at)

    def users(self, entities: Iterable[Entity]) -> Iterable[Claim]:
        for user in (each for each in entities if each.kind == "user"):
            profile = user.at.get("spec", "profile")
            email = profile.get("email").text()
            id_ = (email and self._known.person(email)) or self._known.person(user.id) or user.id
            self._ids["user", user.id] = id_
            self._known.add_person(id_, (email, user.id))
            said = {
                "name": profile.get("displayName").text() or _title(user),
                "email": email or None,
                "handles": [user.at.get("metadata", "name").text()],
            }
            yield self._claim(Key(Kind.PERSON, id_), user, said, _USER_NOTES)

    def groups(self, entities: list[Entity]) -> Iterable[Claim]:
        """Its members are those that it names and the users that name it."""
        groups = {each.id: each for each in entities if each.kind == "group"}
        for each in groups:
            self._known.add_team(each)
        members: dict[str, dict[str, At]] = {each: {} for each in groups}
        for group in groups.values():
            for at in group.at.get("spec", "members").items():
                members[group.id].setdefault(self._person(at), at)
        for user in (each for each in entities if each.kind == "user"):
            for at in user.at.get("spec", "memberOf").items():
                ref = self._ref(user, at, "group")
                if ref in members:
                    members[ref].setdefault(self._ids["user", user.id], at)
                elif ref and self._known.team(ref) is None:
                    self._fault(
                        user.place(at), f"memberOf {at.text()!r} is no group: add it, or drop this"
                    )
        for group in groups.values():
            yield self._group(group, members[group.id])

    def _group(self, group: Entity, members: dict[str, At]) -> Claim:
        spec = group.at.get("spec")
        parent = spec.get("parent")
        said = {
            "name": spec.get("profile", "displayName").text() or _title(group),
            "members": list(members) or None,
            "parent": self._ref(group, parent, "group") if parent.value else None,
            "lead": self._person(group.note("lead")) if group.note("lead").value else None,
        }
        claim = self._claim(Key(Kind.TEAM, group.id), group, said, ())
        places = {"members": group.place(spec.get("members")), "parent": group.place(parent)}
        return Claim(key=claim.key, said=claim.said, place=claim.place, places=places)

    def services(self, entities: list[Entity]) -> Iterable[Claim]:
        systems = {each.id: each for each in entities if each.kind == "system"}
        for system in systems.values():
            self._owner(system, system.at.get("spec", "owner"))
        for component in (each for each in entities if each.kind == "component"):
            spec = component.at.get("spec")
            named, owner = component, spec.get("owner")
            whole = systems.get(self._ref(component, spec.get("system"), "system") or "")
            if owner.value is None and whole is not None:
                named, owner = whole, whole.at.get("spec", "owner")
            said = {
                "name": _title(component),
                "team": self._owner(named, owner),
                "tier": Tier.BEST_EFFORT.value,
                "code": _code(component),
                "runbook": _runbook(component),
            }
            claim = self._claim(Key(Kind.SERVICE, component.id), component, said, _SERVICE_NOTES)
            places = {**claim.places, "team": named.place(owner)}
            yield Claim(key=claim.key, said=claim.said, place=claim.place, places=places)

    def _owner(self, entity: Entity, at: At) -> str | None:
        if at.value is None:
            self._fault(
                entity.place(), f"{entity.kind} {entity.id} has no spec.owner: name a group"
            )
            return None
        match = _REF.match(at.text())
        if match and (match[1] or "group").lower() == "user":
            text = f"owner {at.text()!r} is one person: services are owned by groups"
            self._fault(entity.place(at), text)
            return None
        ref = self._ref(entity, at, "group")
        if ref is not None and self._known.team(ref) is None:
            text = (
                f"owner {at.text()!r} is no group in this catalogue or the directory: add it first"
            )
            self._fault(entity.place(at), text)
        return ref and (self._known.team(ref) or ref)

    def _ref(self, entity: Entity, at: At, usual: str) -> str | None:
        """The id that a reference `[kind:][namespace/]name` names."""
        if at.value is None:
            return None
        match = _REF.match(at.text())
        if match is None or (match[1] or usual).lower() != usual:
            form = f"[{usual}:][namespace/]name"
            self._fault(entity.place(at), f"{at.text()!r:.80} is no reference to a {usual}: {form}")
            return None
        return _id(match[2] or "", match[3])

    def _person(self, at: At) -> str:
        match = _REF.match(at.text())
        id_ = _id(match[2] or "", match[3]) if match else at.text()
        return self._ids.get(("user", id_)) or self._known.person(id_) or id_

    def _claim(self, key: Key, entity: Entity, said: dict[str, Any], notes: Iterable[str]) -> Claim:
        places = {}
        for field in notes:
            at = entity.note(field)
            if at.value is not None:
                said[field] = self._note(field, at)
                places[field] = entity.place(at)
        stated = {field: value for field, value in said.items() if value is not None}
        return Claim(key=key, said=stated, place=entity.place(), places=places)

    def _note(self, field: str, at: At) -> Any:  # noqa: ANN401 - a text or a list
        if field in LISTS:
            return [each for each in re.split(r"[\s,;]+", at.text()) if each]
        return self._person(at) if field in ("lead", "deputy") else at.text()

    def _fault(self, place: str, text: str) -> None:
        self.faults.append(Fault(place, text))


def _id(space: str, name: str) -> str:
    """References are not case-sensitive; what is not in the default namespace carries it."""
    prefix = "" if space.lower() in ("", "default") else f"{space}."
    return f"{prefix}{name}".lower()


def _title(entity: Entity) -> str:
    metadata = entity.at.get("metadata")
    return metadata.get("title").text() or metadata.get("name").text()


def _code(component: Entity) -> str | None:
    annotations = component.at.get("metadata", "annotations")
    match = _SOURCE.match(annotations.get("backstage.io/source-location").text())
    if match:
        return f"{match[1]}/{match[2]}" if match[2] else match[1]
    return annotations.get("github.com/project-slug").text() or None


def _runbook(component: Entity) -> str | None:
    for link in component.at.get("metadata", "links").items():
        words = f"{link.get('title').text()} {link.get('type').text()}".lower()
        if "runbook" in words:
            return link.get("url").text()
    return None
