// Rota: a team's shifts over its people's nights; a shift is given away by dragging it or by keyboard.

import { now, reader, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { effectsTable } from "./effects.js";
import { feeds } from "./feed.js";
import { ask } from "./http.js";
import { notice, noticeStale, startPage } from "./page.js";
import { isReplanning, replanning } from "./replan.js";
import { isSwapOpen, openSwap } from "./swap.js";
import { timeline } from "./timeline.js";
import { date } from "./times.js";

const DAY_NS = 86_400e9;
const MOVES = 8;
const TOLD_MS = 1_500;
const content = document.getElementById("content");
const narrow = matchMedia("(max-width: 44rem)");
const query = new URLSearchParams(location.search);
const chosen = { team: query.get("team"), fromNs: query.has("from") ? Number(query.get("from")) : null };

const page = startPage({
  load: async () => {
    const [view, requests] = await Promise.all([ask(`/pages/rota?${asked()}`), ask("/pages/swaps")]);
    return { ...view, requests };
  },
  draw,
  isBusy: () => isSwapOpen() || isReplanning() || document.querySelector(".is-held") !== null,
});
narrow.addEventListener("change", () => page.refresh());

function days() {
  return narrow.matches ? 3 : 7;
}

function asked() {
  const wanted = new URLSearchParams({ days: String(days()) });
  if (chosen.team) wanted.set("team", chosen.team);
  if (chosen.fromNs !== null) wanted.set("from_ns", String(chosen.fromNs));
  return wanted;
}

function draw(view) {
  noticeStale(view.duty);
  show(content, requests(view), view.team ? [controls(view), board(view), view.can_swap ? replanning(view, changed) : null, feeds(view.team, view.teams)] : nobody());
}

function nobody() {
  return el(
    "section",
    { class: "panel" },
    el("h2", {}, "There are no teams yet"),
    el("p", { class: "empty" }, "A rota is planned for the services of a team. Enter people, teams and services, or import them: ", el("code", {}, "sunwise people import --help"), "."),
  );
}

function board(view) {
  if (!view.shifts.length) return el("section", { class: "panel" }, el("p", { class: "empty" }, empty(view)));
  return el(
    "section",
    { class: "panel panel-board", "aria-label": `Shifts of ${view.team.name}` },
    el("p", { id: "timeline-help", class: "quiet" }, "Open a shift to give, take or swap it", el("span", { class: "by-mouse" }, "; or drag yours to somebody’s row to give it, onto a shift to swap the two. By keyboard: arrows go from shift to shift, Space picks one up"), "."),
    timeline(view, { open: (shift) => openShift(view, shift), offer: (shift, taker, back) => openShift(view, shift, taker, back) }),
    legend(),
  );
}

function empty(view) {
  if (!view.duty.is_planned) return ["No rota has been published yet. Until then nobody is on duty for this team: a page asks owners who are at work or opted in to be called, and waits until one of them takes it. Plan the first: ", el("code", {}, "sunwise rota plan SERVICE"), "."];
  return `${view.team.name} has no shifts in these days: nothing is published for them yet, or its services ask for no duty.`;
}

function openShift(view, shift, taker = null, back = null) {
  openSwap(view, shift, { taker, back, done: changed });
}

/** Shows the rota as it is, and once more when everybody has been told of the change. */
function changed() {
  page.refresh();
  setTimeout(page.refresh, TOLD_MS);
}

function legend() {
  const key = (kind, text) => [el("span", { class: `key ${kind}` }), ` ${text} `];
  return el("p", { class: "legend" }, key("key-primary", "primary"), key("key-secondary", "secondary"), key("key-actual", "taken over or changed"), key("key-dark", "night there, 22:00 to 07:00"));
}

// --- which team, which days ---

function controls(view) {
  const select = el(
    "select",
    {
      id: "team",
      "data-key": "team",
      onchange: (event) => {
        chosen.team = event.target.value;
        go();
      },
    },
    view.teams.map((team) => el("option", { value: team.id, selected: team.id === view.team.id }, team.is_yours ? `${team.name} (yours)` : team.name)),
  );
  const step = (label, text, fromNs) =>
    el("button", { type: "button", "data-key": text, "aria-label": label, onclick: () => { chosen.fromNs = fromNs; go(); } }, text);
  const by = days() * DAY_NS;
  return el(
    "div",
    { class: "controls" },
    el("div", { class: "control" }, el("label", { for: "team" }, "Team"), select),
    el("div", { class: "steps", role: "group", "aria-label": "Which days" }, step("Earlier days", "Earlier", view.from_ns - by + DAY_NS / 2), step("Today and the days after", "Today", null), step("Later days", "Later", view.from_ns + by + DAY_NS / 2)),
    el("span", { class: "quiet span-name" }, `${date(view.from_ns, reader.zone)} to ${date(view.until_ns - 1e9, reader.zone)}`),
  );
}

function go() {
  const shown = new URLSearchParams();
  if (chosen.team) shown.set("team", chosen.team);
  if (chosen.fromNs !== null) shown.set("from", String(chosen.fromNs));
  history.replaceState(null, "", shown.size ? `?${shown}` : location.pathname);
  page.refresh();
}

// --- what is asked of the reader ---

function requests(view) {
  if (!view.requests.length) return null;
  return el(
    "section",
    { class: "panel panel-deed", id: "requests", "aria-labelledby": "requests-title" },
    el("h2", { id: "requests-title" }, "Your yes or no"),
    el("ul", { class: "rows" }, view.requests.map(request)),
  );
}

function request(change) {
  const who = change.asked_by ? `${change.asked_by.name} asks you` : "The rota asks you";
  const answer = (isYes, text) =>
    el("button", { type: "button", class: isYes ? "primary" : null, "data-key": `${change.id} ${isYes}`, onclick: (event) => answered(event.target, change, isYes) }, text);
  return el(
    "li",
    { class: "request" },
    el("p", {}, `${who}: ${change.why}.`),
    el("ul", {}, change.moves.slice(0, MOVES).map(move)),
    change.moves.length > MOVES ? el("p", { class: "quiet" }, `and ${change.moves.length - MOVES} more like these`) : null,
    effectsTable(change.effects),
    el("div", { class: "deeds" }, answer(true, "Yes"), answer(false, "No"), el("span", { class: "quiet" }, "No answer is not a yes: nothing changes until you say so.")),
  );
}

function move(stretch) {
  const other = [stretch.before, stretch.after].find((person) => person && person.id !== reader.id);
  const whose = `${stretch.before?.name ?? "nobody"} to ${stretch.after?.name ?? "nobody"}`;
  return el("li", {}, time(stretch.since_ns, other), " until ", time(stretch.until_ns, other), `, ${stretch.role}: ${whose}`, stretch.since_ns < now() ? ", already begun" : null);
}

async function answered(button, change, isYes) {
  button.disabled = true;
  try {
    await ask(`/pages/swaps/${change.id}/answer`, { method: "POST", body: { is_yes: isYes } });
    notice("swap", isYes ? "You said yes." : "You said no: nothing changes.", { kind: "done" });
  } catch (refused) {
    notice("swap", refused.message);
  }
  changed();
}
