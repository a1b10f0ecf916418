"""Stops: they wait with their money locked, trigger on the last trade, and then work as takers.

A triggered stop works before the next command: `clock` stands for any of them.
"""

import pytest

from tests.support.engine_tables import play

CASES = {
    "a_stop_waits_off_the_book_with_its_money_locked": """
        bob buy 5 @ 110 stop 105
          accepted 1 waits
        book |
        bob base 1000+0 quote 99450+550
        alice sell 5 @ 110
          accepted 2 rests
        book | 110:5
    """,
    "stop_loss_to_buy_triggers_when_the_price_has_risen": """
        bob buy 5 @ 110 stop 105
          accepted 1 waits
        alice sell 9 @ 105
          accepted 2 rests
        carol buy 1 @ 104
          accepted 3 rests
        carol buy 1 @ 105
          accepted 4 works
          trade 1 @ 105 taker 4 maker 2
        clock +0s
          triggered 1 with 5
          trade 5 @ 105 taker 1 maker 2
        bob base 1005+0 quote 99475+0
    """,
    "stop_loss_to_sell_triggers_when_the_price_has_fallen": """
        bob sell 5 @ 90 stop 95
          accepted 1 waits
        alice buy 9 @ 95
          accepted 2 rests
        carol sell 1 @ 95
          accepted 3 works
          trade 1 @ 95 taker 3 maker 2
        clock +0s
          triggered 1 with 5
          trade 5 @ 95 taker 1 maker 2
        book 95:3 |
    """,
    "take_profit_to_sell_triggers_when_the_price_has_risen": """
        bob sell 5 @ 104 profit 105
          accepted 1 waits
        alice sell 1 @ 105
          accepted 2 rests
        carol buy 1 @ 105
          accepted 3 works
          trade 1 @ 105 taker 3 maker 2
        clock +0s
          triggered 1 with 5
          rested 1 with 5
        book | 104:5
    """,
    "take_profit_to_buy_triggers_when_the_price_has_fallen": """
        bob buy 5 @ 96 profit 95
          accepted 1 waits
        alice buy 1 @ 95
          accepted 2 rests
        carol sell 1 @ 95
          accepted 3 works
          trade 1 @ 95 taker 3 maker 2
        clock +0s
          triggered 1 with 5
          rested 1 with 5
        book 96:5 |
    """,
    "a_stop_that_is_reached_already_is_refused": """
        alice sell 2 @ 100
          accepted 1 rests
        bob buy 1 @ 100
          accepted 2 works
          trade 1 @ 100 taker 2 maker 1
        bob buy 1 @ 110 stop 100
          rejected WOULD_TRIGGER_IMMEDIATELY
        bob sell 1 @ 90 stop 100
          rejected WOULD_TRIGGER_IMMEDIATELY
        bob sell 1 @ 90 profit 100
          rejected WOULD_TRIGGER_IMMEDIATELY
        bob buy 1 @ 90 profit 100
          rejected WOULD_TRIGGER_IMMEDIATELY
        bob buy 1 @ 110 stop 101
          accepted 3 waits
        bob sell 1 @ 90 stop 99
          accepted 4 waits
    """,
    "before_the_first_trade_no_stop_is_reached": """
        bob buy 1 @ 110 stop 1
          accepted 1 waits
        bob sell 1 @ 90 stop 900
          accepted 2 waits
    """,
    "at_one_price_the_oldest_stop_triggers_first": """
        bob buy 1 @ 110 stop 105
          accepted 1 waits
        carol buy 1 @ 110 stop 105
          accepted 2 waits
        alice sell 2 @ 105
          accepted 3 rests
        dave buy 1 @ 105
          accepted 4 works
          trade 1 @ 105 taker 4 maker 3
        clock +0s
          triggered 1 with 1
          trade 1 @ 105 taker 1 maker 3
          triggered 2 with 1
          rested 2 with 1
    """,
    "rising_stops_trigger_from_the_lowest_price_up": """
        bob buy 1 @ 110 stop 107
          accepted 1 waits
        bob buy 1 @ 110 stop 106
          accepted 2 waits
        alice sell 1 @ 108
          accepted 3 rests
        carol buy 1 @ 108
          accepted 4 works
          trade 1 @ 108 taker 4 maker 3
        clock +0s
          triggered 2 with 1
          rested 2 with 1
          triggered 1 with 1
          rested 1 with 1
    """,
    "falling_stops_trigger_from_the_highest_price_down": """
        bob sell 1 @ 90 stop 95
          accepted 1 waits
        bob sell 1 @ 90 stop 96
          accepted 2 waits
        alice buy 1 @ 94
          accepted 3 rests
        carol sell 1 @ 94
          accepted 4 works
          trade 1 @ 94 taker 4 maker 3
        clock +0s
          triggered 2 with 1
          rested 2 with 1
          triggered 1 with 1
          rested 1 with 1
    """,
    "a_crossed_stop_triggers_though_the_price_has_come_back": """
        bob buy 1 @ 120 stop 105
          accepted 1 waits
        alice sell 1 @ 104
          accepted 2 rests
        alice sell 1 @ 106
          accepted 3 rests
        dave buy 9 @ 90
          accepted 4 rests
        carol buy 2 @ 106
          accepted 5 works
          trade 1 @ 104 taker 5 maker 2
          trade 1 @ 106 taker 5 maker 3
        carol sell 1 @ 90
          triggered 1 with 1           # before the command
          rested 1 with 1
          accepted 6 works
          trade 1 @ 120 taker 6 maker 1
    """,
    "one_stop_can_trigger_the_next": """
        bob buy 1 @ 107 stop 105
          accepted 1 waits
        carol buy 1 @ 108 stop 107
          accepted 2 waits
        alice sell 1 @ 105
          accepted 3 rests
        alice sell 1 @ 107
          accepted 4 rests
        dave buy 1 @ 105
          accepted 5 works
          trade 1 @ 105 taker 5 maker 3
        clock +0s
          triggered 1 with 1
          trade 1 @ 107 taker 1 maker 4
          triggered 2 with 1
          rested 2 with 1
    """,
    "at_most_eight_stops_trigger_before_a_command": """
        bob buy 1 @ 90 stop 101
          accepted 1 waits
        bob buy 1 @ 90 stop 102
          accepted 2 waits
        bob buy 1 @ 90 stop 103
          accepted 3 waits
        bob buy 1 @ 90 stop 104
          accepted 4 waits
        bob buy 1 @ 90 stop 105
          accepted 5 waits
        bob buy 1 @ 90 stop 106
          accepted 6 waits
        bob buy 1 @ 90 stop 107
          accepted 7 waits
        bob buy 1 @ 90 stop 108
          accepted 8 waits
        bob buy 1 @ 90 stop 109
          accepted 9 waits
        alice sell 1 @ 110
          accepted 10 rests
        carol buy 1 @ 110
          accepted 11 works
          trade 1 @ 110 taker 11 maker 10
        clock +0s
          triggered 1 with 1
          rested 1 with 1
          triggered 2 with 1
          rested 2 with 1
          triggered 3 with 1
          rested 3 with 1
          triggered 4 with 1
          rested 4 with 1
          triggered 5 with 1
          rested 5 with 1
          triggered 6 with 1
          rested 6 with 1
          triggered 7 with 1
          rested 7 with 1
          triggered 8 with 1
          rested 8 with 1
        bob cancel 1
          triggered 9 with 1
          rested 9 with 1
          canceled 1 with 1
    """,
    "a_stop_that_waits_can_be_canceled": """
        bob sell 5 @ 90 stop 95 id s1
          accepted 1 waits
        bob cancel id s1
          canceled 1 with 5
        bob base 1000+0 quote 100000+0
    """,
    "a_crossed_stop_that_has_not_had_its_turn_triggers_before_its_cancel": """
        bob buy 1 @ 90 stop 101
          accepted 1 waits
        alice sell 1 @ 101
          accepted 2 rests
        carol buy 1 @ 101
          accepted 3 works
          trade 1 @ 101 taker 3 maker 2
        bob cancel 1
          triggered 1 with 1
          rested 1 with 1
          canceled 1 with 1
    """,
    "a_triggered_ioc_stop_expires_with_what_is_left": """
        bob buy 5 @ 105 stop 105 ioc
          accepted 1 waits
        alice sell 3 @ 105
          accepted 2 rests
        carol buy 1 @ 105
          accepted 3 works
          trade 1 @ 105 taker 3 maker 2
        clock +0s
          triggered 1 with 5
          trade 2 @ 105 taker 1 maker 2
          expired 1 IMMEDIATE_OR_CANCEL with 3
        bob base 1002+0 quote 99790+0
    """,
    "a_triggered_fok_stop_fills_whole_or_expires": """
        bob buy 5 @ 105 stop 105 fok
          accepted 1 waits
        alice sell 3 @ 105
          accepted 2 rests
        carol buy 1 @ 105
          accepted 3 works
          trade 1 @ 105 taker 3 maker 2
        clock +0s
          triggered 1 with 5
          expired 1 FILL_OR_KILL with 5
        bob base 1000+0 quote 100000+0
    """,
    "stops_wait_while_a_symbol_is_halted_and_trigger_when_it_trades_again": """
        bob buy 1 @ 90 stop 101
          accepted 1 waits
        alice sell 1 @ 101
          accepted 2 rests
        carol buy 1 @ 101
          accepted 3 works
          trade 1 @ 101 taker 3 maker 2
        status HALT
          triggered 1 with 1          # before the command that halts
          rested 1 with 1
        carol buy 1 @ 50
          rejected SYMBOL_HALTED
        status TRADING
        carol buy 1 @ 50
          accepted 4 rests
    """,
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_stops(text):
    play(text)
