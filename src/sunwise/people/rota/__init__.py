"""Rota: who of the owners is on duty when, and what it costs them.

owns: rotas, swaps, re-plans, consents, the burden ledger
consumes: `people.directory.changed` and the directory behind it, `people.handoff.*`
publishes: `people.duty.changed`; answers on `people.duty` and `people.pager.credit`
state: in SQL (SQLite or PostgreSQL); nothing else can rebuild it; the planning core keeps nothing
owner: people

The core is pure: a `problem.Problem` in, a `solve.Plan` out, the same for the same.

    plan(problem) -> Plan        solve.py: rota, pattern, bounds and what the solver said
    greedy(problem, pattern)     greedy.py: a lawful rota at once
    check(problem, rota)         check.py: all that is wrong with any rota, whoever made it
    stats(problem, rota)         stats.py: gaps, nights, burden, Gini
    replan(problem, present, now_ns)  replan.py: the fewest changes, for whom, and whose yes they need
    front(problem, plan)         front.py: nights against the burden of whoever bears most
    explain(problem), missing(problem)  explain.py: which rules conflict, and who would have to join

`cover` says which hours are wanted, `burden` what an hour costs somebody, `patterns` and `ranking` at
which hours duty is handed on, `law` what one person may still take on, `model` and `law_rows` what the
solver is asked, `roles` who of a crew is primary, `bounds` what no rota could do better, `any_hours` that
at whatever handoffs. `weaving` improves a rota by handoffs that change from day to day; `round_robins` are
the rivals, repaired, and a plan is never worse than they are.

Around the core: `units` makes problems of the directory, `planner` runs the solver in a child process,
`store` keeps versions (`kept`) and their turns (`turns`), `publishing` says whose yes is needed, `desk` is
what people and the `service` do, `errands` what takes longer than a request, `ledger` is the chained
burden ledger.
"""
