// What forces a rota to change: an absence, a journey, a place that is lost. Its consequences stand first.

import { now, reader, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { effectsTable } from "./effects.js";
import { ask } from "./http.js";
import { followJob } from "./job.js";
import { learn, servicesNamed, withNames } from "./names.js";
import { notice } from "./page.js";
import { atClock, clockValue } from "./times.js";

const DAY_NS = 86_400e9;
const SHOWN = 12;
const kinds = {
  absence: { label: "Somebody cannot be on duty", path: "/people/rota/absences" },
  journey: { label: "I will live in another time zone", path: "/people/rota/journeys" },
  lost: { label: "A hub or a country is lost", path: "/people/rota/lost" },
};
const chosen = { kind: "absence", person: null, zone: "", place: "", from: null, until: null };
const running = { job: null };
const kept = { section: null };

/** The section, the same one as long as the team is the same; `done` is called after a change. */
export function replanning(view, done) {
  if (kept.section?.view.team.id === view.team.id) {
    kept.section.view = view;
    return kept.section.root;
  }
  const section = { view, done, result: el("div", { class: "replan-result", "aria-live": "polite" }), fields: el("div", { class: "replan-fields" }) };
  drawFields(section);
  section.root = el(
    "details",
    { class: "panel", "data-key": "replan" },
    el("summary", {}, el("h2", {}, "Somebody is away, travels, or a place is lost")),
    el(
      "div",
      { class: "panel-body" },
      el("p", { class: "quiet" }, "You see first what would change, for whom. Nobody is asked for a reason, and nobody has other hours before they have said yes."),
      section.fields,
      section.result,
    ),
  );
  kept.section = section;
  return section.root;
}

/** Whether the reader is filling it in: what they have opened must not be closed. */
export function isReplanning() {
  return kept.section?.fields.contains(document.activeElement) ?? false;
}

// --- the question ---

function drawFields(section) {
  const { view } = section;
  chosen.from ??= clockValue(now() + DAY_NS, reader.zone);
  chosen.until ??= clockValue(now() + 6 * DAY_NS, reader.zone);
  const offered = Object.entries(kinds).filter(([kind]) => kind !== "lost" || view.may.lose_places);
  show(
    section.fields,
    field("kind", "What", selectOf("kind", offered.map(([kind, { label }]) => [kind, label]), section, true)),
    chosen.kind === "absence" ? field("person", "Who", selectOf("person", peopleOf(view), section)) : null,
    chosen.kind === "journey" ? field("zone", "Time zone there", zoneInput()) : null,
    chosen.kind === "lost" ? field("place", "Place", selectOf("place", placesOf(view), section)) : null,
    field("from", "From", instantInput("from")),
    field("until", "Until", instantInput("until")),
    chosen.kind === "journey" ? el("p", { class: "quiet replan-hint" }, "Rotas are planned in windows of 4 weeks. Whoever travels is planned by the zone in which most of the window is spent: a week away moves no shift. For hours that you cannot do, choose “cannot be on duty”.") : null,
    el("div", { class: "deeds" }, el("button", { type: "button", class: "primary", "data-key": "replan-show", onclick: () => consider(section) }, "Show what would change"), el("span", { class: "quiet" }, `Times are in ${reader.zone}.`)),
  );
}

function peopleOf({ you, people, may }) {
  const others = may.absent_others ? people.filter((person) => person.id !== you.id) : [];
  return [[you.id, `${you.name} (you)`], ...others.map((person) => [person.id, person.name])];
}

function placesOf({ places }) {
  const countries = new Intl.DisplayNames("en", { type: "region" });
  return places.filter((place) => place.n_people).map((place) => [place.id, `${place.name ? `Hub ${place.name}` : countries.of(place.id)} (${place.n_people} people)`]);
}

function field(name, label, control) {
  return el("div", { class: "field" }, el("label", { for: `replan-${name}` }, label), control);
}

function selectOf(name, options, section, isKind = false) {
  if (!options.some(([value]) => value === chosen[name])) chosen[name] = options[0]?.[0] ?? null;
  const onchange = (event) => {
    chosen[name] = event.target.value;
    show(section.result);
    if (isKind) drawFields(section);
  };
  return el("select", { id: `replan-${name}`, "data-key": `replan-${name}`, onchange }, options.map(([value, text]) => el("option", { value, selected: value === chosen[name] }, text)));
}

function zoneInput() {
  const known = Intl.supportedValuesOf("timeZone");
  return [
    el("input", { id: "replan-zone", "data-key": "replan-zone", list: "replan-zones", value: chosen.zone, placeholder: "Asia/Tokyo", autocomplete: "off", oninput: (event) => (chosen.zone = event.target.value) }),
    el("datalist", { id: "replan-zones" }, known.map((zone) => el("option", { value: zone }))),
  ];
}

function instantInput(name) {
  return el("input", { id: `replan-${name}`, "data-key": `replan-${name}`, type: "datetime-local", step: 900, value: chosen[name], onchange: (event) => (chosen[name] = event.target.value) });
}

function wish() {
  const span = { from_ns: atClock(chosen.from, reader.zone), until_ns: atClock(chosen.until, reader.zone) };
  const what = { absence: { person: chosen.person }, journey: { zone: chosen.zone.trim() }, lost: { place: chosen.place } }[chosen.kind];
  return { ...what, ...span };
}

// --- what would change ---

async function consider(section) {
  const { from_ns: fromNs, until_ns: untilNs } = wish();
  if (!(fromNs < untilNs)) {
    show(section.result, el("p", { class: "unknown", role: "alert" }, "Say from when until when: the end comes after the beginning."));
    return;
  }
  await asJob(section, { ...wish(), is_dry: true }, async (found) => {
    const moves = movesOf(found);
    await learn({ services: found.flatMap((each) => each.services ?? []) });
    const effects = moves.length ? await ask("/pages/effects", { method: "POST", body: { moves } }) : [];
    return consequences(section, found, effects);
  });
}

/** Asks for a job, tells how far it is, and shows what `drawn` makes of its result. */
async function asJob(section, body, drawn) {
  const { path } = kinds[chosen.kind];
  const line = el("p", { class: "loading", role: "status" }, "Asking …");
  const stop = el("button", { type: "button", "data-key": "replan-stop", onclick: () => running.job?.end() }, "Stop");
  show(section.result, el("div", { class: "deeds" }, line, stop));
  try {
    const result = await followJob(path, body, (job) => (running.job = job), (text) => (line.textContent = text));
    show(section.result, await drawn(result));
  } catch (fault) {
    show(section.result, el("div", { class: "refusal", role: "alert" }, el("h3", {}, "This cannot be shown"), el("p", {}, fault.message)));
  } finally {
    running.job = null;
  }
}

/** Every change of hands: what becomes a gap at once, and what is asked for instead. */
function movesOf(found) {
  const filled = found.flatMap((each) => each.change?.changes ?? []);
  const gone = found.flatMap((each) => each.vacated);
  return [...gone, ...filled].map((piece) => ({ role: piece.role, since_ns: piece.start_ns, until_ns: piece.end_ns, before: piece.before, after: piece.after }));
}

function consequences(section, found, effects) {
  const people = new Map([...section.view.people, ...effects.map((effect) => effect.person)].map((person) => [person.id, person]));
  const problems = found.filter((each) => each.problem);
  const asked = [...new Set(found.flatMap((each) => each.change?.waits_for ?? []))].map((id) => people.get(id)?.name ?? id);
  const does = el("button", { type: "button", class: "primary", "data-key": "replan-do", onclick: () => confirmed(section, asked) }, asked.length ? `Do it, and ask ${asked.join(", ")}` : "Do it");
  return [
    el("h3", {}, "What would change"),
    movesOf(found).length ? null : el("p", {}, "No shift is touched: nobody has to do anything else."),
    found.map((each) => ofRota(each, people)),
    effects.length ? [el("h4", {}, "For whom"), effectsTable(effects)] : null,
    problems.map((each) => el("p", { class: "unknown" }, `${unitNamed(each)} cannot be mended: ${withNames(each.problem, [...people.values()])}`)),
    el("p", {}, asked.length ? `${asked.join(" and ")} must say yes before they have these hours. What nobody has is a gap, told to whoever leads the team.` : "Nobody has to be asked."),
    el("div", { class: "deeds" }, does),
  ];
}

/** What a rota is of: its services, for an older server its unit. */
function unitNamed({ services, unit }) {
  return services?.length ? servicesNamed(services) : unit;
}

function ofRota(each, people) {
  const lines = [...each.vacated.map((piece) => [piece, "is a gap at once"]), ...(each.change?.changes ?? []).map((piece) => [piece, null])];
  if (!lines.length) return null;
  const person = (id) => people.get(id) ?? (id ? { id, name: id, zone: "UTC" } : null);
  const line = ([piece, fate]) => {
    const [from, to] = [person(piece.before), person(piece.after)];
    const other = [to, from].find((one) => one && one.id !== reader.id);
    return el("li", {}, time(piece.start_ns, other), " until ", time(piece.end_ns, other), `, ${piece.role}: `, fate ? `${from.name}’s shift ${fate}` : `${from?.name ?? "the gap"} to ${to?.name ?? "nobody: a gap"}`);
  };
  return [
    el("h4", {}, unitNamed(each)),
    el("ul", { class: "passes" }, lines.slice(0, SHOWN).map(line)),
    lines.length > SHOWN ? el("p", { class: "quiet" }, `and ${lines.length - SHOWN} more like these`) : null,
    each.is_optimal ? null : el("p", { class: "quiet" }, "Fewer changes may be possible: the search was ended after its time."),
  ];
}

async function confirmed(section, asked) {
  await asJob(section, { ...wish(), is_dry: false }, () => {
    notice("swap", asked.length ? `Done. ${asked.join(" and ")} have been asked; it stands on their Today.` : "Done: the rota is as you see it now.", { kind: "done" });
    section.done();
    return el("p", {}, "Done.");
  });
}
