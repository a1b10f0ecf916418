// A shift passes to somebody else: what it would mean stands first, then one may confirm.

import { time } from "./clocks.js";
import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { notice } from "./page.js";

/** Shows the shift; with a taker at once what giving it to them would mean. `done` is called after a change. */
export function openSwap(view, shift, { taker = null, done }) {
  const dialog = el("dialog", { class: "swap", "aria-labelledby": "swap-title", onclose: () => dialog.remove() });
  const swap = { view, shift, done, dialog, body: el("div", { class: "swap-body", "aria-live": "polite" }), taker };
  show(
    dialog,
    el("h2", { id: "swap-title", tabindex: -1 }, shift.person ? `${personOf(swap, shift.person).name}’s shift` : "A declared gap"),
    facts(swap),
    view.can_swap ? chooser(swap) : el("p", { class: "quiet" }, "This server cannot change the rota: ask whoever plans it."),
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

function personOf({ view }, id) {
  return view.people.find((person) => person.id === id) ?? { id, name: id, zone: "UTC" };
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
    shift.gap_owner ? ` ${shift.gap_owner.name} has accepted that nobody may lawfully do it.` : null,
  );
}

function chooser(swap) {
  const others = swap.view.people.filter((person) => person.id !== swap.shift.person);
  const select = el(
    "select",
    {
      id: "taker",
      onchange: (event) => {
        swap.taker = others.find((person) => person.id === event.target.value) ?? null;
        if (swap.taker) consider(swap);
        else show(swap.body);
      },
    },
    el("option", { value: "" }, "Choose a person"),
    others.map((person) => el("option", { value: person.id, selected: person.id === swap.taker?.id }, person.id === swap.view.you.id ? `${person.name} (you)` : person.name)),
  );
  return el("div", { class: "chooser" }, el("label", { for: "taker" }, swap.shift.person ? "Give it to" : "Who takes it"), select);
}

function wishOf({ shift, taker }) {
  return {
    services: shift.services.map((service) => service.id),
    role: shift.role,
    since_ns: shift.since_ns,
    until_ns: shift.until_ns,
    giver: shift.person,
    taker: taker.id,
  };
}

/** Asks what it would mean; nothing changes by it. */
async function consider(swap) {
  const { taker } = swap;
  show(swap.body, el("p", { class: "loading" }, "Asking what it would mean …"));
  try {
    const found = await ask("/pages/swaps/consequences", { method: "POST", body: wishOf(swap) });
    if (swap.taker === taker) show(swap.body, found.is_allowed ? allowed(swap, found) : refusal(found.reason));
  } catch (fault) {
    if (swap.taker === taker) show(swap.body, refusal(fault.message));
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
    swap.taker.id === swap.view.you.id ? null : el("p", {}, `${swap.taker.name} is on duty `, time(swap.shift.since_ns, swap.taker), " until ", time(swap.shift.until_ns, swap.taker), "."),
    effectsTable(found.effects),
    el("p", {}, asks ? `${asks} must say yes. Until then nothing changes: silence is not consent.` : "Nobody else has to agree: it changes at once."),
    confirm,
  ];
}

async function confirmed(swap, found, button) {
  button.disabled = true;
  try {
    const { is_applied: isApplied, asks } = await ask("/pages/swaps", { method: "POST", body: { wish: wishOf(swap), key: found.key } });
    const names = asks.map((person) => person.name).join(" and ");
    swap.dialog.close();
    notice("swap", isApplied ? "Changed: the rota is as you see it now." : `Asked. The rota changes once ${names} says yes.`, { kind: "done" });
    swap.done();
  } catch (fault) {
    show(swap.body, refusal(fault.message));
  }
}

/** Hours by person: more, less, and how many of them are taken from a night or a holiday. */
export function effectsTable(effects) {
  const isHoliday = effects.some((effect) => effect.holiday_h);
  const heads = ["Person", "Duty", "of it at night there", isHoliday && "on a public holiday"].filter(Boolean);
  return el(
    "table",
    { class: "effects" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el(
      "tbody",
      {},
      effects.map((effect) =>
        el("tr", {}, el("th", { scope: "row" }, effect.person.name), el("td", {}, hours(effect.duty_h)), el("td", { class: effect.night_h > 0 ? "worse" : null }, hours(effect.night_h)), isHoliday ? el("td", { class: effect.holiday_h > 0 ? "worse" : null }, hours(effect.holiday_h)) : null),
      ),
    ),
  );
}

function hours(value) {
  if (!value) return "0 h";
  const size = Number(Math.abs(value).toFixed(2));
  return `${value > 0 ? "+" : "−"}${size} h`;
}
