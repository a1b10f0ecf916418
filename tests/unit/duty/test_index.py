"""Who is on duty by a table of slots, and how changes replace them."""

import pytest

from sunwise.chassis.duty import DutyFile, DutyIndex, Standing
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.duty import DutyChanged, DutyTable
from tests.support.toy_rota import HOUR, company, slot


def table(*slots, version=1, from_h=0, until_h=24) -> DutyTable:
    return DutyTable(
        version=version, as_of_ns=7, from_ns=from_h * HOUR, until_ns=until_h * HOUR, slots=slots
    )


def asked(index: DutyIndex, hour: float, *, service="api", role=Role.PRIMARY):
    return index.duty(service, role, int(hour * HOUR), is_stale=False)


def test_the_slot_that_holds_the_instant_answers():
    index = DutyIndex.of(table(slot("api", 0, 8, "ada"), slot("api", 8, 16, "ben", actual=True)))
    answer = asked(index, 7.99)
    assert (answer.person, answer.standing) == ("ada", Standing.PLANNED)
    assert (answer.since_ns, answer.until_ns) == (0, 8 * HOUR)
    assert (answer.version, answer.as_of_ns) == (1, 7)
    assert (asked(index, 8).person, asked(index, 8).standing) == ("ben", Standing.ACTUAL)


def test_a_declared_gap_names_who_accepted_it():
    answer = asked(DutyIndex.of(table(slot("api", 0, 8, None, gap_owner="cleo"))), 3)
    assert (answer.standing, answer.person, answer.gap_owner) == (Standing.GAP, None, "cleo")


def test_hours_that_a_service_has_not_are_nobodys():
    index = DutyIndex.of(table(slot("api", 8, 12), slot("api", 14, 18)))
    answer = asked(index, 13)
    assert answer.standing is Standing.NOBODY
    assert (answer.since_ns, answer.until_ns) == (12 * HOUR, 14 * HOUR)


@pytest.mark.parametrize("hour", [1, 18, 20])
def test_before_the_first_published_hour_and_after_the_last_nothing_is_known(hour):
    index = DutyIndex.of(table(slot("api", 8, 18), slot("other", 0, 24)))
    answer = asked(index, hour)
    assert answer.standing is Standing.UNKNOWN
    assert answer.since_ns == answer.until_ns == hour * HOUR


@pytest.mark.parametrize(
    ("service", "role", "hour"),
    [("other", Role.PRIMARY, 1), ("api", Role.SECONDARY, 1), ("api", Role.PRIMARY, 24),
     ("api", Role.PRIMARY, -1)],
)  # fmt: skip
def test_what_the_table_does_not_hold_is_unknown(service, role, hour):
    answer = asked(DutyIndex.of(table(slot("api", 0, 24))), hour, service=service, role=role)
    assert answer.standing is Standing.UNKNOWN
    assert answer.person is None


def test_before_anything_was_heard_all_is_unknown():
    answer = DutyIndex.of_nothing().duty("api", Role.PRIMARY, 5, is_stale=True)
    assert (answer.standing, answer.version) == (Standing.UNKNOWN, -1)


def test_a_change_replaces_whole_slots_that_it_overlaps():
    index = DutyIndex.of(table(slot("api", 0, 8, "ada"), slot("api", 8, 16, "ben")))
    parts = (slot("api", 0, 4, "ada"), slot("api", 4, 10, "dan"), slot("api", 10, 16, "ben"))
    index.change(DutyChanged(version=2, as_of_ns=9, slots=parts))
    assert [asked(index, hour).person for hour in (3, 4, 9, 10)] == ["ada", "dan", "dan", "ben"]
    index.change(DutyChanged(version=3, as_of_ns=9, slots=(slot("api", 5, 6, "eve"),)))
    assert [asked(index, hour).person for hour in (4, 5, 7)] == [None, "eve", None]
    assert index.version == 3


def test_an_empty_slot_is_none():
    index = DutyIndex.of(table(slot("api", 3, 3, "ada"), slot("api", 5, 4, "ben")))
    assert len(index) == 0


def test_what_is_long_over_is_forgotten():
    index = DutyIndex.of(table(*company(services=3, days=2), until_h=48))
    index.forget_before(24 * HOUR)
    assert len(index) == 3 * 2 * 3
    assert asked(index, 23, service="s1").standing is Standing.UNKNOWN
    assert asked(index, 24, service="s1").standing is Standing.PLANNED


def test_a_pause_stays_one_when_what_came_before_it_is_long_over():
    index = DutyIndex.of(table(slot("api", 0, 8), slot("api", 8, 12), slot("api", 20, 24)))
    index.forget_before(13 * HOUR)
    assert asked(index, 14).standing is Standing.NOBODY
    assert len(index) == 2
    index.forget_before(20 * HOUR)
    assert len(index) == 1


def test_the_file_gives_back_what_was_saved(tmp_path):
    index = DutyIndex.of(table(*company(services=20, days=3), until_h=72))
    DutyFile(tmp_path / "duty").save(list(index.tables(100)))
    back = DutyFile(tmp_path / "duty").load()
    assert list(back.tables(10**6)) == list(index.tables(10**6))
    assert [p.stat().st_mode & 0o777 for p in (tmp_path / "duty").iterdir()] == [0o600]


def test_a_damaged_file_is_no_table(tmp_path):
    file = DutyFile(tmp_path)
    assert file.load() is None
    file.save(list(DutyIndex.of(table(slot("api", 0, 24))).tables(10)))
    [path] = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    assert DutyFile(tmp_path).load() is None


def test_a_rota_set_back_is_kept_over_the_later_one_that_never_was(tmp_path):
    file = DutyFile(tmp_path)
    for version in (5, 9, 3):
        file.save(list(DutyIndex.of(table(slot("api", 0, 24), version=version)).tables(10)))
    assert DutyFile(tmp_path).load().version == 3
