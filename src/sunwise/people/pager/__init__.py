"""Pager: takes alerts in, decides who must know, tells them until somebody holds it.

owns: alerts, pages, acknowledgements, silences, the channels by which people are reached
consumes: Alertmanager webhooks, PagerDuty events, `SloBurned`; a copy of duty and directory,
    and of who keeps a duty that is not accepted
publishes: nothing; tells facts and wake-ups by requests, when a bus is there
state: facts in a SQLite file of each instance, synced before anything is accepted; the same in both
owner: people

It must work when everything else does not: no NATS, no PostgreSQL, no question to another service.
Two instances accept; each commits a fact to its own disk, hands it to the other, and answers. A
state is what a set of facts adds up to, in whatever order they came (`core`): instances that know
the same facts agree, so that killing, cutting off and repeating can only ever repeat a message.
"""
