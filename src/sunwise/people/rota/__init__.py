"""Rota: who of the owners is on duty when, and what it costs them.

owns: rotas, swaps, re-plans, consents, the burden ledger
consumes: `people.directory.changed` and the directory behind it
publishes: `people.duty.changed`
state: in SQL; the planning core keeps nothing
owner: people

The core is pure: a `problem.Problem` in, a `solve.Plan` out, the same for the same.

    plan(problem) -> Plan        solve.py: rota, pattern, bounds and what the solver said
    greedy(problem, pattern)     greedy.py: a lawful rota at once
    check(problem, rota)         check.py: all that is wrong with any rota, whoever made it
    stats(problem, rota)         stats.py: gaps, nights, burden, Gini

`cover` says which hours are wanted, `burden` what an hour costs somebody, `patterns` and `ranking` at
which hours duty is handed on, `law` what one person may still take on, `model` and `law_rows` what the
solver is asked, `roles` who of a crew is primary, `bounds` what no rota could do better.
"""
