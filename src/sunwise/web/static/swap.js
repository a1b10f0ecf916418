// A shift passes to somebody else, or two are swapped: what it would mean stands first, then one may confirm.

import { now, reader, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { effectsTable } from "./effects.js";
import { ask } from "./http.js";
import { withNames } from "./names.js";
import { notice } from "./page.js";
import { clock, date } from "./times.js";

/** Shows the shift; with a taker (and one of theirs, `back`) at once what that would mean. `done` is called after a change. */
export function openSwap(view, shift, { taker = null, back = null, done }) {
  const dialog = el("dialog", { class: "swap", "aria-labelledby": "swap-title", onclose: () => dialog.remove() });
  const swap = { view, shift, done, dialog, taker, back, body: el("div", { class: "swap-body", "aria-live": "polite" }), returns: el("div", { class: "chooser" }) };
  show(
    dialog,
    el("h2", { id: "swap-title", tabindex: -1 }, titleOf(swap)),
    facts(swap),
    view.can_swap ? choices(swap) : el("p", { class: "quiet" }, "This server cannot change the rota: ask whoever plans it."),
    swap.body,
    el("div", { class: "deeds" }, el("button", { type: "button", onclick: () => dialog.close() }, "Close")),
  );
  document.body.append(dialog);
  dialog.showModal();
  if (taker) consider(swap);
}

/** Whether one is open. */
export function isSwapOpen() {
  return document.querySelector("dialog.swap") !== null;
}

/** The shifts of a person that could be given in return for this one: of the same services, and not over. */
export function returnsFor(shift, person, shifts) {
  const names = namesOf(shift);
  return shifts.filter((each) => each.person === person && each !== shift && each.until_ns > now() && namesOf(each) === names);
}

function namesOf(shift) {
  return shift.services.map((service) => service.id).join(" ");
}

function personOf({ view }, id) {
  return view.people.find((person) => person.id === id) ?? { id, name: id, zone: "UTC" };
}

function isMine({ view, shift }) {
  return shift.person === view.you.id;
}

function titleOf(swap) {
  if (!swap.shift.person) return "A gap: nobody is on duty";
  return isMine(swap) ? "Your shift" : `${personOf(swap, swap.shift.person).name}’s shift`;
}

function facts(swap) {
  const { shift } = swap;
  const person = shift.person ? personOf(swap, shift.person) : null;
  return el(
    "p",
    {},
    el("strong", {}, shift.services.map((service) => service.name).join(", ")),
    ` as ${shift.role}, `,
    time(shift.since_ns, person),
    " until ",
    time(shift.until_ns, person),
    shift.is_actual ? ", taken over or changed since it was planned" : null,
    ".",
    shift.gap_owner ? ` ${shift.gap_owner.name} has accepted that nobody is on duty then.` : null,
  );
}

// --- what can be done with it ---

function choices(swap) {
  if (swap.shift.until_ns <= now()) return el("p", { class: "quiet" }, "It is over: nothing can change any more.");
  if (!swap.shift.person) return gapChoices(swap);
  return isMine(swap) ? giveChoices(swap) : takeChoices(swap);
}

function gapChoices(swap) {
  const { view, shift } = swap;
  const accept = el("button", { type: "button", onclick: () => acceptGap(swap, accept) }, "Accept the gap by my name");
  return [
    el("div", { class: "deeds" }, el("button", { type: "button", class: "primary", onclick: () => propose(swap, { taker: view.you }) }, "Take it yourself"), view.may.accept_gaps && !shift.gap_owner ? accept : null),
    view.may.accept_gaps && !shift.gap_owner ? el("p", { class: "quiet" }, "Accepting does not fill it: your name stands beside it, and it is no longer escalated.") : null,
  ];
}

function giveChoices(swap) {
  const others = swap.view.people.filter((person) => person.id !== swap.view.you.id);
  const onchange = (event) => {
    propose(swap, { taker: others.find((person) => person.id === event.target.value) ?? null });
    drawReturns(swap);
  };
  drawReturns(swap);
  return [chooser("taker", "Give it to", [["", "Choose a person"], ...others.map((person) => [person.id, person.name])], swap.taker?.id ?? "", onchange), swap.returns];
}

function drawReturns(swap) {
  if (!swap.taker) {
    show(swap.returns);
    return;
  }
  const theirs = returnsFor(swap.shift, swap.taker.id, swap.view.shifts);
  const options = [["", "nothing"], ...theirs.map((shift, index) => [String(index), inWords(shift)])];
  const onchange = (event) => propose(swap, { taker: swap.taker, back: theirs[Number(event.target.value || -1)] ?? null });
  const hint = theirs.length ? null : el("p", { class: "quiet" }, `${swap.taker.name} has none of these shifts in the days shown.`);
  show(swap.returns, chooser("back", "In return you take", options, String(Math.max(-1, theirs.indexOf(swap.back))).replace("-1", ""), onchange), hint);
}

function takeChoices(swap) {
  const { view, shift } = swap;
  const mine = returnsFor(shift, view.you.id, view.shifts);
  const options = [["", "Choose"], ["take", "Take it, for nothing in return"], ...mine.map((each, index) => [String(index), `Swap it for mine: ${inWords(each)}`])];
  const chosen = swap.taker ? (swap.back ? String(mine.indexOf(swap.back)) : "take") : "";
  const onchange = (event) => {
    const { value } = event.target;
    propose(swap, value === "" ? { taker: null } : { taker: view.you, back: mine[Number(value)] ?? null });
  };
  return chooser("taker", "You could", options, chosen, onchange);
}

function chooser(id, label, options, chosen, onchange) {
  return el(
    "div",
    { class: "chooser" },
    el("label", { for: id }, label),
    el("select", { id, onchange }, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text))),
  );
}

/** "Sat 28 Nov 09:00–17:00, secondary" */
function inWords(shift) {
  const { zone } = reader;
  return `${date(shift.since_ns, zone)} ${clock(shift.since_ns, zone)}–${clock(shift.until_ns, zone)}${shift.role === "primary" ? "" : `, ${shift.role}`}`;
}

// --- what it would mean ---

function propose(swap, { taker, back = null }) {
  swap.taker = taker;
  swap.back = back;
  if (taker) consider(swap);
  else show(swap.body);
}

function named({ services, role, since_ns, until_ns }) {
  return { services: services.map((service) => service.id), role, since_ns, until_ns };
}

/** Whoever asks gives one of their own; without one they take. */
function wishOf({ shift, taker, back, view }) {
  const { you } = view;
  const isSwapForMine = back && taker.id === you.id;
  if (isSwapForMine) return { ...named(back), giver: you.id, taker: shift.person, back: named(shift) };
  return { ...named(shift), giver: shift.person, taker: taker.id, back: back ? named(back) : null };
}

/** Asks what it would mean; nothing changes by it. */
async function consider(swap) {
  const { taker, back } = swap;
  const isStill = () => swap.taker === taker && swap.back === back;
  show(swap.body, el("p", { class: "loading" }, "Asking what it would mean …"));
  try {
    const found = await ask("/pages/swaps/consequences", { method: "POST", body: wishOf(swap) });
    if (isStill()) show(swap.body, found.is_allowed ? allowed(swap, found) : refusal(withNames(found.reason, swap.view.people)));
  } catch (fault) {
    if (isStill()) show(swap.body, refusal(fault.message));
  }
}

function refusal(reason) {
  return el("div", { class: "refusal" }, el("h3", {}, "This cannot be done"), el("p", {}, reason));
}

function allowed(swap, found) {
  const asks = found.asks.map((person) => person.name).join(" and ");
  const confirm = el("button", { type: "button", class: "primary", onclick: () => confirmed(swap, found, confirm) }, asks ? `Ask ${asks}` : "Change it now");
  return [
    el("h3", {}, "What it would mean"),
    el("ul", { class: "passes" }, passes(swap).map(pass)),
    effectsTable(found.effects),
    el("p", {}, asks ? `${asks} must say yes, on the page Today. Until then nothing changes: silence is not consent.` : "Nobody else has to agree: it changes at once."),
    taking(swap, asks),
    confirm,
  ];
}

/** What whoever takes a shift must know: of whoever loses it, when there is somebody. */
function taking({ shift, taker, back, view }, asks) {
  if (taker.id !== view.you.id || back || !shift.person) return null;
  return el("p", { class: "quiet" }, asks ? "From an hour before it begins you take it at once, and they are told." : "It runs, or begins within the hour: whoever has it now and who leads the service are told, and that it was an emergency is written down.");
}

/** The shifts that change hands: [shift, who has it, who would]. */
function passes(swap) {
  const { shift, taker, back } = swap;
  const giver = shift.person ? personOf(swap, shift.person) : null;
  return [[shift, giver, taker], ...(back ? [[back, taker, giver]] : [])];
}

function pass([shift, from, to]) {
  const other = [from, to].find((person) => person && person.id !== reader.id);
  const verb = to.id === reader.id ? "You are" : `${to.name} is`;
  return el("li", {}, `${verb} on duty `, time(shift.since_ns, other), " until ", time(shift.until_ns, other), from ? `, not ${from.id === reader.id ? "you" : from.name}.` : ".");
}

// --- doing it ---

async function confirmed(swap, found, button) {
  button.disabled = true;
  try {
    const { is_applied: isApplied, asks } = await ask("/pages/swaps", { method: "POST", body: { wish: wishOf(swap), key: found.key } });
    const names = asks.map((person) => person.name).join(" and ");
    over(swap, isApplied ? "Changed: the rota is as you see it now." : `Asked. The rota changes once ${names} says yes.`);
  } catch (fault) {
    show(swap.body, refusal(withNames(fault.message, swap.view.people)));
  }
}

async function acceptGap(swap, button) {
  button.disabled = true;
  try {
    await ask("/pages/gaps/accept", { method: "POST", body: named(swap.shift) });
    over(swap, "Accepted: your name stands beside the gap.");
  } catch (fault) {
    show(swap.body, refusal(fault.message));
  }
}

function over(swap, text) {
  swap.dialog.close();
  notice("swap", text, { kind: "done" });
  swap.done();
}
