"""`python -m benchmarks.people.directory`: a company of 5,000 imported, changed, read and scored.

5,000 people in 14 zones, 500 teams of 10, 600 services (a fifth around the clock), 10,000 leaves, as
CSV tables through the same import as anybody's, into SQLite that syncs every commit.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, publish
from sunwise.chassis.clock import SystemClock
from sunwise.chassis.db import open_database
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.tables_csv import read_tables
from sunwise.people.directory.law import law_of
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.scim.protocol import Scim
from sunwise.people.directory.scorecard import scorecards
from sunwise.people.directory.snapshots import pages
from sunwise.people.directory.sources import Source
from sunwise.people.directory.store import DirectoryStore

_PEOPLE, _TEAMS, _SERVICES = 5_000, 500, 600
_PLACES = (
    ("Asia/Tokyo", "JP"), ("Asia/Singapore", "SG"), ("Asia/Kolkata", "IN"), ("Asia/Dubai", "AE"),
    ("Africa/Nairobi", "KE"), ("Europe/Paris", "FR"), ("Europe/Berlin", "DE"),
    ("Europe/London", "GB"), ("America/Sao_Paulo", "BR"), ("America/New_York", "US"),
    ("America/Chicago", "US"), ("America/Los_Angeles", "US"), ("Australia/Sydney", "AU"),
    ("Pacific/Auckland", "NZ"),
)  # fmt: skip


def company(rng: random.Random) -> dict[str, str]:
    """The tables, the same for the same seed."""
    people, teams, services, leave = [], [], [], []
    for n in range(_PEOPLE):
        zone, country = _PLACES[n % len(_PLACES)]
        people.append(f"p{n},Person {n},p{n}@example.com,{zone},{country},python sql")
        first = rng.randrange(1, 15)
        leave += [f"p{n},2027-01-{first:02},2027-01-{first + 5:02}", f"p{n},2027-06-01,2027-06-09"]
    for n in range(_TEAMS):
        members = [f"p{n * 10 + i}" for i in range(10)]
        teams.append(f"t{n},Team {n},{members[0]},{' '.join(members)}")
    for n in range(_SERVICES):
        tier = "24x7-one" if n % 5 == 0 else "daylight"
        services.append(f"s{n},Service {n},t{n % _TEAMS},{tier}")
    rows = {
        "people.csv": ["id,name,email,zone,country,skills", *people],
        "teams.csv": ["id,name,lead,members", *teams],
        "services.csv": ["id,name,team,tier", *services],
        "leave.csv": ["person,first,last", *leave],
    }
    return {name: "\n".join(lines) for name, lines in rows.items()}


def _user(n: int) -> bytes:
    return (
        b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],'
        b'"userName":"p%d@example.com","displayName":"Person %d"}' % (n, n)
    )


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started_s = time.perf_counter()
    result = act()
    return time.perf_counter() - started_s, result


def measure(folder: Path, *, seed: int) -> list[Figure]:
    files = company(random.Random(seed))
    clock = SystemClock()
    engine = open_database(folder / "directory.db", is_derived=False)
    store = DirectoryStore(engine, clock, law=law_of(clock))
    read_s, change = timed(lambda: read_tables(files, Known()))
    plan_s, _ = timed(lambda: store.plan(change))
    apply_s, _ = timed(lambda: store.apply(change, author="bench"))
    snapshot_s, snapshot = timed(store.snapshot)
    pages_s, cut = timed(lambda: pages(snapshot))
    key = Key(Kind.PERSON, "p7")
    one = ChangeSet(source=Source.MANUAL, claims=(Claim(key=key, said={"zone": "Europe/Lisbon"}),))
    one_s, _ = timed(lambda: store.apply(one, author="bench"))
    again = DirectoryStore(engine, clock, law=law_of(clock))
    reload_s, _ = timed(again.snapshot)
    known_s, known = timed(lambda: Known.of(store.snapshot()))
    same_s, _ = timed(lambda: store.plan(read_tables(files, known)))
    cards_s, _ = timed(lambda: scorecards(snapshot, now_ns=clock.now_ns(), handed_over_ns={}))
    scim = Scim(engine, store, clock)
    scim_s, _ = timed(lambda: [scim.create(Kind.PERSON, _user(n), author="idp") for n in range(20)])
    engine.dispose()
    return [
        Figure("CSV read", read_s, "s"),
        Figure("dry run of the first import", plan_s, "s", "<= 10"),
        Figure("import applied", apply_s, "s", "<= 10"),
        Figure("snapshot", snapshot_s, "s", "<= 5"),
        Figure("cut into pages", pages_s, "s"),
        Figure("pages", len(cut), "pages"),
        Figure("one person's zone changed", one_s, "s", "<= 1"),
        Figure("restart: read and checked", reload_s, "s", "<= 10"),
        Figure("names looked up for an import", known_s, "s"),
        Figure("dry run of the same import again", same_s, "s", "<= 10"),
        Figure("a user created by SCIM, of 20", scim_s / 20, "s", "<= 1"),
        Figure("scorecards of all services", cards_s, "s", "<= 5"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), seed=arguments.seed)
    publish("directory", f"{__doc__ or ''} Seed {arguments.seed}.", figures)


if __name__ == "__main__":
    main()
