"""Who may use which subjects of the people plane's bus: one user a service."""

from typing import Final

from sunwise.chassis.nats_server import Grant
from sunwise.contracts.people import directory, duty, handoff, pager

_DUTY_READER: Final = (duty.SUBJECT,)
_PAGER_EVENTS: Final = f"{pager.EVENTS}.*"


def people_grants() -> list[Grant]:
    """The grants of every service of the people plane."""
    return [
        Grant(user="directory", publish=(directory.CHANGED,), serve=(directory.SUBJECT,)),
        Grant(
            user="rota",
            publish=(duty.CHANGED, directory.SUBJECT),
            subscribe=(directory.CHANGED,),
            serve=(duty.SUBJECT,),
        ),
        Grant(
            user="handoff",
            publish=(handoff.EVENTS, directory.SUBJECT, *_DUTY_READER),
            subscribe=(directory.CHANGED, duty.CHANGED, _PAGER_EVENTS, "people.incidents.*"),
            serve=(handoff.SUBJECT,),
        ),
        Grant(
            user="incidents",
            publish=("people.incidents.*", directory.SUBJECT, *_DUTY_READER),
            subscribe=(directory.CHANGED, duty.CHANGED, _PAGER_EVENTS, handoff.EVENTS),
            serve=("people.incidents",),
        ),
        Grant(
            user="pager",
            publish=(_PAGER_EVENTS, directory.SUBJECT, *_DUTY_READER),
            subscribe=(directory.CHANGED, duty.CHANGED),
        ),
        Grant(
            user="people_web",
            publish=(directory.SUBJECT, *_DUTY_READER),
            subscribe=(directory.CHANGED, duty.CHANGED),
        ),
    ]
