"""Rota: who of the owners is on duty when, and what it costs them.

owns: rotas, swaps, re-plans, consents, the burden ledger
consumes: `people.directory.changed` and the directory behind it, `people.handoff.*`
publishes: `people.duty.changed`; answers on `people.duty` and `people.pager.credit`
state: in SQL (SQLite or PostgreSQL); nothing else can rebuild it; the planning core keeps nothing
owner: people

The planning is in `core`, which is pure: a problem in, a rota out.

Around the core: `units` makes problems of the directory, `planner` runs the core in a child process
(`planning_process`, which answers `jobs`), `store` keeps versions (`kept`) and their turns (`turns`),
`publishing` says whose yes is needed, `desk` is what people and the `service` do, `errands` what takes
longer than a request, `ledger` is the chained burden ledger.
"""
