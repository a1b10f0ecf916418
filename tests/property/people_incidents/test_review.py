"""The review draft: no fact without its evidence, nobody named, whatever the timeline holds."""

import re

from hypothesis import given
from hypothesis import strategies as st

from sunwise.contracts.people.facts import Actor, Evidence, FactKind, TimelineFact
from sunwise.contracts.people.incidents import Incident, IncidentState
from sunwise.daylight.zones import NS_PER_MINUTE
from sunwise.people.incidents.lifecycle import (
    By,
    Refused,
    graded,
    mitigated,
    noted,
    opened,
    reopened,
    resolved,
    role_taken,
)
from sunwise.people.incidents.review import draft_of, markdown
from sunwise.people.incidents.timeline import anchor, chained, entry_of, erased, verify

NOW = 1_795_737_600_000_000_000
NAMES = ("ana.first", "bo.second")
PSEUDONYMS = {"ana.first": "p-7f3a", "bo.second": "p-99c2"}
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40)
references = st.text("abc()[]<>-:1", min_size=1, max_size=10)
urls = st.sampled_from(["", "https://example.com/x_(1)", "/people/alerts/a<b>"])
who = st.sampled_from(NAMES)
minute = st.integers(-200, 600)
told = st.tuples(
    st.just("fact"),
    st.builds(
        lambda kind, what, ref, url, person, at: TimelineFact(
            id="x",
            kind=kind,
            services=("ledger",),
            what=what,
            at_ns=NOW + at * NS_PER_MINUTE,
            source="test",
            evidence=Evidence(kind="thing", ref=ref, url=url),
            actor=Actor(role="primary", person=person),
        ),
        st.sampled_from(FactKind),
        words,
        references,
        urls,
        who,
        minute,
    ),
)
acts = st.one_of(
    told,
    st.tuples(st.sampled_from(["mitigate", "resolve", "reopen"]), who, minute),
    st.tuples(st.just("grade"), st.integers(1, 4), who, minute),
    st.tuples(st.just("role"), st.sampled_from(["commander", "scribe"]), who, minute),
    st.tuples(st.just("note"), words, who, minute),
)
MOVES = {"mitigate": mitigated, "resolve": resolved, "reopen": reopened}


def by(person: str, at: int) -> By:
    return By(person=person, pseudonym=PSEUDONYMS[person], now_ns=NOW + at * NS_PER_MINUTE)


def step(held, act):
    match act:
        case ("fact", fact):
            return held, entry_of(fact, held.incident.id, actor=PSEUDONYMS[fact.actor.person])
        case ("grade", severity, person, at):
            return graded(held, severity, by(person, at))
        case ("role", role, person, at):
            return role_taken(held, role, person, by(person, at))
        case ("note", text, person, at):
            return noted(held, text, by(person, at))
        case (move, person, at):
            return MOVES[move](held, by(person, at))


def history(done):
    """An incident after these acts, and its timeline."""
    incident = Incident(
        id="0123456789ab",
        title="Orders [are] slow <b>",
        severity=2,
        state=IncidentState.OPEN,
        service="ledger",
        services=("ledger",),
        opened_ns=NOW,
    )
    held, entry = opened(incident, by("ana.first", 0))
    entries = [chained(entry, None, salt=bytes(16))]
    for act in done:
        try:
            held, entry = step(held, act)
        except Refused:
            continue
        entries.append(chained(entry, entries[-1], salt=bytes(16)))
    return held, entries


@given(st.lists(acts, max_size=20))
def test_every_fact_links_to_evidence_that_is_in_the_timeline(done):
    held, entries = history(done)
    draft = draft_of(held.incident, entries)
    known = {anchor(entry) for entry in entries}
    for fact in (*draft.summary, *draft.timeline):
        assert fact.evidence
        for evidence in fact.evidence:
            assert evidence in known
            assert evidence.url
    assert len(draft.timeline) == len(entries)


@given(st.lists(acts, max_size=20), words)
def test_each_line_of_the_text_that_is_a_fact_ends_with_its_link(done, findings):
    held, entries = history(done)
    draft = draft_of(held.incident, entries)
    text = markdown(draft, findings, zone="Asia/Tokyo", beside="Europe/Paris")
    sections = text.split("\n## Not known\n")[0].split("\n")
    lines = [line for line in sections if line.startswith("- ")]
    assert len(lines) == len(draft.summary) + len(draft.timeline)
    for line in lines:
        assert re.search(r" \[[^\n]+\]\((https?://|/)[^\s()<>]+\)$", line)
        assert re.match(r"- [\d: -]+ Asia/Tokyo \([\d: -]+ Europe/Paris\): ", line)
        assert not re.search(r"(?<!\\)[<>]", line), "nothing in it is HTML"


@given(st.lists(acts, max_size=20))
def test_nobody_is_named_and_no_acknowledgement_is_anybodys(done):
    held, entries = history([act for act in done if act[0] != "note"])
    draft = draft_of(held.incident, entries)
    text = markdown(draft, "", zone="UTC", beside="UTC")
    plain = "\n".join(
        line for line in text.split("\n") if not line.startswith("- ") or "thing" not in line
    )
    for name in (*NAMES, *PSEUDONYMS.values()):
        assert name not in plain
    for entry in entries:
        if entry.fact is FactKind.PAGE_ACKNOWLEDGED:
            assert (entry.actor, entry.actor_role) == (None, "")


@given(st.lists(acts, max_size=20))
def test_the_same_timeline_gives_the_same_review(done):
    held, entries = history(done)
    assert draft_of(held.incident, entries) == draft_of(held.incident, entries[::-1])


@given(st.lists(acts, max_size=12), st.data())
def test_the_chain_shows_any_change_and_survives_erased_words(done, data):
    _, entries = history(done)
    verify(entries)
    at = data.draw(st.integers(0, len(entries) - 1))
    gone = [*entries[:at], erased(entries[at]), *entries[at + 1 :]]
    verify(gone)
    draft = draft_of(history(done)[0].incident, gone)
    assert len(draft.timeline) == len(entries) - 1
