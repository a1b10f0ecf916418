"""Alarms: has the pager tell somebody what nobody does: a duty unheld or unanswered, a gap that is near.

And that a shift was taken from them in an emergency.

owns: which alarms the pager was told
consumes: `people.handoff.*`; asks `people.handoff`, `people.duty` and `people.directory`
publishes: nothing on the bus; sends to the pager's own HTTP door, as any sender, with a key of its own
state: a file of keys; without it everything that holds is told again, under the same keys
owner: people

It tells the pager each minute that it lives and sees; if that stops, the pager tells somebody.

What holds now is held against what was told: nothing is remembered that a restart could lose or
tell twice. `conditions` is pure.
"""
