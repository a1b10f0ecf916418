// Incidents: those that go on first, each with what it touches and since when.

import { now, personNow, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { askIncident, drawIncident, isWriting } from "./incident.js";
import { learn, servicesNamed } from "./names.js";
import { openingPanel } from "./opening.js";
import { startPage } from "./page.js";
import { severity, state } from "./severity.js";
import { duration } from "./times.js";
import { askDuties, beside, primaryOf } from "./turns.js";

const content = document.getElementById("content");
const shown = { duties: new Map() };
const opening = openingPanel();
const id = location.pathname.split("/")[2] ?? null;

startPage(id ? { load: () => askIncident(id), draw: drawIncident, isBusy: isWriting } : { load, draw });

async function load() {
  const rows = await ask("/people/incidents");
  const open = rows.filter((row) => row.state !== "resolved").map((row) => row.service);
  [shown.duties] = await Promise.all([askDuties(open), learn({ services: rows.flatMap((row) => row.services) })]);
  return rows;
}

function draw(rows) {
  const open = rows.filter((row) => row.state !== "resolved").sort((one, other) => one.severity - other.severity || one.opened.ns - other.opened.ns);
  const over = rows.filter((row) => row.state === "resolved");
  if (!rows.length) {
    show(content, empty(), opening);
    return;
  }
  show(content, list("Going on", open, "Nothing is going on: every incident is resolved."), over.length ? list("Resolved", over) : null, opening);
}

function empty() {
  return el(
    "section",
    { class: "panel" },
    el("h2", {}, "There has been no incident yet"),
    el("p", { class: "empty" }, "A page of the worst severity opens one by itself, and whoever is on duty can open one. Its timeline then gathers what happened to its services: alerts and pages, what was deployed, what people wrote down. From that its review is drafted, each fact with a link to where you can see it for yourself."),
  );
}

function list(heading, rows, nothing = "") {
  return el("section", { class: "panel" }, el("h2", {}, heading), rows.length ? el("ul", { class: "rows" }, rows.map(row)) : el("p", { class: "empty" }, nothing));
}

function row(incident) {
  const { id: name, title, services, opened, resolved } = incident;
  const isBad = incident.state === "open" && incident.severity === 1;
  const times = resolved ? ["resolved ", time(resolved.ns), ` after ${duration(resolved.ns - opened.ns)}`] : ["since ", time(opened.ns, beside(shown.duties.get(incident.service))), `, for ${duration(now() - opened.ns)}`];
  return el(
    "li",
    { class: isBad ? "urgent" : null },
    el("a", { href: `/incidents/${name}`, "data-key": name }, title),
    el("p", { class: "tags" }, state(incident), " ", severity(incident), el("span", { class: "quiet" }, ` ${servicesNamed(services)}, `, times)),
    resolved ? null : onDuty(shown.duties.get(incident.service)),
  );
}

function onDuty(service) {
  const person = primaryOf(service);
  return el("p", { class: "quiet" }, person ? ["On duty: ", el("strong", {}, person.name), ", ", personNow(person)] : "Nobody is known to be on duty.");
}
