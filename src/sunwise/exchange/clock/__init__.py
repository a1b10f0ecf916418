"""The clock of a shard: the only way by which time gets into the log.

owns       nothing but the writer `clock`
consumes   EVT_<shard>: the newest event message, to attest it
publishes  CMD_<shard>: a CLOCK every 100 ms with its time and the newest (position, chain) it saw
state      none: what the last CLOCK said is in the engine's state
owner      exchange

Orders are timed by the last CLOCK (at most 1 s beyond it), and one CLOCK moves time by at most 60 s:
a clock that jumps cannot expire a day's orders at once, and one that stops stops time, not trade.
"""
