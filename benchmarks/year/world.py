"""All of it together, from the first Monday to the end, on one seed."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final

from benchmarks.year.agenda import Agenda
from benchmarks.year.company import Setting, directory
from benchmarks.year.duty_table import DutyRotas
from benchmarks.year.habits import Habits
from benchmarks.year.handoffs import Handoffs
from benchmarks.year.incidents import incidents_of
from benchmarks.year.lost_hub import LostHub
from benchmarks.year.pagers import Pagers, Weather
from benchmarks.year.pages import Pages
from benchmarks.year.planning import Turns
from sunwise.contracts.people.directory import Snapshot, Tier
from sunwise.daylight.zones import NS_PER_HOUR
from sunwise.people.pager.core.board import Board
from sunwise.people.pager.core.facts import Fact, Notified
from sunwise.people.pager.core.policy import REACH_TEST, Policy
from sunwise.people.pager.roster import RosterCopy
from sunwise.people.pager.wake_ups import wake_ups_of
from sunwise.people.rota.kept import DAY_NS, window_of
from sunwise.people.rota.store import Closure
from sunwise.people.rota.turns import Piece, Turn

QUIET_NS: Final = 26 * NS_PER_HOUR
"""After the end nothing new goes wrong; what was asked is asked to its end."""
_FEED_S: Final = 10.0
_SECRET: Final = b"of the instances"
PAGES: Final = "pages"
TESTS: Final = "tests of reach"
LOST_DAYS: Final = 7


class World:
    """A company that lives through the time of its setting."""

    def __init__(self, setting: Setting, turns: Turns, *, weather: Weather) -> None:
        self.setting = setting
        self.snapshot = directory(setting)
        self.agenda = Agenda(setting.start_ns)
        seeds = Random(f"year {setting.seed}")
        draws = [Random(seeds.random()) for _ in range(6)]
        self.rotas = DutyRotas(self.snapshot, turns)
        self.habits = Habits(self.snapshot, draws[0])
        self.handoffs = Handoffs(self.agenda, self.rotas, self.habits, random=draws[1])
        self.pages = Pages(self.agenda, self.habits, self.handoffs, random=draws[2])
        self.responders = RosterCopy(self.rotas.pager_roster(setting.start_ns))
        self.pagers = Pagers(
            self.agenda,
            self.responders,
            policy_of(self.snapshot),
            random=draws[3],
            weather=weather,
            hand_over=self.pages.hand_over,
        )
        self.pages.pagers = self.pagers
        self.pagers.facts_committed = self._credit
        self.wakes: dict[str, dict[str, set[str]]] = {
            kind: defaultdict(set) for kind in (PAGES, TESTS)
        }
        """Calls that took somebody's night, by kind and person."""
        self.hub = LostHub(
            self.agenda,
            self.rotas,
            self.habits,
            random=draws[4],
            leave_at_once=self._leave_at_once,
            changing=self._change_rota,
        )
        self.incidents = incidents_of(
            self.snapshot, setting.start_ns, setting.end_ns, random=draws[5]
        )
        self.closure = self._closure()
        self._feed_is_due = False

    def live(self, after_window: Callable[[], None] = lambda: None) -> None:
        """From the first Monday to the end, and a quiet day more."""
        start_ns, end_ns = self.setting.start_ns, self.setting.end_ns
        self.handoffs.passed = self._passed
        for incident in self.incidents:
            self.pages.begin(incident)
        self.rotas.accept_gaps()
        self.agenda.at(start_ns, self._hourly)
        self.agenda.at(self.closure.from_ns, self.hub.strike, self.closure)
        for window_ns, days in self.setting.windows():
            self.handoffs.begin_window(window_ns, end_ns)
            self.agenda.run(window_ns + days * DAY_NS)
            after_window()
        self.handoffs.end(end_ns)
        self.agenda.run(end_ns + QUIET_NS)
        self.hub.end()

    def _closure(self) -> Closure:
        """The hub with most people, from a Tuesday in the middle on."""
        hubs = Counter(person.hub for person in self.snapshot.people if person.hub)
        hub = max(sorted(hubs), key=hubs.__getitem__)
        middle_ns = window_of((self.setting.start_ns + self.setting.end_ns) // 2)
        from_ns = middle_ns + 8 * DAY_NS + 10 * NS_PER_HOUR
        return Closure(
            kind="hub", subject=hub, from_ns=from_ns, until_ns=from_ns + LOST_DAYS * DAY_NS
        )

    # --- what passes from one part to another ---

    def _hourly(self) -> None:
        if (self.agenda.now_ns - self.setting.start_ns) % DAY_NS == 0:
            self._feed()
        self.pagers.look()
        self.agenda.after(3_600, self._hourly)

    def _feed_soon(self) -> None:
        """The feed looks every ten seconds whether there is a newer table."""
        if not self._feed_is_due:
            self._feed_is_due = True
            self.agenda.after(_FEED_S, self._feed)

    def _feed(self) -> None:
        self.pagers.look()
        self._feed_is_due = False
        self.responders.replace(self.rotas.pager_roster(self.agenda.now_ns))
        self.pagers.look()

    def _credit(self, facts: Sequence[Fact], board: Board) -> None:
        for fact in facts:
            body = fact.body
            is_test = (
                isinstance(body, Notified) and board.pages[body.page].head.severity == REACH_TEST
            )
            for wake_up in wake_ups_of([fact], board, secret=_SECRET):
                self.wakes[TESTS if is_test else PAGES][wake_up.person].add(wake_up.key)

    def _passed(self, unit: str, piece: Piece) -> None:
        self.hub.hold(unit, piece)
        self._feed_soon()

    def _change_rota(self, unit: str, window_ns: int, turns: tuple[Turn, ...]) -> None:
        self.rotas.put(unit, window_ns, turns)
        self.handoffs.changed(self.rotas.group_of[unit])
        self._feed_soon()

    def _leave_at_once(self, vacated: Iterable[Piece], unit: str) -> None:
        for piece in vacated:
            if piece.start_ns <= self.agenda.now_ns and piece.before is not None:
                self.handoffs.leave_at_once(unit, piece.role.value, piece.before)


def policy_of(snapshot: Snapshot) -> Policy:
    """The default; the leads of three services are the last resort, the first owns the pager."""
    two = [each for each in snapshot.services if each.tier is Tier.TWO_ROLES]
    known = [*two, *snapshot.services]
    leads = tuple(dict.fromkeys(each.lead for each in known if each.lead))[:3]
    return Policy(last_resort=leads, own_service=known[0].id)
