"""Accounts: balances and open orders from memory, and what happens to them as it happens.

owns: the view of every account's money and orders for reading; the money itself is the engine's
consumes: EVT_<shard>, every event from the beginning or from a checkpoint
publishes: UserEvents on `user.<shard>.<account>`, at most once; answers on `query.accounts.<shard>`
state: in memory, a projection of the log; a checkpoint file spares the replay from zero
owner: exchange

`model` is pure: event messages in, user events and answers out. `service` moves the bytes.
Events carry balances as they are after them, so nothing here computes what is locked.
"""
