// Today: what I hold, what waits for me, where it is day, who is on duty.

import { now, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { notice, noticeStale, startPage } from "./page.js";
import { reachPanel } from "./push.js";
import { sky } from "./sky.js";
import { duration } from "./times.js";
import { turnCell } from "./turns.js";

const content = document.getElementById("content");
const ROLES = ["primary", "secondary"];
const SHOWN = 3;
const reach = reachPanel();
const chosen = { isAll: false, words: "", all: null };

const page = startPage({
  load: async () => {
    const [today, all] = await Promise.all([ask("/pages/today"), chosen.isAll ? ask("/pages/services") : null]);
    chosen.all = all;
    return today;
  },
  draw,
});

function draw(today) {
  noticeStale(today.duty);
  show(
    content,
    paged(today),
    hero(today),
    el("div", { class: "pair" }, waiting(today), holding(today)),
    world(today),
    services(today),
    reach,
  );
}

// --- the first two seconds ---

/** What somebody who was woken looks for: that something is wrong, and that nobody has it yet. */
function paged({ waits }) {
  const pages = waits.items.filter((item) => item.kind === "page" && item.is_urgent);
  if (!pages.length) return null;
  const others = pages.length > 1 ? el("p", {}, `and ${pages.length - 1} more below`) : null;
  return el("section", { class: "hero hero-page" }, el("h2", {}, "A page needs you"), el("p", {}, el("strong", {}, pages[0].title)), others);
}

function hero(today) {
  const current = today.shifts.filter((shift) => shift.since_ns <= now());
  const next = today.shifts.find((shift) => shift.since_ns > now());
  if (today.duty.version < 0) return calm("The rota was never heard here", "Who is on duty is not known. The page goes on asking; in an emergency call the owners by phone.");
  if (!today.duty.is_planned) return unplanned(today);
  const kept = today.waits.items.filter((item) => item.kind === "handoff-kept");
  if (current.length) return onDuty(current, kept);
  if (kept.length) return stillOnDuty(kept);
  if (next) {
    return calm("You are off duty", ["Next: ", el("strong", {}, next.services.join(", ")), `, ${next.role}, `, time(next.since_ns, next.before), `, in ${duration(next.since_ns - now())}.`]);
  }
  return calm("You are off duty", "You have no duty in the next 14 days.");
}

function unplanned({ n_services: nServices }) {
  const next = nServices ? ["Plan the first: ", el("code", {}, "sunwise rota plan SERVICE"), "."] : ["Bring people, teams and services in first: ", el("code", {}, "sunwise people import --help"), "."];
  return calm("No rota has been published yet", ["Until then nobody is on duty for anything. A page asks owners who are at work or opted in to be called, and waits until one of them takes it. ", next]);
}

function calm(title, text) {
  return el("section", { class: "hero" }, el("h2", {}, title), el("p", {}, text));
}

/** By plan it is over; who was on duty stays it until somebody takes it. */
function stillOnDuty(kept) {
  return el(
    "section",
    { class: "hero hero-duty" },
    el("h2", {}, "You are still on duty"),
    kept.map((item) => el("p", {}, `${item.title}: look after it until then.`)),
  );
}

function onDuty(shifts, kept) {
  return el(
    "section",
    { class: "hero hero-duty" },
    el("h2", {}, "You are on duty"),
    shifts.map((shift) =>
      el(
        "p",
        {},
        el("strong", {}, shift.services.join(", ")),
        `, ${shift.role}, until `,
        time(shift.until_ns, shift.after),
        shift.after ? `, then ${shift.after.name}` : ", then nobody",
        ` (${duration(shift.until_ns - now())} left).`,
      ),
    ),
    kept.map((item) => el("p", {}, `${item.title}.`)),
  );
}

// --- what waits, what I hold ---

function waiting({ waits }) {
  const unasked = waits.not_asked.length
    ? el("p", { class: "unknown" }, `Could not be asked: ${waits.not_asked.join(", ")}. That is not the same as nothing.`)
    : null;
  const empty = el("p", { class: "empty" }, "Nothing waits for you. Pages, handoffs to accept, swaps that you are asked for and changes to approve would stand here.");
  return el(
    "section",
    { class: "panel", "aria-labelledby": "waits" },
    el("h2", { id: "waits" }, "Waits for you"),
    unasked,
    waits.items.length ? el("ul", { class: "rows" }, waits.items.map(waitingRow)) : unasked ? null : empty,
  );
}

function waitingRow(item) {
  return el(
    "li",
    { class: item.is_urgent ? "urgent" : null },
    item.link ? el("a", { href: item.link, rel: "noreferrer", "data-key": `wait ${item.link} ${item.title}` }, item.title) : el("strong", {}, item.title),
    el("p", { class: "quiet" }, item.detail, item.at_ns ? [" ", time(item.at_ns, item.with_person)] : null),
    item.act ? actButton(item) : null,
  );
}

function actButton({ act, title, is_urgent: isUrgent }) {
  const button = el("button", { type: "button", class: isUrgent ? "primary" : null, "aria-label": `${act.label}: ${title}`, "data-key": `act ${act.path}` }, act.label);
  button.addEventListener("click", () => doAct(act, button));
  return button;
}

async function doAct(act, button) {
  button.disabled = true;
  try {
    await ask(act.path, { method: "POST" });
    notice("act", null);
  } catch (fault) {
    notice("act", `${fault.message} It still waits for you.`);
    button.disabled = false;
  }
  page.refresh();
}

function holding({ shifts, duty }) {
  const empty = !duty.is_planned ? "Your shifts stand here once a rota is published." : "You have no shifts in the next 14 days.";
  return el(
    "section",
    { class: "panel", "aria-labelledby": "holds" },
    el("h2", { id: "holds" }, shifts.some((shift) => shift.since_ns <= now()) ? "You hold" : "Your next shifts"),
    shifts.length ? el("ul", { class: "rows" }, shifts.slice(0, SHOWN).map(shiftRow)) : el("p", { class: "empty" }, empty),
    shifts.length > SHOWN ? el("a", { href: "/rota", "data-key": "more shifts" }, "More in the rota") : null,
  );
}

function shiftRow(shift) {
  const isNow = shift.since_ns <= now();
  return el(
    "li",
    { class: isNow ? "is-now" : null },
    el("p", {}, el("strong", {}, shift.services.join(", ")), " ", el("span", { class: "tag" }, shift.role), isNow ? [" ", el("span", { class: "tag tag-now" }, "now")] : null),
    el("p", { class: "quiet" }, isNow ? "since " : null, time(shift.since_ns, shift.before), shift.before ? ` from ${shift.before.name}` : null),
    el("p", { class: "quiet" }, "until ", time(shift.until_ns, shift.after), shift.after ? ` to ${shift.after.name}` : null),
  );
}

// --- the world ---

function world({ places, n_people }) {
  return el(
    "section",
    { class: "panel", "aria-labelledby": "world" },
    el("h2", { id: "world" }, "Where it is day"),
    n_people > 0 ? sky(places) : el("p", { class: "empty" }, "The directory is empty."),
  );
}

// --- services ---

function services(today) {
  const shown = chosen.isAll ? (chosen.all ?? []) : today.services;
  const rows = el("div", { id: "service-rows" });
  drawRows(rows, shown);
  return el(
    "section",
    { class: "panel", "aria-labelledby": "duty" },
    el("div", { class: "panel-head" }, el("h2", { id: "duty" }, "On duty now"), choice(today), chosen.isAll ? filter(rows) : null),
    rows,
  );
}

function choice(today) {
  const button = (isAll, text) =>
    el("button", { type: "button", class: "segment", "aria-pressed": String(chosen.isAll === isAll), "data-key": `all ${isAll}`, onclick: () => choose(isAll) }, text);
  return el("div", { class: "segments", role: "group", "aria-label": "Which services" }, button(false, `Your teams (${today.services.length})`), button(true, `All (${today.n_services})`));
}

function choose(isAll) {
  chosen.isAll = isAll;
  page.refresh();
}

function filter(rows) {
  return el("input", {
    type: "search",
    "aria-label": "Find a service, a team or a person",
    placeholder: "Service, team or person",
    "data-key": "find",
    value: chosen.words,
    oninput: (event) => {
      chosen.words = event.target.value;
      drawRows(rows, chosen.all ?? []);
    },
  });
}

function drawRows(rows, found) {
  const words = chosen.isAll ? chosen.words.toLowerCase().split(/\s+/).filter(Boolean) : [];
  const wanted = found.filter((service) => words.every((word) => textOf(service).includes(word)));
  if (wanted.length) {
    show(rows, table(wanted));
  } else {
    const why = found.length ? "No service, team or person is called that." : "Your teams own no service. Choose All to see every service, or enter yours: sunwise people import.";
    show(rows, el("p", { class: "empty" }, why));
  }
}

function textOf(service) {
  return [service.name, service.id, service.team_name, ...service.turns.map((turn) => turn.person?.name ?? "")].join(" ").toLowerCase();
}

function table(found) {
  const roles = ROLES.filter((role) => role === "primary" || found.some((service) => service.turns.some((turn) => turn.role === role)));
  return el(
    "table",
    { class: "duty", role: "table" },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ["Service", ...roles.map(named)].map((name) => el("th", { scope: "col", role: "columnheader" }, name)))),
    el("tbody", { role: "rowgroup" }, found.map((service) => serviceRow(service, roles))),
  );
}

function named(role) {
  return role[0].toUpperCase() + role.slice(1);
}

function serviceRow(service, roles) {
  const turns = new Map(service.turns.map((turn) => [turn.role, turn]));
  return el(
    "tr",
    { role: "row" },
    el(
      "th",
      { scope: "row", role: "rowheader" },
      service.runbook ? el("a", { href: service.runbook, rel: "noreferrer", "data-key": `runbook ${service.id}` }, service.name) : service.name,
      el("span", { class: "quiet" }, service.team_name),
    ),
    roles.map((role) => el("td", { role: "cell", class: role === "primary" || turns.has(role) ? null : "no-turn", "data-role": role }, turnCell(turns.get(role), service, role))),
  );
}
