"""History: every order and every fill there ever was, in SQL.

owns: the tables of past orders and fills; the facts are the log's
consumes: EVT_<shard>, every event from the beginning or from the stored position
publishes: answers on `query.history.<shard>`
state: in SQL (SQLite or PostgreSQL), with the position in the log in the same transaction; drop it
    and it is rebuilt from the log
owner: exchange

`model` is pure: event messages in, rows to write out. `store` writes and reads them. Nothing is
kept in memory but what the next transaction will write.
"""
