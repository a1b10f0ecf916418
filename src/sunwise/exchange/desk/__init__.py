"""The desk: what the operator does by hand, and the only holder of the admin writer.

owns: the admin writer of its shard: listings, accounts, credits and debits, capacities, rules
consumes: requests on `desk.<shard>`; the stored events of its own commands; balances from accounts
publishes: batches of commands to `cmd.<shard>.admin`
state: none of its own: what is listed and who was opened is read from its events at start
owner: exchange

`terms` is pure: decisions in, command records out. `binance_spot` holds terms like Binance's.
`service` moves the bytes.
"""
