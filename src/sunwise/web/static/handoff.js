// Handoff: what happened, told by the outgoing, accepted by the incoming.

import { dayMark, now, personNow, reader, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { evidenceLink } from "./links.js";
import { ask } from "./http.js";
import { learn, personNamed, servicesNamed, withNames } from "./names.js";
import { notice, startPage } from "./page.js";
import { duration } from "./times.js";

const content = document.getElementById("content");
const title = document.getElementById("title");
const id = location.pathname.split("/")[2] ?? null;
const draft = { text: null, version: 0 };

const SECTIONS = {
  "open-incidents": "Open incidents",
  "closed-incidents": "Closed incidents",
  alerts: "Alerts",
  changes: "Changes",
  approvals: "Waiting approvals",
  objectives: "Objectives",
  risks: "Coming risks",
  notes: "Written down",
};
const STATES = {
  planned: "Not open yet",
  offered: "Waits to be accepted",
  unheld: "Nobody holds it",
  accepted: "Accepted",
  lapsed: "Lapsed",
  withdrawn: "Withdrawn",
};
const STEPS = { incoming: "Incoming", secondary: "Secondary", deputy: "Deputy" };

const page = startPage({
  load: () => asked(id ? `/people/handoffs/${id}` : "/people/handoffs"),
  draw: id ? drawOne : drawList,
  isBusy: () => draft.text !== null,
});

async function asked(path, options) {
  const answer = await ask(path, options);
  const rows = Array.isArray(answer) ? answer : [answer];
  await learn({ people: rows.map((each) => each.note_author).filter(Boolean), services: rows.flatMap((each) => [...each.services, ...(each.parts ?? []).flatMap((part) => part.lines.flatMap((line) => line.services))]) });
  return answer;
}

// --- the list ---

function drawList(rows) {
  const waits = rows.filter((row) => row.waits_for_you);
  const others = rows.filter((row) => !row.waits_for_you);
  if (!rows.length) {
    show(content, empty());
    return;
  }
  show(
    content,
    list("Waits for you", waits, "No handoff waits for you."),
    list("Yours, later or with others", others, "You hand nothing over in the next three days."),
  );
}

function empty() {
  return el(
    "section",
    { class: "panel" },
    el("h2", {}, "No handoffs concern you now"),
    el("p", { class: "empty" }, "An hour before a duty changes hands its note opens here: what happened, what is still open, what is coming. The outgoing adds what only they know, the incoming reads and accepts. Until somebody accepts, the outgoing keeps the duty."),
  );
}

function list(heading, rows, nothing) {
  return el(
    "section",
    { class: "panel" },
    el("h2", {}, heading),
    rows.length ? el("ul", { class: "rows" }, rows.map(row)) : el("p", { class: "empty" }, nothing),
  );
}

function row(handoff) {
  const { outgoing, incoming } = handoff;
  const isMine = outgoing.id === reader.id;
  return el(
    "li",
    { class: handoff.state === "unheld" ? "urgent" : null },
    el("a", { href: `/handoff/${handoff.id}`, "data-key": handoff.id }, `${servicesNamed(handoff.services)}, ${handoff.role}`),
    " ",
    state(handoff),
    el("p", { class: "quiet" }, time(handoff.at.ns, isMine ? incoming : outgoing), ` ${isMine ? "you" : outgoing.name} to ${incoming.id === reader.id ? "you" : incoming.name}`),
  );
}

function state(handoff) {
  return el("span", { class: `tag state-${handoff.state}` }, STATES[handoff.state] ?? handoff.state);
}

// --- one handoff ---

function drawOne(handoff) {
  const name = `${servicesNamed(handoff.services)}, ${handoff.role}`;
  title.textContent = name;
  document.title = `Handoff of ${name} · Sunwise`;
  show(
    content,
    el("p", { class: "crumbs" }, el("a", { href: "/handoff", "data-key": "list" }, "All handoffs"), " ", state(handoff)),
    seam(handoff),
    deed(handoff),
    note(handoff),
    facts(handoff),
  );
}

/** Whose clock stands beside the reader's. */
function other(handoff) {
  return handoff.outgoing.id === reader.id ? handoff.incoming : handoff.outgoing;
}

function seam(handoff) {
  return el(
    "section",
    { class: "seam", "aria-label": "Who hands over to whom" },
    side("Hands over", handoff.outgoing, ["since ", time(handoff.since.ns, other(handoff))]),
    el(
      "div",
      { class: "seam-at" },
      el("span", { class: "quiet" }, "changes hands"),
      el("strong", {}, time(handoff.at.ns, other(handoff))),
      el("span", { class: "quiet" }, handoff.at.ns > now() ? `in ${duration(handoff.at.ns - now())}` : `${duration(now() - handoff.at.ns)} ago`),
    ),
    side("Takes over", handoff.incoming, ["until ", time(handoff.until.ns, other(handoff))]),
  );
}

function side(word, person, times) {
  return el(
    "div",
    { class: "side" },
    el("span", { class: "quiet" }, word),
    el("strong", { class: "side-name" }, dayMark(person.zone), " ", person.id === reader.id ? `You (${person.name})` : person.name),
    el("span", { class: "quiet" }, personNow(person)),
    el("span", { class: "quiet" }, times),
  );
}

function deed(handoff) {
  return el(
    "section",
    { class: handoff.accept.is_allowed ? "panel panel-deed" : "panel", "aria-labelledby": "deed" },
    el("h2", { id: "deed" }, handoff.accept.is_allowed ? "Your word is asked" : "Who holds it"),
    el("p", {}, holds(handoff)),
    handoff.accept.is_allowed
      ? [
          el("p", {}, "By accepting you take the duty until ", time(handoff.until.ns, other(handoff)), `: you are paged for ${servicesNamed(handoff.services)}.`),
          el("div", { class: "deeds" }, el("button", { type: "button", class: "primary", "data-key": "accept", onclick: (event) => accept(event.target, handoff) }, "Accept the duty")),
        ]
      : el("p", { class: "quiet" }, withNames(handoff.accept.why_not, people(handoff))),
    handoff.step_down.is_allowed ? stepDown(handoff) : null,
    seats(handoff),
  );
}

/** Everybody whom it concerns. */
function people(handoff) {
  return [handoff.outgoing, handoff.incoming, ...handoff.seats.map((seat) => seat.person)];
}

function holds(handoff) {
  const { holder } = handoff;
  if (handoff.accepted_by) {
    const from = handoff.holds_from ?? (handoff.at.ns > now() ? handoff.at : null);
    if (!from) return `${naming(handoff.accepted_by)} accepted it.`;
    return [`${naming(handoff.accepted_by)} accepted it`, from.ns > now() ? [" and will have it from ", time(from.ns, other(handoff)), `; until then ${holder ? naming(holder).replace("You", "you") : "nobody"} ${holder?.id === reader.id ? "have" : "has"} it.`] : [", from ", time(from.ns, other(handoff)), "."]];
  }
  if (!holder) return el("strong", { class: "gap-word" }, "Nobody holds this duty now.");
  if (["lapsed", "withdrawn"].includes(handoff.state)) return "This handoff is over.";
  return [`${holder.id === reader.id ? "You have" : `${holder.name} has`} it until somebody accepts, at the latest until `, time(handoff.keeps_until.ns, other(handoff)), "."];
}

function naming(person) {
  if (!person) return "Nobody";
  return person.id === reader.id ? "You" : person.name;
}

function seats(handoff) {
  if (["accepted", "lapsed", "withdrawn"].includes(handoff.state)) return null;
  const next = handoff.next_step ? el("p", { class: "quiet" }, "The next one is asked at ", time(handoff.next_step.ns, other(handoff)), ".") : null;
  return [
    el(
      "ol",
      { class: "seats" },
      seatsByPerson(handoff).map(([seat, steps]) =>
        el("li", {}, el("span", { class: "quiet" }, `${steps} `), dayMark(seat.person.zone), ` ${naming(seat.person)}`, el("span", { class: "quiet" }, seat.may_take ? (seat.is_asked ? ", asked" : ", not asked yet") : ", cannot take it: away or resting")),
      ),
    ),
    next,
  ];
}

/** Each of them once, with all that they are asked as: "Secondary, deputy". */
function seatsByPerson({ seats: all }) {
  const found = new Map();
  for (const seat of all) {
    const step = STEPS[seat.step] ?? seat.step;
    const [first, steps] = found.get(seat.person.id) ?? [seat, null];
    found.set(seat.person.id, [first, steps ? `${steps}, ${step.toLowerCase()}` : step]);
  }
  return [...found.values()];
}

function stepDown(handoff) {
  return el(
    "details",
    { "data-key": "step-down" },
    el("summary", {}, "I cannot keep it any longer"),
    el("p", {}, "Then nobody holds this duty, which is told at once to everybody who may take it. No reason is asked."),
    el("div", { class: "deeds" }, el("button", { type: "button", onclick: (event) => act(event.target, `/people/handoffs/${handoff.id}/step-down`) }, "Step down now")),
  );
}

function accept(button, handoff) {
  return act(button, `/people/handoffs/${handoff.id}/accept`, { read_version: handoff.note_version });
}

/** Does it and shows the handoff as it is then; a refusal is said, and the newest is shown too. */
async function act(button, path, body) {
  button.disabled = true;
  notice("deed", null);
  try {
    drawOne(await asked(path, { method: "POST", body }));
    notice("deed", "Done. The handoff is as you see it now.", { kind: "done" });
  } catch (refused) {
    notice("deed", refused.message);
    await page.refresh();
  }
  title.tabIndex = -1;
  title.focus();
}

// --- the note ---

function note(handoff) {
  const by = handoff.note_version ? `Version ${handoff.note_version}${handoff.note_author ? ` by ${personNamed(handoff.note_author).name}` : ""}` : "Nothing is written yet.";
  return el(
    "section",
    { class: "panel", "aria-labelledby": "note" },
    el("h2", { id: "note" }, "In the outgoing’s words"),
    handoff.edit.is_allowed ? editor(handoff, by) : reading(handoff, by),
  );
}

function reading(handoff, by) {
  const text = handoff.note_text || null;
  return [text ? el("p", { class: "note-text" }, text) : null, el("p", { class: "quiet" }, text ? by : `${handoff.outgoing.name} has added nothing to the facts below.`)];
}

function editor(handoff, by) {
  const text = el("textarea", { id: "note-text", rows: 6, maxlength: 20_000, "data-key": "note", "aria-describedby": "note-by" });
  text.value = draft.text ?? handoff.note_text;
  const version = draft.text === null ? handoff.note_version : draft.version;
  text.addEventListener("input", () => {
    draft.version = version;
    draft.text = text.value === handoff.note_text ? null : text.value;
  });
  return [
    el("label", { for: "note-text" }, "What only you know: what you tried, what you would watch, who to ask"),
    text,
    el(
      "div",
      { class: "deeds" },
      el("button", { type: "button", "data-key": "save", onclick: (event) => save(event.target, handoff, { text: text.value, version }) }, "Save the note"),
      el("span", { id: "note-by", class: "quiet" }, by),
    ),
  ];
}

async function save(button, handoff, { text, version }) {
  button.disabled = true;
  notice("note", null);
  try {
    await ask(`/people/handoffs/${handoff.id}/note`, { method: "PUT", body: { text, read_version: version } });
    draft.text = null;
    notice("note", "Saved. The incoming sees it now.", { kind: "done" });
  } catch (refused) {
    notice("note", `${refused.message} What you wrote is still here: copy it before you load the page again.`);
    button.disabled = false;
    return;
  }
  await page.refresh();
}

addEventListener("beforeunload", (event) => {
  if (draft.text !== null) event.preventDefault();
});

// --- the facts ---

function facts(handoff) {
  const told = handoff.parts.filter((part) => part.lines.length);
  const silent = handoff.parts.filter((part) => !part.lines.length && part.is_known);
  const unknown = handoff.parts.filter((part) => !part.is_known);
  const names = (parts) => parts.map((part) => (SECTIONS[part.section] ?? part.section).toLowerCase()).join(", ");
  return el(
    "section",
    { class: "panel", "aria-labelledby": "facts" },
    el("h2", { id: "facts" }, "The facts of this shift"),
    unknown.length ? el("p", { class: "unknown" }, `Could not be asked: ${names(unknown)}. That is not the same as nothing.`) : null,
    told.map((part) => el("div", { class: "part" }, el("h3", {}, SECTIONS[part.section] ?? part.section), el("ul", { class: "rows" }, part.lines.map((line) => factRow(line, handoff))))),
    silent.length ? el("p", { class: "quiet" }, `Nothing to tell: ${names(silent)}.`) : null,
  );
}

function factRow(line, handoff) {
  return el(
    "li",
    { class: line.is_open ? "is-open" : null },
    el("p", {}, line.text, line.is_open ? [" ", el("span", { class: "tag tag-now" }, "open")] : null),
    el(
      "p",
      { class: "quiet" },
      time(line.at.ns, other(handoff)),
      line.services.length ? ` ${servicesNamed(line.services)} ` : " ",
      evidenceLink({ kind: line.evidence_kind, ref: line.evidence_ref, url: line.evidence_url }),
    ),
  );
}
