// One's shifts in one's own calendar: a secret address that is shown once, and can be revoked.

import { el, show } from "./dom.js";
import { time } from "./clocks.js";
import { ask } from "./http.js";

const section = { team: null, root: null, names: new Map() };

/** The section, for one's own shifts and those of the team; the same one as long as the team is the same. */
export function feeds(team, teams) {
  section.names = new Map(teams.map(({ id, name }) => [id, name]));
  if (section.team === team.id) return section.root;
  const body = el("div", { class: "feed-body", "aria-live": "polite" });
  const details = el(
    "details",
    { class: "panel", "data-key": "feeds", ontoggle: () => details.open && !body.childElementCount && draw(body, team) },
    el("summary", {}, el("h2", {}, "These shifts in your calendar")),
    body,
  );
  Object.assign(section, { team: team.id, root: details });
  return details;
}

async function draw(body, team, address = null) {
  try {
    const kept = await ask("/feeds");
    show(body, address ? made(address) : null, intro(body, team), kept.length ? [el("h3", {}, "In force"), el("ul", { class: "rows" }, kept.map((feed) => row(feed, body, team)))] : null);
  } catch (fault) {
    show(body, el("p", { class: "unknown" }, fault.message));
  }
}

function intro(body, team) {
  const button = (shows, text) => el("button", { type: "button", "data-key": `feed ${shows}`, onclick: (event) => make(event.target, shows, body, team) }, text);
  return [
    el("p", { class: "quiet" }, "Make an address and subscribe to it in your calendar: it follows every change. Whoever knows the address sees these shifts and nothing else, until you revoke it."),
    el("div", { class: "deeds" }, button("me", "Address for my shifts"), button(`team:${team.id}`, `Address for all of ${team.name}`)),
  ];
}

async function make(button, shows, body, team) {
  button.disabled = true;
  try {
    const { secret } = await ask("/feeds", { method: "POST", body: { shows } });
    await draw(body, team, `${location.origin}/people/rota/feeds/${secret}.ics`);
  } catch (fault) {
    show(body, el("p", { class: "unknown" }, fault.message));
  }
}

function made(address) {
  const copied = el("span", { class: "quiet", role: "status" });
  const copy = async () => {
    await navigator.clipboard.writeText(address);
    copied.textContent = "Copied.";
  };
  return el(
    "div",
    { class: "feed-new" },
    el("label", { for: "feed-address" }, "Your address, shown this once"),
    el("input", { id: "feed-address", readonly: true, value: address, onfocus: (event) => event.target.select() }),
    el("div", { class: "deeds" }, el("button", { type: "button", class: "primary", "data-key": "feed-copy", onclick: copy }, "Copy"), copied),
  );
}

function row(feed, body, team) {
  const [kind, whose] = feed.grants.split(":");
  const revoke = async (event) => {
    event.target.disabled = true;
    await ask(`/credentials/${feed.id}`, { method: "DELETE" }).catch(() => null);
    await draw(body, team);
  };
  const name = kind === "person" ? "Your shifts" : `All of ${section.names.get(whose) ?? whose}`;
  return el("li", { class: "feed-row" }, el("span", {}, `${name}, made `, time(feed.created_ns)), el("button", { type: "button", "data-key": `revoke ${feed.id}`, onclick: revoke }, "Revoke"));
}
