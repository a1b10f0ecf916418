"""Replay: recorded Binance spot frames become this exchange's market.

owns: the accounts that rest and take what a recording says; nothing that others could lose.
consumes: files of recorded frames; the stored events of its own commands.
publishes: commands of its own writer: a resting order for each recorded level, a taker for each
    recorded trade.
state: the recorded book and its own resting orders, in memory; a replay starts from the beginning.
owner: exchange.
"""
