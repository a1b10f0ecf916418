"""Who took up pages lately: work that no rota knows, and that the law counts all the same."""

from sunwise.chassis.personal import Traces
from sunwise.people.pager.core.forgetting import without
from sunwise.people.pager.core.intake import acknowledge
from sunwise.people.pager.core.responders import Shift
from tests.support.pager_people import MINUTE, NOON_UTC, NS, Stage, firing, told

DAY = 86_400 * NS


def taken_up() -> Stage:
    """Ana has a page at noon."""
    stage = Stage()
    stage.signal(firing())
    stage.run()
    stage.tell(acknowledge(stage.board, stage.page, "ana"))
    return stage


def test_what_somebody_took_up_is_asked_about_when_the_next_page_comes():
    stage = taken_up()
    stage.company.in_legal_rest = lambda _person, _at_ns, called: list(called) == [NOON_UTC]
    stage.signal(firing("k2", group="other"))
    assert told(stage.run(1)) == ["noa"]


def test_an_answer_to_a_test_is_no_work():
    stage = Stage()
    stage.company.shifts = [Shift("ana", "gateway", "primary", NOON_UTC + MINUTE)]
    (test,) = stage.run(2)
    stage.tell(acknowledge(stage.board, test.page, "ana"))
    assert stage.board.called == {}


def test_more_than_eight_days_ago_counts_no_more():
    stage = taken_up()
    for days in (1, 5, 3):  # each after the one before
        stage.pass_s(days * DAY / NS)
        stage.tell(acknowledge(stage.board, stage.page, "ana"))
    days_ago = [(stage.now.wall_ns - at_ns) // DAY for at_ns in stage.board.called["ana"]]
    assert days_ago == [3, 0]


def test_whoever_is_erased_took_up_nothing():
    stage = taken_up()
    stage.board.forget(without(Traces(person="ana")))
    assert stage.board.called == {}
