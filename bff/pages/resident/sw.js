/// <reference lib="webworker" />
// Shows what the city has to say while the page is closed, in the neutral words it was sent, and keeps nothing.
//
// The clerks' worker keeps a page on the device; this one keeps none: a resident's page is of the day.

const bell = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

// There is no release to wait for: whatever is shown is shown by the newest.
bell.addEventListener("install", () => void bell.skipWaiting());
bell.addEventListener("activate", (event) => event.waitUntil(bell.clients.claim()));

bell.addEventListener("push", (event) => {
  const { title, body, tag, lang, link } = said(event.data);
  // Every push must be shown: a browser takes the permission from who shows nothing.
  event.waitUntil(bell.registration.showNotification(title, { body, tag, lang, data: { link } }));
});

bell.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(goTo(String(event.notification.data?.link ?? "")));
});

/** @param {PushMessageData | null} data */
function said(data) {
  /** @type {Record<string, any>} */
  let told = {};
  try {
    told = data?.json() ?? {};
  } catch {
    // Not what we send; something came all the same.
  }
  const words = (/** @type {unknown} */ value, /** @type {string} */ otherwise) => (typeof value === "string" && value ? value : otherwise);
  return {
    title: words(told.title, "随身办"),
    body: words(told.body, "您有一条新的提醒，点击查看。"),
    tag: words(told.tag, "suishen"),
    lang: words(told.lang, "zh-CN"),
    link: words(told.data?.link, ""),
  };
}

/** The page, in a tab that is open or a new one: never another address, whatever a link says. @param {string} link */
async function goTo(link) {
  const url = `/resident/${link.startsWith("/timeline") ? "#/timeline" : "#/notices"}`;
  for (const client of await bell.clients.matchAll({ type: "window" })) {
    if (new URL(client.url).pathname !== "/resident/") continue;
    await client.focus();
    await client.navigate(url);
    return;
  }
  await bell.clients.openWindow(url);
}
