"""Planning: a `problem.Problem` in, a `planning.Plan` out, the same for the same; no clock, no I/O.

    plan(problem) -> Plan        planning.py: rota, pattern, bounds and what the solver said
    greedy(problem, pattern)     greedy.py: a lawful rota at once
    check(problem, rota)         check.py: all that is wrong with any rota, whoever made it
    stats(problem, rota)         stats.py: gaps, nights, burden, Gini
    replan(problem, present, now_ns)  replan.py: the fewest changes, for whom, and whose yes they need
    front(problem, plan)         front.py: nights against the burden of whoever bears most
    explain(problem), missing(problem)  explain.py: which rules conflict, and who would have to join

What is asked: `cover` says which hours are wanted, `burden` and `costs` what they cost somebody, `law`
what one person may still take on. How it is found: `patterns` and `ranking` are the hours at which duty is
handed on, `model` and `law_rows` what the solver is asked, `cp_sat` how, `weaving` improves a rota by
handoffs that change from day to day, `roles` says who of a crew is primary. What it is measured by:
`bounds` is what no rota could do better, `any_hours` that at whatever handoffs; `round_robins` are the
rivals, repaired, and a plan is never worse than they are.
"""
