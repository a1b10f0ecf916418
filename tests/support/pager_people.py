"""A small company around the globe for the pager: who is on duty is what the test says."""

from collections.abc import Sequence

from sunwise.contracts.people.directory import EmergencyHours, Person, Role
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.desk import Desk, outcome
from sunwise.people.pager.core.escalation import Notify
from sunwise.people.pager.core.facts import Body, Fact
from sunwise.people.pager.core.intake import Sender, Signal, bodies_of
from sunwise.people.pager.core.liveness import PeerWatch
from sunwise.people.pager.core.moments import Moment
from sunwise.people.pager.core.policy import Policy
from sunwise.people.pager.core.responders import Shift
from tests.support.snapshots import somebody

NS = 1_000_000_000
MINUTE = 60 * NS
NOON_UTC = 1_781_784_000 * NS
"""2026-06-18 12:00 UTC, a Thursday."""
ZONES = {
    "ana": "Europe/Lisbon",  # 13:00
    "kenji": "Asia/Tokyo",  # 21:00
    "mia": "America/Los_Angeles",  # 05:00
    "noa": "Africa/Nairobi",  # 15:00
    "tui": "Pacific/Auckland",  # 00:00
}


def someone(id_: str, *, emergency: EmergencyHours | None = None, active: bool = True) -> Person:
    """A person of this company, as the directory would say it."""
    email = f"{id_}@example.net"
    return somebody(id_, ZONES[id_], "PT", email=email, emergency=emergency, active=active)


class Company:
    """Duty and directory that a test can change at any time; keeps the promise of `Responders`."""

    def __init__(self) -> None:
        self.people = {id_: someone(id_) for id_ in ZONES}
        self.duty: dict[tuple[str, Role], str | None] = {}
        self.kept: dict[tuple[str, Role], str] = {}
        self.owned: dict[str, tuple[str, ...]] = {}
        self.deputies: dict[str, str] = {}
        self.leave: set[str] = set()
        self.rest: set[str] = set()
        self.shifts: list[Shift] = []
        self.as_of_ns = NOON_UTC

    def on_duty(self, service: str, primary: str | None, secondary: str | None = None) -> None:
        """From now on these two have the duty."""
        self.duty[service, Role.PRIMARY] = primary
        self.duty[service, Role.SECONDARY] = secondary

    def who(self, service: str, role: Role, at_ns: int) -> str | None:
        return self.duty.get((service, role))

    def keeper(self, service: str, role: Role, at_ns: int) -> str | None:
        return self.kept.get((service, role))

    def person(self, person: str) -> Person | None:
        return self.people.get(person)

    def on_leave(self, person: str, at_ns: int) -> bool:
        return person in self.leave

    def in_legal_rest(self, person: str, at_ns: int, called: Sequence[int] = ()) -> bool:
        return person in self.rest

    def owners(self, service: str) -> Sequence[str]:
        return self.owned.get(service, ())

    def deputy(self, service: str) -> str | None:
        return self.deputies.get(service)

    def shifts_beginning(self, after_ns: int, until_ns: int) -> Sequence[Shift]:
        return [shift for shift in self.shifts if after_ns < shift.since_ns <= until_ns]


def usual_company() -> Company:
    """Ana is primary and Noa secondary for `gateway`; Kenji is its deputy, all but Tui own it."""
    company = Company()
    company.on_duty("gateway", "ana", "noa")
    company.deputies["gateway"] = "kenji"
    company.owned["gateway"] = ("ana", "kenji", "mia", "noa")
    return company


class Stage:
    """One instance's core, with time and outcomes in the test's hands."""

    def __init__(
        self,
        company: Company | None = None,
        policy: Policy | None = None,
        *,
        start_ns: int = NOON_UTC,
        origin: str = "a",
    ) -> None:
        self.company = company or usual_company()
        self.now = Moment(start_ns, start_ns)
        self.origin = origin
        self.board = Board(policy or Policy())
        peer = PeerWatch(0, has_peer=False, now=self.now)
        self.desk = Desk(self.board, self.company, peer, now=self.now)
        self.sender = Sender("alertmanager", "gateway")
        self.refuses: set[str] = set()
        """Kinds of channel that refuse every message."""
        self.facts: list[Fact] = []

    def tell(self, *bodies: Body) -> None:
        """Commits these."""
        facts = self.board.author(self.origin).write(list(bodies), self.now.wall_ns)
        self.facts += facts
        self.desk.learn(facts, self.now)

    def signal(self, *signals: Signal) -> None:
        """A sender says these."""
        self.tell(*bodies_of(signals, self.sender, self.board, self.now))

    def run(self, minutes: float = 0, *, step_s: float = 5) -> list[Notify]:
        """Lets time pass, sends what is due, and tells what was sent."""
        sent = []
        until_ns = self.now.steady_ns + int(minutes * MINUTE)
        while True:
            while (work := self.desk.tick(self.now)).notify or work.bodies:
                for notify in work.notify:
                    is_sent = notify.contact.kind.value not in self.refuses
                    self.tell(outcome(notify, is_sent=is_sent))
                    self.desk.settle(notify.key)
                    if is_sent:
                        sent.append(notify)
                self.tell(*work.bodies)
            if self.now.steady_ns >= until_ns:
                return sent
            self.pass_s(step_s)

    def pass_s(self, seconds: float) -> None:
        """Both clocks go on."""
        ns = int(seconds * NS)
        self.now = Moment(self.now.wall_ns + ns, self.now.steady_ns + ns)

    def jump_s(self, seconds: float) -> None:
        """The wall clock jumps; no time passes."""
        self.now = Moment(self.now.wall_ns + int(seconds * NS), self.now.steady_ns)

    @property
    def pages(self) -> list[str]:
        """Those that are open."""
        return sorted(self.board.open_pages)

    @property
    def page(self) -> str:
        """The only one that is open."""
        (page,) = self.pages
        return page


def firing(
    key: str = "k1", severity: str = "critical", *, group: str = "g", **labels: str
) -> Signal:
    """An alert that fires."""
    return Signal(key, True, f"{key} is wrong", severity, labels, group)


def resolved(key: str = "k1", *, group: str = "g", **labels: str) -> Signal:
    """The end of an alert."""
    return Signal(key, False, "", "critical", labels, group)


def told(sent: list[Notify]) -> list[str]:
    """Who was told, in order."""
    return [notify.person.id for notify in sent]
