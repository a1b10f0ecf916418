"""The draft of a note: every line has its evidence, and the same facts give the same note."""

import random

from hypothesis import given
from hypothesis import strategies as st

from sunwise.contracts.people.facts import ENDS, Evidence, FactKind, TimelineFact
from sunwise.contracts.people.incidents import Incident, IncidentState, Shift
from sunwise.people.handoff.note import Material, Section, draft
from tests.support.handoff_company import at, day, roster, slot

SEAM = next(s for s in roster(day(("ledger",))).seams[0] if s.at_ns == at(8))
hours = st.integers(-4, 15)
facts = st.builds(
    lambda number, kind, ref, hour: TimelineFact(
        id=f"test:{number}",
        kind=kind,
        services=("ledger",),
        what=f"{kind.value} {ref} at {hour}",
        at_ns=at(hour),
        source="test",
        evidence=Evidence(kind="thing", ref=ref),
    ),
    st.integers(),
    st.sampled_from(FactKind),
    st.sampled_from(["one", "two", "three"]),
    hours,
)
incidents = st.builds(
    lambda name, state: Incident(
        id=name, title=name, severity=2, state=state, service="ledger", opened_ns=at(1)
    ),
    st.sampled_from(["i1", "i2"]),
    st.sampled_from(IncidentState),
)
shifts = st.builds(
    lambda f, i: Shift(facts=tuple(f), incidents=tuple(i)),
    st.lists(facts, max_size=12),
    st.lists(incidents, max_size=3),
)


@given(shifts, st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_give_the_same_note(shift: Shift, rng: random.Random):
    shuffled = Shift(
        facts=tuple(rng.sample(shift.facts, len(shift.facts))),
        incidents=tuple(rng.sample(shift.incidents, len(shift.incidents))),
    )
    gaps = (slot("ledger", None, 9, 10),)
    one = draft(Material(seam=SEAM, shift=shift, gaps=gaps, holidays=()))
    assert one == draft(Material(seam=SEAM, shift=shuffled, gaps=gaps, holidays=()))


@given(shifts)
def test_every_line_is_a_fact_with_its_own_evidence(shift: Shift):
    parts = draft(Material(seam=SEAM, shift=shift, gaps=(), holidays=()))
    told = {(fact.what, fact.at_ns, fact.evidence) for fact in shift.facts}
    for part in parts:
        for line in part.lines:
            assert line.evidence.ref
            if line.evidence.kind == "thing":
                assert (line.text, line.at_ns, line.evidence) in told
            else:
                assert line.evidence.ref in {incident.id for incident in shift.incidents}


@given(shifts)
def test_whatever_is_still_open_is_in_the_note(shift: Shift):
    parts = draft(Material(seam=SEAM, shift=shift, gaps=(), holidays=()))
    shown = {(line.text, line.is_open) for part in parts for line in part.lines}
    ended: dict[tuple, int] = {}
    for f in shift.facts:
        if f.kind in ENDS:
            key = (ENDS[f.kind], f.evidence.ref)
            ended[key] = max(f.at_ns, ended.get(key, 0))
    for fact in shift.facts:
        is_begun = fact.kind in {FactKind.ALERT, FactKind.PAGE, FactKind.APPROVAL}
        if is_begun and fact.at_ns > ended.get((fact.kind, fact.evidence.ref), 0):
            assert (fact.what, True) in shown
    for incident in shift.incidents:
        if incident.state is not IncidentState.RESOLVED:
            assert any(part.section is Section.OPEN_INCIDENTS and part.lines for part in parts)


def test_what_could_not_be_asked_is_unknown_not_nothing():
    unknown = draft(Material(seam=SEAM, shift=None))
    assert not any(part.is_known for part in unknown)
    known = draft(Material(seam=SEAM, shift=Shift(), gaps=(), holidays=()))
    assert all(part.is_known and not part.lines for part in known)
    no_rota = draft(Material(seam=SEAM, shift=Shift()))
    assert [part.section for part in no_rota if not part.is_known] == [Section.RISKS]
