"""All slots of one version of the rota, found by service, role and instant."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from sunwise.chassis.duty.answer import DutyAnswer, Standing
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import DutyChanged, DutySlot, DutyTable

_Key = tuple[str, str]


class _Timeline:
    """The slots of one service and role: in order of time, none over another."""

    __slots__ = ("slots", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.slots: list[DutySlot] = []

    def replace(self, slot: DutySlot) -> None:
        """Puts a slot in; those that it overlaps go, whole."""
        first = bisect_right(self.starts, slot.since_ns)
        if first and self.slots[first - 1].until_ns > slot.since_ns:
            first -= 1
        last = first
        while last < len(self.starts) and self.starts[last] < slot.until_ns:
            last += 1
        self.starts[first:last] = [slot.since_ns]
        self.slots[first:last] = [slot]

    def forget_before(self, t_ns: int) -> None:
        """Drops slots that ended before; the last of them stays while it tells that a pause is one."""
        n_over = bisect_right(self.slots, t_ns, key=lambda slot: slot.until_ns)
        if 0 < n_over < len(self.slots) and self.starts[n_over] > t_ns:
            n_over -= 1
        del self.slots[:n_over], self.starts[:n_over]


class DutyIndex:
    """The table in memory. An answer costs a dictionary's look and a bisection."""

    def __init__(self, *, version: int, as_of_ns: int, from_ns: int, until_ns: int) -> None:
        self.version = version
        self.as_of_ns = as_of_ns
        self.from_ns = from_ns
        self.until_ns = until_ns
        self._timelines: dict[_Key, _Timeline] = {}

    @classmethod
    def of_nothing(cls) -> "DutyIndex":
        """What is known before anything was heard: version -1."""
        return cls(version=-1, as_of_ns=0, from_ns=0, until_ns=0)

    @classmethod
    def of(cls, table: DutyTable) -> "DutyIndex":
        """The index of a whole table."""
        index = cls(
            version=table.version,
            as_of_ns=table.as_of_ns,
            from_ns=table.from_ns,
            until_ns=table.until_ns,
        )
        index.add(table.slots)
        return index

    def __len__(self) -> int:
        """Slots."""
        return sum(len(line.slots) for line in self._timelines.values())

    def add(self, slots: Iterable[DutySlot]) -> None:
        """More slots of the same version. An empty one is none."""
        for slot in slots:
            if slot.until_ns <= slot.since_ns:
                continue
            line = self._line(slot)
            if not line.slots or line.slots[-1].until_ns <= slot.since_ns:
                line.starts.append(slot.since_ns)
                line.slots.append(slot)
            else:
                line.replace(slot)
            self.until_ns = max(self.until_ns, slot.until_ns)

    def change(self, change: DutyChanged) -> None:
        """The next version: its slots replace all that they overlap."""
        self.add(change.slots)
        self.version, self.as_of_ns = change.version, change.as_of_ns

    def forget_before(self, t_ns: int) -> None:
        """Drops slots that ended before: nobody asks for them any more."""
        if t_ns <= self.from_ns:
            return
        for line in self._timelines.values():
            line.forget_before(t_ns)
        self.from_ns = t_ns

    def duty(self, service: str, role: Role, t_ns: int, *, is_stale: bool) -> DutyAnswer:
        """Who is on duty for the service in that role at the instant.

        A rota is published from its first slot to its last: between two of them nobody is meant to
        be, before the first and after the last it is not known who will be.
        """
        line = self._timelines.get((service, role)) or _Timeline()
        place = bisect_right(line.starts, t_ns)
        slot = line.slots[place - 1] if place else None
        if slot is not None and t_ns < slot.until_ns:
            times = slot.since_ns, slot.until_ns
            return self._answer(slot, _standing(slot), times, is_stale=is_stale)
        if slot is None or place == len(line.starts):
            return self._answer(None, Standing.UNKNOWN, (t_ns, t_ns), is_stale=is_stale)
        pause = slot.until_ns, line.starts[place]
        return self._answer(None, Standing.NOBODY, pause, is_stale=is_stale)

    def slots(self, from_ns: int, until_ns: int) -> list[DutySlot]:
        """Every slot that touches this time. Cost: a bisection a service and role."""
        found: list[DutySlot] = []
        for line in self._timelines.values():
            first = max(0, bisect_right(line.starts, from_ns) - 1)
            last = bisect_left(line.starts, until_ns)
            found += [slot for slot in line.slots[first:last] if slot.until_ns > from_ns]
        return found

    def tables(self, page_slots: int) -> Iterator[DutyTable]:
        """The table in parts of so many slots; at least one."""
        slots = [slot for line in self._timelines.values() for slot in line.slots]
        for start in range(0, max(1, len(slots)), page_slots):
            yield DutyTable(
                version=self.version,
                as_of_ns=self.as_of_ns,
                from_ns=self.from_ns,
                until_ns=self.until_ns,
                slots=tuple(slots[start : start + page_slots]),
            )

    def _line(self, slot: DutySlot) -> _Timeline:
        key = slot.service, slot.role
        line = self._timelines.get(key)
        if line is None:
            line = self._timelines[key] = _Timeline()
        return line

    def _answer(
        self,
        slot: DutySlot | None,
        standing: Standing,
        times: tuple[int, int],
        *,
        is_stale: bool,
    ) -> DutyAnswer:
        return DutyAnswer(
            standing=standing,
            person=slot.person if slot else None,
            since_ns=times[0],
            until_ns=times[1],
            version=self.version,
            as_of_ns=self.as_of_ns,
            is_stale=is_stale,
            gap_owner=slot.gap_owner if slot else None,
        )


def _standing(slot: DutySlot) -> Standing:
    if slot.person is None:
        return Standing.GAP
    return Standing.ACTUAL if slot.actual else Standing.PLANNED
