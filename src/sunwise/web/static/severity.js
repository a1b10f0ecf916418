// How bad an incident is and how far, as tags.

import { el } from "./dom.js";

const STATES = { open: "Open", mitigated: "Mitigated", resolved: "Resolved" };

/** "Severity 1, the worst" */
export function severity({ severity: level }) {
  return el("span", { class: "tag" }, level === 1 ? "Severity 1, the worst" : `Severity ${level}`);
}

/** "Open" */
export function state({ state: name }) {
  return el("span", { class: `tag incident-${name}` }, STATES[name] ?? name);
}
