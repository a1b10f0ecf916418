// The review of an incident: facts with their evidence, what is not known, what people found out.

import { reader, time } from "./clocks.js";
import { el } from "./dom.js";
import { evidenceLink } from "./links.js";
import { personNamed } from "./names.js";

const STATES = { draft: "Draft: nobody has written yet", edited: "Written, not accepted yet", accepted: "Accepted" };

const writing = { text: null, version: 0 };

/** Whether findings that somebody writes would be lost by drawing anew. */
export function isReviewing() {
  return writing.text !== null;
}

/** The whole of it; `act` does what its buttons say. */
export function review(draft, other, act) {
  return el(
    "section",
    { class: "panel", "aria-labelledby": "review" },
    el("div", { class: "panel-head" }, el("h2", { id: "review" }, "Review"), el("span", { class: "tag" }, STATES[draft.state] ?? draft.state)),
    facts(draft.summary, other, "summary"),
    el("h3", {}, "Not known"),
    el("ul", { class: "plain" }, draft.unknown.map((each) => el("li", {}, each))),
    el("h3", {}, "Findings"),
    findings(draft, act),
    el("details", { "data-key": "review facts" }, el("summary", {}, `All ${draft.timeline.length} facts that it rests on`), facts(draft.timeline, other, "timeline")),
    el("p", {}, el("a", { href: `/people/incidents/${draft.incident.id}/review.md?${clocks(other)}`, download: `review-${draft.incident.id}.md`, "data-key": "review.md" }, "Download it as Markdown")),
  );
}

/** Its times in Markdown are those of the page. */
function clocks(other) {
  return new URLSearchParams({ zone: reader.zone, beside: other?.zone ?? "UTC" });
}

function findings(draft, act) {
  return draft.state === "accepted" ? reading(draft) : [editor(draft, act), accepting(draft, act)];
}

function reading({ findings: text, author }) {
  return [el("p", { class: "note-text" }, text), author ? el("p", { class: "quiet" }, `Accepted by ${personNamed(author).name}; it stays as it is.`) : null];
}

function editor(draft, act) {
  const { incident, findings: written, author } = draft;
  const version = writing.text === null ? draft.version : writing.version;
  const text = el("textarea", { id: "findings", rows: 6, maxlength: 50_000, "data-key": "findings", "aria-describedby": "findings-by" });
  text.value = writing.text ?? written;
  text.addEventListener("input", () => {
    writing.version = version;
    writing.text = text.value === written ? null : text.value;
  });
  const by = author ? `Version ${draft.version} by ${personNamed(author).name}` : "Nobody has written yet.";
  return [
    el("label", { for: "findings" }, "Its causes, what users noticed, what you would change; about the system, not about people"),
    text,
    el("div", { class: "deeds" }, el("button", { type: "button", "data-key": "save findings", onclick: (event) => save(event.target, incident.id, { text: text.value, read_version: version }, act) }, "Save the findings"), el("span", { id: "findings-by", class: "quiet" }, by)),
  ];
}

function save(button, id, body, act) {
  button.disabled = true;
  const forget = () => {
    writing.text = null;
    return null;
  };
  act(`/people/incidents/${id}/review`, body, { method: "PUT", done: "Saved. Somebody else accepts it.", forget, hint: " What you wrote is still here: copy it before you load the page again." });
}

/** Whoever wrote it asks somebody else. */
function accepting({ incident, state, author, version }, act) {
  if (state !== "edited" || author === reader.id) return null;
  const accept = (event) => {
    event.target.disabled = true;
    act(`/people/incidents/${incident.id}/review/accept`, { read_version: version }, { done: "Accepted: the review stays as it is." });
  };
  return el("div", { class: "deeds" }, el("button", { type: "button", "data-key": "accept review", onclick: accept }, "Accept the review"));
}

function facts(found, other, part) {
  return el("ul", { class: "rows facts" }, found.map((fact, index) => el("li", {}, el("p", {}, fact.text), el("p", { class: "quiet" }, time(fact.at.ns, other), fact.role ? ` ${fact.role}` : null, fact.evidence.map((each) => [" ", evidenceLink(each, `${part} ${index}`)])))));
}
