"""Privacy: one person's data out of every service, handed out whole or erased everywhere.

owns: erasures and how far each is; the inventory of what is kept, why and how long
consumes: each service's `chassis.personal.Holder`, of its own process
publishes: nothing
state: in SQL (SQLite or PostgreSQL); who is erased stands there until they are, and not after
owner: people

`erasures` asks every service in turn, again and again, until a whole round finds nothing more. A service
that is not there keeps an erasure open: nothing is called erased that nobody has looked at.
"""
