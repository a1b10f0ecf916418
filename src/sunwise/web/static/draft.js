// The rota that a change would put in force: who would have how much of it.

import { el, show } from "./dom.js";
import { ask } from "./http.js";

const HOUR_NS = 3_600e9;

/** A part that opens on the draft, for a change that publishes one; else nothing. */
export function draftOf(change) {
  if (change.kind !== "rota.publish") return null;
  const body = el("div", { class: "draft", "aria-live": "polite" });
  const details = el(
    "details",
    { "data-key": `draft ${change.id}`, ontoggle: () => details.open && !body.childElementCount && draw(body, change) },
    el("summary", {}, "Who would be on duty for how long"),
    body,
  );
  return details;
}

async function draw(body, change) {
  show(body, el("p", { class: "loading" }, "Loading …"));
  try {
    const { unit, window_ns: windowNs, version } = JSON.parse(change.content);
    const page = await ask(`/people/rota/units/${unit}/drafts/${windowNs}`);
    const isSame = page.drafts[windowNs] === version;
    show(body, isSame ? table(page) : el("p", { class: "unknown" }, "There is a newer draft: this one can no longer be put in force."));
  } catch (fault) {
    show(body, el("p", { class: "unknown" }, fault.message));
  }
}

function table(page) {
  const rows = [...page.people, { id: null, name: "Gaps: nobody" }].map((person) => [person, page.shifts.filter((shift) => shift.person === person.id)]);
  const heads = ["Person", "Shifts", "Duty", "of it at night there"];
  return el(
    "table",
    { class: "effects" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.filter(([person, shifts]) => person.id || shifts.length).map(([person, shifts]) => row(person, shifts))),
  );
}

function row(person, shifts) {
  const total = (hours) => Number(shifts.reduce((sum, shift) => sum + hours(shift), 0).toFixed(1));
  const nightH = total((shift) => shift.night_h);
  return el(
    "tr",
    {},
    el("th", { scope: "row", class: person.id ? null : "gap-word" }, person.name),
    el("td", {}, shifts.length),
    el("td", {}, `${total((shift) => (shift.end_ns - shift.start_ns) / HOUR_NS)} h`),
    el("td", { class: nightH ? "worse" : null }, person.id ? `${nightH} h` : "–"),
  );
}
