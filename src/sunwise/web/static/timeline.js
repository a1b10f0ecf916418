// A team's shifts in rows of its people, over each person's own nights.

import { dayMark, now, reader } from "./clocks.js";
import { el } from "./dom.js";
import { returnsFor } from "./swap.js";
import { clock, date, midnights, nights, offsetMinutes, placeName, weekday } from "./times.js";

const DRAG_PX = 6;

/** The share of the span at which an instant stands, in percent, kept inside. */
export function percent(ns, [fromNs, untilNs]) {
  return (Math.min(Math.max(ns, fromNs), untilNs) - fromNs) / (untilNs - fromNs) * 100;
}

/** Which of as few lanes as needed each shift lies in, so that none hides another. */
export function lanes(shifts) {
  const ends = [];
  return shifts.map((shift) => {
    const free = ends.findIndex((end) => end <= shift.since_ns);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = shift.until_ns;
    return lane;
  });
}

/** The row of each person; `acts`: `open(shift)` and `offer(shift, person)`. */
export function timeline(view, acts) {
  const span = [view.from_ns, view.until_ns];
  const gaps = view.shifts.filter((shift) => !shift.person);
  const people = [...view.people].sort((one, other) => offsetMinutes(now(), other.zone) - offsetMinutes(now(), one.zone) || one.name.localeCompare(other.name));
  const state = { view, acts, span, people, held: null, target: null, back: null };
  const rows = people.map((person) => personRow(person, state));
  state.said = el("p", { class: "spoken", role: "status", "aria-live": "assertive" });
  state.root = el(
    "div",
    { class: "timeline", role: "group", "aria-label": "Shifts", "aria-describedby": "timeline-help", onkeydown: (event) => onKey(event, state) },
    dayRow(span),
    gaps.length ? gapRow(gaps, state) : null,
    rows,
    state.said,
  );
  roam(state);
  return state.root;
}

function dayRow(span) {
  const days = midnights(span[0], span[1], reader.zone);
  return el(
    "div",
    { class: "line line-days", "aria-hidden": "true" },
    el("div", { class: "line-name quiet" }, `Days in ${placeName(reader.zone)}`),
    el("div", { class: "track" }, days.map((at) => el("span", { class: "day-name", style: { left: `${percent(at, span)}%` } }, date(at, reader.zone)))),
  );
}

function gapRow(gaps, state) {
  return line(el("strong", { class: "gap-word" }, "Gaps: nobody"), gaps, null, state);
}

function personRow(person, state) {
  const shifts = state.view.shifts.filter((shift) => shift.person === person.id);
  const isYou = person.id === state.view.you.id;
  const name = [
    el("span", { class: "line-person" }, dayMark(person.zone), " ", person.name, isYou ? el("span", { class: "tag" }, "you") : null),
    el("span", { class: "quiet" }, `${clock(now(), person.zone)} ${placeName(person.zone)}`),
  ];
  return line(name, shifts, person, state);
}

function line(name, shifts, person, state) {
  const { span } = state;
  const lane = lanes(shifts);
  const depth = Math.max(1, ...lane.map((each) => each + 1));
  return el(
    "div",
    { class: "line", "data-person": person?.id ?? "" },
    el("div", { class: "line-name" }, name),
    el(
      "div",
      { class: "track", style: { "--depth": depth } },
      person ? nights(span[0], span[1], person.zone).map(([since, until]) => el("span", { class: "night", "aria-hidden": "true", style: placed(since, until, span) })) : null,
      midnights(span[0], span[1], reader.zone).map((at) => el("span", { class: "midnight", "aria-hidden": "true", style: { left: `${percent(at, span)}%` } })),
      now() > span[0] && now() < span[1] ? el("span", { class: "now-line", "aria-hidden": "true", style: { left: `${percent(now(), span)}%` } }) : null,
      shifts.map((shift, index) => bar(shift, lane[index], person, state)),
    ),
  );
}

function placed(since, until, span) {
  const left = percent(since, span);
  return { left: `${left}%`, width: `${percent(until, span) - left}%` };
}

function bar(shift, lane, person, state) {
  const isNow = shift.since_ns <= now() && now() < shift.until_ns;
  const kinds = ["shift", `shift-${shift.role}`, isNow && "is-now", !person && "is-gap", shift.is_actual && "is-actual", shift.until_ns <= now() && "is-over"];
  const node = el(
    "button",
    {
      type: "button",
      class: kinds.filter(Boolean).join(" "),
      tabindex: -1,
      "data-key": keyOf(shift),
      "aria-label": said(shift, person),
      title: said(shift, person),
      style: { ...placed(shift.since_ns, shift.until_ns, state.span), "--lane": lane },
      onclick: (event) => {
        if (state.dragged) event.preventDefault();
        else if (!state.held) state.acts.open(shift);
        state.dragged = false;
      },
      onpointerdown: (event) => startDrag(event, shift, state),
      onfocus: () => roam(state, node),
    },
    person
      ? el("span", { "aria-hidden": "true" }, short(shift.since_ns), el("span", { class: "shift-end" }, "–", short(shift.until_ns)))
      : el("span", { "aria-hidden": "true" }, "gap"),
  );
  node.shift = shift;
  return node;
}

/** "09" on the hour, else with the minutes raised: a shift of six hours is narrow. */
function short(ns) {
  const [hour, minute] = clock(ns, reader.zone).split(":");
  return minute === "00" ? hour : [hour, el("sup", {}, minute)];
}

/** What names a shift on the page. */
export function keyOf(shift) {
  return `shift ${shift.role} ${shift.since_ns} ${shift.services.map((service) => service.id).join(" ")}`;
}

/** The shift in words. */
export function said(shift, person) {
  const { zone } = reader;
  const times = `${date(shift.since_ns, zone)} ${clock(shift.since_ns, zone)} to ${weekday(shift.until_ns, zone)} ${clock(shift.until_ns, zone)}`;
  const theirs = person && person.zone !== zone ? `, ${clock(shift.since_ns, person.zone)} to ${clock(shift.until_ns, person.zone)} in ${placeName(person.zone)}` : "";
  const who = person ? person.name : `nobody${shift.gap_owner ? `, accepted by ${shift.gap_owner.name}` : ""}`;
  return `${who}, ${shift.role} of ${shift.services.map((service) => service.name).join(" and ")}, ${times}${theirs}`;
}

// --- by keyboard: arrows go about, space picks up, up and down choose, enter lets go ---

/** One shift is in the tab order: the one that had the focus last, else the one of now. */
function roam(state, focused = null) {
  if (!state.root) return;
  const bars = [...state.root.querySelectorAll(".shift")];
  const chosen = focused ?? bars.find((each) => each.classList.contains("is-now")) ?? bars[0];
  for (const each of bars) each.tabIndex = each === chosen ? 0 : -1;
}

function onKey(event, state) {
  const node = event.target.closest(".shift");
  if (!node) return;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (state.held) onKeyHeld(event, state, step);
  else if (event.key === " ") pickUp(event, node, state);
  else if (step) goTo(event, nearest(node, step, state));
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") goTo(event, neighbour(node, event.key === "ArrowRight" ? 1 : -1));
}

function goTo(event, node) {
  event.preventDefault();
  node?.focus();
}

function neighbour(node, step) {
  const bars = [...node.parentElement.querySelectorAll(".shift")];
  return bars[bars.indexOf(node) + step];
}

function nearest(node, step, state) {
  const rows = [...state.root.querySelectorAll(".line")].filter((row) => row.querySelector(".shift"));
  const row = rows[rows.indexOf(node.closest(".line")) + step];
  const apart = (each) => Math.abs(each.shift.since_ns - node.shift.since_ns);
  return row && [...row.querySelectorAll(".shift")].sort((one, other) => apart(one) - apart(other))[0];
}

function pickUp(event, node, state) {
  event.preventDefault();
  if (!state.view.can_swap) {
    tell(state, "This server cannot change the rota.");
    return;
  }
  state.held = node;
  node.classList.add("is-held");
  tell(state, `Picked up: ${said(node.shift, personOf(node.shift.person, state))}. Up and down choose who takes it, left and right one of their shifts in return. Enter shows what it would mean, Escape puts it back.`);
}

function onKeyHeld(event, state, step) {
  event.preventDefault();
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (sideways) {
    aimBack(state, sideways);
  } else if (step) {
    const others = state.people.filter((person) => person.id !== state.held.shift.person);
    const at = others.findIndex((person) => person.id === (state.target?.id ?? null));
    const first = step > 0 ? 0 : others.length - 1;
    aim(state, others[at < 0 ? first : (at + step + others.length) % others.length]);
  } else if (["Enter", " "].includes(event.key)) {
    const { held, target, back } = state;
    letGo(state);
    if (target) state.acts.offer(held.shift, target, back);
    else tell(state, "Put back: nobody was chosen.");
  } else if (event.key === "Escape" || event.key === "Tab") {
    letGo(state);
    tell(state, "Put back. Nothing has changed.");
  }
}

/** The next of the shifts that the chosen person could give in return; after the last one none. */
function aimBack(state, step) {
  if (!state.target) return;
  const theirs = [null, ...returnsFor(state.held.shift, state.target.id, state.view.shifts)];
  const at = theirs.indexOf(state.back);
  markBack(state, theirs[(at + step + theirs.length) % theirs.length]);
  tell(state, state.back ? `For ${said(state.back, state.target)}.` : `To ${state.target.name}, for nothing in return.`);
}

function markBack(state, shift) {
  state.back = shift;
  for (const bar of state.root.querySelectorAll(".shift")) bar.classList.toggle("is-aimed", bar.shift === shift && shift !== null);
}

function aim(state, person) {
  state.target = person;
  markBack(state, null);
  for (const row of state.root.querySelectorAll(".line")) row.classList.toggle("is-target", Boolean(person) && row.dataset.person === person.id);
  if (person) tell(state, `To ${person.name}, ${clock(now(), person.zone)} in ${placeName(person.zone)}.`);
}

function letGo(state) {
  state.held?.classList.remove("is-held");
  aim(state, null);
  state.held = null;
  state.target = null;
}

function tell(state, text) {
  state.said.textContent = text;
}

function personOf(id, state) {
  return state.people.find((person) => person.id === id);
}

// --- by mouse or pen: a finger scrolls, and taps to open ---

function startDrag(event, shift, state) {
  if (event.button !== 0 || event.pointerType === "touch" || !state.view.can_swap) return;
  const node = event.currentTarget;
  const from = [event.clientX, event.clientY];
  state.dragged = false;
  const move = (moved) => {
    const by = [moved.clientX - from[0], moved.clientY - from[1]];
    if (!state.dragged && Math.hypot(...by) < DRAG_PX) return;
    state.dragged = true;
    document.body.classList.add("is-dragging");
    node.classList.add("is-held");
    node.style.transform = `translate(${by[0]}px, ${by[1]}px)`;
    const row = document.elementsFromPoint(moved.clientX, moved.clientY).find((each) => each.classList?.contains("line") && each.dataset.person);
    const person = row && row.dataset.person !== shift.person ? personOf(row.dataset.person, state) : null;
    if (person !== state.target) aim(state, person);
    const over = document.elementsFromPoint(moved.clientX, moved.clientY).find((each) => each.shift && each !== node);
    const theirs = person ? returnsFor(shift, person.id, state.view.shifts) : [];
    markBack(state, theirs.includes(over?.shift) ? over.shift : null);
  };
  const end = (ended) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    document.body.classList.remove("is-dragging");
    node.style.transform = "";
    node.classList.remove("is-held");
    const { target, back } = state;
    letGo(state);
    if (ended.type === "pointerup" && state.dragged && target) state.acts.offer(shift, target, back);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
}
