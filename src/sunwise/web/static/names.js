// What people and services are called, asked for once.

import { reader } from "./clocks.js";
import { ask } from "./http.js";

const people = new Map();
const services = new Map();

/** Learns the names of these ids. Without an answer the ids are shown. */
export async function learn({ people: wantedPeople = [], services: wantedServices = [] }) {
  const unknown = { people: [...new Set(wantedPeople)].filter((id) => !people.has(id)), services: [...new Set(wantedServices)].filter((id) => !services.has(id)) };
  if (!unknown.people.length && !unknown.services.length) return;
  const found = await ask("/pages/names", { method: "POST", body: unknown }).catch(() => ({ people: [], services: {} }));
  for (const person of found.people) people.set(person.id, person);
  for (const [id, name] of Object.entries(found.services)) services.set(id, name);
}

/** "Ledger, Matching" */
export function servicesNamed(ids) {
  return ids.map((id) => services.get(id) ?? id).join(", ");
}

/** The person, as far as known. */
export function personNamed(id) {
  return people.get(id) ?? { id, name: id, zone: "UTC" };
}

/** A sentence of a service with names where it has ids of these people. */
export function withNames(text, known) {
  const names = new Map(known.map((person) => [person.id, person.id === reader.id ? "you" : person.name]));
  const said = text.replace(/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?/g, (word) => names.get(word) ?? word);
  return said.charAt(0).toUpperCase() + said.slice(1);
}
