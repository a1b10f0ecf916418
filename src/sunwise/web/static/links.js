// Evidence: where somebody can see for themselves.

import { el } from "./dom.js";

/** What is seen behind a link, where an id would tell nobody anything. */
const SEEN = { alert: "See the alert", approval: "See the change", duty: "See the rota", fact: "See the fact", holiday: "See the holiday", incident: "See the incident", page: "See the page", slo: "See the objective", timeline: "See the entry" };

/** A link to it, or its id where it has no address; `key` tells it from others on the page. */
export function evidenceLink({ kind, ref, url }, key = "") {
  const where = SEEN[kind] ?? `${kind} ${ref}`;
  if (!url) return el("code", {}, where);
  return el("a", { href: url, rel: "noreferrer", class: "evidence", "data-key": `evidence ${key} ${kind} ${ref}` }, where);
}
