"""Directory: who there is, who owns what, and how each of it came to be known.

owns: people, teams, hubs, services with their tiers, leave, pseudonyms, who said what (sources)
consumes: nothing; asks `people.handoff` when duty was handed over
publishes: `people.directory.changed`; answers on `people.directory`
state: in SQL (SQLite or PostgreSQL); nothing else can rebuild it
owner: people

Sources (`sources`) make claims (`claims`) about objects (`objects`); `merging` believes, of each field,
the source that stands first. `planning` shows what a change set would do and `holding` what speaks
against it; `store` applies it whole as the next version, or not at all.
"""
