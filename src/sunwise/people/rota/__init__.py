"""Rota: who of the owners is on duty when, and what it costs them.

owns: rotas, swaps, re-plans, consents, the burden ledger
consumes: `people.directory.changed` and the directory behind it
publishes: `people.duty.changed`
state: in SQL; the planning core keeps nothing
owner: people

The core is pure: a `problem.Problem` in, a `problem.Rota` out, the same for the same.
`problem` one unit of planning, `cover` the hours wanted; `burden` what an hour of duty costs
somebody; `patterns` the hours at which duty is handed on; `law` what one person may still take on;
`greedy` a lawful rota at once; `check` the judge of any rota, `stats` its figures.
"""
