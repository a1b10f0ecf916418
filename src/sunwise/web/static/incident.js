// One incident: how bad and since when, who is on duty, what happened, and its review.

import { goToAnchor } from "./anchors.js";
import { now, personNow, reader, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { evidenceLink } from "./links.js";
import { learn, personNamed, servicesNamed } from "./names.js";
import { notice } from "./page.js";
import { isReviewing, review } from "./review.js";
import { severity, state } from "./severity.js";
import { duration } from "./times.js";
import { askDuties, beside, turnCell } from "./turns.js";

const content = document.getElementById("content");
const title = document.getElementById("title");
const writing = { text: "" };
const shown = { page: null, id: null, revision: 0 };

const KINDS = {
  alert: "Alert",
  "alert-resolved": "Alert over",
  page: "Page",
  "page-acknowledged": "Page taken up",
  "page-closed": "Page over",
  deploy: "Deploy",
  slo: "Objective",
  approval: "Approval",
  "approval-decided": "Decided",
  change: "Change",
  note: "Note",
  opened: "Opened",
  mitigated: "Mitigated",
  resolved: "Resolved",
  reopened: "Open again",
  severity: "Severity",
  role: "Role",
};
const MOVES = { mitigated: "Users no longer notice it", resolved: "It is resolved", open: "It is open again" };

/** Whether what somebody writes would be lost by drawing anew. */
export function isWriting() {
  return writing.text !== "" || isReviewing();
}

/** The incident with its review and who is on duty for it. */
export async function askIncident(id) {
  const [incident, draft] = await Promise.all([ask(`/people/incidents/${id}`), ask(`/people/incidents/${id}/review`)]);
  const { service, services } = incident.incident;
  const people = [...Object.values(incident.roles), ...incident.entries.map((entry) => entry.person), draft.author].filter(Boolean);
  const [duties] = await Promise.all([askDuties([service]), learn({ people, services })]);
  return { ...incident, draft, duty: duties.get(service) };
}

/** Shows it; `page` can be asked for it anew. */
export function drawIncident(found, page) {
  const { incident, draft } = found;
  Object.assign(shown, { page, id: incident.id, revision: found.revision });
  title.textContent = incident.title;
  document.title = `${incident.title} · Sunwise`;
  notice("chain", found.chain_fault ? `Do not rely on this timeline. ${found.chain_fault}` : null);
  const other = beside(found.duty);
  show(
    content,
    el("p", { class: "crumbs" }, el("a", { href: "/incidents", "data-key": "list" }, "All incidents"), " ", state(incident), " ", severity(incident)),
    standing(incident, other),
    onDuty(found),
    timeline(found, other),
    review(draft, other, act),
  );
  goToAnchor();
}

// --- the first two seconds ---

function standing(incident, other) {
  const { opened, resolved } = incident;
  const ago = duration(now() - opened.ns);
  const heads = { open: `Open for ${ago}`, mitigated: "Users no longer notice it", resolved: resolved ? `Resolved after ${duration(resolved.ns - opened.ns)}` : "Resolved" };
  const began = [" since ", time(opened.ns, other)];
  const ends = { open: began, mitigated: [...began, `, for ${ago}; its cause is still there`], resolved: [" from ", time(opened.ns, other), resolved ? [" to ", time(resolved.ns, other)] : null] };
  return el("section", { class: incident.state === "open" ? "hero hero-page" : "hero hero-duty" }, el("h2", {}, heads[incident.state]), el("p", {}, el("strong", {}, servicesNamed(incident.services)), ends[incident.state], "."));
}

function onDuty({ incident, duty, roles, may_become: moves }) {
  return el(
    "section",
    { class: "panel", "aria-labelledby": "on-duty" },
    el("h2", { id: "on-duty" }, `On duty for ${servicesNamed([incident.service])}`),
    duty ? [dutyRows(duty), owners(duty)] : el("p", { class: "unknown" }, "The directory does not have this service any more: nobody is on duty for it."),
    Object.keys(roles).length ? rolesTaken(roles) : null,
    el("div", { class: "deeds" }, moves.map((to) => el("button", { type: "button", "data-key": `move ${to}`, onclick: (event) => move(event.target, to) }, MOVES[to] ?? to))),
  );
}

function dutyRows(duty) {
  const turns = duty.turns.length ? duty.turns : [{ role: "primary", standing: null }];
  return el(
    "dl",
    { class: "on-duty" },
    turns.map((turn) => el("div", {}, el("dt", { class: "quiet" }, turn.role), el("dd", {}, turnCell(turn.standing ? turn : undefined, duty, turn.role)))),
  );
}

function owners(duty) {
  return el("p", { class: "quiet" }, `Owned by ${duty.team_name}. `, duty.runbook ? el("a", { href: duty.runbook, rel: "noreferrer", "data-key": "runbook" }, "Runbook") : "It has no runbook.");
}

function rolesTaken(roles) {
  return el("ul", { class: "seats" }, Object.entries(roles).map(([role, id]) => el("li", {}, el("span", { class: "quiet" }, `${role} `), personNamed(id).name, " ", el("span", { class: "quiet" }, personNow(personNamed(id))))));
}

async function move(button, to) {
  button.disabled = true;
  const { id, revision } = shown;
  await act(`/people/incidents/${id}/state`, { state: to, revision }, { done: "Done. The incident is as you see it now." });
}

/** Does it and shows the incident as it is then; a refusal is said with `hint`, and the newest is shown too. */
async function act(path, body, { done, method = "POST", forget = () => null, hint = "" }) {
  const fault = await ask(path, { method, body }).then(forget, (refused) => refused);
  await shown.page.refresh();
  notice("act", fault ? `${fault.message}${hint}` : done, { kind: fault ? "warning" : "done" });
}

// --- the timeline ---

function timeline({ entries, n_left_out: nLeftOut }, other) {
  return el(
    "section",
    { class: "panel", "aria-labelledby": "timeline" },
    el("h2", { id: "timeline" }, "What happened, newest first"),
    noting(),
    el("ol", { class: "rows events" }, [...entries].reverse().map((entry) => event(entry, other))),
    nLeftOut ? el("p", { class: "quiet" }, `${nLeftOut} older entries are not shown: all are in its export.`) : null,
  );
}

function event(entry, other) {
  const by = entry.person ? personNamed(entry.person) : null;
  const isItsOwn = entry.evidence.kind === "timeline";
  return el(
    "li",
    { id: `entry-${entry.seq}`, tabindex: -1, class: `event event-${entry.kind}` },
    el("p", { class: "event-at" }, time(entry.at.ns, by && by.id !== reader.id ? by : other)),
    el("div", {}, el("p", {}, el("span", { class: "tag" }, KINDS[entry.kind] ?? entry.kind), " ", entry.what ?? el("em", {}, "These words were erased.")), el("p", { class: "quiet" }, [by ? `${by.id === reader.id ? "You" : by.name} ` : entry.role ? `${entry.role} ` : `told by ${entry.source} `, isItsOwn ? null : evidenceLink(entry.evidence, entry.seq)])),
  );
}

function noting() {
  const text = el("textarea", { id: "event-text", rows: 2, maxlength: 2_000, "data-key": "event", "aria-describedby": "event-hint" });
  text.value = writing.text;
  text.addEventListener("input", () => {
    writing.text = text.value.trim() && text.value;
  });
  return el(
    "details",
    { "data-key": "noting" },
    el("summary", {}, "Write something down"),
    el("div", { class: "panel-body" }, el("label", { for: "event-text" }, "What you saw or did"), text, el("div", { class: "deeds" }, el("button", { type: "button", "data-key": "save event", onclick: (event) => save(event.target) }, "Add it to the timeline"), el("span", { id: "event-hint", class: "quiet" }, "It stands there with your name."))),
  );
}

async function save(button) {
  if (!writing.text) {
    notice("act", "Write something first.");
    return;
  }
  button.disabled = true;
  await act(`/people/incidents/${shown.id}/notes`, { text: writing.text }, { done: "Added to the timeline.", forget });
}

function forget() {
  writing.text = "";
  return null;
}

addEventListener("beforeunload", (event) => {
  if (isWriting()) event.preventDefault();
});
