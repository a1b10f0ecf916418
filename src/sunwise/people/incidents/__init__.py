"""Incidents: what happened, told by whoever knows it, each fact with its evidence.

owns: facts, incidents, their timelines and reviews
consumes: `people.facts`, `people.facts.record`; asks `people.directory` for pseudonyms
publishes: `people.incidents.changed`; answers on `people.incidents`, `people.incidents.open` and
    `people.facts.record`, and to `POST /v1/facts`
state: in SQL (SQLite or PostgreSQL); nothing can rebuild it
owner: people

A timeline only grows; each entry is chained to the one before it and names people by pseudonym.
`timeline`, `lifecycle` and `review` are pure.
"""
