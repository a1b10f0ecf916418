// A personal token is exchanged for a cookie that no script can read.

import { el, show } from "./dom.js";
import { ask } from "./http.js";
import { startTheme } from "./page.js";

const content = document.getElementById("content");

startTheme();
draw();

function draw() {
  const token = el("input", {
    id: "token",
    type: "password",
    name: "token",
    autocomplete: "current-password",
    required: true,
    maxlength: 64,
    spellcheck: "false",
    "aria-describedby": "token-help token-fault",
  });
  const fault = el("p", { id: "token-fault", class: "field-fault", role: "alert" });
  const button = el("button", { type: "submit", class: "primary" }, "Log in");
  const form = el(
    "form",
    { class: "login", onsubmit: (event) => submit(event, { token, fault, button }) },
    el("label", { for: "token" }, "Personal token"),
    token,
    el("p", { id: "token-help", class: "quiet" }, "It begins with swp_ and was shown to you once."),
    fault,
    button,
  );
  show(content, form, help());
  token.focus();
}

function help() {
  return el(
    "details",
    { class: "quiet" },
    el("summary", {}, "I have no token"),
    el("p", {}, "Whoever runs this server makes one: ", el("code", {}, "sunwise people token YOUR-ID"), "."),
    el("p", {}, "Nobody has begun here yet? ", el("code", {}, "sunwise people init"), " makes the first administrator."),
  );
}

async function submit(event, { token, fault, button }) {
  event.preventDefault();
  fault.textContent = "";
  button.disabled = true;
  try {
    await ask("/login", { method: "POST", body: { token: token.value.trim() } });
    location.assign(next());
  } catch (refused) {
    fault.textContent = refused.message;
    token.setAttribute("aria-invalid", "true");
    token.select();
    button.disabled = false;
  }
}

/** Where the reader wanted to go; an address of this server or its first page. */
function next() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  const found = URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : null;
  return found?.origin === location.origin && found.pathname !== "/login" ? found.href : "/"; // whole: a path may begin with //
}
