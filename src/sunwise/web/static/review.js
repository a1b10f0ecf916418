// The review of an incident: facts with their evidence, what is not known, what people found out.

import { time } from "./clocks.js";
import { el } from "./dom.js";
import { evidenceLink } from "./links.js";
import { personNamed } from "./names.js";

const STATES = { draft: "Draft: nobody has written yet", edited: "Written, not accepted yet", accepted: "Accepted" };

/** The whole of it. */
export function review(draft, other) {
  return el(
    "section",
    { class: "panel", "aria-labelledby": "review" },
    el("div", { class: "panel-head" }, el("h2", { id: "review" }, "Review"), el("span", { class: "tag" }, STATES[draft.state] ?? draft.state)),
    facts(draft.summary, other, "summary"),
    el("h3", {}, "Not known"),
    el("ul", { class: "plain" }, draft.unknown.map((each) => el("li", {}, each))),
    el("h3", {}, "Findings"),
    findings(draft),
    el("details", { "data-key": "review facts" }, el("summary", {}, `All ${draft.timeline.length} facts that it rests on`), facts(draft.timeline, other, "timeline")),
    el("p", {}, el("a", { href: `/people/incidents/${draft.incident.id}/review.md`, download: `review-${draft.incident.id}.md`, "data-key": "review.md" }, "Download it as Markdown")),
  );
}

function findings({ findings: text, author, state }) {
  if (!text) return el("p", { class: "empty" }, "Nobody has written them yet. Causes, and what users noticed, no timeline can tell.");
  const word = state === "accepted" ? "Accepted by" : "By";
  return [el("p", { class: "note-text" }, text), author ? el("p", { class: "quiet" }, `${word} ${personNamed(author).name}`) : null];
}

function facts(found, other, part) {
  return el("ul", { class: "rows facts" }, found.map((fact, index) => el("li", {}, el("p", {}, fact.text), el("p", { class: "quiet" }, time(fact.at.ns, other), fact.role ? ` ${fact.role}` : null, fact.evidence.map((each) => [" ", evidenceLink(each, `${part} ${index}`)])))));
}
