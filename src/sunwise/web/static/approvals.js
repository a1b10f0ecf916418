// Approvals: changes that two people decide about. What is approved is exactly what is shown.

import { goToAnchor } from "./anchors.js";
import { reader, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { draftOf } from "./draft.js";
import { learn, personNamed } from "./names.js";
import { notice, startPage } from "./page.js";

const content = document.getElementById("content");
const STATES = { proposed: "waits", approved: "being applied", applied: "applied", failed: "failed", refused: "refused", withdrawn: "withdrawn", expired: "expired" };

const page = startPage({ load, draw });

async function load() {
  const changes = await ask("/changes");
  await learn({ people: changes.map((change) => change.proposer) });
  return changes;
}

function draw(changes) {
  const open = changes.filter((change) => change.state === "proposed");
  const over = changes.filter((change) => change.state !== "proposed").slice(0, 20);
  show(
    content,
    el(
      "section",
      { class: "panel", "aria-labelledby": "open" },
      el("h2", { id: "open" }, "Waiting"),
      open.length ? el("ul", { class: "rows" }, open.map(waiting)) : el("p", { class: "empty" }, "No change waits for a second person. Changes of owners, of tiers and of the rota of what runs around the clock are proposed by one and approved by another."),
    ),
    over.length ? el("section", { class: "panel", "aria-labelledby": "over" }, el("h2", { id: "over" }, "Decided"), el("ul", { class: "rows" }, over.map(decided))) : null,
  );
  goToAnchor();
}

function waiting(change) {
  const isMine = change.proposer === reader.id;
  return el(
    "li",
    { id: change.id, tabindex: -1, class: "request" },
    el("p", {}, el("strong", {}, change.summary)),
    el("p", { class: "quiet" }, `${isMine ? "You propose" : `${personNamed(change.proposer).name} proposes`} it; it expires `, time(change.expires_ns, personNamed(change.proposer)), "."),
    draftOf(change),
    el("details", { "data-key": `content ${change.id}` }, el("summary", {}, "Exactly what would be done"), el("pre", { tabindex: 0, "aria-label": "Content of the change" }, change.content)),
    el("div", { class: "deeds" }, isMine ? deed(change, "withdraw", "Withdraw") : [deed(change, "approve", "Approve", { content_hash: change.content_hash }), deed(change, "refuse", "Refuse")]),
  );
}

function deed(change, act, text, body) {
  return el("button", { type: "button", class: act === "approve" ? "primary" : null, "data-key": `${act} ${change.id}`, onclick: (event) => decide(event.target, change, act, body) }, text);
}

async function decide(button, change, act, body) {
  button.disabled = true;
  try {
    const after = await ask(`/changes/${change.id}/${act}`, { method: "POST", body });
    notice("change", `${after.summary}: ${STATES[after.state] ?? after.state}. ${after.outcome}`, { kind: "done" });
  } catch (refused) {
    notice("change", refused.message);
  }
  page.refresh();
}

function decided(change) {
  return el("li", { id: change.id, tabindex: -1 }, el("p", {}, change.summary, " ", el("span", { class: "tag" }, STATES[change.state] ?? change.state)), change.outcome ? el("p", { class: "quiet" }, change.outcome) : null);
}
