"""The matching engine and the ledger of a shard: balances and books in one deterministic step.

owns       every account's money, every order, every symbol of its shard
consumes   CMD_<shard>: command batches, in the order of the stream
publishes  EVT_<shard>: what each batch caused, chained and fenced; replicas' claims to their numbers
state      `core`: plain arrays; a snapshot plus a replay of CMD gives it back
owner      exchange

`core` is pure: commands in, events out, no clock, no randomness, no I/O.
`service` reads the log, calls the core and appends what it says.
"""
