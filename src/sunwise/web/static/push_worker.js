// Shows a page that was pushed to this browser, and tells the pager that it has come. Keeps nothing.

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => event.waitUntil(shown(event.data.json())));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.acknowledgeUrl));
});

async function shown(message) {
  await self.registration.showNotification(message.title, {
    body: message.text,
    tag: message.key, // the same message, sent again, replaces itself
    requireInteraction: true,
    data: { acknowledgeUrl: message.acknowledge_url },
  });
  // Without a receipt the pager uses the person's next way, so that it is lost costs no more than a mail.
  await fetch(message.receipt_url, { method: "POST", mode: "no-cors" }).catch(() => null);
}
