"""What the mirror asks for, tried on a shard that anybody can check."""

import pytest

from sunwise.contracts.exchange.records import Side
from sunwise.exchange.replay.mirror import Action, Mirror, TradeOrigin

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def mirror():
    mirror = Mirror()
    mirror.follow([(BUY, 99, 10), (BUY, 98, 20), (SELL, 101, 10), (SELL, 102, 20)])
    return mirror


def steps(intents):
    return [(i.action, i.side, i.price_ticks, i.qty_lots) for i in intents]


def test_each_level_becomes_one_order():
    intents = Mirror().follow([(BUY, 99, 10), (SELL, 101, 5), (SELL, 102, 0)])
    assert steps(intents) == [(Action.REST, BUY, 99, 10), (Action.REST, SELL, 101, 5)]


def test_a_level_that_changed_is_placed_anew(mirror):
    intents = mirror.follow([(BUY, 99, 7), (BUY, 98, 20)])
    assert steps(intents) == [(Action.CANCEL, BUY, 99, 0), (Action.REST, BUY, 99, 7)]
    assert intents[0].order_no != intents[1].order_no


def test_cancels_come_first_so_that_the_book_is_never_crossed(mirror):
    intents = mirror.follow([(BUY, 101, 3), (SELL, 101, 0)])
    assert [i.action for i in intents] == [Action.CANCEL, Action.REST]


def test_a_trade_at_the_best_level_is_organic(mirror):
    plan = mirror.trade(101, 4, buyer_is_maker=False)
    assert plan.origin is TradeOrigin.ORGANIC
    assert steps(plan.intents) == [(Action.TAKE, BUY, 101, 4)]
    plan = mirror.trade(99, 10, buyer_is_maker=True)
    assert plan.origin is TradeOrigin.ORGANIC
    assert steps(plan.intents) == [(Action.TAKE, SELL, 99, 10)]


def test_trades_reduce_what_stands_until_the_next_update(mirror):
    mirror.trade(101, 6, buyer_is_maker=False)
    assert mirror.trade(101, 4, buyer_is_maker=False).origin is TradeOrigin.ORGANIC
    assert mirror.trade(101, 1, buyer_is_maker=False).origin is TradeOrigin.INJECTED


def test_a_trade_inside_the_spread_invents_its_maker(mirror):
    plan = mirror.trade(100, 4, buyer_is_maker=True)
    assert plan.origin is TradeOrigin.INJECTED
    assert steps(plan.intents) == [(Action.REST, BUY, 100, 4), (Action.TAKE, SELL, 100, 4)]


def test_a_level_that_is_too_small_is_replaced_by_one_maker_of_the_recorded_quantity(mirror):
    plan = mirror.trade(101, 15, buyer_is_maker=False)
    assert plan.origin is TradeOrigin.INJECTED
    assert steps(plan.intents) == [
        (Action.CANCEL, SELL, 101, 0),
        (Action.REST, SELL, 101, 15),
        (Action.TAKE, BUY, 101, 15),
    ]


def test_better_levels_are_withdrawn_and_come_back_if_the_next_update_keeps_them(mirror):
    plan = mirror.trade(102, 20, buyer_is_maker=False)
    assert (plan.origin, plan.withdrawn) == (TradeOrigin.ORGANIC, 1)
    assert steps(plan.intents) == [(Action.CANCEL, SELL, 101, 0), (Action.TAKE, BUY, 102, 20)]
    intents = mirror.follow([(SELL, 102, 0)])
    assert steps(intents) == [(Action.REST, SELL, 101, 10)]


def test_levels_on_the_takers_side_that_would_meet_the_invented_maker_are_withdrawn(mirror):
    plan = mirror.trade(99, 5, buyer_is_maker=False)  # a seller rested at 99, so that bid is gone
    assert plan.origin is TradeOrigin.INJECTED
    assert steps(plan.intents) == [
        (Action.CANCEL, BUY, 99, 0),
        (Action.REST, SELL, 99, 5),
        (Action.TAKE, BUY, 99, 5),
    ]


def test_a_level_that_others_traded_with_is_settled_by_the_next_update(mirror):
    rest = mirror.follow([(BUY, 97, 5)])[0]
    mirror.distrust(BUY, 97, rest.order_no)
    intents = mirror.follow([])
    assert steps(intents) == [(Action.CANCEL, BUY, 97, 0), (Action.REST, BUY, 97, 5)]
    assert mirror.follow([]) == []


def test_an_order_thought_filled_is_cancelled_when_others_took_its_place(mirror):
    maker_no = mirror.trade(101, 10, buyer_is_maker=False).maker_order_no
    mirror.distrust(SELL, 101, maker_no)
    intents = mirror.follow([(SELL, 101, 0)])
    assert [(i.action, i.order_no) for i in intents] == [(Action.CANCEL, maker_no)]


def test_a_recorded_book_that_is_crossed_does_not_trade_with_itself():
    mirror = Mirror()
    intents = mirror.follow([(BUY, 100, 5), (SELL, 99, 5), (SELL, 101, 5)])
    assert steps(intents) == [(Action.REST, BUY, 100, 5), (Action.REST, SELL, 101, 5)]
    assert mirror.crossing_skipped == 1
    assert steps(mirror.follow([(BUY, 100, 0)])) == [
        (Action.CANCEL, BUY, 100, 0),
        (Action.REST, SELL, 99, 5),
    ]
