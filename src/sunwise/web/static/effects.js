// What a change of the rota means, person by person.

import { el } from "./dom.js";

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
        el("tr", {}, el("th", { scope: "row" }, effect.person.name), cell(effect.duty_h), cell(effect.night_h, true), isHoliday ? cell(effect.holiday_h, true) : null),
      ),
    ),
  );
}

function cell(value, isBurden = false) {
  return el("td", { class: isBurden && value > 0 ? "worse" : null }, hours(value));
}

function hours(value) {
  if (!value) return "0 h";
  return `${value > 0 ? "+" : "−"}${Number(Math.abs(value).toFixed(2))} h`;
}
