"""Who may still come in."""

from sunwise.people.directory.at_work import at_work
from sunwise.people.directory.claims import Claim
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.planning import ChangeSet
from sunwise.people.directory.sources import Source
from tests.support.people import new_store, person, team


def test_whoever_is_said_to_have_left_is_out_and_whoever_is_half_known_is_in(new_database):
    store = new_store(new_database())
    half = Claim(key=Key(Kind.PERSON, "noor"), said={"name": "Noor", "email": "noor@example.com"})
    scim = ChangeSet(
        source=Source.SCIM,
        claims=(half,),
        tolerated=frozenset(problem.rule for problem in store.plan(_said(half)).refusals),
    )
    store.apply(scim, author="idp")
    store.apply(
        ChangeSet(
            source=Source.MANUAL,
            claims=(person("ada"), person("ben", active=False), team("core", "ada")),
        ),
        author="ada",
    )
    assert at_work(store.state()) == {"ada", "noor"}


def _said(claim: Claim) -> ChangeSet:
    return ChangeSet(source=Source.SCIM, claims=(claim,))
