// The world as a strip: each place at its offset from UTC, its people above a sky of its own time.

import { el, spoken } from "./dom.js";
import { now, reader } from "./clocks.js";
import { isDay, isZone, minuteOfDay, offsetMinutes, placeName } from "./times.js";
import { altitude, brightness } from "./sun.js";

const WEST_MINUTES = -12 * 60;
const EAST_MINUTES = 14 * 60;
const LATITUDE = 25; // where half of the people of the world live
const NIGHT = [31, 42, 68];
const DAY = [246, 196, 96];
const SKY_STOPS = 52;
const HOUR_EACH = 2;

/** The strip with its legend; `places` as the server gives them. */
export function sky(places) {
  const known = places.filter((place) => isZone(place.zone));
  const columns = columnsOf(known);
  const most = Math.max(1, ...columns.map((column) => column.people));
  return el(
    "figure",
    { class: "sky" },
    el("figcaption", {}, summary(known)),
    el(
      "div",
      { class: "sky-scroll", "aria-hidden": "true" },
      el("div", { class: "sky-bars" }, columns.map((column) => bar(column, most)), here()),
      el("div", { class: "sky-band", style: { background: gradient() } }),
      el("div", { class: "sky-hours" }, hours()),
    ),
    el(
      "p",
      { class: "legend", "aria-hidden": "true" },
      el("span", { class: "key key-duty" }), " on duty ",
      el("span", { class: "key key-day" }), " their day, 07:00 to 22:00 ",
      el("span", { class: "key key-night" }), " their night",
    ),
    table(columns),
  );
}

/** How many people are in their day, in words. */
export function summary(places) {
  const people = sum(places, "n_people");
  const awake = sum(places.filter((place) => isDay(now(), place.zone)), "n_people");
  const onDuty = sum(places, "n_on_duty");
  const atNight = sum(places.filter((place) => !isDay(now(), place.zone)), "n_on_duty");
  const night = atNight ? `, ${atNight} of them in their night` : onDuty ? ", all of them by day" : "";
  return `It is day for ${awake} of ${people} people. ${onDuty} on duty${night}.`;
}

function sum(places, name) {
  return places.reduce((total, place) => total + place[name], 0);
}

/** One column for each offset from UTC. */
function columnsOf(places) {
  const found = new Map();
  for (const place of places) {
    const offset = offsetMinutes(now(), place.zone);
    const column = found.get(offset) ?? { offset, people: 0, onDuty: 0, zones: [] };
    column.people += place.n_people;
    column.onDuty += place.n_on_duty;
    column.zones.push(place);
    found.set(offset, column);
  }
  return [...found.values()].sort((one, other) => one.offset - other.offset);
}

function bar(column, most) {
  const zone = column.zones[0].zone;
  const names = column.zones.map((place) => placeName(place.zone)).join(", ");
  const kind = isDay(now(), zone) ? "bar-day" : "bar-night";
  const height = (part) => `${(part / most) * 100}%`;
  return el(
    "div",
    { class: `bar ${kind}`, title: `${names}: ${column.people} people, ${column.onDuty} on duty`, style: { left: at(column.offset), height: height(column.people) } },
    el("div", { class: "bar-duty", style: { height: `${(column.onDuty / column.people) * 100}%` } }),
  );
}

function here() {
  return el("div", { class: "sky-you", style: { left: at(offsetMinutes(now(), reader.zone)) } }, el("span", {}, "You"));
}

function hours() {
  const labels = [];
  for (let offset = WEST_MINUTES + 60; offset < EAST_MINUTES; offset += HOUR_EACH * 60) {
    const minute = (minuteOfDay(now(), "UTC") + offset + 2_880) % 1_440;
    const text = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    labels.push(el("span", { style: { left: at(offset) } }, text));
  }
  return labels;
}

function gradient() {
  const stops = [];
  for (let step = 0; step <= SKY_STOPS; step += 1) {
    const offset = WEST_MINUTES + ((EAST_MINUTES - WEST_MINUTES) * step) / SKY_STOPS;
    const light = brightness(altitude(now() / 1e6, LATITUDE, offset / 4));
    const colour = NIGHT.map((from, index) => Math.round(from + (DAY[index] - from) * light));
    stops.push(`rgb(${colour.join(" ")}) ${((step / SKY_STOPS) * 100).toFixed(1)}%`);
  }
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

function at(offset) {
  return `${((offset - WEST_MINUTES) / (EAST_MINUTES - WEST_MINUTES)) * 100}%`;
}

/** The same for those who hear the page. */
function table(columns) {
  return spoken(
    columns
      .map((column) => {
        const zone = column.zones[0].zone;
        const names = column.zones.map((place) => placeName(place.zone)).join(", ");
        return `${names}: ${isDay(now(), zone) ? "day" : "night"}, ${column.people} people, ${column.onDuty} on duty.`;
      })
      .join(" "),
  );
}
