// Who is on duty as one role of a service, in words.

import { dayMark, personNow, reader, time } from "./clocks.js";
import { el, spoken } from "./dom.js";
import { ask } from "./http.js";

const ASKED = 50;

/** Services and who is on duty for them, by id; 50 at most, and none that the directory does not have. */
export async function askDuties(ids) {
  const wanted = [...new Set(ids)].slice(0, ASKED).map((id) => ["of", id]);
  const found = wanted.length ? await ask(`/pages/services?${new URLSearchParams(wanted)}`) : [];
  return new Map(found.map((service) => [service.id, service]));
}

/** Who is on duty as primary, whoever the rota names. */
export function primaryOf(duty) {
  const turn = duty?.turns.find(({ role }) => role === "primary");
  return turn?.holder ?? turn?.person ?? null;
}

/** Whose clock stands beside the reader's: of whoever is on duty, or comes next. */
export function beside(duty) {
  const has = primaryOf(duty);
  return has && has.id !== reader.id ? has : (duty?.turns.find(({ role }) => role === "primary")?.then ?? null);
}

/** Who it is and until when; without a turn why there is none. */
export function turnCell(turn, service, role) {
  if (!turn && service.tier === "best-effort") return el("span", { class: "quiet" }, role === "primary" ? "nobody: best effort" : "");
  if (!turn) return el("span", { class: "quiet" }, role === "secondary" ? [el("span", { "aria-hidden": "true" }, "–"), spoken("has none")] : "no rota");
  const until = el("span", { class: "quiet" }, "until ", time(turn.until_ns, turn.then), turn.then ? `, then ${turn.then.name}` : null);
  if (turn.standing === "gap") {
    return [el("strong", { class: "gap-word" }, "Declared gap"), el("span", { class: "quiet" }, turn.gap_owner ? `accepted by ${turn.gap_owner.name}` : "accepted by nobody"), until];
  }
  if (turn.standing === "nobody") return [el("span", {}, "Outside of its hours"), until];
  if (turn.standing === "unheld") return [el("strong", { class: "gap-word" }, "Nobody holds it"), el("span", { class: "quiet" }, `${turn.person.name} has not accepted it`), until];
  if (turn.standing === "kept") return [el("span", { class: "who" }, dayMark(turn.holder.zone), " ", turn.holder.name), el("span", { class: "quiet" }, `keeps it until ${turn.person.name} accepts`), until];
  if (turn.standing === "unknown") return [el("span", {}, "Not known"), el("span", { class: "quiet" }, "no rota is published for now"), turn.then ? until : null];
  return [el("span", { class: "who" }, dayMark(turn.person.zone), " ", turn.person.name), el("span", { class: "quiet" }, personNow(turn.person)), until];
}
