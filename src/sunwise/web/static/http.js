// Asks this server, and tells what went wrong in words.

const WAIT_MS = 10_000;
const NOTHING = "There is nothing at this address: it is mistyped, or older than what is kept.";

/** The server said no; the message is its own. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Nobody answered; what is on the page may be old. */
export class Unreachable extends Error {}

/** What the server answers; whoever is not logged in goes to the login page first. */
export async function ask(path, { method = "GET", body } = {}) {
  const answer = await sent(path, method, body);
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  if (answer.status === 401 && location.pathname !== "/login") {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`);
    return new Promise(() => {});
  }
  throw answer.status >= 500 ? new Unreachable(said(content)) : new Refused(answer.status, said(content));
}

async function sent(path, method, body) {
  try {
    return await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(WAIT_MS),
    });
  } catch {
    throw new Unreachable("The server does not answer.");
  }
}

function said(content) {
  const detail = content.detail;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) return detail.some((each) => each.loc?.[0] === "path") ? NOTHING : detail.map(fieldFault).join(" ");
  return detail?.what ?? "The server gave no reason.";
}

/** What is wrong with one field of what was sent. */
function fieldFault({ loc, msg }) {
  return `${loc?.at(-1) ?? "What was sent"}: ${msg}.`;
}
