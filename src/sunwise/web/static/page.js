// What every page does: tells who reads, switches the theme, logs out, says when something is wrong.

import { now, reader, setNow } from "./clocks.js";
import { el, show } from "./dom.js";
import { Refused, ask } from "./http.js";
import { clock, isZone, offsetMinutes, placeName } from "./times.js";

const REFRESH_MS = 30_000;
const content = document.getElementById("content");
const notices = document.getElementById("notices");

/** Starts the page: `load` asks, `draw` shows what was answered; again every half minute. */
export function startPage({ load, draw, isBusy = () => false }) {
  startTheme();
  startLogout();
  const page = { asOf: null, refresh: null };
  page.refresh = async () => {
    try {
      const [you, answer] = await Promise.all([readerOf(), load()]);
      if (answer?.now_ns) setNow(answer.now_ns);
      page.asOf = now();
      showReader(you);
      notice("connection", null);
      draw(answer, page);
      content.removeAttribute("aria-busy");
    } catch (fault) {
      showFault(fault, page);
    }
  };
  setInterval(() => {
    if (!document.hidden && !isBusy()) page.refresh();
  }, REFRESH_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !isBusy()) page.refresh();
  });
  page.refresh();
  return page;
}

/** Shows a sentence above the page under a name of its own; without one takes it away. */
export function notice(name, text, { kind = "warning", action = null } = {}) {
  const old = notices.querySelector(`[data-name="${name}"]`);
  if (old?.dataset.text === text) return;
  old?.remove();
  if (!text) return;
  notices.append(el("div", { class: `notice ${kind}`, "data-name": name, "data-text": text }, el("p", {}, text), action));
}

/** Says how old the rota is, when it may be. */
export function noticeStale(duty) {
  const isOld = duty.version >= 0 && duty.is_stale;
  const asOf = duty.as_of_ns ? `as of ${clock(duty.as_of_ns, reader.zone)}` : "of an unknown time";
  notice("stale", isOld ? `The rota is not heard: this is ${asOf}. Who is on duty may have changed since.` : null);
}

/** The theme switch of a page. */
export function startTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const name = () => {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Storage is closed to this page: the choice holds until it is left.
    }
    name();
  });
  system.addEventListener("change", name);
  name();
}

function startLogout() {
  const button = document.getElementById("logout");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await ask("/logout", { method: "POST" }).catch(() => null);
    location.assign("/login");
  });
}

let you = null;

async function readerOf() {
  if (!you) {
    you = await ask("/pages/you");
    setNow(you.now_ns);
  }
  reader.id = you.id;
  if (isZone(you.zone)) reader.zone = you.zone;
  return you;
}

function showReader(person) {
  show(
    document.getElementById("reader"),
    el("span", { class: "reader-name" }, person.name),
    el("span", { class: "reader-clock" }, `${clock(now(), reader.zone)} ${placeName(reader.zone)}`),
  );
  const device = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isAway = offsetMinutes(now(), device) !== offsetMinutes(now(), reader.zone);
  notice(
    "zone",
    isAway ? `Times are those of ${reader.zone}, the zone that you declared; this device is set to ${device}.` : null,
    { kind: "hint" },
  );
}

function showFault(fault, page) {
  if (page.asOf !== null) {
    const text = `${fault.message} This is as of ${clock(page.asOf, reader.zone)}; the page goes on trying.`;
    notice("connection", text);
    return;
  }
  const what = fault instanceof Refused ? [el("a", { href: "/" }, "Go to Today"), ", or ask an administrator."] : "The page goes on trying; in an emergency call the owners by phone.";
  show(
    content,
    el(
      "div",
      { class: "fault", role: "alert" },
      el("h2", {}, "This page cannot be shown now"),
      el("p", {}, fault.message),
      el("p", {}, what),
      el("button", { type: "button", onclick: page.refresh }, "Try again"),
    ),
  );
}
