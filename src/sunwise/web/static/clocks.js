// Instants on the page: the reader's time, and the other person's beside it.

import { el, spoken } from "./dom.js";
import { clock, date, isDay, offsetMinutes, placeName, weekday, when } from "./times.js";

/** Who reads: their id and zone, and what the server says the time is. */
export const reader = { id: null, zone: Intl.DateTimeFormat().resolvedOptions().timeZone, aheadMs: 0 };

/** Now by the server's clock, ns. */
export function now() {
  return (Date.now() + reader.aheadMs) * 1e6;
}

/** Keeps what the server says the time is. */
export function setNow(ns) {
  reader.aheadMs = ns / 1e6 - Date.now();
}

/** An instant for the reader; with a person also on that person's clock. */
export function time(ns, person = null) {
  const own = el("time", { datetime: iso(ns), class: "own-time" }, when(ns, reader.zone, now()));
  if (!person || isSameClock(ns, person.zone)) return el("span", { class: "times" }, own);
  const there = isSameDate(ns, person.zone) ? clock(ns, person.zone) : `${weekday(ns, person.zone)} ${clock(ns, person.zone)}`;
  const theirs = el("span", { class: "their-time" }, `${there} in ${placeName(person.zone)}`);
  return el("span", { class: "times" }, own, " ", theirs);
}

/** What time it is for somebody now, and whether that is their day. */
export function personNow(person) {
  return el("span", { class: "person-now" }, dayMark(person.zone), ` ${clock(now(), person.zone)} in ${placeName(person.zone)}`);
}

/** A sun or a moon for the zone, by 07:00 to 22:00 on its clock. */
export function dayMark(zone) {
  const isUp = isDay(now(), zone);
  return el("span", { class: isUp ? "mark mark-day" : "mark mark-night" }, spoken(isUp ? "day," : "night,"));
}

function isSameDate(ns, zone) {
  return date(ns, zone) === date(ns, reader.zone);
}

function isSameClock(ns, zone) {
  return offsetMinutes(ns, zone) === offsetMinutes(ns, reader.zone);
}

function iso(ns) {
  return new Date(ns / 1e6).toISOString();
}
