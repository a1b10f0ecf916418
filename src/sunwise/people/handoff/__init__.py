"""Handoff: what happened in a shift, told by the outgoing and accepted by the incoming.

owns: the note of each seam in the rota, its versions, and who accepted the duty
consumes: `people.duty.changed`, `people.directory.changed`; asks `people.duty`, `people.directory`
    and `people.incidents`
publishes: `people.handoff.*`; answers on `people.handoff`
state: in SQL (SQLite or PostgreSQL); nothing can rebuild it
owner: people

`seams`, `rest`, `acceptance` and `note` are pure: duty slots and facts in, states and texts out.
Silence is never acceptance: only `acceptance.accept`, called for a person, makes a holder.
"""
