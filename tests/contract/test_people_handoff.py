"""What handoff tells others is frozen: golden bytes that may only be added to."""

from pathlib import Path

import pytest

from sunwise.contracts.people import handoff
from sunwise.contracts.people.directory import Role
from sunwise.contracts.people.handoff import HandoffState, Step
from tests.support.golden_messages import check_golden, write_golden

GOLDEN = Path(__file__).parent / "golden" / "people_handoff_v1.json"
OF = {"handoff": "0a1b", "services": ("ledger", "matching"), "role": Role.PRIMARY}
ASKED = handoff.HandoffAsked(seq=1, **OF, person="bo", step=Step.INCOMING, at_ns=2)
ACCEPTED = handoff.HandoffAccepted(
    seq=4, **OF, outgoing="ana", holder="cy", step=Step.SECONDARY, since_ns=5, until_ns=6
)
SAMPLES = (
    ASKED,
    handoff.HandoffUnanswered(seq=2, **OF, outgoing="ana", unheld_ns=3),
    handoff.HandoffUnheld(seq=3, **OF, outgoing="ana", since_ns=4),
    ACCEPTED,
    handoff.HandoffClosed(seq=5, **OF, state=HandoffState.LAPSED),
    handoff.HandoffHead(seq=6, at_ns=7),
    handoff.GetHandoffEvents(after=8),
    handoff.HandoffEvents(events=(ASKED, ACCEPTED), head=9),
    handoff.GetFreshness(),
    handoff.Freshness(
        as_of_ns=10,
        services=(
            handoff.ServiceFreshness(
                service="ledger", is_fresh=True, newest_ns=11, n_accepted=12, n_due=13
            ),
        ),
    ),
)


def test_old_bytes_are_read_as_they_were_written():
    check_golden(GOLDEN, SAMPLES)


@pytest.mark.parametrize("event", SAMPLES[:6], ids=lambda event: type(event).__name__)
def test_an_event_is_published_under_its_tag(event):
    assert handoff.event_subject(event) == f"people.handoff.{event.__struct_config__.tag}"


if __name__ == "__main__":
    write_golden(GOLDEN, SAMPLES)
