"""Who may use which subjects of the people plane's bus: one user a service."""

from typing import Final

from sunwise.chassis.nats_server import Grant
from sunwise.contracts.people import directory, duty, facts, handoff, incidents, pager

_READ: Final = (directory.SUBJECT, duty.SUBJECT)
_FOLLOW: Final = (directory.CHANGED, duty.CHANGED)
_TELL_FACTS: Final = (facts.SUBJECT, facts.RECORD)


def people_grants() -> list[Grant]:
    """The grants of every service of the people plane."""
    return [
        Grant(
            user="directory",
            publish=(directory.CHANGED, handoff.SUBJECT),
            serve=(directory.SUBJECT,),
        ),
        Grant(
            user="rota",
            publish=(duty.CHANGED, directory.SUBJECT, handoff.SUBJECT, *_TELL_FACTS),
            subscribe=(directory.CHANGED, handoff.EVENTS),
            serve=(duty.SUBJECT, pager.CREDIT),
        ),
        Grant(
            user="handoff",
            publish=(handoff.EVENTS, incidents.SUBJECT, *_READ, *_TELL_FACTS),
            subscribe=(*_FOLLOW, incidents.CHANGED),
            serve=(handoff.SUBJECT,),
        ),
        Grant(
            user="incidents",
            publish=(incidents.CHANGED, *_READ),
            subscribe=(*_FOLLOW, facts.SUBJECT, handoff.EVENTS),
            serve=(incidents.SUBJECT, incidents.OPEN, facts.RECORD),
        ),
        Grant(
            user="pager",
            publish=(pager.CREDIT, facts.RECORD, incidents.OPEN, *_READ),
        ),
        Grant(
            user="alarms",
            publish=(handoff.SUBJECT, *_READ),
            subscribe=(handoff.EVENTS,),
        ),
        Grant(
            user="people_web",
            publish=(handoff.SUBJECT, facts.RECORD, *_READ),
            subscribe=_FOLLOW,
        ),
    ]
