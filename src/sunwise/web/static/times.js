// Instants as clocks show them. Pure: an instant in ns since 1970 and a zone in, text out.

const DAY_BEGINS_MINUTE = 7 * 60;
const DAY_ENDS_MINUTE = 22 * 60;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const kept = new Map();

/** "09:05" */
export function clock(ns, zone) {
  const { hour, minute } = parts(ns, zone);
  return `${hour}:${minute}`;
}

/** "today", "tomorrow", "yesterday" or "Fri 27 Nov", on the calendar of that zone. */
export function day(ns, zone, nowNs) {
  const apart = dayNumber(ns, zone) - dayNumber(nowNs, zone);
  const near = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[apart];
  return near ?? date(ns, zone);
}

/** "Fri 27 Nov" */
export function date(ns, zone) {
  const { weekday, day: number, month } = parts(ns, zone);
  return `${weekday} ${Number(number)} ${month}`;
}

/** "Fri" */
export function weekday(ns, zone) {
  return parts(ns, zone).weekday;
}

/** "14:05", or with its day before it when that is not today. */
export function when(ns, zone, nowNs) {
  const said = day(ns, zone, nowNs);
  return said === "today" ? clock(ns, zone) : `${said} ${clock(ns, zone)}`;
}

/** Minutes that the zone is ahead of UTC at the instant. */
export function offsetMinutes(ns, zone) {
  return Math.round((localMs(ns, zone) - Math.floor(ns / 1e6 / 1000) * 1000) / MINUTE_MS);
}

/** Minutes since local midnight. */
export function minuteOfDay(ns, zone) {
  const { hour, minute } = parts(ns, zone);
  return Number(hour) * 60 + Number(minute);
}

/** Whether it is between 07:00 and 22:00 there. */
export function isDay(ns, zone) {
  const minute = minuteOfDay(ns, zone);
  return minute >= DAY_BEGINS_MINUTE && minute < DAY_ENDS_MINUTE;
}

/** The nights of a zone that touch this time, [[since, until], ...] in ns; right over a clock change. */
export function nights(fromNs, untilNs, zone) {
  const found = [];
  const first = dayNumber(fromNs, zone) - 1;
  const last = dayNumber(untilNs, zone) + 1;
  for (let number = first; number <= last; number += 1) {
    const since = atLocal(number, DAY_ENDS_MINUTE, zone);
    const until = atLocal(number + 1, DAY_BEGINS_MINUTE, zone);
    if (until > fromNs && since < untilNs) found.push([Math.max(since, fromNs), Math.min(until, untilNs)]);
  }
  return found;
}

/** The local midnights in this time, ns. */
export function midnights(fromNs, untilNs, zone) {
  const found = [];
  for (let number = dayNumber(fromNs, zone); number <= dayNumber(untilNs, zone); number += 1) {
    const at = atLocal(number, 0, zone);
    if (at >= fromNs && at < untilNs) found.push(at);
  }
  return found;
}

/** The instant that a clock in the zone shows as "2026-11-28T09:00", ns; NaN for no such text. */
export function atClock(text, zone) {
  const [, year, month, number, hour, minute] = text?.match(/^(\d+)-(\d+)-(\d+)T(\d+):(\d+)/)?.map(Number) ?? [];
  if (minute === undefined) return NaN;
  return atLocal(Date.UTC(year, month - 1, number) / DAY_MS, hour * 60 + minute, zone);
}

/** The full hour that holds the instant, as a clock in the zone shows it: "2026-11-28T09:00". */
export function clockValue(ns, zone) {
  return `${new Date(localMs(ns, zone)).toISOString().slice(0, 13)}:00`;
}

/** "3 h 20 min", "12 min", "2 days 4 h"; never negative. */
export function duration(ns) {
  const minutes = Math.max(0, Math.round(ns / 60e9));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (days > 0) return joined([`${days} ${days === 1 ? "day" : "days"}`, hours && `${hours} h`]);
  return joined([hours && `${hours} h`, (rest || !hours) && `${rest} min`]);
}

/** "Tokyo" for Asia/Tokyo. */
export function placeName(zone) {
  return zone.split("/").at(-1).replaceAll("_", " ");
}

/** Whether this browser knows the zone. */
export function isZone(zone) {
  try {
    return Boolean(format(zone));
  } catch {
    return false;
  }
}

function joined(words) {
  return words.filter(Boolean).join(" ");
}

function format(zone) {
  if (!kept.has(zone)) {
    kept.set(
      zone,
      new Intl.DateTimeFormat("en-GB", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "short",
        day: "2-digit",
        weekday: "short",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      }),
    );
  }
  return kept.get(zone);
}

function parts(ns, zone) {
  const found = format(zone).formatToParts(new Date(ns / 1e6));
  return Object.fromEntries(found.map(({ type, value }) => [type, value]));
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The local clock read as if it were UTC, ms. */
function localMs(ns, zone) {
  const { year, month, day: number, hour, minute, second } = parts(ns, zone);
  return Date.UTC(Number(year), monthIndex(month), Number(number), Number(hour), Number(minute), Number(second));
}

function monthIndex(name) {
  return MONTHS.indexOf(name.slice(0, 3));
}

function dayNumber(ns, zone) {
  return Math.floor(localMs(ns, zone) / DAY_MS);
}

/** The instant of a local time; one that a clock change leaves out is taken an offset later, ns. */
function atLocal(number, minute, zone) {
  const wall = number * DAY_MS + minute * MINUTE_MS;
  const guess = (wall - offsetMinutes(wall * 1e6, zone) * MINUTE_MS) * 1e6;
  return (wall - offsetMinutes(guess, zone) * MINUTE_MS) * 1e6;
}
