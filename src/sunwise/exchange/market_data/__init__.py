"""Market data: depth, trades, candles and tickers, made from the log's events.

owns: the public view of every symbol; candles of a minute and longer in SQL
consumes: EVT_<shard>, every event from the beginning or from a checkpoint
publishes: feeds on `md.<shard>.<symbol>.<feed>`, at most once; answers on `query.market.<shard>`
state: books, candles at work and rings of trades in memory, with a checkpoint file; closed candles
    in SQL; all of it a projection of the log
owner: exchange

`model` is pure: event messages in, feeds and answers out. `service` moves the bytes. Candles and
tickers follow log time, which moves with every event message, the empty ones of CLOCK too.

What is kept in memory for each symbol, at most: the newest 1,000 trades and 1,000 aggregate trades,
1,200 seconds in which something traded, 1,441 minutes of the last 24 hours, and one candle at work
for each interval. Older candles of a second are gone; all others stay in SQL.
"""
