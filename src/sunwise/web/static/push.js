// This browser as a way to be reached. Permission is asked for only when somebody presses the button.

import { el, show } from "./dom.js";
import { ask } from "./http.js";

const WORKER = "/push-worker.js";
const policy = globalThis.trustedTypes?.createPolicy("push-worker", { createScriptURL: () => WORKER });

/** A panel that draws itself; hidden where this server has no web push. */
export function reachPanel() {
  const said = el("div");
  const panel = el("section", { class: "panel", "aria-labelledby": "reach", hidden: "" }, el("h2", { id: "reach" }, "Be reached here"), said);
  start(panel, said);
  return panel;
}

async function start(panel, said) {
  const { key } = await ask("/pager/push-key").catch(() => ({ key: "" }));
  if (!key) return;
  panel.hidden = false;
  await draw(said, key);
}

async function draw(said, key, fault = "") {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    show(said, el("p", { class: "quiet" }, "This browser cannot be woken by a page."));
    return;
  }
  const subscription = await subscribed();
  if (Notification.permission === "denied") {
    show(said, el("p", { class: "quiet" }, "Notifications of this server are blocked in this browser: its settings can allow them."));
    return;
  }
  const text = subscription ? "This browser is told of your pages first, then your other ways are used." : "Pages can reach you by a notification of this browser, before mail does.";
  const button = subscription ? act("Stop notifying this browser", stop) : act("Notify this browser of pages", begin);
  show(said, el("p", { class: "quiet" }, text), button, fault ? el("p", { role: "alert" }, fault) : null);

  function act(label, work) {
    const pressed = async (event) => {
      event.target.disabled = true;
      const failed = await work(key).then(() => "", (error) => error.message);
      await draw(said, key, failed);
    };
    return el("button", { type: "button", onclick: pressed }, label);
  }
}

async function subscribed() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return registration ? registration.pushManager.getSubscription() : null;
}

async function begin(key) {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("This browser was not allowed to notify you.");
  await navigator.serviceWorker.register(policy ? policy.createScriptURL("") : WORKER);
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  try {
    await ask("/pager/browsers", { method: "PUT", body: { subscription: JSON.stringify(subscription) } });
  } catch (fault) {
    await subscription.unsubscribe(); // what the pager does not know of leads nowhere
    throw fault;
  }
}

async function stop() {
  const subscription = await subscribed();
  await ask("/pager/browsers", { method: "DELETE", body: { subscription: JSON.stringify(subscription) } });
  await subscription.unsubscribe();
}
