"""Every store of the people plane in one folder, with everything in it that can name Ana Silva."""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sunwise.chassis.clock import SimulatedClock
from sunwise.chassis.db import open_database
from sunwise.chassis.guard import OPERATOR, GuardStore, Right, Role, TwoPeople
from sunwise.chassis.guard.personal import GuardHolder
from sunwise.chassis.personal import Holder
from sunwise.contracts.people.directory import Role as Duty
from sunwise.contracts.people.facts import Actor, Evidence, FactKind, TimelineFact
from sunwise.contracts.people.incidents import Incident, IncidentState
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.directory.holder import DirectoryHolder
from sunwise.people.directory.objects import Kind
from sunwise.people.directory.scim.protocol import Scim
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import DirectoryStore
from sunwise.people.handoff.acceptance import advance, opened
from sunwise.people.handoff.following import Opening
from sunwise.people.handoff.note import Part, Section
from sunwise.people.handoff.personal import HandoffHolder
from sunwise.people.handoff.seams import Seam
from sunwise.people.handoff.store import HandoffStore
from sunwise.people.incidents.lifecycle import By, noted, resolved, role_taken
from sunwise.people.incidents.personal import IncidentHolder
from sunwise.people.incidents.store import IncidentStore
from sunwise.people.privacy.erasures import Erasures
from sunwise.people.privacy.store import PrivacyStore
from sunwise.people.rota.core.problem import Rota, Shift
from sunwise.people.rota.holder import RotaHolder
from sunwise.people.rota.kept import Figures, FrontPoint, Request, RequestKind
from sunwise.people.rota.ledger import Entry
from sunwise.people.rota.store import Closure, Journey, RotaStore
from sunwise.people.rota.turns import Piece
from sunwise.people.rota.units import units_of
from tests.support.people import PROVIDER, law, off, person, says, service, team
from tests.support.rota_company import NOW, UNIT, WINDOW, company, draft, turn

ANA = "ana.silva"
TRACES = (ANA, "Ana Silva", "ana.silva@example.com", "octo-ana")
INCIDENT = "0123456789ab"
GROUP = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Idp","members":'
EXPECTED = frozenset({"guard", "directory", "rota", "handoff", "incidents"})


class PersonalPlane:
    """The stores, opened; `fill` writes Ana into every one of them."""

    def __init__(self, folder: Path, clock: SimulatedClock | None = None) -> None:
        self.folder = folder
        self.clock = clock or SimulatedClock(start_ns=NOW)
        self.engines = {
            name: open_database(folder / f"{name}.sqlite", is_derived=False)
            for name in ("directory", "rota", "handoff", "incidents", "privacy")
        }
        self.guard = GuardStore.open(folder / "guard.sqlite", self.clock)
        self.two_people = TwoPeople(self.guard, self.clock)
        self.directory = DirectoryStore(self.engines["directory"], self.clock, law=law)
        self.rota = RotaStore(self.engines["rota"], self.clock)
        self.handoffs = HandoffStore(self.engines["handoff"])
        self.incidents = IncidentStore(self.engines["incidents"])
        self.privacy = PrivacyStore(self.engines["privacy"])
        self.names_forgotten: list[str] = []
        self.holders: dict[str, Holder] = {
            "guard": GuardHolder(self.guard),
            "directory": DirectoryHolder(self.directory),
            "rota": RotaHolder(self.rota),
            "handoff": HandoffHolder(self.engines["handoff"]),
            "incidents": IncidentHolder(
                self.engines["incidents"], forget_name=self.names_forgotten.append
            ),
        }

    def erasures(self, *, settle_ns: int = 0, expected: Iterable[str] = EXPECTED) -> Erasures:
        return Erasures(
            self.privacy,
            self.holders,
            self.clock,
            expected=frozenset(expected),
            settle_ns=settle_ns,
        )

    def close(self) -> None:
        self.guard.close()
        for engine in self.engines.values():
            engine.dispose()

    def bytes_of(self, name: str) -> bytes:
        """All that is on the disk for one store."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob(f"{name}.sqlite*")))

    def traces_on_disk(self, words: Iterable[str] = TRACES) -> list[str]:
        """`store: word` for each word that is found in the bytes of a store, whatever its case."""
        return [
            f"{name}: {word}"
            for name in (*self.engines, "guard")
            for word in words
            if word.casefold().encode() in self.bytes_of(name).lower()
        ]

    # --- everything in it ---

    def fill(self) -> None:
        self._fill_directory()
        self._fill_guard()
        self._fill_rota()
        self._fill_handoffs()
        self._fill_incidents()

    def _fill_directory(self) -> None:
        ana = person(
            ANA, name="Ana Silva", email="ana.silva@example.com", handles=["octo-ana"], skills=["x"]
        )
        store = self.directory
        store.apply(says(ana, person("bo", "Asia/Tokyo"), person("cy")), author=ANA)
        teams = team("core", ANA, "bo", "cy", lead=ANA)
        store.apply(says(teams, person(ANA), source=Source.CSV), author="bo")
        owned = service("api", "core", lead=ANA, deputy="bo")
        store.apply(says(owned, leave_added=(off(ANA, "2027-01-04", "2027-01-08"),)), author="bo")
        store.pseudonyms([ANA, "bo"])
        scim = Scim(self.engines["directory"], store, self.clock)
        members = json.dumps([{"value": ANA}, {"value": "cy"}]).encode()
        scim.create(Kind.TEAM, GROUP + members + b"}", by=PROVIDER)
        store.apply(says(person(ANA, languages=["pt"])), author="bo")

    def _fill_guard(self) -> None:
        for who in ("bo", "cy"):
            self.guard.grant(who, Role.ADMINISTRATOR, by=OPERATOR)
        self.guard.grant(ANA, Role.PLANNER, by=OPERATOR)
        token, _ = self.guard.issue_token(ANA, "laptop of Ana Silva", by=OPERATOR)
        self.guard.issue_feed(ANA, f"person:{ANA}", by=self.guard.of_token(token))
        self.guard.open_session(token)
        self.two_people.register("test.change", Right.DIRECTORY_WRITE, lambda _proposal: None)
        self._propose(token, b'{"hub":"paris"}', "Paris")
        bo, _ = self.guard.issue_token("bo", "laptop", by=OPERATOR)
        self._propose(bo, msgspec.json.encode({"lead": ANA}), f"lead to {ANA}")

    def _propose(self, token: str, content: bytes, summary: str) -> None:
        by = self.guard.of_token(token)
        self.two_people.submit(by, kind="test.change", content=content, summary=summary)

    def _fill_rota(self) -> None:
        shift = Shift(NOW + 8 * NS_PER_HOUR, NOW + 16 * NS_PER_HOUR, Duty.PRIMARY, ANA)
        point = FrontPoint(night_h=0, worst_burden=0, gini=0, rota=Rota(shifts=(shift,)))
        turns = (turn(-8, 0, ANA), turn(0, 8, "bo"), turn(8, 16, ANA), turn(16, 24, None))
        kept = msgspec.structs.replace(draft(*turns), figures=Figures(front=(point,)))
        self.rota.set_units(units_of(company()))
        for _ in range(2):  # the first is superseded by the second
            saved = self.rota.save_draft(kept)
            self.rota.publish(saved, saved.turns)
        self.rota.accept_gap(UNIT, WINDOW, turns[3], ANA)
        self.rota.save_draft(kept)
        for asked, answers in ((("cy", ANA), {"cy": True}), ((ANA,), {ANA: True})):
            piece = Piece(*turn(8, 10, ANA)[:3], ANA, "cy")
            self.rota.request(
                Request(
                    unit=UNIT,
                    window_ns=WINDOW,
                    kind=RequestKind.SWAP,
                    asked_by=ANA,
                    changes=(piece,),
                    asked=asked,
                    answers=answers,
                )
            )
        away = {"from_ns": NOW, "until_ns": NOW + 9 * NS_PER_HOUR}
        self.rota.add_closure(Closure(kind="person", subject=ANA, **away))
        self.rota.add_closure(Closure(kind="hub", subject="paris", **away))
        self.rota.add_journey(Journey(person=ANA, zone="Asia/Tokyo", **away))
        called = self.directory.pseudonyms([ANA])[ANA]
        entry = Entry(window_ns=WINDOW, pseudonym=called, kind="duty", points=3, what="a")
        self.rota.book([entry])

    def _fill_handoffs(self) -> None:
        times = {"since_ns": NOW - 8 * NS_PER_HOUR, "outgoing_until_ns": NOW, "at_ns": NOW}
        seam = Seam(
            services=("api",),
            role=Duty.PRIMARY,
            outgoing="cy",
            incoming=ANA,
            until_ns=NOW + 8 * NS_PER_HOUR,
            **times,
        )
        handoff = opened(seam, secondary="bo", deputy=ANA, rest_limit_ns=NOW + NS_PER_HOUR)
        self.handoffs.follow([Opening(handoff)], NOW)
        self.handoffs.act(handoff.id, lambda found: advance(found, NOW + 2 * NS_PER_HOUR))
        self.handoffs.write_note(handoff.id, ANA, "Ask Ana Silva about queue 7.", read_version=0)
        self.handoffs.write_note(handoff.id, "bo", "@octo-ana knows.", read_version=1)
        accepting = {"now_ns": NOW + 2 * NS_PER_HOUR, "parts": (Part(section=Section.ALERTS),)}
        self.handoffs.accept(handoff.id, ANA, read_version=2, **accepting)

    def _fill_incidents(self) -> None:
        called = self.directory.pseudonyms([ANA])[ANA]
        ana, bo = (By(person=p, pseudonym=q, now_ns=NOW) for p, q in ((ANA, called), ("bo", "q")))
        facts = {"state": IncidentState.OPEN, "service": "api", "services": ("api",)}
        incident = Incident(
            id=INCIDENT, title="Orders are slow", severity=2, opened_ns=NOW, **facts
        )
        store = self.incidents
        store.open(incident, ana, {})
        store.record([told(ANA)], {ANA: called})
        for step in (
            lambda held: noted(held, "Restarted the queue.", ana),
            lambda held: noted(held, "Ana Silva restarted the queue.", bo),
            lambda held: role_taken(held, "commander", ANA, ana),
            lambda held: resolved(held, ana),
        ):
            store.act(INCIDENT, step, revision=None)
        store.write_review(INCIDENT, ANA, "Ana Silva found the cause.", read_version=0)
        store.accept_review(INCIDENT, "bo", read_version=1)


def told(actor: str) -> TimelineFact:
    """A fact with somebody who did it."""
    return TimelineFact(
        id="deploys:1",
        kind=FactKind.DEPLOY,
        services=("api",),
        what="Version 7 was deployed by ana.silva@example.com.",
        at_ns=NOW,
        source="deploys",
        evidence=Evidence(kind="deploy", ref="1"),
        actor=Actor(role="deployer", person=actor),
    )
