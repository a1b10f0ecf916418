// Evidence that has no page of its own elsewhere: a fact as it was told, a page, a holiday.

import { now, reader, time } from "./clocks.js";
import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { learn, personNamed, servicesNamed } from "./names.js";
import { notice, startPage } from "./page.js";
import { duration } from "./times.js";
import { askDuties, beside } from "./turns.js";

const content = document.getElementById("content");
const title = document.getElementById("title");
const [, , kind, ...rest] = location.pathname.split("/");
const id = rest.join("/");

const KINDS = {
  fact: { load: askFact, draw: drawFact },
  page: { load: askPage, draw: drawPage },
  holiday: { load: () => ask(`/people/handoffs/holidays/${id}${location.search}`), draw: drawHoliday },
};

const shown = startPage(KINDS[kind]);

function panel(...children) {
  return el("section", { class: "panel" }, ...children);
}

function named(text) {
  title.textContent = text;
  document.title = `${text} · Sunwise`;
}

function rows(pairs) {
  return el("dl", { class: "pairs" }, pairs.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function elsewhere(url) {
  return el("a", { href: url, rel: "noreferrer", "data-key": url }, url);
}

// --- a fact ---

async function askFact() {
  const fact = await ask(`/v1/facts/${id}`);
  const [duties] = await Promise.all([askDuties(fact.services), learn({ services: fact.services })]);
  return { ...fact, duty: duties.get(fact.services.find((each) => duties.has(each))) };
}

function drawFact(fact) {
  named(fact.what);
  show(
    content,
    panel(
      rows([
        [fact.at_ns > now() ? "Will be" : "Happened", time(fact.at_ns, beside(fact.duty))],
        ["Services", servicesNamed(fact.services)],
        ["Told by", fact.source],
        ["Seen at", fact.url ? elsewhere(fact.url) : null],
      ]),
      fact.url ? null : el("p", { class: "quiet" }, "Whoever told it gave no address where more is to be seen: this is all there is."),
    ),
  );
}

// --- a page ---

async function askPage() {
  const page = await ask(`/pager/pages/${id}`);
  const [incidents, duties] = await Promise.all([ask("/people/incidents"), askDuties([page.service]), learn({ people: [page.held_by, ...page.told.map((each) => each.person)].filter(Boolean), services: [page.service] })]);
  return { ...page, duty: duties.get(page.service), incidents: incidents.filter((each) => each.state !== "resolved" && each.services.includes(page.service)) };
}

function drawPage(page) {
  named(page.summary);
  const isOver = page.alerts_firing === 0;
  const who = personNamed(page.held_by ?? "");
  const held = page.held_by ? `${who.id === reader.id ? "You hold" : `${who.name} holds`} it` : "Nobody holds it";
  show(
    content,
    el("section", { class: isOver || page.held_by ? "hero hero-duty" : "hero hero-page" }, el("h2", {}, isOver ? "This page is over" : held), el("p", {}, el("strong", {}, servicesNamed([page.service])), `, ${page.severity}, since `, time(page.opened_ns, beside(page.duty)), isOver ? "." : `, for ${duration(now() - page.opened_ns)}.`), isOver || !page.is_yours ? null : deed(page)),
    page.incidents.length ? panel(el("h2", {}, `Incidents of ${servicesNamed([page.service])} that go on`), el("ul", { class: "rows" }, page.incidents.map((each) => el("li", {}, el("a", { href: `/incidents/${each.id}`, "data-key": each.id }, each.title))))) : null,
    panel(el("h2", {}, "Its alerts"), el("ul", { class: "rows" }, page.alerts.map(alertRow)), links(page)),
    panel(el("h2", {}, "Who was told"), told(page)),
  );
}

/** What the reader may do about it at once, as on Today. */
function deed({ id: name, held_by: heldBy }) {
  const [act, text] = heldBy === reader.id ? ["close", "It is over"] : ["acknowledge", "I hold it"];
  return el("div", { class: "deeds" }, el("button", { type: "button", class: "primary", "data-key": act, onclick: (event) => doAct(event.target, `/pager/pages/${name}/${act}`) }, text));
}

async function doAct(button, path) {
  button.disabled = true;
  await ask(path, { method: "POST" }).then(() => notice("act", null), (fault) => notice("act", fault.message));
  await shown.refresh();
}

function alertRow({ summary, labels, firing }) {
  const said = Object.entries(labels).map(([name, value]) => `${name}: ${value}`).join(", ");
  return el("li", {}, el("p", {}, summary, " ", el("span", { class: firing ? "tag tag-now" : "tag" }, firing ? "firing" : "over")), said ? el("p", { class: "quiet" }, said) : null);
}

/** What a sender gave is a link only where a browser goes there: http(s). */
function links(page) {
  const found = page.links.filter((each) => /^https?:\/\//.test(each));
  return found.length ? el("ul", { class: "plain" }, found.map((each) => el("li", {}, elsewhere(each)))) : null;
}

function told(page) {
  const ways = new Map();
  for (const { person, channel, is_sent: isSent } of page.told) {
    const way = isSent ? channel : `${channel} (not sent)`;
    ways.set(person, [...new Set([...(ways.get(person) ?? []), way])]);
  }
  if (!ways.size) return el("p", { class: "empty" }, "Nobody yet.");
  return el("ul", { class: "plain" }, [...ways].map(([person, all]) => el("li", {}, `${personNamed(person).name}: ${all.join(", ")}`)));
}

// --- a holiday ---

function drawHoliday({ country, part, day, name }) {
  const place = new Intl.DisplayNames("en", { type: "region" }).of(country);
  const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
  named(name || "No public holiday");
  show(content, panel(rows([["Day", date], ["Where", part ? `${place}, ${part}` : place]]), el("p", { class: "quiet" }, name ? "It begins at midnight there." : "The calendar that Sunwise plans by knows no public holiday there on this day.")));
}
