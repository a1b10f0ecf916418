// Opens an incident: what is wrong, how bad, whose it is.

import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { notice } from "./page.js";

const LEVELS = ["1, the worst: users cannot trade, or money is at risk", "2: many users are hindered", "3: some users are hindered", "4: users notice nothing yet"];

/** The form, closed; one for the life of the page, so that nothing written is lost when that is drawn anew. */
export function openingPanel() {
  const services = el("select", { id: "open-service", required: true, "data-key": "open-service" });
  const form = el(
    "form",
    { class: "panel-body", onsubmit: (event) => open(event, form) },
    field("What is wrong", el("input", { id: "open-title", required: true, maxlength: 200, "data-key": "open-title", "aria-describedby": "open-hint" })),
    el("p", { id: "open-hint", class: "quiet" }, "One sentence, without people’s names."),
    field("How bad it is", el("select", { id: "open-severity", "data-key": "open-severity" }, LEVELS.map((text, index) => el("option", { value: index + 1, selected: index === 1 }, text)))),
    field("Whose owners lead it", services),
    el("div", { class: "deeds" }, el("button", { type: "submit", class: "primary", "data-key": "open" }, "Open it"), el("span", { class: "quiet" }, "It pages nobody: who is on duty is paged by an alert, or by ", el("code", {}, "sunwise page"), ".")),
  );
  const details = el("details", { class: "panel", "data-key": "opening", ontoggle: () => details.open && !services.childElementCount && offer(services) }, el("summary", {}, el("h2", {}, "Open an incident")), form);
  return details;
}

function field(label, input) {
  return el("div", { class: "field" }, el("label", { for: input.id }, label), input);
}

async function offer(services) {
  try {
    const found = await ask("/pages/services");
    const ordered = [...found].sort((one, other) => Number(other.is_yours) - Number(one.is_yours) || one.name.localeCompare(other.name));
    show(services, ordered.map((service) => el("option", { value: service.id }, service.name)));
  } catch (fault) {
    notice("opening", fault.message);
  }
}

async function open(event, form) {
  event.preventDefault();
  const [title, severity, service] = ["open-title", "open-severity", "open-service"].map((id) => form.elements[id].value);
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const { incident } = await ask("/people/incidents", { method: "POST", body: { title, severity: Number(severity), service } });
    location.assign(`/incidents/${incident.id}`);
  } catch (fault) {
    notice("opening", `${fault.message} Nothing was opened.`);
    button.disabled = false;
  }
}
